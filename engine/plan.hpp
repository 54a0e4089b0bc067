#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/error.hpp"
#include "engine/state_path.hpp"
#include "engine/statistic.hpp"
#include "engine/streams.hpp"
#include "engine/trend_draw.hpp"
#include "kernels/distributions.hpp"

/// The Plan: every number that decides a result, resolved and validated. Plain data. A batch is a
/// pure function of the Plan and its index. The Plan is stored in each part and in the final file
/// with hexadecimal floats, and a resumed run takes the stored one.
namespace flopsieve::engine {

/// Raised whenever a draw or a tally of an unchanged job (tests/engine/golden_test.cpp) or the
/// layout of the Plan changes.
inline constexpr int sampling_version = 3;

/// How often an uncertain input is drawn: anew for each candidate, or one latent quantile per
/// trajectory that serves all years and attempts.
enum class Scope : std::uint8_t { candidate, trajectory };

/// What an argument of a distribution may depend on: other inputs of the candidate, 1 / T in
/// 1 / FLOP, or the trajectory's state path in the year (state_skewness is that of the law).
enum class Reference : std::uint8_t {
  none,
  count,
  sd,
  skewness,
  inverse_total,
  state_mean,
  state_sd,
  state_skewness
};

/// value + times * (what is referred to).
struct Argument {
  double value = 0.0;
  double times = 0.0;
  Reference reference = Reference::none;

  bool operator==(const Argument&) const = default;
};

/// A law with its arguments, kept inside [lower, upper] by drawing again (but see
/// Input::is_shared()), never by clipping.
struct Distribution {
  kernels::Law law = kernels::Law::constant;
  std::array<Argument, 3> arguments{};
  double lower = 0.0;  ///< -infinity if not bounded
  double upper = 0.0;  ///< +infinity if not bounded

  /// Whether an argument depends on another input.
  bool refers() const {
    return std::any_of(arguments.begin(), arguments.end(), [](const Argument& argument) {
      return argument.reference != Reference::none;
    });
  }
  bool operator==(const Distribution&) const = default;
};

/// An uncertain (or constant) input with one distribution per year of the job.
struct Input {
  Scope scope = Scope::candidate;
  /// Correlation of the normal scores between years, 0 to 1, for scope `candidate`: a share of the
  /// latent normal is drawn once per trajectory, the rest anew for each candidate.
  double year_correlation = 0.0;
  std::vector<Distribution> years;

