#pragma once

#include <cstddef>
#include <vector>

#include "jobs/resampling.hpp"

/// Variance-based sensitivity (Sobol' 1993) from a Saltelli design: N base rows, evaluated at two
/// independent samples A and B of the inputs, and for each input i at AB_i, which is A with column
/// i from B.
namespace flopsieve::jobs {

struct SobolIndices {
  std::vector<Index> first;  ///< [input] share of the variance that goes with knowing the input
  std::vector<Index> total;  ///< [input] share that is left when all others are known
};

/// Jansen's estimators (Jansen 1999, Computer Physics Communications 117; lines (c) and
/// (f) of table 2 in Saltelli et al. 2010, Computer Physics Communications 181):
///
///     S_i  = 1 - sum_j (f(B)_j - f(AB_i)_j)^2 / (2 N V)
///     ST_i =     sum_j (f(A)_j - f(AB_i)_j)^2 / (2 N V)
///
/// with V the variance of the 2 N values f(A), f(B), divided by 2 N - 1. Intervals: bootstrap of
/// the base rows. All values must be finite; nan everywhere if V is 0.
SobolIndices sobol_indices(const std::vector<double>& a, const std::vector<double>& b,
                           const Columns& ab);

/// Which input each of the blocks after A and B takes from B: [block]. `inputs` [input][row] are
/// the rows of the whole design: A, B, AB_1, ..., AB_d. Throws std::invalid_argument, saying why,
/// if they are none.
std::vector<std::size_t> saltelli_order(const Columns& inputs);

}  // namespace flopsieve::jobs
