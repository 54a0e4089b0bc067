#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "jobs/console.hpp"

/// What the subcommands of flopsieve do once their options are read. Each returns the exit code or
/// throws engine::Error; results go to stdout.
namespace flopsieve::jobs {

/// A job as the command line names it.
struct JobOptions {
  std::string file;              ///< "" is the default forecast, "-" stdin
  std::vector<std::string> set;  ///< "models.sd=1.5"
  std::optional<std::int64_t> seed;
  std::optional<std::int64_t> trajectories;
};

/// Throws Error(bad_input) if no file of this name can be written: it is a folder, or stands in
/// none.
void demand_output_place(const std::filesystem::path& output);

struct RunCommand {
  JobOptions job;
  std::string output;  ///< "" chooses: see default_output()
  std::string backend = "tbb";
  int threads = 0;  ///< 0: as many as the affinity mask, or Slurm, allows
  bool fresh = false;
  bool force = false;
  bool json = false;             ///< the same as format "json"
  std::string format = "table";  ///< of the results: see parse_report_format()
  Console::Options console;
  std::vector<std::string> command_line;
};
int run(const RunCommand& command);

struct CheckCommand {
  JobOptions job;
};
int check(const CheckCommand& command);

struct ConfigCommand {
  JobOptions job;
};
int config(const ConfigCommand& command);

struct ShowCommand {
  std::string file;
  std::string format = "table";
  std::string convention = "trajectory";
};
int show(const ShowCommand& command);

struct CompareCommand {
  std::vector<std::string> files;  ///< the first is the one to compare to
  std::string format = "table";
};
int compare(const CompareCommand& command);

struct CalibrateCommand {
  std::string csv;
  std::string output;  ///< "" with json: none is written
  std::string years = "2017-2023";
  std::vector<std::string> drop;
  bool json = false;
};
int calibrate_command(const CalibrateCommand& command);

struct BenchCommand {
  int threads = 0;  ///< measures 1, 2, 4, ... up to this many; 0: as RunCommand::threads
  bool quick = false;
  std::string json;  ///< a file to write, "-" for stdout in place of the table, "" for none
  std::vector<std::string> only;  ///< beginnings of names of figures; empty: all
};
/// Throws Error(bad_input) if no figure has a name that begins with one of `only`.
int bench(const BenchCommand& command);

/// Reads the command line, runs the subcommand and maps every failure to its exit code and one
/// message on stderr.
int run_cli(int argc, char** argv);

}  // namespace flopsieve::jobs