  /// Whether its years have latent numbers in common. Bounds then cut the law by its quantile
  /// function: the same law as drawing again, at the same quantile in every year. The parameters of
  /// an allocation are drawn again together until feasible: years with one law share the feasible
  /// draw, years with another law may need another one.
  bool is_shared() const { return scope == Scope::trajectory || year_correlation > 0.0; }
};

enum class TotalModel : std::uint8_t {
  growth,
  table,
  tapering,
  saturating,
  trend,
  state_space,
  implied
};

/// The year's total training compute T. Parameters: parameters.hpp; t = years since base_year.
///   growth       T = base_flop * usage_multiplier * (growth + noise)^t * train_share
///   table        log10 T is a parameter
///   tapering     like growth with factors g_j, j = 1..t:
///                ln g_j = ln g_inf + (ln(growth + noise) - ln g_inf) exp(-(j - 1) / tau)
///   saturating   log10 T = C - (C - x0) exp(-r t / (C - x0)), C where that is not above x0
///   trend        log10 T on a line, with a residual per year
///   state_space  the path's log10 T
///   implied      the sum of the sizes
struct Total {
  TotalModel model = TotalModel::growth;
  std::vector<Input> parameters;
  double growth = 1.0;            ///< per year, a factor
  double base_flop = 1.0;         ///< training compute of the base year, FLOP
  double usage_multiplier = 1.0;  ///< all AI workloads / training, in the base year
  int base_year = 0;
  std::vector<double> train_share;  ///< per year: training / all AI workloads
  TrendFit trend;
  std::vector<double> log10_ceiling;  ///< per year, log10 FLOP; +infinity where there is none
  std::vector<double> known_log10;    ///< per year, log10 FLOP instead of the model's; nan: unknown
};

enum class CountModel : std::uint8_t {
  input,
  poisson,
  negative_binomial,
  exponential_trend,
  linear_trend,
  kinked_trend,
  state_space,
  implied
};

/// The number of models k, from 1 to largest_count; a draw outside is redrawn.
///   input              k before rounding to the nearest whole number
///   poisson            its mean is a parameter
///   negative_binomial  mean and size are; variance mean + mean^2 / size
///   exponential_trend  ln k on a line; linear_trend: k on a line; kinked_trend: k on a line with
///                      one kink; all with coefficients per trajectory and a residual per year
///   state_space        exp of the path's ln k
///   implied            the law of sizes decides (allocation)
struct Count {
  CountModel model = CountModel::input;
  std::vector<Input> parameters;
  TrendFit trend;           ///< exponential_trend, linear_trend
  std::vector<Kink> kinks;  ///< kinked_trend
};

inline constexpr double largest_count = 100'000.0;

/// Laws of x = log10 FLOP of a model. Parameters and their order: parameters.hpp.
enum class SizeFamily : std::uint8_t {
  normal,
  skew_normal,         ///< given by its moments
  skew_normal_direct,  ///< given by location, scale and shape
  truncated_normal,
  uniform,
  mixture,
  student_t,
  empirical,
  grid,
  power_law,
  allocation
};

/// A normal component of a mixture; its mean is relative to the location of the mixture.
struct MixtureInputs {
  Input weight;
  Input mean;
  Input sd;
};
inline constexpr std::size_t most_components = 4;

/// Standardised sizes of the calibration years, of which the empirical law is a Gaussian-kernel
/// density; it is rescaled to mean 0 and standard deviation 1.
struct KernelPoints {
  std::vector<double> centres;
  std::vector<double> cumulative_weights;  ///< ascending, the last is 1
  double bandwidth = 0.0;
  double mean = 0.0;  ///< of the density: of the centres
  double sd = 1.0;    ///< of the density: with the bandwidth
};

struct Sizes {
  SizeFamily family = SizeFamily::skew_normal;
  std::vector<Input> parameters;
  std::vector<MixtureInputs> components;  ///< mixture: 2 to most_components
  std::uint32_t bins = 19;                ///< allocation: number of bins
  KernelPoints kernel;                    ///< empirical
};

enum class Match : std::uint8_t { reject, shift, last, rescale, none };

/// How a candidate meets the year's total.
///   reject   abs(sum / T - 1) <= tolerance
///   shift    the location is solved for, and kept with probability prior density / bound
///   last     k - 1 sizes are drawn and the largest makes up the sum, within the tolerance; kept
///            with probability weight / bound
///   rescale  the location is solved for and its prior ignored: biased, for comparison
///   none     the law of sizes or of the total provides for it
struct Matching {
  Match match = Match::shift;
  double tolerance = 0.0;
  /// Per year. shift: the largest prior density of the location. last: the largest k, or 0 where
  /// all attempts of a trajectory and year have the same.
  std::vector<double> bound;
  /// last: per year, no candidate's density of a size, per OOM, is larger; +infinity, or none at
  /// all: not known. With `bound` it gives last_weight_bound().
  std::vector<double> peak = {};
};

/// How the candidates of a trajectory and year are drawn.
///   reject    from their law
///   truncate  with sizes that cannot exceed the upper end of the total's window
///   tilt      with sizes tilted towards the total's window, thinned to the law
///   split     by multilevel splitting; survivors are correlated
enum class Method : std::uint8_t { reject, truncate, tilt, split };

constexpr bool is_tilted(Method method) {
  return method == Method::truncate || method == Method::tilt;
}

/// The method in force: `auto` is resolved before a run.
struct Sampling {
  Method method = Method::reject;
  /// Whether the job leaves the method to the program (method.hpp). Not part of the identity.
  bool automatic = false;
  /// Why it took this one, in words that decide nothing; empty where nothing was decided.
  std::string reason = {};
  /// Not empty: nothing is sampled. The survivors are those of the run with this identity that meet
  /// the constraints in all years (result class "joint").
  std::string filtered = {};
};

/// As many constraints as a job may have: with the matching they are the bits of a word.
inline constexpr std::size_t most_constraints = 63;

/// What a constraint compares. Of a statistic in log10 FLOP the difference is taken, and the ratio
/// to the previous year is that of the FLOP.
enum class RelativeTo : std::uint8_t {
  nothing,
  total,         ///< statistic - log10 T, in OOM; only for statistics in log10 FLOP
  count,         ///< statistic / k
  previous_year  ///< statistic / that of the previous year's survivor, none in the first year; 0 /
                 ///< 0 is 1
};

/// An upper bound that is not known: see ceiling.hpp. Empty: none.
struct Ceiling {
  std::vector<double> low;   ///< per year: its 5 % point, in the unit of the statistic
  std::vector<double> high;  ///< per year: its 95 % point, above `low`
  /// How often it is drawn. Held by the trajectory it is at the same quantile in all years.
  Scope scope = Scope::trajectory;
};

/// Hard: statistic in [lower, upper] in the years where it is active. Soft: accepted with
/// probability exp(-z^2 / 2), z = (statistic - centre) / spread; or if it is not above an uncertain
/// ceiling that is drawn.
struct Constraint {
  std::string name;
  Statistic statistic;
  RelativeTo relative_to = RelativeTo::nothing;
  std::vector<std::uint8_t> active;  ///< per year, 0 or 1
  std::vector<double> lower;         ///< per year; -infinity if there is none
  std::vector<double> upper;         ///< per year; +infinity if there is none
  std::vector<double> centre;        ///< per year; empty where there is no spread
  std::vector<double> spread;        ///< per year, positive
  std::uint32_t address = 0;         ///< of a soft one's uniforms: soft_address()
  Ceiling ceiling = {};

