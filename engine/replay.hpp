#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/inputs.hpp"
#include "engine/plan.hpp"
#include "engine/streams.hpp"

/// Draws single candidates of a run again.
namespace flopsieve::engine {

struct ReplayRequest {
  std::uint64_t trajectory = 0;  ///< below 2^40, also beyond those of the run
  std::uint32_t year_index = 0;
  /// Below 2^40, also beyond the survivor's and the last; none: the survivor's. With Method::split
  /// it is a place in the population, and only the survivor's can be drawn again.
  std::optional<std::uint64_t> attempt = {};
  /// [year] the attempts of the trajectory's survivors, where they are stored. Otherwise empty:
  /// those that are needed are found again as the run did.
  std::vector<std::uint64_t> survivors = {};
};

/// What a constraint says of a candidate. Without a value (nan): the probability and the uniform of
/// a hard constraint, a candidate's own uniform with Method::split, the ceiling where there is none
/// or no uniform, and what has no previous year.
struct ReplayedConstraint {
  bool active = false;       ///< in the year
  bool passes = false;       ///< true where it is not active
  double statistic = 0.0;    ///< its statistic,
  double previous = 0.0;     ///< that of the survivor of the year before, if it is compared to it,
  double value = 0.0;        ///< and what is compared (RelativeTo)
  double probability = 0.0;  ///< soft: of being accepted,
  double uniform = 0.0;      ///< which it is if this is below
  double ceiling = 0.0;      ///< drawn by the uniform: the value must not be above it
};

/// A candidate, in double precision.
struct Replay {
  Address address;
  CandidateInputs inputs;       ///< with count and log10_total, also where the sizes imply them
  double location = 0.0;        ///< of the law of sizes, log10 FLOP: given, or solved for
  double scale = 0.0;           ///< OOM per unit of its standardised sizes
  double log10_sum = 0.0;       ///< of the sizes, log10 FLOP
  double total_error = 0.0;     ///< sum / total - 1
  std::vector<double> outputs;  ///< [statistic of Outputs]
  bool matches = false;         ///< the total is met as Plan::matching says
  std::vector<ReplayedConstraint> constraints;  ///< in declared order
  bool survives = false;
  std::vector<double> log10_flop;  ///< the sizes, descending
};

/// Draws a candidate again and judges it by everything. Verdicts are those of the run: Sieve's,
/// which are compared with the statistics that are given.
///
/// Throws Error(bad_input) if the request is out of range, if there is no survivor where one is
/// needed, which is said with its year, or for another place than the survivor's with
/// Method::split; Error(bug) if a verdict of the sieve is not that of double precision; and as
/// InputSampler does.
Replay replay(const Plan& plan, const ReplayRequest& request);

}  // namespace flopsieve::engine
