#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/merge.hpp"
#include "engine/runner.hpp"
#include "engine/sweep.hpp"

namespace flopsieve::engine {

/// Runs a sweep as run_study() runs a job: its batches are one list, variant after variant,
/// computed in parallel across both, committed in order, sealed in parts (sweep_parts.hpp) and
/// joined into the result file (sweep_file.hpp). Memory holds the plans of a few variants, and some
/// hundreds of bytes of each.
///
/// A variant ends early as a run does, and the others go on: with Plan::precision after the batch
/// that meets it; with a status where it gets nowhere, or cannot be planned or computed. Batches
/// behind such an end are skipped, as far as this process knows all batches before it; joining
/// finds every end.
///
/// Shards share out whole variants, or batches where there are fewer than four variants for each.
///
/// If `output` is the finished result of this sweep, that is read, and parts that a kill has left
/// are removed. Throws as run_study(); Error(bad_input) for an output that is anything else.
/// Ignores `options.known` and `options.ranks`; `before_batch` gets positions.
SweepTally run_sweep(const Variants& variants, const SweepStudy& study, const RunOptions& options);

/// The sweep of which all folders hold parts, by what stands in them (stored_sweep()). Throws
/// Error(bad_input) if there is none, or folders are of different sweeps; DamagedPart.
SweepStudy common_sweep(const std::vector<std::filesystem::path>& folders);

/// Joins the parts of a sweep's shards into the result file that one process would have written,
/// and removes them. `study` is common_sweep() with the provenance of this process. If the result
/// is there already, a merge was killed after it was written, or kept the parts: only these are
/// seen to. Throws Error(storage) if batches are missing; otherwise as merge_shards().
SweepTally merge_sweep(const SweepStudy& study, const MergeOptions& options);

/// Removes the parts of a finished sweep that was killed after its result file was in place.
void remove_sweep_leftovers(const std::filesystem::path& output, const SweepStudy& study,
                            const std::function<void(const std::string&)>& warn);

}  // namespace flopsieve::engine
