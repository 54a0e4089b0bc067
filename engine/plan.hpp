#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/statistic.hpp"
#include "engine/streams.hpp"
#include "kernels/distributions.hpp"

/// The Plan: every number that decides a result, resolved and validated. Plain data. A batch is a
/// pure function of the Plan and its index. The Plan is stored in each part and in the final file
/// with hexadecimal floats, and a resumed run takes the stored one.
namespace flopsieve::engine {

/// Raised whenever a draw or a tally of an unchanged job changes (tests/engine/golden_test.cpp).
inline constexpr int sampling_version = 1;

/// How often an uncertain input is drawn: anew for each candidate, or one latent quantile per
/// trajectory that serves all years and attempts.
enum class Scope : std::uint8_t { candidate, trajectory };

/// The other inputs that a parameter of a distribution may depend on.
enum class Reference : std::uint8_t { none, count, sd, skewness };

/// value + times * (the input referred to).
struct Argument {
  double value = 0.0;
  double times = 0.0;
  Reference reference = Reference::none;
};

/// A law with its arguments, kept inside [lower, upper] by drawing again, never by clipping.
struct Distribution {
  kernels::Law law = kernels::Law::constant;
  std::array<Argument, 3> arguments{};
  double lower = 0.0;  ///< -infinity if not bounded
  double upper = 0.0;  ///< +infinity if not bounded
};

/// An uncertain (or constant) input with one distribution per year of the job.
struct Input {
  Scope scope = Scope::candidate;
  std::vector<Distribution> years;
};

enum class TotalModel : std::uint8_t { growth, table };

/// The year's total training compute T.
/// growth: T = base_flop * usage_multiplier * (growth + noise)^(year - base_year) * train_share,
/// noise being an input. table: log10 T is an input.
struct Total {
  TotalModel model = TotalModel::growth;
  Input input;                    ///< the noise, or log10 T
  double growth = 1.0;            ///< per year, a factor
  double base_flop = 1.0;         ///< training compute of the base year, FLOP
  double usage_multiplier = 1.0;  ///< all AI workloads / training, in the base year
  int base_year = 0;
  std::vector<double> train_share;  ///< per year: training / all AI workloads
};

enum class CountModel : std::uint8_t { input, poisson, exponential_trend };

/// Ordinary least squares of ln k on the year, with the year centred so that intercept and slope
/// are independent. Drawn from its standard posterior (Gelman et al., Bayesian Data Analysis, 3rd
/// ed., section 14.2): sigma^2 ~ dof s^2 / chi^2(dof), intercept and slope normal given sigma.
struct TrendFit {
  double centre = 0.0;             ///< mean of the fitted years
  double intercept = 0.0;          ///< ln k at the centre
  double slope = 0.0;              ///< per year
  double residual_variance = 0.0;  ///< s^2 with dof degrees of freedom
  double intercept_factor = 0.0;   ///< sd of the intercept / sigma: 1 / sqrt(n)
  double slope_factor = 0.0;       ///< sd of the slope / sigma: 1 / sqrt(sum (year - centre)^2)
  std::uint32_t degrees_of_freedom = 0;
};

/// The number of models k, from 1 to largest_count; a draw outside is redrawn.
struct Count {
  CountModel model = CountModel::input;
  Input input;     ///< k before rounding to the nearest whole number, or the Poisson mean
  TrendFit trend;  ///< exponential_trend
};

inline constexpr double largest_count = 100'000.0;

enum class SizeFamily : std::uint8_t { normal, skew_normal };

/// log10 FLOP of a model: mean + sd z, z standardised with the given skewness.
struct Sizes {
  SizeFamily family = SizeFamily::skew_normal;
  Input mean;
  Input sd;
  Input skewness;  ///< constant 0 for the normal family
};

enum class Match : std::uint8_t { reject, shift };

/// How a candidate meets the year's total. reject: abs(sum / T - 1) <= tolerance. shift: the mean
/// is solved for, and kept with probability density / largest_density of its prior, where
/// largest_density bounds the density over all candidates of the year.
struct Matching {
  Match match = Match::shift;
  double tolerance = 0.0;
  std::vector<double> largest_density;  ///< per year, for shift
};

/// As many constraints as a job may have: with the matching they are the bits of a word.
inline constexpr std::size_t most_constraints = 63;

/// statistic in [lower, upper] in the years where it is active.
struct Constraint {
  std::string name;
  Statistic statistic;
  std::vector<std::uint8_t> active;  ///< per year, 0 or 1
  std::vector<double> lower;         ///< per year; -infinity if there is none
  std::vector<double> upper;         ///< per year; +infinity if there is none
};

enum class Keep : std::uint8_t { summary, index, statistics, samples };

struct Outputs {
  std::vector<double> thresholds;  ///< FLOP, ascending
  std::vector<std::uint64_t>
      cumulative_base;            ///< per threshold: known models before the first year
  int cumulative_from = 0;        ///< first year that cumulative counts include
  std::vector<double> quantiles;  ///< ascending, in (0, 1)
  std::vector<Statistic> statistics;
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
};

struct Plan {
  std::string title;
  std::uint64_t seed = 1;
  std::vector<int> years;
  std::uint64_t trajectories = 0;        ///< not part of the identity
  std::uint64_t attempts = 1;            ///< per trajectory and year
  std::uint64_t batch_trajectories = 1;  ///< trajectories per batch
  Total total;
  Count count;
  Sizes sizes;
  Matching matching;
  std::vector<Constraint> constraints;  ///< in declared order
  std::vector<std::uint32_t> cascade;   ///< order of evaluation: indices into constraints
  Money money;
  Outputs outputs;

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

/// Throws Error(storage) if the text is not a Plan of this sampling version.
Plan plan_from_json(const std::string& text);

/// SHA-256 of the canonical Plan without what cannot change a candidate: `trajectories`, `title`.
std::string plan_identity(const Plan& plan);

}  // namespace flopsieve::engine
