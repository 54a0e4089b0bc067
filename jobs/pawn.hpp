#pragma once

#include <cstddef>
#include <vector>

#include "jobs/resampling.hpp"

/// PAWN (Pianosi and Wagener 2015, Environmental Modelling & Software 67; for any sample, as here:
/// 2018, Environmental Modelling & Software 108): how much the distribution of the
/// output changes when an input is known to lie in a part of its range. Needs no design and no
/// independence; inputs that go together share what one of them does.
namespace flopsieve::jobs {

/// Fewer rows give slices that are too small.
inline constexpr std::size_t least_pawn_rows = 60;

/// The rows are cut into slices of equal numbers along the input; of each slice the distance of
/// Kolmogorov and Smirnov between the output's distribution in it and that in all rows.
struct PawnIndex {
  double median = 0.0;  ///< over the slices
  double maximum = 0.0;
  /// What 95 % of inputs that have nothing to do with the output stay below with slices of these
  /// sizes: from 200 permutations of the output.
  double median_floor = 0.0;
  double maximum_floor = 0.0;
  std::size_t slices = 0;
};

/// `inputs` [input][row] and output finite, least_pawn_rows rows or more, no input constant.
std::vector<PawnIndex> pawn_indices(const Columns& inputs, const std::vector<double>& output);

/// The slice of each row, 0, 1, ...: at most 10, and each of about 30 rows or more. Going up
/// through the values, a slice ends with the value that gives it its share of the rows, so equal
/// values stay together; what is left at the end joins the slice before it if it is less than half
/// a share.
std::vector<std::size_t> pawn_slices(const std::vector<double>& input);

}  // namespace flopsieve::jobs
