#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <system_error>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/merge.hpp"
#include "engine/result_file.hpp"
#include "jobs/commands.hpp"
#include "jobs/export_tables.hpp"
#include "jobs/sweep_view.hpp"

namespace flopsieve::jobs {
namespace {

namespace fs = std::filesystem;
using engine::Error;
using engine::ExitCode;

void make_folder(const fs::path& folder) {
  const engine::PathKind kind = engine::path_kind(folder);
  if (kind == engine::PathKind::folder) return;
  if (kind != engine::PathKind::nothing) {
    throw Error(ExitCode::bad_input,
                fmt::format("{}: is a file; --csv takes the name of a folder", folder.string()));
  }
  std::error_code error;
  fs::create_directory(folder, error);
  if (error) {
    const bool no_place = error == std::errc::no_such_file_or_directory;
    throw Error(no_place ? ExitCode::bad_input : ExitCode::storage,
                fmt::format("{}: cannot be made: {}", folder.string(), error.message()));
  }
}

void write_tables(const ExportCommand& command, const engine::Results& results) {
  const fs::path folder = command.csv;
  make_folder(folder);
  for (const CsvFile& table : csv_tables(results.study.plan, results.tally)) {
    engine::write_file_atomically(folder / table.name, table.text);
    std::fputs(fmt::format("written to {}\n", (folder / table.name).string()).c_str(), stderr);
  }
  if (!command.trajectories) return;
  const fs::path path = folder / "trajectories.csv";
  write_trajectories(command.file, results.study.plan, path);
  std::fputs(fmt::format("written to {}\n", path.string()).c_str(), stderr);
}

void write_json(const std::string& file, const std::string& text) {
  if (file == "-") {
    print_result(text);
    return;
  }
  demand_output_place(file);
  engine::write_file_atomically(file, text);
  std::fputs(fmt::format("written to {}\n", file).c_str(), stderr);
}

/// Of a sweep one table, a line for each variant.
int export_sweep(const ExportCommand& command) {
  if (command.trajectories || !command.quantiles.empty()) {
    throw Error(ExitCode::bad_input,
                fmt::format("{}: the result of a sweep, of which neither --trajectories nor "
                            "--quantiles can be had: it keeps summaries",
                            command.file));
  }
  SweepData sweep(command.file);
  const SweepView view{all_metrics(sweep), "", {}, 0};
  if (!command.csv.empty()) {
    make_folder(command.csv);
    const fs::path path = fs::path(command.csv) / "variants.csv";
    engine::write_file_atomically(path, sweep_report(sweep, view, ReportFormat::csv, command.file));
    std::fputs(fmt::format("written to {}\n", path.string()).c_str(), stderr);
  }
  if (!command.json.empty()) {
    write_json(command.json, sweep_report(sweep, view, ReportFormat::json, command.file));
  }
  return static_cast<int>(ExitCode::done);
}

}  // namespace

int export_run(const ExportCommand& command) {
  if (command.csv.empty() && command.json.empty()) {
    throw Error(ExitCode::bad_input, "export needs --csv FOLDER or --json FILE");
  }
  if (command.trajectories && command.csv.empty()) {
    throw Error(ExitCode::bad_input, "--trajectories needs --csv FOLDER");
  }
  if (engine::is_sweep_result(command.file)) return export_sweep(command);
  std::vector<double> quantiles;
  if (!command.quantiles.empty()) quantiles = parse_quantiles(command.quantiles);
  engine::Results results = engine::read_results(command.file);
  if (!quantiles.empty()) results.study.plan.outputs.quantiles = quantiles;
  if (!command.csv.empty()) write_tables(command, results);
  if (!command.json.empty()) {
    write_json(command.json, export_json(results.study.plan, results.tally));
  }
  return static_cast<int>(ExitCode::done);
}

}  // namespace flopsieve::jobs
