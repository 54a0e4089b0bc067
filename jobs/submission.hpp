#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

/// A run or a sweep that is shared out to a Slurm cluster, as a folder of files: the job, the
/// scripts that Slurm runs, and what `flopsieve status` has to know (jobs/CLUSTER.md).
namespace flopsieve::jobs {

struct Submission {
  std::filesystem::path directory;  ///< all paths are absolute
  std::filesystem::path program;
  std::filesystem::path output;
  std::string title;
  std::string name;                ///< of the array of shards in Slurm's queue
  std::string identity;            ///< of the Plan, or of the sweep
  std::uint64_t variants = 0;      ///< of a sweep; 0: a run
  std::uint64_t trajectories = 0;  ///< of each variant
  std::uint64_t batches = 0;       ///< of all variants together
  std::uint64_t shards = 1;

  std::string merge_name() const { return name + "-merge"; }
};

/// What a user asks of Slurm; "" and 0 leave it to the cluster.
struct SlurmOptions {
  std::uint64_t limit = 0;  ///< tasks at a time
  int cpus = 1;             ///< per task
  std::string time;         ///< see parse_time()
  std::string partition;
  std::string account;
  std::string qos;
  std::string memory;  ///< "4G"
  std::string mail;
  std::string seal_every = "5m";  ///< of each task: see parse_time()
};

/// Throws Error(bad_input) for values that would mean something else to sbatch, or nothing.
void demand_good_options(const SlurmOptions& options);

/// Its files by name, but for the job and what that names. `options` are good ones.
std::map<std::string, std::string> submission_files(const Submission& submission,
                                                    const SlurmOptions& options, bool force);

/// Whether a folder has been written by `flopsieve submit`.
bool is_submission(const std::filesystem::path& directory);

/// Throws Error(bad_input) for a folder that `flopsieve submit` has not written.
Submission read_submission(const std::filesystem::path& directory);

/// The notes of submit.sh: nothing has been submitted where there are none.
std::filesystem::path submitted_file(const std::filesystem::path& directory);

}  // namespace flopsieve::jobs