  bool has_ceiling() const { return !ceiling.low.empty(); }
  bool is_soft() const { return !centre.empty() || has_ceiling(); }
  /// Whether every candidate has a uniform of its own.
  bool has_own_uniform() const {
    return is_soft() && !(has_ceiling() && ceiling.scope == Scope::trajectory);
  }
};

/// A hash of what a soft constraint says (not of its name or place), which addresses its uniforms.
std::uint32_t soft_address(const Constraint& constraint);

enum class Keep : std::uint8_t { summary, index, statistics, samples };

/// Frontier-connected counts (kernels/frontier.hpp). No widths: none are counted.
struct Frontier {
  std::vector<double> widths;  ///< OOM below the frontier, ascending
  std::uint32_t periods = 4;   ///< per year, in which the frontier is looked at
  double log10_start = 0.0;    ///< frontier before the first year; -infinity: none
};

struct Outputs {
  std::vector<double> thresholds;  ///< FLOP, ascending
  /// First year of the forecast: cumulative counts start again here. The years before it, if any,
  /// are retrodicted and have their own cumulative counts, from the first year on.
  int forecast_from = 0;
  std::vector<std::uint64_t> cumulative_base;  ///< per threshold: known models before forecast_from
  int cumulative_from = 0;  ///< first year that the cumulative counts of the forecast include
  /// [year, threshold] known counts that replace the simulated ones in all reported counts; -1:
  /// simulated. Empty: none.
  std::vector<std::int64_t> observed;
  std::vector<double> quantiles;  ///< ascending, in (0, 1)
  std::vector<Statistic> statistics;
  Frontier frontier;
  Keep keep = Keep::index;
  std::uint64_t keep_samples = 0;  ///< with Keep::samples: of how many complete trajectories

  /// Whether the statistics of every survivor are kept: with all sizes too, not with a few.
  bool keeps_statistics() const {
    return keep == Keep::statistics || (keep == Keep::samples && keep_samples >= address_limit);
  }
};

/// FLOP per USD: flop_per_usd * improvement^(year - base_year).
struct Money {
  double flop_per_usd = 2e17;
  double improvement = 1.0;
  int base_year = 2023;
  std::vector<Distribution> revenue;  ///< per year, USD per model, drawn for each; empty: none
};

/// Compute-optimal training: log10 parameters = at_one_flop + slope * log10 FLOP, tokens =
/// FLOP / (6 parameters).
struct Scaling {
  double at_one_flop = -1.0395906230238123;  ///< 20 tokens per parameter: -log10(120) / 2
  double slope = 0.5;
};

/// Stop when the half-width of the Monte Carlo interval of every reported quantile of the counts is
/// at most max(absolute, relative * quantile). Both 0: never.
struct Precision {
  double absolute = 0.0;
  double relative = 0.0;

  bool wanted() const { return absolute > 0.0 || relative > 0.0; }
  bool operator==(const Precision&) const = default;
};

/// Where the figures of a job's `from = "calibration"` come from. Decides nothing: they are in the
/// Plan.
struct CalibrationUsed {
  std::string name;    ///< "embedded", or its file as the job gives it
  std::string sha256;  ///< of its text
};

struct Plan {
  std::string title;
  CalibrationUsed calibration;  ///< not part of the identity
  std::uint64_t seed = 1;
  std::vector<int> years;
  std::uint64_t trajectories = 0;        ///< not part of the identity
  std::uint64_t attempts = 1;            ///< per trajectory and year
  std::uint64_t batch_trajectories = 1;  ///< trajectories per batch
  /// Whether the job leaves batch_trajectories to the program. Not part of the identity.
  bool automatic_batch = false;
  Total total;
  Count count;
  Sizes sizes;
  Matching matching;
  Sampling sampling;
  std::vector<Constraint> constraints;  ///< in declared order
  std::vector<std::uint32_t>
      cascade;  ///< order of evaluation (cascade.hpp): indices into constraints
  Money money;
  Scaling scaling;
  StateSpace state;  ///< where a total, a count or an argument refers to it
  Outputs outputs;
  Precision precision;

  std::size_t year_count() const { return years.size(); }
  std::uint64_t batch_count() const {
    return (trajectories + batch_trajectories - 1) / batch_trajectories;
  }
};

/// The name under which the matching of the total appears among the constraints of a report.
std::string_view matching_name(Match match);

/// Names of everything that can reject a candidate: the matching, then the declared constraints.
std::vector<std::string> rejector_names(const Plan& plan);

/// Canonical JSON text with hexadecimal floats; plan_from_json() gives back the same bits.
std::string plan_to_json(const Plan& plan);

/// Thrown for a text that holds no Plan.
class UnreadablePlan : public Error {
 public:
  explicit UnreadablePlan(const std::string& message) : Error(ExitCode::storage, message) {}
};

/// Throws UnreadablePlan if the text is no Plan, Error(storage) if it is of another sampling
/// version. Neither message names a file: what was read from one is to be thrown anew with it.
Plan plan_from_json(const std::string& text);

/// SHA-256 of the canonical Plan without `trajectories`, `title`, `calibration`, the reason of the
/// sampling method and what was left to the program. `precision` is in it: it decides where a run
/// ends, and parts are judged by it as they are written.
std::string plan_identity(const Plan& plan);

}  // namespace flopsieve::engine
