#include "jobs/scaling/bootstrap.hpp"

#include <cmath>
#include <limits>

#include "jobs/resampling.hpp"
#include "kernels/philox.hpp"

namespace flopsieve::jobs {

Estimate estimate(double value, std::vector<double> resampled, double interval) {
  std::erase_if(resampled, [](double each) { return !std::isfinite(each); });
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  if (resampled.size() < 2) return {value, nan, nan, nan};
  const auto n = static_cast<double>(resampled.size());
  double mean = 0.0;
  for (const double each : resampled) mean += each / n;
  double squares = 0.0;
  for (const double each : resampled) squares += (each - mean) * (each - mean);
  return {value, std::sqrt(squares / (n - 1.0)),
          interpolated_quantile(resampled, 0.5 * (1.0 - interval)),
          interpolated_quantile(resampled, 0.5 * (1.0 + interval))};
}

std::vector<double> drawn_weights(std::size_t rows, std::uint64_t seed, std::uint64_t resample,
                                  std::uint32_t group) {
  const kernels::Key key{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)};
  kernels::Counter counter{0, static_cast<std::uint32_t>(resample),
                           static_cast<std::uint32_t>(resample >> 32), group};
  std::vector<double> weights(rows, 0.0);
  kernels::Words words{};
  for (std::size_t i = 0; i < rows; ++i) {
    if (i % 4 == 0) {
      words = kernels::philox(counter, key);
      ++counter[0];
    }
    weights[static_cast<std::size_t>(std::uint64_t{words[i % 4]} * rows >> 32)] += 1.0;
  }
  return weights;
}

}  // namespace flopsieve::jobs
