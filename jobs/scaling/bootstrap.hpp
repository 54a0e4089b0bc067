#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "engine/executor.hpp"
#include "jobs/stop.hpp"

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

/// body(0), ..., body(count - 1) in this order, computed in parallel: the same for all threads and
/// back ends. A thread takes 16 at a time, so that it seldom waits for one that is held up. Throws
/// Error(interrupted) where a signal asks to stop.
template <class Result, class Body>
std::vector<Result> in_parallel(const BootstrapOptions& options, std::uint64_t count,
                                const Body& body) {
  constexpr std::uint64_t at_a_time = 16;
  std::vector<Result> results;
  results.reserve(count);
  engine::run_in_order<std::vector<Result>>(
      options.backend, options.threads, (count + at_a_time - 1) / at_a_time,
      [&](std::uint64_t position) {
        std::vector<Result> some;
        const std::uint64_t first = position * at_a_time;
        for (std::uint64_t i = first; i < count && i < first + at_a_time; ++i) {
          some.push_back(body(i));
        }
        return some;
      },
      [&](std::uint64_t /*position*/, std::vector<Result> some) {
        for (Result& each : some) results.push_back(std::move(each));
        return stop_flag() ? engine::Commit::stop : engine::Commit::go_on;
      });
  if (stop_flag()) throw_stopped();
  return results;
}

}  // namespace flopsieve::jobs
