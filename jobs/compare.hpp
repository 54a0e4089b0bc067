#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/result_file.hpp"
#include "engine/statistic.hpp"

namespace flopsieve::jobs {

/// A finished run under the name by which a comparison calls it.
struct NamedResults {
  std::string name;
  engine::Results results;
};

/// A number with half of its 95 % Monte Carlo interval; none where the trajectories are too few for
/// one, or the number has none.
struct Measure {
  double value = 0.0;
  std::optional<double> error;
};

/// `other` minus `first`, with both errors combined in quadrature. That is right for independent
/// runs; runs of one seed share random numbers, mostly move together, and differ with a smaller
/// error.
Measure difference(const Measure& first, const Measure& other);

/// Whether a difference is larger than its error; false without an error.
bool exceeds(const Measure& difference);

/// One key of the resolved jobs with its value in each run; none where the job lacks it.
struct DifferingKey {
  std::string key;
  std::vector<std::optional<std::string>> values;  ///< [run]
};

/// The same numbers of every run.
struct ComparedCell {
  int year = 0;
  std::size_t of = 0;  ///< index of the threshold, width, statistic or acceptance
  std::vector<std::vector<Measure>> runs;  ///< [run][quantile..., mean]; of an acceptance one
};

/// What of a run's candidates a comparison shows.
enum class Acceptance : std::uint8_t { first_attempt_pass_rate, efficiency, exhausted };

/// Runs side by side, in what all of them have. The first is the one that others are compared to.
/// Errors of quantiles are half of their order-statistic interval, of means 1.96 standard errors,
/// of the first-attempt pass rate half of its Wilson interval.
struct Comparison {
  std::vector<std::string> names;
  std::vector<std::string> classes;  ///< engine::result_class() of each
  std::vector<DifferingKey> differing;
  std::vector<int> years;
  std::vector<double> thresholds;
  std::vector<double> frontier_widths;
  std::vector<double> quantiles;
  std::vector<engine::Statistic> statistics;
  std::vector<std::string> left_out;          ///< in words: what not all of them have
  bool shares_seed = false;                   ///< two runs have the same seed
  std::vector<ComparedCell> counts;           ///< models above each threshold in the year
  std::vector<ComparedCell> cumulative;       ///< of the years that all add up from the same year
  std::vector<ComparedCell> frontier_before;  ///< within each width of the frontier
  std::vector<ComparedCell> frontier_including;
  std::vector<ComparedCell> statistic_cells;
  std::vector<ComparedCell> acceptance;  ///< `of` is an Acceptance
};

/// Throws Error(bad_input) if there are fewer than two runs, one has no complete trajectory, or
/// they share no year, or neither a threshold nor a statistic.
Comparison compare_runs(const std::vector<NamedResults>& runs);

/// The names of files without their folders, unless two would be the same.
std::vector<std::string> short_names(const std::vector<std::string>& files);

}  // namespace flopsieve::jobs
