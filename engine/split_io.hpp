#pragma once

#include "engine/batch_io.hpp"
#include "engine/h5.hpp"
#include "engine/plan.hpp"
#include "engine/tally.hpp"

/// What Method::split adds to files (FORMAT.md).
namespace flopsieve::engine {

/// /batches/split_*: the numbers of SplitTally.
void add_split_fields(const Plan& plan, BatchFields& fields);

/// /acceptance/split_*, in place of the pass rates of other methods.
void write_split_acceptance(H5File& file, const Plan& plan, const Tally& tally);

}  // namespace flopsieve::engine
