#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/parts.hpp"
#include "engine/ranks.hpp"
#include "jobs/console.hpp"
#include "jobs/submission.hpp"

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
/// none, or is too long.
void demand_output_place(const std::filesystem::path& output);

/// The file that a run or a merge is to write: that which a link stands for. Throws as
/// demand_output_place() does, also where names of what stands beside the result (parts, status,
/// temporary files) would be too long.
std::filesystem::path run_output(const std::filesystem::path& name, engine::Shard shard = {});

struct RunCommand {
  JobOptions job;
  std::string output;  ///< "" chooses: see default_output()
  std::string backend = "tbb";
  int threads = 0;         ///< 0: as many as the affinity mask, or Slurm, allows
  std::string time_limit;  ///< see time_limit_seconds(); "": none
  std::string shard;       ///< "I/N": see parse_shard(); "": the whole run
  std::string seal_every;  ///< see parse_time(); "": RunOptions::seal_interval
  bool no_compact = false;
  bool fresh = false;
  bool force = false;
  bool json = false;             ///< the same as format "json"
  std::string format = "table";  ///< of the results: see parse_report_format()
  Console::Options console;
  std::vector<std::string> command_line;
  std::string from;          ///< not "": the result file whose Plan is run again and compared
  std::string refilter;      ///< not "": the result file that is refiltered; see refilter.hpp
  bool no_sampling = false;  ///< with refilter
  /// The processes that mpirun or srun has started, if this is the root of several.
  engine::Ranks* ranks = nullptr;
};
int run(const RunCommand& command);

struct CheckCommand {
  JobOptions job;
  std::string output;  ///< as RunCommand::output: whose disk is looked at
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
  // Of the result of a sweep alone: SweepView.
  std::vector<std::string> of;
  std::string best;
  std::vector<std::string> where;
  std::int64_t rows = 20;
  bool asks_for_variants() const { return !of.empty() || !best.empty() || !where.empty(); }
};
int show(const ShowCommand& command);

struct CompareCommand {
  std::vector<std::string> files;  ///< the first is the one to compare to
  std::string format = "table";
  // Of sweeps alone, as in ShowCommand.
  std::vector<std::string> of;
  std::int64_t rows = 20;
};
int compare(const CompareCommand& command);

struct MergeCommand {
  std::string output;
  std::vector<std::string> folders;  ///< none: that of the output
  bool keep_parts = false;
  bool json = false;             ///< the same as format "json"
  std::string format = "table";  ///< of the results
  Console::Options console;
  std::vector<std::string> command_line;
};
int merge(const MergeCommand& command);

struct SubmitCommand {
  JobOptions job;
  std::string output;     ///< as RunCommand::output
  std::string directory;  ///< "": the output's name with "-slurm" in place of ".h5"
  std::int64_t shards = 0;
  SlurmOptions slurm;
  bool force = false;  ///< as RunCommand::force, and passed on to the tasks
  bool now = false;    ///< submits what it has written
};
int submit(const SubmitCommand& command);

struct StatusCommand {
  std::string directory;
  bool json = false;
};
int status(const StatusCommand& command);

struct TailCommand {
  std::string file;       ///< the result file that the run will write
  bool json = false;      ///< one line of JSON in place of each block
  bool once = false;      ///< say how it stands, and end
  double interval = 0.0;  ///< seconds; 0: 2 on a terminal, 10 otherwise
};
/// Ends with done when the run has finished, interrupted when it was stopped or killed, or with the
/// exit code of its failure.
int tail(const TailCommand& command);

struct ListCommand {
  std::string folder = ".";
  std::string format = "table";
  bool watch = false;  ///< goes on: see jobs/REPORTS.md
};
int list(const ListCommand& command);

struct InfoCommand {
  std::string file;
  std::string format = "table";  ///< or "json"
  bool verify = false;
  bool job = false;   ///< print the stored job alone
  bool plan = false;  ///< print the stored Plan alone
};
/// Throws Error(storage) naming every damaged dataset.
int info(const InfoCommand& command);

struct ExportCommand {
  std::string file;
  std::string csv;        ///< a folder, "" for none
  std::string json;       ///< a file, "-" for stdout, "" for none
  std::string quantiles;  ///< see parse_quantiles(); "": those of the job
  bool trajectories = false;
};
int export_run(const ExportCommand& command);

struct ReplayCommand {
  std::string file;
  std::optional<std::int64_t> trajectory;
  std::optional<std::int64_t> year;
  std::optional<std::int64_t> attempt;  ///< none: the survivor's
  std::optional<std::int64_t> batch;    ///< in place of the others: a whole batch
  bool sizes = false;
  bool json = false;             ///< the same as format "json"
  std::string format = "table";  ///< or json
};
/// Throws Error(storage) if a batch is not what the run has stored.
int replay_command(const ReplayCommand& command);

struct SensitivityCommand {
  std::string file;             ///< the result of a sweep or of a run
  std::vector<std::string> of;  ///< see parse_metric()
  std::string measure;          ///< see parse_measure(); "": that of the design
  bool json = false;            ///< the same as format "json"
  std::string format = "table";
};
int sensitivity(const SensitivityCommand& command);

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
