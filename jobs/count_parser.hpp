#pragma once

#include "engine/plan.hpp"
#include "jobs/calibration.hpp"
#include "jobs/table_reader.hpp"

namespace flopsieve::jobs {

/// Reads models.count into Plan::count. Needs Plan::years and the family of the sizes: with an
/// allocation the count is implied, and only there.
void parse_count(TableReader& models, const Calibration& calibration, engine::Plan& plan);

}  // namespace flopsieve::jobs
