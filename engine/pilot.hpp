#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/error.hpp"
#include "engine/pareto.hpp"
#include "engine/plan.hpp"
#include "engine/tally.hpp"

namespace flopsieve::engine {

class Sieve;

/// What a few first attempts say about a job before it runs.
struct PilotYear {
  YearTally tally;
  double draws_per_candidate = 0.0;  ///< mean of k
  /// Why there is no survivor, where that is known: Method::split, truncate and tilt.
  std::string why;
  /// Method::truncate and tilt: the parameters that candidates draw, where `why` says that the laws
  /// of these are too wide to tilt.
  std::vector<std::string> too_wide;
  /// match = "last": the weights of the first 4096 candidates before any constraint. Survivors have
  /// the right law whatever they are, because weights are turned into acceptance; uneven ones say
  /// that few sets can make up the total and that the pass rate is poorly known.
  std::optional<WeightReport> weights;

  /// Share of first attempts that pass.
  double pass_rate() const;
};

struct Pilot {
  std::vector<PilotYear> years;

  /// Candidates that a trajectory is expected to need in all years.
  double candidates_per_trajectory(const Plan& plan) const;
  /// Sizes drawn for them.
  double draws_per_trajectory(const Plan& plan) const;
};

/// With Method::split a pilot samples this many trajectories of each year.
inline constexpr std::uint64_t split_pilot_trajectories = 4;

/// How far a pilot of a year goes: until it has `survivors`, or, after so many candidates, a few.
struct PilotLimits {
  std::uint64_t survivors = 256;
  std::uint64_t many = 1'000'000;  ///< candidates, after which
  std::uint64_t few = 16;          ///< survivors will do: 25 % error of the rate
  std::uint64_t most = 10'000'000;
  std::uint64_t lot = 4096;  ///< candidates after which it is looked whether they will do
};

/// Judges candidates of one year as run_pilot() does; not with Method::split.
PilotYear pilot_year(const Plan& plan, Sieve& sieve, std::uint32_t year_index,
                     const PilotLimits& limits);

/// Samples the first split_pilot_trajectories of a year (Method::split).
PilotYear split_pilot_year(const Plan& plan, std::uint32_t year_index);

/// With Method::truncate and tilt, a pilot judges so many attempts of a trajectory one after the
/// other; where candidates draw several parameters of the law of sizes, which makes a trajectory's
/// tables costly, all of these trajectories before a second time comes.
inline constexpr std::uint64_t tilt_pilot_attempts = 64;
inline constexpr std::uint64_t tilt_pilot_trajectories = 64;

/// Judges first attempts of each year (with Method::truncate and tilt tilt_pilot_attempts of each
/// trajectory), each year by itself, at addresses of the pilot's own streams,
/// until a year has 256 survivors (16 will do after a million candidates), 10 million
/// candidates or 4e9 draws: under a minute for a year that has none. A year without a survivor ends
/// the pilot; with Method::truncate and tilt one that has none among its first 4,096 candidates,
/// where boxes of parameters are in the way of all others (TiltMix::obstacle()) in most of its
/// first 16 trajectories. Plan::batch_trajectories is not used. Throws as InputSampler does.
///
/// With Method::split, each year is that of split_pilot_year().
Pilot run_pilot(const Plan& plan);

/// The batch size for a plan: the power of two of trajectories, 1 to 4096, that needs at most
/// about 1e8 draws (1e7 with Method::split). Independent of Plan::trajectories, so that a longer
/// run has the same batches.
std::uint64_t choose_batch_size(const Plan& plan, const Pilot& pilot);

/// The laws of the parameters of the sizes are too wide to tilt, which the job can change: give
/// bounds to them.
class TooWide : public Error {
 public:
  TooWide(const std::string& message, std::vector<std::string> parameters)
      : Error(ExitCode::bad_input, message), parameters_(std::move(parameters)) {}
  /// That candidates draw, as the job calls them.
  const std::vector<std::string>& parameters() const { return parameters_; }

 private:
  std::vector<std::string> parameters_;
};

/// Throws TooWide, or Error(budget) if a year of the pilot has no survivor: gives the bound p < 3 /
/// N (95 %, the rule of three) and names the constraint that rejects most.
void demand_survivors(const Plan& plan, const Pilot& pilot);

/// "largest_share rejects 97.1 % of the candidates (the next, skewness, 12.0 %)": the cutflow in a
/// sentence, for messages.
std::string killer_sentence(const Plan& plan, const YearTally& year);

}  // namespace flopsieve::engine
