#include "jobs/sweep_commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/sweep_positions.hpp"
#include "engine/sweep_run.hpp"
#include "engine/sweep_study.hpp"
#include "jobs/finish_run.hpp"
#include "jobs/job.hpp"
#include "jobs/job_source.hpp"
#include "jobs/planning.hpp"
#include "jobs/report.hpp"
#include "jobs/sensitivity_report.hpp"
#include "jobs/shell.hpp"
#include "jobs/status.hpp"
#include "jobs/stop.hpp"
#include "jobs/sweep_check.hpp"
#include "jobs/sweep_ranks.hpp"
#include "jobs/sweep_variants.hpp"
#include "jobs/sweep_view.hpp"
#include "jobs/text_table.hpp"

namespace flopsieve::jobs {
namespace {

namespace fs = std::filesystem;
using engine::Error;
using engine::ExitCode;

/// As many as fit on a screen.
constexpr std::uint64_t rows_after_run = 20;

void demand_results(const engine::SweepTally& tally, const std::string& output) {
  if (tally.ok > 0) return;
  throw Error(ExitCode::budget,
              fmt::format("none of {} variants has a result; flopsieve show {} says why",
                          grouped(tally.variants), output));
}

std::string shard_report(const engine::SweepTally& tally, const engine::RunOptions& options,
                         ReportFormat format) {
  const std::string folder = engine::parts_folder(options.output).string();
  const std::string merge = shell_command({"flopsieve", "merge", options.output.string()});
  if (format == ReportFormat::json) {
    return nlohmann::ordered_json{{"shard", options.shard.index},
                                  {"shards", options.shard.count},
                                  {"trajectories_computed", tally.trajectories},
                                  {"parts", folder},
                                  {"merge", merge}}
               .dump(2) +
           "\n";
  }
  return fmt::format(
      "shard {} of {}: its part of {} variants is sealed in {}; {} trajectories computed now\n"
      "once all shards are done: {}\n",
      options.shard.index, options.shard.count, grouped(tally.variants), folder,
      grouped(tally.trajectories), merge);
}

/// What `sensitivity` prints, if the sweep asks for it; a sample that cannot give it is a warning,
/// for the results are there.
void print_sensitivity(SweepData& sweep, Console& console, const fs::path& output) {
  const std::vector<std::string> metrics = sensitivity_metrics(sweep.sweep());
  if (metrics.empty()) return;
  try {
    print_result("\n" + sweep_sensitivity_text(sweep, metrics, output.string()));
  } catch (const Error& error) {
    console.warn(error.what());
  }
}

int report_finished(const fs::path& output, const engine::SweepTally& tally, ReportFormat format,
                    Console& console) {
  SweepData sweep(output);
  SweepView view;
  if (format == ReportFormat::table) view.rows = rows_after_run;
  print_result(sweep_report(sweep, view, format, output.string()));
  demand_results(tally, output.string());
  if (format == ReportFormat::table) print_sensitivity(sweep, console, output);
  return static_cast<int>(ExitCode::done);
}

/// Whether somebody who found no fault with the variants has left the same sweep there: many shards
/// need not all look for one. agree_on_sweep() finds out whether the base is another.
bool checked_before(const JobVariants& variants, const fs::path& output) {
  try {
    const auto study = engine::stored_sweep(engine::parts_folder(output));
    return study && study->sweep == variants.sweep().text && study->variants == variants.count();
  } catch (const Error&) {
    return false;  // whoever needs the folder reports it
  }
}

ReportFormat format_of(bool json, const std::string& format) {
  return json ? ReportFormat::json : parse_report_format(format);
}

}  // namespace

bool is_sweep_job(const Document& job) {
  return find_entry(job.root, "sweep") != nullptr;
}

int run_sweep_job(const RunCommand& command, Console& console, const Document& job) {
  JobVariants variants(job);
  const fs::path output = run_output(
      command.output.empty() ? default_output(command.job, variants.identity()) : command.output,
      shard_of(command));
  const engine::RunOptions options = run_options(command, console, output);
  if (!checked_before(variants, output)) {
    demand_valid(variants, check_variants(variants, options.threads).invalid);
  }
  const engine::Plan& base = variants.base();
  console.note(fmt::format("{}: {} variants x {} trajectories x {} years, seed {}", output.string(),
                           grouped(variants.count()), grouped(base.trajectories), base.year_count(),
                           base.seed));
  variants.resolve();
  if (command.fresh || !fs::exists(output)) {
    demand_disk_space(command, expected_sweep_need(base, variants.count()), output);
  }
  if (command.fresh) move_aside(output);
  const engine::SweepStudy study = sweep_study(
      variants, command.command_line, options.ranks == nullptr ? 1 : options.ranks->self().count);
  engine::Plan all = base;  // what a status counts
  all.trajectories *= variants.count();
  const ReportFormat format = format_of(command.json, command.format);
  if (fs::exists(output)) {
    const engine::SweepTally there = engine::run_sweep(variants, study, options);
    remove_status_files(output);
    console.note(fmt::format("{} is finished; --fresh computes it anew", output.string()));
    return report_finished(output, there, format, console);
  }
  engine::SweepTally tally;
  compute_watched(command, console, options, {all, study.identity},
                  [&](const engine::RunOptions& watched) {
                    const bool shared = watched.ranks != nullptr;
                    tally = shared ? run_sweep_on_ranks(variants, study, job, watched)
                                   : engine::run_sweep(variants, study, watched);
                  });
  if (options.shard.count > 1) {
    print_result(shard_report(tally, options, format));
    return static_cast<int>(ExitCode::done);
  }
  if (!options.compact) return static_cast<int>(ExitCode::done);
  return report_finished(output, tally, format, console);
}

int merge_sweep_shards(const MergeCommand& command, Console& console, const fs::path& output,
                       const std::vector<fs::path>& folders) {
  const ReportFormat format = format_of(command.json, command.format);
  engine::MergeOptions options;
  options.output = output;
  options.folders = folders;
  options.keep_parts = command.keep_parts;
  options.stop = &stop_flag();
  options.warn = [&](const std::string& message) { console.warn(message); };
  const bool is_there = fs::exists(output);
  engine::SweepStudy study = engine::common_sweep(folders);
  study.provenance = make_study(study.base, command.command_line).provenance;
  const engine::SweepTally tally = engine::merge_sweep(study, options);
  console.note(fmt::format("{} {}", is_there ? "already in" : "written to", output.string()));
  remove_status_files(output, folders);
  return report_finished(output, tally, format, console);
}

int show_sweep(const ShowCommand& command) {
  const ReportFormat format = parse_report_format(command.format);
  if (parse_convention(command.convention) != Convention::trajectory) {
    throw Error(ExitCode::bad_input,
                fmt::format("--convention: {} is a sweep, whose quantiles are of each trajectory's "
                            "own count; sum-of-percentiles is for single runs",
                            command.file));
  }
  SweepData sweep(command.file);
  print_result(sweep_report(
      sweep, {command.of, command.best, command.where, static_cast<std::uint64_t>(command.rows)},
      format, command.file));
  return static_cast<int>(ExitCode::done);
}

}  // namespace flopsieve::jobs
