#include <fcntl.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <new>

#include "engine/error.hpp"
#include "jobs/commands.hpp"
#include "jobs/embedded.hpp"
#include "jobs/on_ranks.hpp"
#include "jobs/scaling/cli.hpp"
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

void add_format(CLI::App& app, std::string& format, bool& json, const char* what) {
  CLI::Option* option = app.add_option("--format", format, what);
  app.add_flag("--json", json, "The same as --format json")->excludes(option);
}

void add_changes(CLI::App& app, JobOptions& job) {
  app.add_option("--set", job.set, "Replace a key of the job: --set models.sd=1.5 (repeatable)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->take_all();
  app.add_option("--trajectories", job.trajectories, "Replace the job's number of trajectories")
      ->check(demand_whole_number);
}

void add_job_options(CLI::App& app, JobOptions& job) {
  app.add_option("JOB", job.file, "Job file (TOML); none: the default forecast; -: stdin")
      ->check(demand_name);
  add_changes(app, job);
  app.add_option("--seed", job.seed, "Replace the job's seed")->check(demand_whole_number);
}

/// One subcommand: its options, and what to do with them.
struct Subcommands {
  RunCommand run;
  CheckCommand check;
  ConfigCommand config;
  ShowCommand show;
  CompareCommand compare;
  ReplayCommand replay;
  RunCommand refilter;
  MergeCommand merge;
  SubmitCommand submit;
  StatusCommand status;
  TailCommand tail;
  ListCommand list;
  InfoCommand info;
  ExportCommand export_run;
  SensitivityCommand sensitivity;
  CalibrateCommand calibrate;
  BenchCommand bench;
  ScalingCommands scaling;
};

/// How a run is carried out, and how its results are shown.
void add_running(CLI::App& app, RunCommand& command) {
  CLI::App* sub = &app;
  sub->add_option("--threads", command.threads, "Threads (default: all this process may use)")
      ->check(CLI::Range(1, 4096));
  sub->add_option("--backend", command.backend, "tbb (default), openmp or serial; same results");
  sub->add_option("--time-limit", command.time_limit,
                  "Stop in time to be done within 3h30m, 90m, 5400s, 1-12:00:00, ..., or auto: "
                  "by the end of the Slurm job; the same command resumes")
      ->type_name("TIME")
      ->check(demand_name);
  sub->add_option("--shard", command.shard,
                  "Compute shard I of N only (0 <= I < N); flopsieve merge joins them")
      ->type_name("I/N")
      ->check(demand_name);
  sub->add_option("--seal-every", command.seal_every,
                  "Seal what is done at this interval: 5m, 60s, ... (default: 2s)")
      ->type_name("TIME")
      ->check(demand_name);
  sub->add_flag("--no-compact", command.no_compact, "Leave the parts; flopsieve merge joins them");
  sub->add_flag("--fresh", command.fresh, "Start anew; an old result is renamed to *.old");
  sub->add_flag("--force", command.force,
                "Run although no trial candidate survived, or the disk seems too small");
  add_format(*sub, command.format, command.json, "Of the results: table (default), csv or json");
  sub->add_flag("-q,--quiet", command.console.quiet, "No progress on stderr");
  sub->add_option("--log", command.console.log_file, "Append messages and progress to this file");
}

void add_run(CLI::App& app, RunCommand& command, std::function<int()>& chosen) {
  CLI::App* sub = app.add_subcommand("run", "Run a job, or resume it, and print its results");
  add_job_options(*sub, command.job);
  sub->add_option("-o,--output", command.output, "Result file (default: <job>.h5)")
      ->check(demand_name);
  add_running(*sub, command);
  sub->add_option("--from", command.from,
                  "Run the stored plan of this result file again, and compare every dataset")
      ->type_name("FILE")
      ->check(demand_name)
      ->excludes("JOB", "--set", "--seed", "--trajectories", "--fresh", "--force", "--shard",
                 "--no-compact");
  sub->footer("Example: flopsieve run jobs/forecast.toml --set models.sd=1.6 -o wide.h5");
  sub->callback([&] { chosen = [&] { return run(command); }; });
}

void add_check_and_config(CLI::App& app, Subcommands& all, std::function<int()>& chosen) {
  CLI::App* check_app =
      app.add_subcommand("check",
                         "Validate a job without running it: resolved job, feasibility, "
                         "a pilot's acceptance, expected time");
  add_job_options(*check_app, all.check.job);
  check_app->add_option("-o,--output", all.check.output, "Result file whose disk is looked at")
      ->check(demand_name);
  check_app->footer("Example: flopsieve check jobs/forecast.toml");
  check_app->callback([&] { chosen = [&] { return check(all.check); }; });

  CLI::App* config_app = app.add_subcommand("config", "Print the job with every default filled in");
  add_job_options(*config_app, all.config.job);
  config_app->footer("Example: flopsieve config jobs/forecast.toml > resolved.toml");
  config_app->callback([&] { chosen = [&] { return config(all.config); }; });
}

void add_of(CLI::App& app, std::vector<std::string>& of) {
  app.add_option("--of", of, "Of a sweep: a number, such as cumulative(1e26, 2028)")
      ->type_name("NUMBER")
      ->allow_extra_args(false)
      ->take_all();
}

void add_rows(CLI::App& app, std::int64_t& rows) {
  app.add_option("--rows", rows, "Of a sweep: at most so many (default 20; 0: all)")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 40));
}

