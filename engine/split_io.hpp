#pragma once

#include <vector>

#include "engine/h5.hpp"
#include "engine/plan.hpp"
#include "engine/tally.hpp"
#include "engine/tally_io.hpp"

/// What Method::split adds to files (FORMAT.md).
namespace flopsieve::engine {

/// /batches/split_*: SplitTally, whose fields read_split_batches() sets.
void write_split_batches(H5File& file, const Plan& plan, const std::vector<BatchRecord>& batches);
void read_split_batches(const H5File& file, std::vector<BatchRecord>& batches);

/// /acceptance/split_*, in place of the pass rates of other methods.
void write_split_acceptance(H5File& file, const Plan& plan, const Tally& tally);

}  // namespace flopsieve::engine
