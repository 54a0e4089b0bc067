#pragma once

#include "engine/plan.hpp"
#include "jobs/calibration.hpp"
#include "jobs/table_reader.hpp"

namespace flopsieve::jobs {

/// Reads [total] into Plan::total. Needs Plan::years and, for a ceiling in USD, Plan::money. The
/// calibration gives the fitted trend and the known totals.
void parse_total(TableReader table, const Calibration& calibration, engine::Plan& plan);

}  // namespace flopsieve::jobs