void add_show_and_compare(CLI::App& app, Subcommands& all, std::function<int()>& chosen) {
  CLI::App* show_app = app.add_subcommand("show", "Print the results of a finished run");
  show_app->add_option("FILE", all.show.file, "Result file")->required();
  show_app->add_option("--format", all.show.format, "table (default), csv or json");
  show_app->add_option("--convention", all.show.convention,
                       "Quantiles of counts: trajectory (default), of each trajectory's own "
                       "count; sum-of-percentiles, of each year, added up (the published form)");
  add_of(*show_app, all.show.of);
  show_app->add_option("--best", all.show.best, "Of a sweep: the largest of a number first")
      ->type_name("NUMBER");
  show_app
      ->add_option("--where", all.show.where,
                   "Of a sweep: only variants that meet it, such as \"models.sd > 1.2\"")
      ->type_name("CONDITION")
      ->allow_extra_args(false)
      ->take_all();
  add_rows(*show_app, all.show.rows);
  show_app->footer("Example: flopsieve show forecast.h5 --format csv > forecast.csv");
  show_app->callback([&] { chosen = [&] { return show(all.show); }; });

  CLI::App* compare_app = app.add_subcommand(
      "compare", "Print finished runs side by side, with their differences to the first");
  compare_app->add_option("FILES", all.compare.files, "Result files, two or more")->required();
  compare_app->add_option("--format", all.compare.format, "table (default), csv or json");
  add_of(*compare_app, all.compare.of);
  add_rows(*compare_app, all.compare.rows);
  compare_app->footer("Example: flopsieve compare forecast.h5 wide.h5");
  compare_app->callback([&] { chosen = [&] { return compare(all.compare); }; });
}

void add_replay(CLI::App& app, ReplayCommand& command, std::function<int()>& chosen) {
  CLI::App* sub = app.add_subcommand(
      "replay", "Draw one candidate of a run again, with every statistic and constraint");
  sub->add_option("FILE", command.file, "Result file, also of a run that is not finished")
      ->required()
      ->check(demand_name);
  const auto number = [&](const char* name, std::optional<std::int64_t>& value, const char* what) {
    sub->add_option(name, value, what)->check(demand_whole_number);
  };
  number("--trajectory", command.trajectory, "Trajectory, also one beyond the run's");
  number("--year", command.year, "Year of the job");
  number("--attempt", command.attempt, "Attempt (default: the survivor's)");
  number("--batch", command.batch, "Compute this batch again, and compare it with the stored one");
  sub->add_flag("--sizes", command.sizes, "The size of every model too");
  add_format(*sub, command.format, command.json, "table (default) or json");
  sub->footer("Example: flopsieve replay forecast.h5 --trajectory 17 --year 2026 --attempt 3");
  sub->callback([&] { chosen = [&] { return replay_command(command); }; });
}

