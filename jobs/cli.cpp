#include <fcntl.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "engine/error.hpp"
#include "jobs/commands.hpp"
#include "jobs/embedded.hpp"
#include "kernels/target.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Error;
using engine::ExitCode;

/// FLOPSIEVE_TARGET=scalar|avx2|avx512 forces an instruction set.
void apply_target_variable() {
  const char* text = std::getenv("FLOPSIEVE_TARGET");
  if (text == nullptr || *text == '\0') return;
  kernels::Target target{};
  const std::string allowed = "allowed: scalar, avx2, avx512";
  if (!kernels::parse_target(text, target)) {
    throw Error(ExitCode::bad_input,
                fmt::format("FLOPSIEVE_TARGET={}: no such instruction set; {}", text, allowed));
  }
  if (!kernels::force_target(target)) {
    throw Error(ExitCode::bad_input,
                fmt::format("FLOPSIEVE_TARGET={}: this processor cannot run it", text));
  }
}

/// CLI11 would turn a number beyond 64 bits into the nearest one that fits.
std::string demand_whole_number(const std::string& text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && stop == end) return "";
  return fmt::format("\"{}\" is not a whole number of at most 64 bits", text);
}

/// An empty name is mostly a shell variable that was never set.
std::string demand_name(const std::string& text) {
  return text.empty() ? "the name is empty" : "";
}

