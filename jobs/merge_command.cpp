#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/join.hpp"
#include "engine/merge.hpp"
#include "engine/runner.hpp"
#include "engine/sweep_study.hpp"
#include "engine/way_on.hpp"
#include "jobs/commands.hpp"
#include "jobs/job.hpp"
#include "jobs/planning.hpp"
#include "jobs/report.hpp"
#include "jobs/shell.hpp"
#include "jobs/status.hpp"
#include "jobs/stop.hpp"
#include "jobs/sweep_commands.hpp"

namespace flopsieve::jobs {
namespace {

namespace fs = std::filesystem;
using engine::Error;
using engine::ExitCode;

std::vector<fs::path> folders_of(const MergeCommand& command, const fs::path& output) {
  std::vector<fs::path> folders(command.folders.begin(), command.folders.end());
  for (fs::path& folder : folders) {
    if (!folder.has_filename()) folder = folder.parent_path();  // of "FOLDER/"
  }
  if (folders.empty()) folders.push_back(engine::parts_folder(output));
  for (const fs::path& folder : folders) {
    if (engine::path_kind(folder) == engine::PathKind::folder) continue;
    throw Error(ExitCode::bad_input,
                fmt::format("{}: no folder of parts; run --shard I/N or --no-compact leaves one",
                            folder.string()));
  }
  return folders;
}

void demand_one_study(const engine::Shards& shards) {
  if (shards.others.empty()) return;
  const engine::Study& other = shards.others.front();
  const std::vector<std::string> keys =
      differing_keys(job_values(shards.study.job), job_values(other.job));
  throw Error(ExitCode::bad_input,
              keys.empty() ? "the parts are of one job, but their plans differ, as those of two "
                             "machines may; shards "
                             "share a plan if they share a folder (the same -o)"
                           : fmt::format("the parts are of different jobs: they differ in {}",
                                         fmt::join(keys, ", ")));
}

/// The stored result, if it is that of the shards already: a merge was killed after it was written.
std::optional<engine::Results> merged_already(const engine::Study& study, const fs::path& output) {
  if (engine::path_kind(output) != engine::PathKind::file) return std::nullopt;
  engine::Results results = engine::read_result_file(output);
  if (results.study.identity != study.identity) {
    throw Error(ExitCode::bad_input,
                fmt::format("{} belongs to another job; choose another name", output.string()));
  }
  if (results.study.plan.trajectories < study.plan.trajectories) return std::nullopt;
  return results;
}

engine::Tally join(const MergeCommand& command, const fs::path& output, Console& console,
                   const engine::Shards& shards, const std::vector<fs::path>& folders) {
  engine::MergeOptions options;
  options.output = output;
  options.folders = folders;
  options.keep_parts = command.keep_parts;
  options.stop = &stop_flag();
  options.warn = [&](const std::string& message) { console.warn(message); };
  try {
    return engine::merge_shards(make_study(shards.study.plan, command.command_line), shards.survey,
                                options);
  } catch (const engine::MissingBatches& missing) {
    throw Error(ExitCode::storage, fmt::format("{}. Compute them with: {}", missing.what(),
                                               engine::way_on(shards, missing)));
  } catch (const Error& error) {
    if (error.code() != ExitCode::interrupted) throw;
    throw Error(ExitCode::interrupted, fmt::format("stopped; the parts are as they were. This "
                                                   "command starts again: {}",
                                                   shell_command(command.command_line)));
  }
}

/// The result was written by an earlier merge: one that was killed, or that kept the parts.
void tidy_up(const MergeCommand& command, Console& console, const engine::Results& results,
             const std::vector<fs::path>& folders) {
  for (const fs::path& folder : folders) {
    if (command.keep_parts) {
      engine::mark_kept(folder);
      continue;
    }
    engine::unmark_kept(folder);
    const fs::path output = output_of_parts(folder);
    if (output.empty()) continue;
    engine::remove_leftovers(output, results,
                             [&](const std::string& message) { console.warn(message); });
  }
}

}  // namespace

int merge(const MergeCommand& command) {
  catch_signals(OnSignal::stop_soon);
  Console console(command.console);
  const ReportFormat format =
      command.json ? ReportFormat::json : parse_report_format(command.format);
  const fs::path output = run_output(command.output);
  const std::vector<fs::path> folders = folders_of(command, output);
  if (std::any_of(folders.begin(), folders.end(), engine::is_sweep_folder)) {
    return merge_sweep_shards(command, console, output, folders);
  }
  const engine::Shards shards = engine::look_at_shards(folders);
  demand_one_study(shards);
  engine::Plan plan = shards.study.plan;
  engine::Tally tally;
  if (std::optional<engine::Results> done = merged_already(shards.study, output)) {
    console.note(fmt::format("{} is finished", output.string()));
    tidy_up(command, console, *done, folders);
    plan = std::move(done->study.plan);
    tally = std::move(done->tally);
  } else {
    tally = join(command, output, console, shards, folders);
    console.note(fmt::format("written to {}", output.string()));
  }
  remove_status_files(output, folders);
  print_result(report(plan, tally, format));
  const std::string warnings = report_warnings(plan, tally);
  if (!warnings.empty()) console.warn(warnings);
  return static_cast<int>(ExitCode::done);
}

}  // namespace flopsieve::jobs
