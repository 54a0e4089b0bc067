#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/known_survivors.hpp"
#include "engine/parts.hpp"
#include "engine/plan.hpp"
#include "engine/runner.hpp"
#include "engine/study.hpp"
#include "engine/tally.hpp"
#include "jobs/commands.hpp"
#include "jobs/console.hpp"
#include "jobs/disk.hpp"

namespace flopsieve::jobs {

/// A run that has come to its end.
struct FinishedRun {
  engine::Plan plan;
  engine::Tally tally;
  bool is_shard = false;  ///< its parts wait for a merge; the tally is what this process computed
};

/// How commands that run a job differ from `run`.
struct RunDetails {
  bool plan_is_complete = false;  ///< nothing is left to a pilot
  /// Throws for a complete Plan that will not do.
  std::function<void(const engine::Plan&)> accept = {};
  std::shared_ptr<const engine::KnownSurvivors> known = {};  ///< engine::BatchOptions::known
};

/// The keys in which a stored job is another one than a Plan; trajectories make no other job.
std::vector<std::string> differences(const engine::Study& stored, const engine::Plan& wanted);

/// The shard that a command is to compute; the whole run if it names none. Throws Error(bad_input).
engine::Shard shard_of(const RunCommand& command);

/// Throws Error(storage) if too little is free for what a run is expected to need beyond the parts
/// that are there already; --force takes the chance.
void demand_disk_space(const RunCommand& command, const DiskNeed& need,
                       const std::filesystem::path& output);

/// What every command that computes makes of its options.
engine::RunOptions run_options(const RunCommand& command, Console& console,
                               const std::filesystem::path& output);

/// What a status file tells of.
struct Watched {
  const engine::Plan& plan;
  const std::string& identity;
};

/// Calls `work` with options that show its progress and keep its status file; a stop ends with the
/// command that resumes.
void compute_watched(const RunCommand& command, Console& console, engine::RunOptions options,
                     const Watched& watched,
                     const std::function<void(const engine::RunOptions&)>& work);

/// --fresh: what is there is renamed, never deleted, and not under the hands of another process.
void move_aside(const std::filesystem::path& output);

/// Reads the result of a plan if it is there, or computes it, resuming what is begun and extending
/// what is shorter. `output` is one of run_output().
FinishedRun finish_run(const RunCommand& command, Console& console, engine::Plan plan,
                       const std::filesystem::path& output, const RunDetails& details = {});

/// Prints the results with their warnings, or what a shard has done, and returns the exit code.
/// Throws Error(budget) if no trajectory is complete.
int report_run(const RunCommand& command, Console& console, const FinishedRun& finished,
               const std::filesystem::path& output);

/// `refilter` (jobs/README.md, "Refiltering").
int refilter(const RunCommand& command, Console& console);

/// `run --from`. Throws Error(storage) if a dataset is not what this program computes.
int rerun(const RunCommand& command, Console& console);

}  // namespace flopsieve::jobs
