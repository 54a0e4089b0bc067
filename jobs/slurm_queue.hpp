#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "jobs/submission.hpp"

/// What Slurm's own commands say; nothing else of Slurm is used.
namespace flopsieve::jobs {

/// A job, or a task of an array, that Slurm has not done with.
struct QueuedTask {
  std::string job;  ///< "12_3", or "13"
  bool runs = false;
  std::string state;   ///< Slurm's word: "RUNNING", "PENDING", ...
  std::string detail;  ///< its node, or why it waits
};

struct SlurmQueue {
  enum class Answer { given, absent, refused };
  Answer answer = Answer::absent;  ///< absent: there is no squeue on this machine
  std::string message;             ///< of squeue, where it refused
  std::map<std::uint64_t, QueuedTask> shards;
  std::optional<QueuedTask> merge;
};

/// Asks squeue for the jobs with the names of a submission, whoever has submitted them.
SlurmQueue ask_queue(const Submission& submission);

/// Reads lines "NAME|JOB|TASK|STATE|DETAIL", in which other lines are passed over. Of two entries
/// for a shard the one that runs counts.
SlurmQueue parse_queue(const std::string& text, const Submission& submission);

/// Runs `bash DIR/submit.sh`, which tells on stdout and stderr what it does. Returns its exit code.
int run_submit_script(const Submission& submission);

}  // namespace flopsieve::jobs
