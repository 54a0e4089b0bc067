#pragma once

#include <vector>

#include "engine/h5.hpp"
#include "engine/plan.hpp"
#include "engine/result_table.hpp"
#include "engine/study.hpp"
#include "engine/tally.hpp"

// The tables of a result file that are made of the folded tally (FORMAT.md): small, written once.

namespace flopsieve::engine {

/// The scales of the root and of the groups below.
void write_group_scales(H5File& file, const Plan& plan);

/// The tables of /counts, /frontier and /statistics, without values where no trajectory is
/// complete.
std::vector<ResultTable> summary_tables(const Plan& plan, const Tally& tally);

/// The tables of /acceptance that every method of sampling has; others: split_tables(),
/// tilt_tables().
std::vector<ResultTable> acceptance_tables(const Plan& plan, const Tally& tally);

/// /counts, /frontier and /statistics; nothing where no trajectory is complete.
void write_summary(H5File& file, const Plan& plan, const Tally& tally);

/// /acceptance.
void write_acceptance(H5File& file, const Plan& plan, const Tally& tally);

/// The last attributes of a result: that it is complete, and what its metadata must be.
void mark_complete(H5File& file);

/// Attributes of the root that runs and sweeps have in common.
void write_common_attributes(H5File& file, const Plan& plan, const char* kind);

/// Attributes of the root, but for the one that says that the file is complete.
void write_attributes(H5File& file, const Study& study, const Tally& tally);

}  // namespace flopsieve::engine
