#pragma once

#include <vector>

#include "engine/batch_io.hpp"
#include "engine/plan.hpp"
#include "engine/result_table.hpp"
#include "engine/tally.hpp"

/// What Method::split adds to files (FORMAT.md).
namespace flopsieve::engine {

/// /batches/split_*: the numbers of SplitTally.
void add_split_fields(const Plan& plan, BatchFields& fields);

/// /acceptance/split_*, in place of the pass rates of other methods.
std::vector<ResultTable> split_tables(const Plan& plan, const Tally& tally);

}  // namespace flopsieve::engine
