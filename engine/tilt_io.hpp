#pragma once

#include <vector>

#include "engine/batch_io.hpp"
#include "engine/plan.hpp"
#include "engine/result_table.hpp"
#include "engine/tally.hpp"

/// What Method::truncate and tilt add to files (FORMAT.md).
namespace flopsieve::engine {

/// /batches/tilt_*: the numbers of TiltTally.
void add_tilt_fields(const Plan& plan, BatchFields& fields);

/// /acceptance/tilt_*: the probabilities of report_tilt().
std::vector<ResultTable> tilt_tables(const Plan& plan, const Tally& tally);

}  // namespace flopsieve::engine
