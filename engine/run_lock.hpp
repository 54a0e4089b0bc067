#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

#include "engine/files.hpp"
#include "engine/runner.hpp"

namespace flopsieve::engine {

// Who may write an output, and what a failure leaves of it.

/// The folder that holds an output.
std::filesystem::path folder_of(const std::filesystem::path& output);

/// Calls `write` with the lock of the output, shared where this is one of several shards. Warns
/// where there are no locks. After a failure before anything was sealed the lock is removed with
/// the empty folder of parts. Throws as lock_output() does.
void write_locked(const RunOptions& options, const std::function<void(FileLock&)>& write);

/// The right to compute a shard; none is needed for a whole run. Throws Error(bad_input) while
/// another process has it.
std::optional<FileLock> lock_own_shard(const RunOptions& options);

/// Exclusive locks of an output and of the outputs whose folders these are.
std::vector<FileLock> lock_outputs(const std::filesystem::path& output,
                                   const std::vector<std::filesystem::path>& folders);

}  // namespace flopsieve::engine
