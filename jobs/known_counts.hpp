#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/plan.hpp"
#include "jobs/calibration.hpp"

namespace flopsieve::jobs {

/// What was observed in the years and above the thresholds of a job, next to what it simulates.
/// Nothing where Calibration::count_above() does not tell.
struct KnownCounts {
  std::vector<std::optional<std::uint64_t>> per_year;    ///< [year, threshold]
  std::vector<std::optional<std::uint64_t>> cumulative;  ///< [year, threshold] as the plan adds up

  bool empty() const;
};

KnownCounts known_counts(const engine::Plan& plan, const Calibration& calibration);

}  // namespace flopsieve::jobs
