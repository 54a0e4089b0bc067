#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "jobs/scaling/laws.hpp"

namespace flopsieve::jobs {

/// How intervals are drawn.
struct IntervalOptions {
  double probability = 0.9;  ///< between its ends, in (0, 1)
  std::int64_t draws = 100'000;
  std::uint64_t seed = 1;
  int threads = 1;
};

/// Low and high ends; those of what the budget fixes are equal.
struct OptimumInterval {
  std::pair<double, double> flop, parameters, tokens, ratio;  ///< ratio: tokens per parameter
  std::optional<std::pair<double, double>> loss = {};
};

/// The optimum's quantiles (1 -+ probability) / 2 over draws of the law's constants, each number by
/// itself; none for a law without uncertainty. An exponent is drawn as median + spread * z, z
/// standard normal and the spread such that its 10 % and 90 % points are the published ones on
/// either side; the constants of a parametric loss from a normal of their covariance. What a run
/// will cost or lose besides its law is in no interval. Equal for any number of threads.
std::optional<OptimumInterval> optimum_interval(const ScalingLaw& law, const Budget& budget,
                                                double worth, const IntervalOptions& options);

}  // namespace flopsieve::jobs
