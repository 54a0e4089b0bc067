#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "engine/plan.hpp"
#include "jobs/commands.hpp"
#include "jobs/document.hpp"

namespace flopsieve::jobs {

/// The job that a command line asks for: the file with its base and the options laid over it.
/// Throws Error(bad_input).
Document read_job(const JobOptions& options);

/// Replaces the keys that the options name. Throws Error(bad_input).
void apply_options(const JobOptions& options, Document& job);

/// Its Plan, without the batch size (jobs/planning.hpp). Throws Error(bad_input), also for a job
/// with [backtest], which has a Plan per origin.
engine::Plan read_plan(const JobOptions& options);
engine::Plan read_plan(const Document& job);

/// The files that a job names beside its bases, by the key that names them: full names.
std::map<std::string, std::filesystem::path> named_files(const Document& job);

/// The job as a text for another process, with other names of the files that it names.
std::string job_with_files(Document job, const std::map<std::string, std::filesystem::path>& files);

/// Where a run goes if the user does not say: `<job>.h5` in the working folder, or
/// `<job>-<8 hex digits of the identity>.h5` with --set or --seed.
std::string default_output(const JobOptions& options, const engine::Plan& plan);

/// The same of what has this identity.
std::string default_output(const JobOptions& options, const std::string& identity);

}  // namespace flopsieve::jobs
