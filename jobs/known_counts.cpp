#include "jobs/known_counts.hpp"

#include <algorithm>

namespace flopsieve::jobs {

bool KnownCounts::empty() const {
  return std::none_of(per_year.begin(), per_year.end(), [](const auto& each) { return each; });
}

KnownCounts known_counts(const engine::Plan& plan, const Calibration& calibration) {
  KnownCounts result;
  const std::vector<std::uint64_t>& base = plan.outputs.cumulative_base;
  std::vector<std::optional<std::uint64_t>> running(base.size(), 0);
  for (const int year : plan.years) {
    if (year == plan.outputs.forecast_from) running.assign(base.begin(), base.end());
    for (std::size_t t = 0; t < plan.outputs.thresholds.size(); ++t) {
      const auto count = calibration.count_above(year, plan.outputs.thresholds[t]);
      result.per_year.push_back(count);
      running[t] = count && running[t]
                       ? std::optional(*running[t] + static_cast<std::uint64_t>(*count))
                       : std::nullopt;
      result.cumulative.push_back(running[t]);
    }
  }
  return result;
}

}  // namespace flopsieve::jobs
