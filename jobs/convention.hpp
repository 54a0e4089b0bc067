#pragma once

#include <string>

#include "engine/summary.hpp"

namespace flopsieve::jobs {

/// What the quantiles of counts are taken of.
/// trajectory: each trajectory's own count, in the year and up to its end; inverse of the empirical
/// distribution function.
/// sum_of_percentiles: the published form (Kumar and Manning, arXiv 2504.16138). Quantiles of each
/// year alone, by linear interpolation (Hyndman and Fan's type 7), rounded half to even; those of
/// the cumulative count are their sums over the years, from the forecast's start on with the known
/// models before it (Outputs::cumulative_base). They are
/// quantiles of the sum only if the years are perfectly dependent; otherwise they spread wider.
enum class Convention { trajectory, sum_of_percentiles };

/// "trajectory" or "sum-of-percentiles". Throws Error(bad_input) naming the allowed words.
Convention parse_convention(const std::string& text);
std::string convention_name(Convention convention);

/// The summary with the quantiles of its counts replaced by those of the convention, which have no
/// Monte Carlo interval. Means and statistics stay.
engine::Summary by_sum_of_percentiles(const engine::Plan& plan, const engine::Tally& tally,
                                      engine::Summary summary);

}  // namespace flopsieve::jobs
