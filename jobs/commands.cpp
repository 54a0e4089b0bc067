#include "jobs/commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/merge.hpp"
#include "engine/summary.hpp"
#include "engine/sweep_result.hpp"
#include "jobs/calibrate.hpp"
#include "jobs/calibration.hpp"
#include "jobs/clock.hpp"
#include "jobs/compare.hpp"
#include "jobs/compare_report.hpp"
#include "jobs/console.hpp"
#include "jobs/csv.hpp"
#include "jobs/disk.hpp"
#include "jobs/embedded.hpp"
#include "jobs/input_parser.hpp"
#include "jobs/job.hpp"
#include "jobs/job_source.hpp"
#include "jobs/planning.hpp"
#include "jobs/report.hpp"
#include "jobs/report_words.hpp"
#include "jobs/sweep_check.hpp"
#include "jobs/sweep_commands.hpp"
#include "jobs/sweep_compare.hpp"
#include "jobs/text_table.hpp"
#include "jobs/too_wide.hpp"

// The subcommands that compute little: check, config, show, compare and calibrate.

namespace flopsieve::jobs {
namespace {

using engine::Error;
using engine::ExitCode;
constexpr int done = static_cast<int>(ExitCode::done);

/// How much the weights of match = "last" differ: thinning keeps the survivors exact, but few of
/// very unequal weights are kept.
std::string weights_text(const engine::Plan& plan, const engine::Pilot& pilot) {
  std::string text;
  for (std::size_t i = 0; i < pilot.years.size(); ++i) {
    const auto& weights = pilot.years[i].weights;
    if (!weights) continue;
    text += fmt::format(
        "weights of {}: effective sample size {:.3g} % of the candidates, Pareto "
        "shape {:.2f}{}\n",
        plan.years[i], 100.0 * weights->effective_share, weights->pareto_shape,
        weights->pareto_shape > engine::unreliable_shape
            ? " (above 0.7: a few candidates have most of the weight)"
            : "");
  }
  return text;
}

/// P(constraints) of a year of the pilot; with a standard error, and whether its two independent
/// populations agree, where it is an estimate by splitting.
std::string pass_rate_text(const engine::Plan& plan, const engine::PilotYear& year) {
  if (engine::is_tilted(plan.sampling.method)) {
    // No error: the attempts of a trajectory are not independent of one another.
    return fmt::format("{:.3g}", engine::report_tilt(year.tally).probability);
  }
  if (plan.sampling.method != engine::Method::split) {
    return fmt::format("{:.3g}", year.pass_rate());
  }
  const engine::SplitReport report = engine::report_split(year.tally);
  const char* replicates = year.tally.split.disagreeing > 0
                               ? ", two populations DISAGREE"
                               : (year.tally.split.pairs > 0 ? ", two populations agree" : "");
  return fmt::format("{:.3g} +- {:.2g}{}", report.probability, report.error, replicates);
}

/// What a pilot expects of the whole run. It is a lower end: trajectories differ, and those with a
/// small pass rate need more candidates than the mean rate tells.
std::string expectation(const engine::Plan& plan, const engine::Pilot& pilot, double seconds) {
  double pilot_draws = 0.0;
  TextTable table({"year", "P(constraints)", "pilot candidates", "models per candidate"});
  for (std::size_t i = 0; i < pilot.years.size(); ++i) {
    const engine::PilotYear& year = pilot.years[i];
    pilot_draws += year.draws_per_candidate * static_cast<double>(year.tally.candidates);
    table.add({std::to_string(plan.years[i]), pass_rate_text(plan, year),
               grouped(year.tally.candidates), fmt::format("{:.1f}", year.draws_per_candidate)});
  }
  const auto trajectories = static_cast<double>(plan.trajectories);
  const double draws = pilot.draws_per_trajectory(plan) * trajectories;
  const int threads = engine::default_threads();
  return fmt::format(
      "{}{}\n{}\nfeasible; expected: at least {:.3g} candidates, {:.3g} models drawn, {} batches "
      "of {} "
      "trajectories; about {} on {} thread{}\n",
      table.text(), weights_text(plan, pilot), method_line(plan),
      pilot.candidates_per_trajectory(plan) * trajectories, draws, grouped(plan.batch_count()),
      plan.batch_trajectories, duration(draws / pilot_draws * seconds / threads), threads,
      threads == 1 ? "" : "s");
}

/// What the files of a run need, parts and result while both are there, and what there is.
std::string disk_text(const engine::Plan& plan, const std::filesystem::path& output) {
  const std::filesystem::path folder = folder_of(output);
  const DiskNeed need = expected_disk_need(plan);
  const std::uint64_t free = engine::free_disk_space(folder);
  return fmt::format("disk: {} for {}, {} while it runs (parts and result); {} are free in {}{}\n",
                     size_words(need.result), output.string(), size_words(need.most()),
                     size_words(free), folder.string(), free < need.most() ? ": NOT ENOUGH" : "");
}

int check_sweep(const CheckCommand& command, const Document& job) {
  JobVariants variants(job);
  const std::filesystem::path output = run_output(
      command.output.empty() ? default_output(command.job, variants.identity()) : command.output);
  print_result(sweep_check_report(variants, output, engine::default_threads()));
  return done;
}

/// An existing file is replaced only if it is a calibration.
void demand_calibration_place(const std::string& output) {
  demand_output_place(output);
  if (!std::filesystem::exists(output)) return;
  try {
    parse_calibration(engine::read_text(output, ExitCode::bad_input), output);
  } catch (const Error&) {
    throw Error(
        ExitCode::bad_input,
        fmt::format("{}: exists and is no calibration; choose another name with -o", output));
  }
}

}  // namespace

int check(const CheckCommand& command) {
  const Document job = read_job(command.job);
  if (is_sweep_job(job)) return check_sweep(command, job);
  engine::Plan plan = read_plan(job);
  const std::filesystem::path output =
      run_output(command.output.empty() ? default_output(command.job, plan) : command.output);
  const auto start = std::chrono::steady_clock::now();
  try {
    const engine::Pilot pilot = complete_plan(plan, Force::no);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    print_result(resolved_job(plan) + "\n" + expectation(plan, pilot, seconds.count()) +
                 disk_text(plan, output));
  } catch (const engine::TooWide& error) {
    fail_at_parameter(job, error);
  }
  return done;
}

int config(const ConfigCommand& command) {
  print_result(resolved_job(read_plan(command.job)));
  return done;
}

int show(const ShowCommand& command) {
  if (engine::is_sweep_result(command.file)) return show_sweep(command);
  if (command.asks_for_variants()) {
    throw engine::Error(engine::ExitCode::bad_input,
                        fmt::format("{}: --of, --best and --where choose among the variants of a "
                                    "sweep, and this is no result of one",
                                    command.file));
  }
  const ReportFormat format = parse_report_format(command.format);
  const Convention convention = parse_convention(command.convention);
  const engine::Results results = engine::read_results(command.file);
  print_result(report(results.study.plan, results.tally, format, convention));
  const std::string warnings = report_warnings(results.study.plan, results.tally);
  if (!warnings.empty()) std::fputs(("warning: " + warnings + "\n").c_str(), stderr);
  return done;
}

/// Whether files are the results of sweeps. Throws Error(bad_input) if only some are.
bool are_sweeps(const CompareCommand& command) {
  const auto sweeps = std::ranges::count_if(
      command.files, [](const std::string& file) { return engine::is_sweep_result(file); });
  if (sweeps != 0 && static_cast<std::size_t>(sweeps) != command.files.size()) {
    for (const std::string& file : command.files) {
      if (!engine::is_sweep_result(file)) engine::read_results(file);  // says what is wrong with it
    }
    throw Error(ExitCode::bad_input, "compare takes runs or sweeps, not both at once");
  }
  if (command.files.size() < 2) {
    throw Error(ExitCode::bad_input, "compare takes two files or more");
  }
  if (sweeps == 0 && !command.of.empty()) {
    throw Error(ExitCode::bad_input, "--of chooses the numbers of sweeps, and these are runs");
  }
  return sweeps != 0;
}

int compare(const CompareCommand& command) {
  const ReportFormat format = parse_report_format(command.format);
  if (are_sweeps(command)) {
    print_result(sweep_comparison(command.files, command.of,
                                  static_cast<std::uint64_t>(command.rows), format));
    return done;
  }
  const std::vector<std::string> names = short_names(command.files);
  std::vector<NamedResults> runs;
  for (std::size_t i = 0; i < names.size(); ++i) {
    runs.push_back({names[i], engine::read_results(command.files[i])});
  }
  const Comparison comparison = compare_runs(runs);
  switch (format) {
    case ReportFormat::csv:
      print_result(comparison_csv(comparison));
      break;
    case ReportFormat::json:
      print_result(comparison_json(comparison, runs));
      break;
    case ReportFormat::table:
      print_result(comparison_text(comparison, runs));
  }
  return done;
}

int calibrate_command(const CalibrateCommand& command) {
  if (command.output.empty() && !command.json) {
    throw Error(ExitCode::bad_input, "calibrate needs -o FILE.toml or --json");
  }
  if (!command.output.empty()) demand_calibration_place(command.output);
  CalibrateOptions options;
  std::tie(options.first_year, options.last_year) = parse_year_range(
      command.years,
      [](const std::string& message) { throw Error(ExitCode::bad_input, "--years: " + message); });
  options.extra_drops = command.drop;
  options.created = utc_now().substr(0, 10);
  options.tool_version = program_version();
  const Calibration calibration = calibrate(read_csv(command.csv), options);
  if (!command.output.empty()) {
    engine::write_file_atomically(command.output, calibration_toml(calibration));
    std::fputs(("written to " + command.output + "\n").c_str(), stderr);
  }
  if (command.json) print_result(calibration_json(calibration) + "\n");
  return done;
}

}  // namespace flopsieve::jobs