void add_refilter(CLI::App& app, RunCommand& command, std::function<int()>& chosen) {
  CLI::App* sub = app.add_subcommand(
      "refilter", "The run of a tighter job, quickly, from the survivors of a finished one");
  sub->add_option("FILE", command.refilter, "Result file")->required()->check(demand_name);
  sub->add_option("JOB", command.job.file, "Keys to lay over its job (TOML); -: stdin")
      ->check(demand_name);
  add_changes(*sub, command.job);
  sub->add_flag("--no-sampling", command.no_sampling,
                "Only keep the trajectories whose stored survivors all pass: another law, marked "
                "as \"joint\"");
  sub->add_option("-o,--output", command.output, "Result file (default: <FILE>-<8 digits>.h5)")
      ->check(demand_name);
  add_running(*sub, command);
  sub->footer("Example: flopsieve refilter forecast.h5 --set constraint.largest_share.max=0.3");
  sub->callback([&] { chosen = [&] { return run(command); }; });
}

void add_merge(CLI::App& app, MergeCommand& command, std::function<int()>& chosen) {
  CLI::App* sub = app.add_subcommand("merge", "Join the parts of shards, and print the results");
  sub->add_option("FILE", command.output, "Result file to write")->required()->check(demand_name);
  sub->add_option("FOLDERS", command.folders, "Folders of parts (default: FILE.parts)");
  sub->add_flag("--keep-parts", command.keep_parts, "Leave the parts where they are");
  add_format(*sub, command.format, command.json, "Of the results: table (default), csv or json");
  sub->add_flag("-q,--quiet", command.console.quiet, "No notes on stderr");
  sub->add_option("--log", command.console.log_file, "Append messages to this file");
  sub->footer("Example: flopsieve merge forecast.h5");
  sub->callback([&] { chosen = [&] { return merge(command); }; });
}

/// What is asked of Slurm.
void add_slurm_options(CLI::App& app, SlurmOptions& slurm) {
  app.add_option("--limit", slurm.limit, "Tasks at a time (default: as many as Slurm runs)")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--cpus", slurm.cpus, "Processors, and so threads, per task (default: 1)")
      ->check(CLI::Range(1, 4096));
  const auto text = [&](const char* name, std::string& value, const char* what) {
    app.add_option(name, value, what)->check(demand_name);
  };
  text("--time", slurm.time, "Time limit of a task: 2:00:00, 1-12, 90m, ...");
  text("--partition", slurm.partition, "Partition of the cluster");
  text("--account", slurm.account, "Account to charge");
  text("--qos", slurm.qos, "Quality of service");
  text("--mem", slurm.memory, "Memory of a task: 4G");
  text("--seal-every", slurm.seal_every,
       "How often a task seals what is done: 5m (default), 60s, ...");
  text("--mail", slurm.mail, "Address to tell when the merge ends or a task fails");
}

void add_submit(CLI::App& app, SubmitCommand& command, std::function<int()>& chosen) {
  CLI::App* sub = app.add_subcommand(
      "submit", "Write what runs a job on a Slurm cluster: an array of shards, and their merge");
  add_job_options(*sub, command.job);
  sub->add_option("--shards", command.shards, "Tasks to share the job's batches among")
      ->required()
      ->check(demand_whole_number);
  sub->add_option("-o,--output", command.output, "Result file (default: <job>.h5)")
      ->check(demand_name);
  sub->add_option("--directory", command.directory, "Folder to write (default: <job>-slurm)")
      ->type_name("DIR")
      ->check(demand_name);
  add_slurm_options(*sub, command.slurm);
  sub->add_flag("--force", command.force,
                "Although no trial candidate survived; tasks also if the disk seems too small");
  sub->add_flag("--now", command.now, "Submit it too: bash DIR/submit.sh");
  sub->footer("Example: flopsieve submit jobs/forecast.toml --shards 8 --time 2:00:00 --mem 4G");
  sub->callback([&] { chosen = [&] { return submit(command); }; });
}

