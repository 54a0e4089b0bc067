#pragma once

#include "engine/plan.hpp"
#include "jobs/calibration.hpp"
#include "jobs/state_source.hpp"
#include "jobs/table_reader.hpp"

namespace flopsieve::jobs {

/// Reads models.sizes and the parameters of that law into Plan::sizes. Needs Plan::years.
void parse_sizes(TableReader& models, const Calibration& calibration, StateSource& state,
                 engine::Plan& plan);

}  // namespace flopsieve::jobs
