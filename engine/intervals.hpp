#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/statistic.hpp"
#include "engine/tally.hpp"

namespace flopsieve::engine {

/// Ranks (1 = smallest) of a sample of n between which its q-quantile lies.
struct RankBounds {
  std::optional<std::uint64_t> lower;
  std::optional<std::uint64_t> upper;
};

/// The Monte Carlo interval of a quantile from order statistics (David and Nagaraja, Order
/// Statistics, 3rd ed., section 7.1): the largest lower and smallest upper rank that the true
/// quantile falls beyond with probability at most 2.5 % each. A rank is missing where no order
/// statistic of n is that safe. 0 < q < 1.
RankBounds rank_bounds(std::uint64_t n, double q);

/// A quantile with its Monte Carlo interval (at least 95 %); a bound is missing where rank_bounds
/// has none.
struct QuantileEstimate {
  double value = 0.0;
  std::optional<double> low;
  std::optional<double> high;
};

/// Quantiles of whole numbers by the inverse of the empirical distribution function: the smallest
/// value v with share(<= v) >= q. `histogram[v]` counts the value v; it must not be empty.
std::vector<QuantileEstimate> whole_quantiles(const Histogram& histogram,
                                              const std::vector<double>& quantiles);

/// Quantiles of a continuous statistic from its histogram: linear interpolation of the order
/// statistics (Hyndman and Fan's type 7), each placed evenly within its bin; so exact to the width
/// of a bin of `grid`.
std::vector<QuantileEstimate> grid_quantiles(const Histogram& histogram, const Grid& grid,
                                             const std::vector<double>& quantiles);

}  // namespace flopsieve::engine