void add_status(CLI::App& app, StatusCommand& command, std::function<int()>& chosen) {
  CLI::App* sub = app.add_subcommand(
      "status", "How a submission stands: its shards, its merge, and what repairs them");
  sub->add_option("DIR", command.directory, "Folder that submit has written")
      ->required()
      ->check(demand_name);
  sub->add_flag("--json", command.json, "As JSON");
  sub->footer("Example: flopsieve status forecast-slurm");
  sub->callback([&] { chosen = [&] { return status(command); }; });
}

void add_tail(CLI::App& app, TailCommand& command, std::function<int()>& chosen) {
  CLI::App* sub =
      app.add_subcommand("tail", "Watch a run at work: results so far, rate, time left");
  sub->add_option("FILE", command.file, "Result file that the run will write")
      ->required()
      ->check(demand_name);
  sub->add_flag("--json", command.json, "One line of JSON each time");
  sub->add_flag("--once", command.once, "Say how it stands, and end");
  sub->add_option("--interval", command.interval, "Seconds between two looks (2 on a terminal)")
      ->check(CLI::Range(0.1, 86400.0));
  sub->footer("Example: flopsieve tail forecast.h5");
  sub->callback([&] { chosen = [&] { return tail(command); }; });
}

void add_list(CLI::App& app, ListCommand& command, std::function<int()>& chosen) {
  CLI::App* sub = app.add_subcommand("list", "One line per run of a folder, at work ones too");
  sub->add_option("DIR", command.folder, "Folder (default: this one)")->check(demand_name);
  sub->add_option("--format", command.format, "table (default), csv or json");
  sub->add_flag("--watch", command.watch,
                "Go on: draw the table again on a terminal, otherwise print runs as they finish");
  sub->footer("Example: flopsieve list results --format csv > runs.csv");
  sub->callback([&] { chosen = [&] { return list(command); }; });
}

void add_info(CLI::App& app, InfoCommand& command, std::function<int()>& chosen) {
  CLI::App* sub = app.add_subcommand("info", "Where a result comes from, and whether it is whole");
  sub->add_option("FILE", command.file, "Result file")->required();
  sub->add_option("--format", command.format, "table (default) or json");
  sub->add_flag("--verify", command.verify, "Compare every dataset with its SHA-256");
  CLI::Option* job = sub->add_flag("--job", command.job, "Print the stored job (TOML) alone");
  sub->add_flag("--plan", command.plan, "Print the stored plan (JSON) alone")->excludes(job);
  sub->footer("Example: flopsieve info forecast.h5 --job > again.toml");
  sub->callback([&] { chosen = [&] { return info(command); }; });
}

void add_export(CLI::App& app, ExportCommand& command, std::function<int()>& chosen) {
  CLI::App* sub = app.add_subcommand("export", "Tables of a result as CSV or JSON");
  sub->add_option("FILE", command.file, "Result file")->required();
  sub->add_option("--csv", command.csv, "Write a CSV file per table into this folder")
      ->type_name("FOLDER")
      ->check(demand_name);
  sub->add_option("--json", command.json, "Write all of it into this file; -: to stdout")
      ->type_name("FILE")
      ->check(demand_name);
  sub->add_option("--quantiles", command.quantiles, "0.01,0.5,0.99 in place of the job's")
      ->type_name("LIST")
      ->check(demand_name);
  sub->add_flag("--trajectories", command.trajectories,
                "Also the counts of every trajectory (trajectories.csv)");
  sub->footer("Example: flopsieve export forecast.h5 --csv tables --quantiles 0.01,0.5,0.99");
  sub->callback([&] { chosen = [&] { return export_run(command); }; });
}

