#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/intervals.hpp"
#include "engine/plan.hpp"
#include "engine/tally.hpp"

namespace flopsieve::engine {

/// One reported number: over complete trajectories, each with weight one.
struct Estimate {
  double mean = 0.0;
  double standard_error = 0.0;              ///< of the mean
  std::vector<QuantileEstimate> quantiles;  ///< [quantile]
};

/// How often a rejector struck among the audited candidates of a year.
struct RejectorReport {
  std::string name;
  std::uint64_t killed = 0;   ///< the first to reject, in declared order
  std::uint64_t alone = 0;    ///< rejects when it is looked at alone
  std::uint64_t without = 0;  ///< would survive without this one
};

/// The results of a run as they are stored and shown. No value is defined, and the vectors of
/// estimates are empty, where no trajectory is complete.
struct Summary {
  std::vector<Estimate> counts;              ///< [year, threshold] models above it in the year
  std::vector<Estimate> cumulative;          ///< [year, threshold] up to the year's end
  std::vector<Estimate> statistics;          ///< [year, statistic]
  std::vector<Estimate> frontier_before;     ///< [year, width]
  std::vector<Estimate> frontier_including;  ///< [year, width]
};

Summary summarise(const Plan& plan, const Tally& tally);

/// The same without statistics and frontier: much quicker.
Summary summarise_counts(const Plan& plan, const Tally& tally);

/// "exact": survivors have the law that the job states; "correlated": each is one of a correlated
/// population (Method::split), and has that law but for a bias that the population makes small;
/// "biased": match = "rescale" ignores the prior of the location;
/// "joint": trajectories of another run that meet further constraints in all years together
/// (Sampling::filtered), whose law is not that of a run under these constraints.
std::string_view result_class(const Plan& plan);

/// Whether a finished run has fewer trajectories than the job asks for, because its precision was
/// met.
bool stopped_early(const Plan& plan, const Tally& tally);

/// Fewer complete trajectories than this are never precise enough.
inline constexpr std::uint64_t least_for_precision = 1'000;

/// Whether every quantile of the counts (above thresholds, of single years and cumulative, and near
/// the frontier) is known to Plan::precision; a precision in numbers of models says nothing about
/// other statistics. Known means: its Monte Carlo interval has two ends, neither of which is
/// farther from the quantile than allowed.
bool is_precise(const Plan& plan, const Tally& tally);

/// What the populations of a year say (Method::split), over trajectories.
struct SplitReport {
  double probability = 0.0;  ///< mean estimate of P(constraints); 0 where nothing leads into them
  double error = 0.0;        ///< its standard error for these trajectories, chains corrected for
  double levels = 0.0;       ///< mean, of a population
  double acceptance = 0.0;   ///< mean share of moves accepted
};

SplitReport report_split(const YearTally& year);

/// The cutflow of one year: [rejector].
std::vector<RejectorReport> cutflow(const Plan& plan, const YearTally& year);

}  // namespace flopsieve::engine
