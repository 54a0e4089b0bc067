#pragma once

#include <cstddef>
#include <vector>

#include "jobs/resampling.hpp"

/// Rank-based measures for independent inputs and an output that goes one way with each of them
/// (Saltelli, Tarantola and Campolongo 2000, Statistical Science 15; Iman and Conover 1979,
/// Technometrics 21). With P the inverse of the correlation matrix of the ranks of all inputs and
/// of the output y:
namespace flopsieve::jobs {

struct RankCorrelations {
  /// [input] -P_iy / P_yy: standardised coefficient of the regression of ranks on ranks (SRRC)
  std::vector<Index> srrc;
  /// [input] -P_iy / sqrt(P_ii P_yy): correlation of the ranks once the linear effect of all other
  /// inputs is taken from both (PRCC)
  std::vector<Index> prcc;
  /// 1 - 1 / P_yy: share of the variance of the output's ranks that the regression explains
  double r_squared = 0.0;
};

/// `inputs` [input][row], none nan, none constant. Ties have their mean rank. Intervals: bootstrap
/// of the rows, ranked anew, reflected (of PRCC on the scale of Fisher's transform), as ranks of
/// few rows scatter and lower correlations near 1. nan where ranks are linearly dependent.
RankCorrelations rank_correlations(const Columns& inputs, const std::vector<double>& output);

/// Two inputs and the correlation of their ranks.
struct InputPair {
  std::size_t first = 0;
  std::size_t second = 0;
  double correlation = 0.0;
};

/// The pair with the correlation of largest magnitude; that of a single input is 0.
InputPair most_correlated(const Columns& inputs);

/// Above this magnitude two inputs are taken as dependent: 0.2, or what a chance correlation of
/// this many rows rarely reaches (4 standard errors), but 0.95 at most.
double dependence_limit(std::size_t rows);

}  // namespace flopsieve::jobs
