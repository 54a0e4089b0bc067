#pragma once

#include <optional>

#include "engine/plan.hpp"
#include "jobs/calibration.hpp"
#include "jobs/table_reader.hpp"

namespace flopsieve::jobs {

/// Reads [outputs] and [observed] into Plan::outputs. Needs Plan::years and money.
///
/// Observed counts of the years from forecast_from on replace simulated ones. The known models from
/// which cumulative counts start, those of cumulative_from to forecast_from - 1, are the observed
/// ones where a year and threshold have them, otherwise those of the calibration; or, without
/// either, `cumulative_base`. The frontier starts where that of the calibration ends.
void parse_outputs(TableReader table, std::optional<TableReader> observed,
                   const Calibration& calibration, engine::Plan& plan);

/// Reads `precision = { absolute = 1, relative = 0.02 }`.
void parse_precision(TableReader& table, engine::Plan& plan);

}  // namespace flopsieve::jobs
