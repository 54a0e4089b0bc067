#pragma once

#include <filesystem>
#include <vector>

#include "jobs/commands.hpp"
#include "jobs/console.hpp"
#include "jobs/document.hpp"

/// What run, merge and show do with sweeps; each returns the exit code or throws engine::Error.
namespace flopsieve::jobs {

/// Whether a job has a [sweep].
bool is_sweep_job(const Document& job);

/// `run` of a job with [sweep]. Invalid variants are found before anything is computed.
int run_sweep_job(const RunCommand& command, Console& console, const Document& job);

/// `merge` of the shards of a sweep; `folders` are those of parts.
int merge_sweep_shards(const MergeCommand& command, Console& console,
                       const std::filesystem::path& output,
                       const std::vector<std::filesystem::path>& folders);

/// `show` of the result of a sweep.
int show_sweep(const ShowCommand& command);

}  // namespace flopsieve::jobs
