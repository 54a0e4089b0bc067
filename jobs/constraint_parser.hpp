#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "engine/plan.hpp"
#include "jobs/calibration.hpp"
#include "jobs/document.hpp"

namespace flopsieve::jobs {

/// Reads one [[constraint]]: `statistic`; `min` and/or `max`, each a number or a table with one
/// number per year, or `from = "calibration"` for the range seen in the calibration years;
/// optional `years` and `name`.
engine::Constraint parse_constraint(TableReader& table, const std::vector<int>& years,
                                    const Calibration& calibration);

/// Smallest and largest value of a figure over the calibration years.
std::pair<double, double> calibration_range(const Calibration& calibration,
                                            double CalibrationYear::*figure);

/// The order in which constraints are looked at: those from sums before those that need the sizes
/// in order, otherwise as declared. It changes the cost, never the survivors.
std::vector<std::uint32_t> cascade_order(const std::vector<engine::Constraint>& constraints);

}  // namespace flopsieve::jobs
