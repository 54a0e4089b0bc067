#include "jobs/finish_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/parts.hpp"
#include "engine/result_file.hpp"
#include "engine/runner.hpp"
#include "engine/summary.hpp"
#include "jobs/job.hpp"
#include "jobs/planning.hpp"
#include "jobs/shell.hpp"
#include "jobs/status.hpp"
#include "jobs/stop.hpp"
#include "jobs/text_table.hpp"
#include "jobs/time_limit.hpp"

namespace flopsieve::jobs {
namespace {

namespace fs = std::filesystem;
using engine::Error;
using engine::ExitCode;

void demand_same_job(const std::string& what, const engine::Study& stored,
                     const engine::Plan& wanted) {
  const std::vector<std::string> keys = differences(stored, wanted);
  if (keys.empty()) return;
  throw Error(ExitCode::bad_input,
              fmt::format("{} belongs to another job: it differs in {}. Choose another output with "
                          "-o, or start anew with --fresh, which keeps the old one as *.old",
                          what, fmt::join(keys, ", ")));
}

/// Whether a finished run is all that a job of so many trajectories asks for. Throws
/// Error(bad_input) if it is more.
bool is_enough(const engine::Results& results, std::uint64_t trajectories, const fs::path& output) {
  const engine::Plan& stored = results.study.plan;
  if (trajectories == stored.trajectories) return true;
  // A precision that was met ends a longer run at the same batch.
  const bool met = engine::stopped_early(stored, results.tally);
  if (met && trajectories >= results.tally.trajectories) return true;
  if (trajectories > stored.trajectories) return false;
  throw Error(ExitCode::bad_input,
              fmt::format("{} has {} trajectories, the job asks for {}: a run can be extended, not "
                          "shortened. Choose another output with -o, or start anew with --fresh, "
                          "which keeps the old one as *.old",
                          output.string(), results.tally.trajectories, trajectories));
}

void rename_to_old(const fs::path& path) {
  if (!fs::exists(path)) return;
  fs::path old = path;
  old += ".old";
  for (int i = 2; fs::exists(old); ++i) {
    old = path;
    old += fmt::format(".old{}", i);
  }
  fs::rename(path, old);
}

/// The command that resumes, for a shell: without --fresh, which would start anew.
std::string resume_command(const std::vector<std::string>& command_line) {
  std::vector<std::string> words = command_line;
  std::erase(words, "--fresh");
  return shell_command(words);
}

/// What a run that is stopped has to say.
std::string stopped_text(const char* reason, const engine::Progress& progress,
                         const fs::path& output, const std::string& resume) {
  const std::uint64_t sealed = progress.batches_sealed + progress.batches_done;
  if (sealed == 0) {
    return fmt::format("{}; no batch was done by then. This command starts again: {}", reason,
                       resume);
  }
  return fmt::format(
      "{}; everything computed so far is sealed in {} ({} of {} batches). This command resumes: {}",
      reason, engine::parts_folder(output).string(), sealed, progress.batches_total, resume);
}

/// match = "last" stays exact whatever its weights are, but may keep very few candidates.
void warn_of_weights(const engine::Plan& plan, const engine::Pilot& pilot, Console& console) {
  for (std::size_t i = 0; i < pilot.years.size(); ++i) {
    const auto& weights = pilot.years[i].weights;
    if (!weights || !(weights->pareto_shape > engine::unreliable_shape)) continue;
    console.warn(
        fmt::format("match = \"last\" in {}: a few candidates have most of the weight "
                    "(Pareto shape {:.2f}), so few will be kept; try match = \"reject\"",
                    plan.years[i], weights->pareto_shape));
  }
}

/// The stored Plan of an interrupted run; nothing if there are no parts.
std::optional<engine::Plan> stored_plan(const engine::Plan& plan, const fs::path& folder) {
  std::optional<engine::Study> other;
  const auto accept = [&](const engine::Study& study) {
    const bool same = differences(study, plan).empty();
    if (!same && !other) other = study;
    return same;
  };
  const std::optional<engine::Study> found = engine::find_study(folder, accept);
  if (found) return found->plan;
  if (other) demand_same_job(folder.string(), *other, plan);
  return std::nullopt;
}

/// The stored Plan of an interrupted run or of a shorter one that is extended, or a new one with a
/// pilot.
engine::Plan plan_to_run(const RunCommand& command, Console& console, engine::Plan plan,
                         const fs::path& output, std::optional<engine::Plan> shorter,
                         const RunDetails& details) {
  const fs::path folder = engine::parts_folder(output);
  std::optional<engine::Plan> stored = std::move(shorter);
  if (!stored && !command.fresh) {
    stored = stored_plan(plan, folder);
    if (stored) console.note(fmt::format("resuming from {}", folder.string()));
  }
  if (!stored) {
    if (details.plan_is_complete) return plan;
    warn_of_weights(plan, complete_plan(plan, command.force ? Force::yes : Force::no), console);
    return plan;
  }
  stored->trajectories = plan.trajectories;
  demand_few_batches(*stored);
  return *stored;
}

/// The study of a shard: that which the first shard to come has left in the folder.
engine::Study shared_study(const RunCommand& command, const engine::Study& study,
                           const fs::path& output) {
  const fs::path folder = engine::parts_folder(output);
  const engine::Study agreed = engine::agree_on_study(folder, study);
  if (agreed.identity == study.identity) return study;
  demand_same_job(folder.string(), agreed, study.plan);
  engine::Plan plan = agreed.plan;
  plan.trajectories = study.plan.trajectories;
  return make_study(plan, command.command_line);
}

engine::Tally compute(const RunCommand& command, Console& console, const engine::Plan& plan,
                      const fs::path& output, const RunDetails& details) {
  engine::RunOptions options = run_options(command, console, output);
  if (details.known) options.ranks = nullptr;  // they would have to be sent to the other ranks
  engine::Study study = make_study(plan, command.command_line,
                                   options.ranks == nullptr ? 1 : options.ranks->self().count);
  if (options.shard.count > 1) study = shared_study(command, study, output);
  options.known = details.known;
  engine::Tally tally;
  compute_watched(
      command, console, options, {study.plan, study.identity},
      [&](const engine::RunOptions& watched) { tally = engine::run_study(study, watched); });
  return tally;
}

/// Removes what a kill left beside a result that is in place.
void tidy_up(const engine::Results& results, const fs::path& output, Console& console) {
  const auto warn = [&](const std::string& message) { console.warn(message); };
  try {
    engine::remove_leftovers(output, results, warn);
    if (status_paths(output).empty()) return;
    engine::FileLock lock = engine::lock_output(output, engine::LockKind::exclusive);
    remove_status_files(output);
    lock.remove_file();
  } catch (const Error& error) {
    console.warn(
        fmt::format("{} stays as it is: {}", engine::parts_folder(output).string(), error.what()));
  }
}

}  // namespace

std::vector<std::string> differences(const engine::Study& stored, const engine::Plan& wanted) {
  std::vector<std::string> keys =
      differing_keys(job_values(stored.job), job_values(resolved_job(wanted)));
  if (stored.plan.sampling.filtered != wanted.sampling.filtered) keys.emplace_back("--no-sampling");
  if (wanted.batch_trajectories != 0 &&
      stored.plan.batch_trajectories != wanted.batch_trajectories) {
    keys.emplace_back("batch_trajectories");
  }
  return keys;
}

engine::Shard shard_of(const RunCommand& command) {
  return command.shard.empty() ? engine::Shard() : parse_shard(command.shard);
}

void demand_output_place(const fs::path& output) {
  engine::demand_short_name(output, "");
  const engine::PathKind kind = engine::path_kind(output);
  if (kind != engine::PathKind::nothing && kind != engine::PathKind::file) {
    throw Error(ExitCode::bad_input,
                fmt::format("{}: is {}; -o takes the name of a file", output.string(),
                            kind == engine::PathKind::folder ? "a folder" : "no ordinary file"));
  }
  const fs::path folder = output.has_parent_path() ? output.parent_path() : fs::path(".");
  if (engine::path_kind(folder) != engine::PathKind::folder) {
    throw Error(ExitCode::bad_input,
                fmt::format("{}: there is no folder {}", output.string(), folder.string()));
  }
}

fs::path run_output(const fs::path& name, engine::Shard shard) {
  const fs::path output = engine::follow_links(name);
  const std::string status = status_path(output, shard).filename().string();
  engine::demand_short_name(output, status.substr(output.filename().string().size()));
  constexpr const char* longest_part =
      "part-00000000000000000000-00000000000000000000-1of1000000.h5";
  engine::demand_short_name(engine::parts_folder(output) / longest_part, "");
  demand_output_place(output);
  return output;
}

void demand_disk_space(const RunCommand& command, const DiskNeed& need, const fs::path& output) {
  if (command.force) return;
  const fs::path folder = folder_of(output);
  const bool compacts = !command.no_compact && command.shard.empty();
  const std::uint64_t parts = need.parts / shard_of(command).count;
  const std::uint64_t there = bytes_in(engine::parts_folder(output));
  const std::uint64_t needed = parts - std::min(parts, there) + (compacts ? need.result : 0);
  const std::uint64_t free = engine::free_disk_space(folder);
  if (free >= needed) return;
  throw Error(ExitCode::storage,
              fmt::format("{}: {} are free, the run is expected to need {}{}; free some, keep less "
                          "(outputs.keep), or try with --force",
                          folder.string(), size_words(free), size_words(needed),
                          compacts ? " (parts and result)" : ""));
}

engine::RunOptions run_options(const RunCommand& command, Console& console,
                               const fs::path& output) {
  engine::RunOptions options;
  options.output = output;
  options.ranks = command.ranks;
  options.rank_threads = command.threads;
  options.on_rank_signal = stop_for_rank;
  options.shard = shard_of(command);
  options.compact = !command.no_compact;
  if (!command.seal_every.empty()) {
    options.seal_interval =
        std::chrono::duration<double>(demand_time("--seal-every", command.seal_every));
  }
  options.backend = engine::parse_backend(command.backend);
  options.threads = command.threads > 0 ? command.threads : engine::default_threads();
  options.stop = &stop_flag();
  options.warn = [&console](const std::string& message) { console.warn(message); };
  return options;
}

void compute_watched(const RunCommand& command, Console& console, engine::RunOptions options,
                     const Watched& watched,
                     const std::function<void(const engine::RunOptions&)>& work) {
  const fs::path& output = options.output;
  StatusWriter status(output, options.shard, watched.plan, watched.identity,
                      resume_command(command.command_line), options.warn);
  engine::Progress last;
  options.on_progress = [&](const engine::Progress& progress) {
    last = progress;
    console.progress(progress);
    status.update(progress);
  };
  catch_signals(OnSignal::stop_soon);
  try {
    work(options);
    console.end_progress();
    if (options.shard.count > 1) {
      status.end(RunState::finished, "", 0);
      return;
    }
    remove_status_files(output);  // those of shards whose work this run has taken over, too
    console.note(options.compact
                     ? fmt::format("written to {}", output.string())
                     : fmt::format("left in {}; flopsieve merge {} joins the parts",
                                   engine::parts_folder(output).string(), output.string()));
  } catch (const std::bad_alloc&) {
    console.end_progress();
    status.end(RunState::failed, engine::out_of_memory, static_cast<int>(ExitCode::storage));
    throw;
  } catch (const Error& error) {
    console.end_progress();
    const bool stopped = error.code() == ExitCode::interrupted;
    const bool lost = options.ranks != nullptr && options.ranks->lost();
    const char* reason = time_is_up() ? "stopped before the time limit"
                         : lost       ? error.what()
                                      : "stopped";
    status.end(stopped ? RunState::stopped : RunState::failed, stopped ? reason : error.what(),
               static_cast<int>(error.code()));
    if (!stopped) throw;
    throw Error(ExitCode::interrupted,
                stopped_text(reason, last, output, resume_command(command.command_line)));
  }
}

void move_aside(const fs::path& output) {
  const engine::FileLock lock = engine::lock_output(output, engine::LockKind::exclusive);
  rename_to_old(output);
  rename_to_old(engine::parts_folder(output));
}

FinishedRun finish_run(const RunCommand& command, Console& console, engine::Plan plan,
                       const fs::path& output, const RunDetails& details) {
  std::optional<engine::Plan> shorter;
  if (!command.fresh && fs::exists(output)) {
    engine::Results results = engine::read_result_file(output);
    demand_same_job(output.string(), results.study, plan);
    if (is_enough(results, plan.trajectories, output)) {
      tidy_up(results, output, console);
      console.note(fmt::format("{} is finished; --fresh computes it anew", output.string()));
      return {std::move(results.study.plan), std::move(results.tally), false};
    }
    if (command.no_compact) {
      throw Error(ExitCode::bad_input,
                  fmt::format("{}: is extended, which --no-compact cannot do", output.string()));
    }
    console.note(fmt::format("extending {} from {} trajectories", output.string(),
                             grouped(results.study.plan.trajectories)));
    shorter = std::move(results.study.plan);
  }
  console.note(fmt::format("{}: {} trajectories x {} years, seed {}", output.string(),
                           grouped(plan.trajectories), plan.year_count(), plan.seed));
  plan = plan_to_run(command, console, std::move(plan), output, std::move(shorter), details);
  if (details.accept) details.accept(plan);
  demand_disk_space(command, expected_disk_need(plan), output);
  if (command.fresh) move_aside(output);
  engine::Tally tally = compute(command, console, plan, output, details);
  return {std::move(plan), std::move(tally), shard_of(command).count > 1};
}

}  // namespace flopsieve::jobs
