#pragma once

#include <atomic>
#include <filesystem>

#include "engine/sweep.hpp"
#include "engine/sweep_parts.hpp"

namespace flopsieve::engine {

/// Joins the parts of a sweep into its result file (FORMAT.md, "The result of a sweep"), through a
/// temporary file as write_result_file() does: one variant after the other, in memory that does not
/// grow with their number but for settings and statuses. Leaves the parts alone.
///
/// Throws as JoinedVariants::next(); Error(interrupted) if `stop` becomes true.
SweepTally write_sweep_file(const std::filesystem::path& path, const SweepStudy& study,
                            const SweepParts& parts, const std::atomic<bool>* stop);

}  // namespace flopsieve::engine
