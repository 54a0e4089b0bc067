#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "engine/plan.hpp"
#include "jobs/calibration.hpp"
#include "jobs/table_reader.hpp"

namespace flopsieve::jobs {

/// Reads all [[constraint]] tables into Plan::constraints, and the order of their costs into
/// Plan::cascade. Needs Plan::years, matching and money. Refuses names that stand twice, and soft
/// constraints that say the same.
///
/// Each has a `statistic`, optional `years` and `name`, and one of
///   min, max                bounds of the statistic, at least one
///   from = "calibration"    the range seen in the calibration years as bounds
///   ratio_to_previous_year  { min =, max = }, bounds of its ratio to the year before
///   soft                    { normal = [centre, sd] }, or { below = [5 % point, 95 % point] } of
///                           an uncertain ceiling, with its scope
/// where a bound, centre, sd or point is a number or a table with one number per year. `min`, `max`
/// and `soft` may be of the statistic `relative_to` the "total" or the "count".
void parse_constraints(std::vector<TableReader>& tables, const Calibration& calibration,
                       engine::Plan& plan);

/// Throws, at a key of the table, for a statistic that needs the revenues that a plan lacks.
void demand_revenue(const TableReader& table, const char* key, const engine::Statistic& statistic,
                    const engine::Plan& plan);

/// Smallest and largest value of a figure over the calibration years.
std::pair<double, double> calibration_range(const Calibration& calibration,
                                            double CalibrationYear::*figure);

}  // namespace flopsieve::jobs
