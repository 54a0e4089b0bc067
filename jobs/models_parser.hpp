#pragma once

#include "engine/plan.hpp"
#include "jobs/calibration.hpp"
#include "jobs/state_source.hpp"
#include "jobs/table_reader.hpp"

namespace flopsieve::jobs {

/// Reads [models] into Plan::count, sizes, matching and sampling. Needs Plan::years, attempts and
/// total.
void parse_models(TableReader table, const Calibration& calibration, StateSource& state,
                  engine::Plan& plan);

}  // namespace flopsieve::jobs
