#pragma once

#include <vector>

namespace flopsieve::engine {

/// How unequal weights are.
struct WeightReport {
  /// (sum w)^2 / (n sum w^2): the effective sample size as a share of the sample, 0 to 1.
  double effective_share = 0.0;
  /// Shape of a generalised Pareto law fitted to the excesses of the largest 20 % of the positive
  /// weights; the mean of the weights is hard to learn from a sample where it exceeds
  /// unreliable_shape (Vehtari, Simpson, Gelman, Yao and Gabry, J. Mach. Learn. Res. 25 (2024) 72).
  /// nan where fewer than 25 weights are positive, or where the largest are all equal.
  double pareto_shape = 0.0;
};

inline constexpr double unreliable_shape = 0.7;

/// Of `weights` >= 0.
WeightReport report_weights(std::vector<double> weights);

/// The shape k of the density (1 + k x / s)^(-1/k - 1) / s of positive excesses, ascending, by the
/// method of Zhang and Stephens (Technometrics 51 (2009) 316), without a prior of k.
double pareto_shape(const std::vector<double>& excesses);

}  // namespace flopsieve::engine
