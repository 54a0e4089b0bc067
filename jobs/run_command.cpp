#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "engine/error.hpp"
#include "engine/parts.hpp"
#include "engine/ranks.hpp"
#include "engine/runner.hpp"
#include "jobs/backtest.hpp"
#include "jobs/backtest_report.hpp"
#include "jobs/commands.hpp"
#include "jobs/finish_run.hpp"
#include "jobs/job.hpp"
#include "jobs/job_source.hpp"
#include "jobs/planning.hpp"
#include "jobs/report.hpp"
#include "jobs/shell.hpp"
#include "jobs/stop.hpp"
#include "jobs/sweep_commands.hpp"
#include "jobs/table_reader.hpp"
#include "jobs/text_table.hpp"
#include "jobs/time_limit.hpp"
#include "jobs/too_wide.hpp"

namespace flopsieve::jobs {
namespace {

namespace fs = std::filesystem;
using engine::Error;
using engine::ExitCode;

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

/// What a shard has to say: it has no table of its own.
std::string shard_report(const RunCommand& command, const FinishedRun& finished,
                         const fs::path& output) {
  const engine::Shard shard = shard_of(command);
  const std::uint64_t all = finished.plan.batch_count();
  const std::uint64_t own =
      all > shard.index ? (all + shard.count - 1 - shard.index) / shard.count : 0;
  const std::string merge = shell_command({"flopsieve", "merge", output.string()});
  const std::string folder = engine::parts_folder(output).string();
  if (format_of(command) == ReportFormat::json) {
    return nlohmann::ordered_json{
               {"shard", shard.index}, {"shards", shard.count},
               {"batches", own},       {"trajectories_computed", finished.tally.trajectories},
               {"parts", folder},      {"merge", merge}}
               .dump(2) +
           "\n";
  }
  return fmt::format(
      "shard {} of {}: its {} batches of {} are sealed in {}; {} trajectories computed now\n"
      "once all shards are done: {}\n",
      shard.index, shard.count, grouped(own), grouped(all), folder,
      grouped(finished.tally.trajectories), merge);
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
  output = run_output(output);
  const FinishedRun finished = finish_run(command, console, plan, output);
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

/// Rings early enough before --time-limit that everything is sealed by then.
std::optional<Alarm> alarm_of(const RunCommand& command, Console& console) {
  if (command.time_limit.empty()) return std::nullopt;
  const std::optional<double> limit = time_limit_seconds(command.time_limit);
  if (!limit) {
    console.note("--time-limit auto: SLURM_JOB_END_TIME is not set, so there is no limit");
    return std::nullopt;
  }
  const double working = *limit - sealing_margin(*limit);
  console.note(fmt::format("stops after {}, to be done within {}", duration(working),
                           duration(std::max(*limit, 0.0))));
  return std::optional<Alarm>(std::in_place, working, stop_for_time);
}

/// Processes that were started together do not all do the same.
void demand_shared_work(const RunCommand& command, engine::Launch launch) {
  if (command.ranks != nullptr && !command.shard.empty()) {
    throw Error(ExitCode::bad_input,
                fmt::format("--shard {}: {} ranks share the run without it; leave it out, or start "
                            "the shard as one process",
                            command.shard, launch.count));
  }
  if (command.ranks == nullptr && launch.count > 1 && command.shard.empty()) {
    throw Error(ExitCode::bad_input,
                fmt::format("started as one of {} ranks, but this flopsieve was built without MPI; "
                            "build it where MPI is found, or give each process its --shard",
                            launch.count));
  }
}

int run_job(const RunCommand& command, Console& console, const Document& job) {
  if (is_sweep_job(job)) return run_sweep_job(command, console, job);
  const Calibration calibration = calibration_for(job);
  if (const auto backtest = parse_backtest(job, calibration)) {
    if (!command.shard.empty()) {
      throw Error(ExitCode::bad_input, "--shard: a backtest is several runs; run it whole");
    }
    print_result(run_backtest(command, console, job, calibration, *backtest));
    return static_cast<int>(ExitCode::done);
  }
  const engine::Plan plan = plan_from_job(job, calibration);
  const fs::path output = run_output(output_of(command, plan), shard_of(command));
  return report_run(command, console, finish_run(command, console, plan, output), output);
}

}  // namespace

int report_run(const RunCommand& command, Console& console, const FinishedRun& finished,
               const fs::path& output) {
  if (finished.is_shard) {
    print_result(shard_report(command, finished, output));
    return static_cast<int>(ExitCode::done);
  }
  print_result(report(finished.plan, finished.tally, format_of(command)));
  const std::string warnings = report_warnings(finished.plan, finished.tally);
  if (!warnings.empty()) console.warn(warnings);
  demand_complete(finished.tally);
  return static_cast<int>(ExitCode::done);
}

int run(const RunCommand& command) {
  const engine::Launch launch = engine::launch_of_environment();
  demand_shared_work(command, launch);
  // A rank that ends at once leaves the others behind.
  catch_signals(command.ranks == nullptr ? OnSignal::end_at_once : OnSignal::stop_soon);
  Console console(command.console);
  const std::optional<Alarm> alarm = alarm_of(command, console);
  format_of(command);  // what is wrong with it is said at once
  engine::parse_backend(command.backend);
  shard_of(command);
  if (!command.seal_every.empty()) demand_time("--seal-every", command.seal_every);
  if (!command.refilter.empty()) return refilter(command, console);
  if (!command.from.empty()) return rerun(command, console);
  const Document job = read_job(command.job);
  try {
    return run_job(command, console, job);
  } catch (const engine::TooWide& error) {
    fail_at_parameter(job, error);
  }
}

}  // namespace flopsieve::jobs
