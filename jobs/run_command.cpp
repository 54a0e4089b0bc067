#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/parts.hpp"
#include "engine/result_file.hpp"
#include "engine/runner.hpp"
#include "jobs/backtest.hpp"
#include "jobs/backtest_report.hpp"
#include "jobs/commands.hpp"
#include "jobs/job.hpp"
#include "jobs/job_source.hpp"
#include "jobs/planning.hpp"
#include "jobs/report.hpp"
#include "jobs/table_reader.hpp"
#include "jobs/text_table.hpp"

namespace flopsieve::jobs {
namespace {

namespace fs = std::filesystem;
using engine::Error;
using engine::ExitCode;

std::atomic<bool> stop_requested{false};

/// Before the first batch nothing is lost by ending at once.
extern "C" void stop_at_once(int) {
  constexpr char message[] = "flopsieve: stopped before the first batch; the same command starts\n";
  if (write(STDERR_FILENO, message, sizeof message - 1) < 0) _exit(1);
  _exit(static_cast<int>(ExitCode::interrupted));
}

/// The first signal stops at the next tile; a second one ends the program at once, which loses
/// nothing that is sealed.
extern "C" void request_stop(int signal_number) {
  stop_requested.store(true);
  std::signal(signal_number, SIG_DFL);
}

void catch_signals(void (*handler)(int)) {
  for (const int signal_number : {SIGINT, SIGTERM, SIGUSR1}) std::signal(signal_number, handler);
}

void demand_same_job(const std::string& what, const std::string& stored_job,
                     const engine::Plan& stored, const engine::Plan& wanted) {
  std::vector<std::string> keys =
      differing_keys(job_values(stored_job), job_values(resolved_job(wanted)));
  if (stored.trajectories != wanted.trajectories) keys.emplace_back("trajectories");
  if (wanted.batch_trajectories != 0 && stored.batch_trajectories != wanted.batch_trajectories) {
    keys.emplace_back("batch_trajectories");
  }
  if (keys.empty()) return;
  throw Error(ExitCode::bad_input,
              fmt::format("{} belongs to another job: it differs in {}. Choose another output with "
                          "-o, or start anew with --fresh, which keeps the old one as *.old",
                          what, fmt::join(keys, ", ")));
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

/// --fresh: what is there is renamed, never deleted, and not under the hands of another process.
void move_aside(const fs::path& output) {
  const engine::FileLock lock = engine::lock_output(output, engine::LockKind::exclusive);
  rename_to_old(output);
  rename_to_old(engine::parts_folder(output));
}

/// The command that resumes, for a shell: without --fresh, which would start anew.
std::string resume_command(const std::vector<std::string>& command_line) {
  std::string text;
  for (const std::string& word : command_line) {
    if (word == "--fresh") continue;
    const bool plain = !word.empty() && word.find_first_not_of(
                                            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                            "0123456789@%+=:,./_-") == std::string::npos;
    text += text.empty() ? "" : " ";
    if (plain) {
      text += word;
      continue;
    }
    text += '\'';
    for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    text += '\'';
  }
  return text;
}

void demand_disk_space(const engine::Plan& plan, const fs::path& output) {
  const fs::path folder = output.has_parent_path() ? output.parent_path() : fs::path(".");
  const std::uint64_t needed = 2 * expected_file_size(plan);
  const std::uint64_t free = engine::free_disk_space(folder);
  if (free >= needed) return;
  throw Error(
      ExitCode::storage,
      fmt::format("{}: {} MB are free, the run may need {} MB (parts and result); free some "
                  "or keep less (outputs.keep)",
                  folder.string(), free / 1'000'000, needed / 1'000'000));
}

ReportFormat format_of(const RunCommand& command) {
  return command.json ? ReportFormat::json : parse_report_format(command.format);
}

void demand_complete(const engine::Tally& tally) {
  if (tally.complete > 0) return;
  throw Error(
      ExitCode::budget,
      fmt::format("none of {} trajectories is complete, so there is nothing to count; raise "
                  "attempts or trajectories, or widen a constraint",
                  tally.trajectories));
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

/// The stored Plan of an interrupted run, or a new one with a pilot.
engine::Plan plan_to_run(const RunCommand& command, Console& console, engine::Plan plan,
                         const fs::path& output) {
  const fs::path folder = engine::parts_folder(output);
  const auto stored = command.fresh ? std::nullopt : engine::stored_study(folder);
  if (stored) {
    demand_same_job(folder.string(), stored->job, stored->plan, plan);
    console.note(fmt::format("resuming from {}", folder.string()));
    return stored->plan;
  }
  warn_of_weights(plan, complete_plan(plan, command.force ? Force::yes : Force::no), console);
  return plan;
}

engine::Tally compute(const RunCommand& command, Console& console, const engine::Plan& plan,
                      const fs::path& output) {
  const engine::Study study = make_study(plan, command.command_line);
  engine::RunOptions options;
  options.output = output;
  options.backend = engine::parse_backend(command.backend);
  options.threads = command.threads > 0 ? command.threads : engine::default_threads();
  options.stop = &stop_requested;
  options.on_progress = [&](const engine::Progress& progress) { console.progress(progress); };
  options.warn = [&](const std::string& message) { console.warn(message); };
  catch_signals(request_stop);
  try {
    const engine::Tally tally = engine::run_study(study, options);
    console.end_progress();
    console.note(fmt::format("written to {}", output.string()));
    return tally;
  } catch (const Error& error) {
    console.end_progress();
    if (error.code() != ExitCode::interrupted) throw;
    throw Error(
        ExitCode::interrupted,
        fmt::format("stopped; everything computed so far is sealed in {}. This command resumes: {}",
                    engine::parts_folder(output).string(), resume_command(command.command_line)));
  }
}

/// A run that has come to its end.
struct Finished {
  engine::Plan plan;
  engine::Tally tally;
};

/// Reads the result of a plan if it is there, or computes it, resuming what is begun.
Finished finish(const RunCommand& command, Console& console, engine::Plan plan,
                const fs::path& output) {
  demand_output_place(output);
  if (!command.fresh && fs::exists(output)) {
    engine::Results results = engine::read_result_file(output);
    demand_same_job(output.string(), results.study.job, results.study.plan, plan);
    console.note(fmt::format("{} is finished; --fresh computes it anew", output.string()));
    return {std::move(results.study.plan), std::move(results.tally)};
  }
  console.note(fmt::format("{}: {} trajectories x {} years, seed {}", output.string(),
                           grouped(plan.trajectories), plan.year_count(), plan.seed));
  demand_disk_space(plan, output);
  plan = plan_to_run(command, console, std::move(plan), output);
  if (command.fresh) move_aside(output);
  engine::Tally tally = compute(command, console, plan, output);
  return {std::move(plan), std::move(tally)};
}

fs::path output_of(const RunCommand& command, const engine::Plan& plan) {
  return command.output.empty() ? default_output(command.job, plan) : command.output;
}

/// Each origin is a run with a file of its own: OUT-2019.h5, OUT-2020.h5, ...
OriginResult run_origin(const RunCommand& command, Console& console, const Document& job,
                        const Calibration& calibration, const Backtest& backtest, int origin) {
  const engine::Plan plan = origin_plan(job, calibration, backtest, origin);
  fs::path output = output_of(command, plan);
  output.replace_filename(
      fmt::format("{}-{}{}", output.stem().string(), origin, output.extension().string()));
  const Finished finished = finish(command, console, plan, output);
  const std::string warnings = report_warnings(finished.plan, finished.tally);
  if (!warnings.empty()) console.warn(fmt::format("origin {}: {}", origin, warnings));
  demand_complete(finished.tally);
  return {origin, origin - calibration.years.front().year + 1, finished.tally.trajectories,
          finished.tally.complete,
          score_origin(finished.plan, finished.tally, calibration, backtest, origin)};
}

/// Returns the report.
std::string run_backtest(const RunCommand& command, Console& console, const Document& job,
                         const Calibration& calibration, const Backtest& backtest) {
  for (const int origin : backtest.origins) origin_plan(job, calibration, backtest, origin);
  std::vector<OriginResult> results;
  for (const int origin : backtest.origins) {
    results.push_back(run_origin(command, console, job, calibration, backtest, origin));
  }
  TableReader root(job);
  return backtest_report(
      {root.label("title", "Backtest"), calibration.provenance.source, backtest.source}, results,
      format_of(command));
}

}  // namespace

void demand_output_place(const fs::path& output) {
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

int run(const RunCommand& command) {
  catch_signals(stop_at_once);
  Console console(command.console);
  const ReportFormat format = format_of(command);
  engine::parse_backend(command.backend);
  const Document job = read_job(command.job);
  const Calibration calibration = calibration_for(job);
  if (const auto backtest = parse_backtest(job, calibration)) {
    print_result(run_backtest(command, console, job, calibration, *backtest));
    return static_cast<int>(ExitCode::done);
  }
  const engine::Plan plan = plan_from_job(job, calibration);
  const Finished finished = finish(command, console, plan, output_of(command, plan));
  print_result(report(finished.plan, finished.tally, format));
  const std::string warnings = report_warnings(finished.plan, finished.tally);
  if (!warnings.empty()) console.warn(warnings);
  demand_complete(finished.tally);
  return static_cast<int>(ExitCode::done);
}

}  // namespace flopsieve::jobs