void add_job_options(CLI::App& app, JobOptions& job) {
  app.add_option("JOB", job.file, "Job file (TOML); none: the default forecast; -: stdin")
      ->check(demand_name);
  app.add_option("--set", job.set, "Replace a key of the job: --set models.sd=1.5 (repeatable)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->take_all();
  app.add_option("--seed", job.seed, "Replace the job's seed")->check(demand_whole_number);
  app.add_option("--trajectories", job.trajectories, "Replace the job's number of trajectories")
      ->check(demand_whole_number);
}

/// One subcommand: its options, and what to do with them.
struct Subcommands {
  RunCommand run;
  CheckCommand check;
  ConfigCommand config;
  ShowCommand show;
  CompareCommand compare;
  CalibrateCommand calibrate;
  BenchCommand bench;
};

void add_run(CLI::App& app, RunCommand& command, std::function<int()>& chosen) {
  CLI::App* sub = app.add_subcommand("run", "Run a job, or resume it, and print its results");
  add_job_options(*sub, command.job);
  sub->add_option("-o,--output", command.output, "Result file (default: <job>.h5)")
      ->check(demand_name);
  sub->add_option("--threads", command.threads, "Threads (default: all this process may use)")
      ->check(CLI::Range(1, 4096));
  sub->add_option("--backend", command.backend, "tbb (default), openmp or serial; same results");
  sub->add_flag("--fresh", command.fresh, "Start anew; an old result is renamed to *.old");
  sub->add_flag("--force", command.force, "Run although no trial candidate survived");
  sub->add_option("--format", command.format, "Of the results: table (default), csv or json");
  sub->add_flag("--json", command.json, "The same as --format json");
  sub->add_flag("-q,--quiet", command.console.quiet, "No progress on stderr");
  sub->add_option("--log", command.console.log_file, "Append messages and progress to this file");
  sub->footer("Example: flopsieve run jobs/forecast.toml --set models.sd=1.6 -o wide.h5");
  sub->callback([&] { chosen = [&] { return run(command); }; });
}

void add_check_and_config(CLI::App& app, Subcommands& all, std::function<int()>& chosen) {
  CLI::App* check_app =
      app.add_subcommand("check",
                         "Validate a job without running it: resolved job, feasibility, "
                         "a pilot's acceptance, expected time");
  add_job_options(*check_app, all.check.job);
  check_app->footer("Example: flopsieve check jobs/forecast.toml");
  check_app->callback([&] { chosen = [&] { return check(all.check); }; });

  CLI::App* config_app = app.add_subcommand("config", "Print the job with every default filled in");
  add_job_options(*config_app, all.config.job);
  config_app->footer("Example: flopsieve config jobs/forecast.toml > resolved.toml");
  config_app->callback([&] { chosen = [&] { return config(all.config); }; });
}

void add_show_and_compare(CLI::App& app, Subcommands& all, std::function<int()>& chosen) {
  CLI::App* show_app = app.add_subcommand("show", "Print the results of a finished run");
  show_app->add_option("FILE", all.show.file, "Result file")->required();
  show_app->add_option("--format", all.show.format, "table (default), csv or json");
  show_app->add_option("--convention", all.show.convention,
                       "Quantiles of counts: trajectory (default), of each trajectory's own "
                       "count; sum-of-percentiles, of each year, added up (the published form)");
  show_app->footer("Example: flopsieve show forecast.h5 --format csv > forecast.csv");
  show_app->callback([&] { chosen = [&] { return show(all.show); }; });

  CLI::App* compare_app = app.add_subcommand(
      "compare", "Print finished runs side by side, with their differences to the first");
  compare_app->add_option("FILES", all.compare.files, "Result files, two or more")->required();
  compare_app->add_option("--format", all.compare.format, "table (default), csv or json");
  compare_app->footer("Example: flopsieve compare forecast.h5 wide.h5");
  compare_app->callback([&] { chosen = [&] { return compare(all.compare); }; });
}

void add_calibrate(CLI::App& app, CalibrateCommand& command, std::function<int()>& chosen) {
  CLI::App* sub = app.add_subcommand(
      "calibrate", "Figures per year from a CSV in the layout of Epoch AI's Notable Models");
  sub->add_option("CSV", command.csv, "Input file")->required();
  sub->add_option("-o,--output", command.output, "Calibration to write (TOML)");
  sub->add_option("--years", command.years, "First and last year (2017-2023)");
  sub->add_option("--drop", command.drop, "Leave out a model (repeatable)")
      ->allow_extra_args(false)
      ->take_all();
  sub->add_flag("--json", command.json, "Print the figures as JSON");
  sub->footer("Example: flopsieve calibrate notable_ai_models.csv -o calibration.toml");
  sub->callback([&] { chosen = [&] { return calibrate_command(command); }; });
}

void add_bench(CLI::App& app, BenchCommand& command, std::function<int()>& chosen) {
  CLI::App* sub = app.add_subcommand(
      "bench", "Speed of this machine: kernels and whole jobs against the bare kernels");
  sub->add_option("--json", command.json, "Write the figures as JSON; -: to stdout, no table")
      ->type_name("FILE")
      ->check(demand_name);
  sub->add_flag("--quick", command.quick, "Fewer and shorter measurements: under 20 s");
  sub->add_option("--threads", command.threads,
                  "Measure 1, 2, 4, ... up to this many threads (default: all)")
      ->check(CLI::Range(1, 4096));
  sub->add_option("--only", command.only,
                  "Only figures whose names begin so (several allowed), and their limits")
      ->type_name("NAME");
  sub->footer("Example: flopsieve bench --quick --json bench.json");
  sub->callback([&] { chosen = [&] { return bench(command); }; });
}

int fail(const std::string& message, ExitCode code) {
  std::fputs(fmt::format("flopsieve: {}\n", message).c_str(), stderr);
  return static_cast<int>(code);
}

int run_subcommand(int argc, char** argv) {
  CLI::App app(
      "flopsieve: how many AI models will exceed a compute threshold? Draws candidate sets "
      "of models, rejects those that break a fact, and counts.");
  app.set_version_flag("--version",
                       fmt::format("flopsieve {} ({})", program_version(), git_hash()));
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done, 1 own bug, 2 bad input, 3 infeasible, 4 budget spent, 5 storage, "
      "75 stopped (the same command resumes).");
  Subcommands all;
  std::function<int()> chosen;
  add_run(app, all.run, chosen);
  add_check_and_config(app, all, chosen);
  add_show_and_compare(app, all, chosen);
  add_calibrate(app, all.calibrate, chosen);
  add_bench(app, all.bench, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& request) {
    return app.exit(request);  // --help, --version
  } catch (const CLI::ParseError& error) {
    return fail(fmt::format("{}; see flopsieve --help", error.what()), ExitCode::bad_input);
  }
  apply_target_variable();
  all.run.command_line.assign(argv, argv + argc);
  return chosen();
}

}  // namespace

int run_cli(int argc, char** argv) {
  // Where a standard stream is closed, the next file opened would take its number and its text.
  for (int descriptor = 0; descriptor <= 2; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) < 0) ::open("/dev/null", O_RDWR);
  }
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is then an error of write()
  try {
    return run_subcommand(argc, argv);
  } catch (const Error& error) {
    return fail(error.what(), error.code());
  } catch (const std::filesystem::filesystem_error& error) {
    return fail(error.what(), ExitCode::storage);
  } catch (const std::exception& error) {
    return fail(fmt::format("internal error, please report it: {}", error.what()), ExitCode::bug);
  }
}

}  // namespace flopsieve::jobs
