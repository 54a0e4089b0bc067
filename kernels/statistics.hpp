#pragma once

#include <cstddef>
#include <span>

/// Statistics of one candidate that need its sizes in order. Definitions: the table of statistics
/// in jobs/REFERENCE.md; population moments.
namespace flopsieve::kernels {

/// The sizes of one candidate, ascending, in three columns of equal length (at least 1).
struct SortedSizes {
  std::span<const double> log10_flop;              ///< x
  std::span<const double> relative;                ///< 10^(x - largest x)
  std::span<const double> log10_cumulative_share;  ///< log10 of the share of models <= it
  double relative_total = 0.0;                     ///< sum of `relative`
  std::span<const double> cumulative;              ///< sums of `relative` up to and with each
};

/// The middle size, or the mean of the two middle ones, in log10 FLOP.
double median(std::span<const double> ascending);

/// Slope through the origin of log10(cumulative share) on log10(m / largest); 1 for a single model.
double allocation_gradient(const SortedSizes& sizes);

/// Least squares of log10(cumulative share) on log10(m / total).
struct Line {
  double slope = 0.0;
  double intercept = 0.0;
};
Line allocation_line(const SortedSizes& sizes);

/// Gini index of the sizes in FLOP: 0 if all are equal, (k - 1) / k if one has everything.
double gini(const SortedSizes& sizes);

/// Number of sizes with x >= threshold, of at least one size.
std::size_t count_from(std::span<const double> ascending, double threshold);

/// Sum of `relative` over the models, at least one, with from <= x < below: a difference of
/// `cumulative`, so within a few times 2^-53 k of relative_total.
double relative_between(const SortedSizes& sizes, double from, double below);

}  // namespace flopsieve::kernels