void add_sensitivity(CLI::App& app, SensitivityCommand& command, std::function<int()>& chosen) {
  CLI::App* sub =
      app.add_subcommand("sensitivity", "Which input moves a number: indices of a sweep or a run");
  sub->add_option("FILE", command.file, "Result file")->required()->check(demand_name);
  sub->add_option("--of", command.of,
                  "The number: \"cumulative(1e26, 2028)\", with a quantile or mean as a third "
                  "argument, counts(...), acceptance(2028) (repeatable)")
      ->type_name("METRIC")
      ->required()
      ->allow_extra_args(false)
      ->take_all();
  sub->add_option("--measure", command.measure,
                  "sobol, morris, rank or pawn (default: that of the sweep's design)")
      ->check(demand_name);
  add_format(*sub, command.format, command.json, "table (default), csv or json");
  sub->footer("Example: flopsieve sensitivity sweep.h5 --of \"cumulative(1e26, 2028, mean)\"");
  sub->callback([&] { chosen = [&] { return sensitivity(command); }; });
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

/// "flopsieve 0.1.0 (5d1a0c3), Open MPI v4.1.4".
std::string version_text() {
  const std::string mpi = engine::mpi_version();
  return fmt::format("flopsieve {} ({}), {}", program_version(), git_hash(),
                     mpi.empty() ? "without MPI" : mpi);
}

int run_subcommand(int argc, char** argv, engine::Ranks* ranks) {
  CLI::App app(
      "flopsieve: how many AI models will exceed a compute threshold? Draws candidate sets "
      "of models, rejects those that break a fact, and counts.");
  app.set_version_flag("--version", version_text());
  app.require_subcommand(0, 1);  // demanded below: what is no subcommand is to be named
  app.footer(
      "Exit codes: 0 done, 1 own bug, 2 bad input, 3 infeasible, 4 budget spent or no trial "
      "candidate survived, 5 storage, "
      "75 stopped (the same command resumes).");
  Subcommands all;
  std::function<int()> chosen;
  add_run(app, all.run, chosen);
  add_check_and_config(app, all, chosen);
  add_show_and_compare(app, all, chosen);
  add_replay(app, all.replay, chosen);
  add_refilter(app, all.refilter, chosen);
  add_merge(app, all.merge, chosen);
  add_submit(app, all.submit, chosen);
  add_status(app, all.status, chosen);
  add_list(app, all.list, chosen);
  add_info(app, all.info, chosen);
  add_export(app, all.export_run, chosen);
  add_tail(app, all.tail, chosen);
  add_sensitivity(app, all.sensitivity, chosen);
  add_calibrate(app, all.calibrate, chosen);
  add_bench(app, all.bench, chosen);
  add_scaling(app, all.scaling, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& request) {
    return app.exit(request);  // --help, --version
  } catch (const CLI::ParseError& error) {
    return fail(engine::one_line(error.what()) + "; see flopsieve --help", ExitCode::bad_input);
  }
  if (!chosen) return fail("a subcommand is required; see flopsieve --help", ExitCode::bad_input);
  apply_target_variable();
  all.run.ranks = ranks;
  all.run.command_line.assign(argv, argv + argc);
  all.refilter.ranks = ranks;
  all.refilter.command_line = all.run.command_line;
  all.merge.command_line = all.run.command_line;
  all.scaling.fit.command_line = all.run.command_line;
  return chosen();
}

/// Says in one line what has failed.
int with_messages(const std::function<int()>& command) {
  try {
    return command();
  } catch (const Error& error) {
    return fail(error.what(), error.code());
  } catch (const std::filesystem::filesystem_error& error) {
    return fail(error.what(), ExitCode::storage);
  } catch (const std::bad_alloc&) {
    return fail(engine::out_of_memory, ExitCode::storage);
  } catch (const std::exception& error) {
    return fail(fmt::format("internal error, please report it: {}", error.what()), ExitCode::bug);
  }
}

}  // namespace

int run_cli(int argc, char** argv) {
  // Where a standard stream is closed, the next file opened would take its number and its text.
  for (int descriptor = 0; descriptor <= 2; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) < 0) ::open("/dev/null", O_RDWR);
  }
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is then an error of write()
  return with_messages([&] {
    return on_ranks([&](engine::Ranks* ranks) {
      return with_messages([&] { return run_subcommand(argc, argv, ranks); });
    });
  });
}

}  // namespace flopsieve::jobs
