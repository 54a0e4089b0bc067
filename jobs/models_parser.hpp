#pragma once

#include "engine/plan.hpp"
#include "jobs/calibration.hpp"
#include "jobs/document.hpp"

namespace flopsieve::jobs {

/// Reads [models] into Plan::count, sizes and matching. Needs Plan::years.
void parse_models(TableReader table, const Calibration& calibration, engine::Plan& plan);

}  // namespace flopsieve::jobs
