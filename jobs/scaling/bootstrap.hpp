#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "engine/executor.hpp"

namespace flopsieve::jobs {

struct BootstrapOptions {
  std::uint64_t resamples = 4'000;  ///< 0: none
  std::uint64_t seed = 1;
  double interval = 0.9;  ///< probability between the ends of intervals, in (0, 1)
  engine::Backend backend = engine::Backend::tbb;
  int threads = 1;
};

/// A number with its standard error (of n - 1) and the ends of its percentile interval, from
/// resamples; nan where there are fewer than two.
struct Estimate {
  double value = 0.0;
  double standard_error = 0.0;
  double low = 0.0;
  double high = 0.0;
};

/// Resamples in which the number is not finite are left out.
Estimate estimate(double value, std::vector<double> resampled, double interval);

/// How often each of `rows` rows is in a resample of as many draws with replacement. A pure
/// function of its arguments: Philox under the key `seed` at the counters { block, resample low,
/// resample high, group }.
std::vector<double> drawn_weights(std::size_t rows, std::uint64_t seed, std::uint64_t resample,
                                  std::uint32_t group = 0);

/// fit(resample) of every resample, in order, computed in parallel: the same for all threads and
/// back ends. Throws Error(interrupted) where a signal asks to stop.
std::vector<std::vector<double>> resampled_fits(
    const BootstrapOptions& options,
    const std::function<std::vector<double>(std::uint64_t resample)>& fit);

}  // namespace flopsieve::jobs
