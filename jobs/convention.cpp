#include "jobs/convention.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/error.hpp"

namespace flopsieve::jobs {
namespace {

/// The order statistic of this rank, from 0.
double order_statistic(const engine::Histogram& histogram, std::uint64_t rank) {
  std::uint64_t below = 0;
  std::size_t value = 0;
  while (below + histogram[value] <= rank) below += histogram[value++];
  return static_cast<double>(value);
}

/// Type 7 with numpy's arithmetic, so that halves round as they do there.
double rounded_percentile(const engine::Histogram& histogram, double q) {
  const auto size = std::accumulate(histogram.begin(), histogram.end(), std::uint64_t{0});
  const double position = q * static_cast<double>(size - 1);
  const double below = std::floor(position);
  const double fraction = position - below;
  const auto rank = static_cast<std::uint64_t>(below);
  const double a = order_statistic(histogram, rank);
  const double b = order_statistic(histogram, std::min(rank + 1, size - 1));
  const double between = fraction < 0.5 ? a + (b - a) * fraction : b - (b - a) * (1.0 - fraction);
  return std::nearbyint(between);
}

}  // namespace

Convention parse_convention(const std::string& text) {
  if (text == "trajectory") return Convention::trajectory;
  if (text == "sum-of-percentiles") return Convention::sum_of_percentiles;
  throw engine::Error(
      engine::ExitCode::bad_input,
      fmt::format("--convention must be trajectory or sum-of-percentiles, found \"{}\"", text));
}

std::string convention_name(Convention convention) {
  return convention == Convention::trajectory ? "trajectory" : "sum-of-percentiles";
}

engine::Summary by_sum_of_percentiles(const engine::Plan& plan, const engine::Tally& tally,
                                      engine::Summary summary) {
  if (tally.complete == 0) return summary;
  const engine::Outputs& outputs = plan.outputs;
  const std::size_t thresholds = outputs.thresholds.size();
  for (std::size_t t = 0; t < thresholds; ++t) {
    for (std::size_t q = 0; q < outputs.quantiles.size(); ++q) {
      double running = 0.0;
      for (std::size_t year = 0; year < plan.year_count(); ++year) {
        if (plan.years[year] == outputs.forecast_from) {
          running = static_cast<double>(outputs.cumulative_base[t]);
        }
        const std::size_t cell = year * thresholds + t;
        const double percentile = rounded_percentile(tally.counts[cell], outputs.quantiles[q]);
        running += percentile;
        summary.counts[cell].quantiles[q] = {percentile, std::nullopt, std::nullopt};
        summary.cumulative[cell].quantiles[q] = {running, std::nullopt, std::nullopt};
      }
    }
  }
  return summary;
}

}  // namespace flopsieve::jobs
