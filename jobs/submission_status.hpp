#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "jobs/slurm_queue.hpp"
#include "jobs/submission.hpp"

/// How a submission stands: told by what is sealed, by the shards' own status files and by Slurm's
/// queue. Nothing is opened but small files and a result, and nothing is changed.
namespace flopsieve::jobs {

enum class TaskState {
  done,
  running,
  waiting,    ///< in Slurm's queue
  lost,       ///< submitted, not done, and Slurm knows nothing of it any more
  unfinished  ///< not submitted, or it cannot be told what Slurm makes of it
};

/// "done", "running", ...
std::string state_name(TaskState state);

struct ShardStanding {
  std::uint64_t index = 0;
  TaskState state = TaskState::unfinished;
  std::uint64_t batches = 0;
  std::uint64_t sealed = 0;
  std::optional<QueuedTask> task;
  std::string said;     ///< the last word of the shard itself, in its status file
  std::string updated;  ///< when that was; "" if it has said nothing
};

struct SubmissionStanding {
  Submission submission;
  SlurmQueue queue;
  bool submitted = false;  ///< as far as is known here
  std::vector<ShardStanding> shards;
  TaskState merge = TaskState::unfinished;
  std::string foreign;  ///< what is wrong with a result or parts that stand there

  std::uint64_t count(TaskState state) const;
  std::uint64_t sealed() const;  ///< batches
  /// The command that computes what is lost or was never submitted; "" if there is nothing to do.
  std::string repair() const;
};

SubmissionStanding look_at(const Submission& submission);

/// How it stands by what squeue has answered.
SubmissionStanding look_at(const Submission& submission, SlurmQueue queue);

/// "3,7-9" of ascending numbers, as sbatch reads it.
std::string ranges(const std::vector<std::uint64_t>& numbers);

std::string standing_text(const SubmissionStanding& standing);
std::string standing_json(const SubmissionStanding& standing);

}  // namespace flopsieve::jobs
