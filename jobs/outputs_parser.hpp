#pragma once

#include "engine/plan.hpp"
#include "jobs/calibration.hpp"
#include "jobs/document.hpp"

namespace flopsieve::jobs {

/// Reads [outputs] into Plan::outputs. Needs Plan::years; the calibration gives the known models
/// from which cumulative counts start.
void parse_outputs(TableReader table, const Calibration& calibration, engine::Plan& plan);

}  // namespace flopsieve::jobs
