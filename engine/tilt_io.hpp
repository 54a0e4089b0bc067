#pragma once

#include <vector>

#include "engine/h5.hpp"
#include "engine/plan.hpp"
#include "engine/tally.hpp"
#include "engine/tally_io.hpp"

/// What Method::truncate and tilt add to files (FORMAT.md).
namespace flopsieve::engine {

/// /batches/tilt_*: TiltTally, whose fields read_tilt_batches() sets.
void write_tilt_batches(H5File& file, const Plan& plan, const std::vector<BatchRecord>& batches);
void read_tilt_batches(const H5File& file, std::vector<BatchRecord>& batches);

/// /acceptance/tilt_*: the probabilities of report_tilt().
void write_tilt_acceptance(H5File& file, const Plan& plan, const Tally& tally);

}  // namespace flopsieve::engine
