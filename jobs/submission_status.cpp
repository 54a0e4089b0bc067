#include "jobs/submission_status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/overview.hpp"
#include "engine/parts.hpp"
#include "engine/runner.hpp"
#include "engine/sweep_parts.hpp"
#include "engine/sweep_positions.hpp"
#include "engine/sweep_study.hpp"
#include "jobs/shell.hpp"
#include "jobs/status.hpp"

namespace flopsieve::jobs {
namespace {

namespace fs = std::filesystem;
using engine::Error;
using engine::ExitCode;

/// The parts that are those of the submission by the study that stands beside them; the reason in
/// `foreign` if they are not.
std::vector<fs::path> own_parts(const Submission& submission, std::string& foreign) {
  const fs::path folder = engine::parts_folder(submission.output);
  try {
    const std::optional<engine::Study> study = engine::stored_study(folder);
    if (!study || study->identity == submission.identity) return engine::part_paths(folder);
    foreign = folder.string() + " belongs to another job";
  } catch (const Error& error) {
    foreign = error.what();
  } catch (const fs::filesystem_error&) {
    // A merge has just removed the folder.
  }
  return {};
}

/// [shard] of a run, by the names of its parts, whatever split they are of.
std::vector<engine::ShardCount> count_run(const Submission& submission, std::string& foreign) {
  std::vector<bool> sealed(submission.batches, false);
  for (const fs::path& path : own_parts(submission, foreign)) {
    const std::optional<engine::PartName> name = engine::part_name(path);
    if (!name) continue;
    for (std::uint64_t i = 0; i < name->batches.count; ++i) {
      const std::uint64_t batch = name->batches.at(i);
      if (batch >= sealed.size()) break;
      sealed[batch] = true;
    }
  }
  std::vector<engine::ShardCount> counts(submission.shards);
  for (std::uint64_t batch = 0; batch < sealed.size(); ++batch) {
    engine::ShardCount& shard = counts[batch % submission.shards];
    ++shard.own;
    if (sealed[batch]) ++shard.sealed;
  }
  return counts;
}

/// [shard] of a sweep, by what stands in its parts: variants may end early.
std::vector<engine::ShardCount> count_sweep(const Submission& submission, std::string& foreign) {
  const fs::path folder = engine::parts_folder(submission.output);
  try {
    const std::optional<engine::SweepStudy> study = engine::stored_sweep(folder);
    if (study && study->identity == submission.identity) {
      const engine::SweepParts parts = engine::survey_sweep_parts({folder}, *study);
      return engine::count_sealed(*study, parts, submission.shards);
    }
    if (study) foreign = folder.string() + " belongs to another sweep";
  } catch (const Error& error) {
    foreign = error.what();
  } catch (const fs::filesystem_error&) {
    // A merge has just removed the folder.
  }
  engine::SweepStudy shape;
  shape.variants = submission.variants;
  shape.base.trajectories = submission.batches / submission.variants;
  shape.base.batch_trajectories = 1;
  return engine::count_sealed(shape, {}, submission.shards);
}

/// The last word of a shard, if it is one of this submission's split.
std::optional<Status> said_by(const Submission& submission, std::uint64_t index) {
  const fs::path path = status_path(submission.output, {index, submission.shards});
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return std::nullopt;
  try {
    Status status = parse_status(engine::read_text(path, ExitCode::storage), path.string());
    if (status.identity == submission.identity) return status;
  } catch (const Error&) {
    // A file that was just replaced or taken away; it decides nothing.
  }
  return std::nullopt;
}

std::string words_of(const Status& status) {
  switch (status.state) {
    case RunState::running:
    case RunState::joining:
      return fmt::format("at work on {}", status.process.host);
    case RunState::finished:
      return "finished";
    case RunState::stopped:
      return status.message;
    case RunState::failed:
      break;
  }
  return fmt::format("exit code {}: {}", status.exit_code, status.message);
}

/// Of what is not done.
TaskState state_of(const std::optional<QueuedTask>& task, const SubmissionStanding& standing) {
  if (task) return task->runs ? TaskState::running : TaskState::waiting;
  const bool told = standing.queue.answer == SlurmQueue::Answer::given;
  return told && standing.submitted ? TaskState::lost : TaskState::unfinished;
}

/// Whether the result is in place. What else stands there is named in `foreign`.
bool has_result(const Submission& submission, std::string& foreign) {
  const std::string name = submission.output.string();
  try {
    if (engine::path_kind(submission.output) == engine::PathKind::nothing) return false;
    if (engine::read_overview(submission.output).identity == submission.identity) return true;
    foreign = name + " is the result of another job";
  } catch (const Error& error) {
    foreign = error.what();
  }
  return false;
}

ShardStanding look_at_shard(const SubmissionStanding& standing, engine::ShardCount count,
                            std::uint64_t index) {
  ShardStanding shard;
  shard.index = index;
  shard.batches = count.own;
  shard.sealed = count.sealed;
  const auto queued = standing.queue.shards.find(index);
  if (queued != standing.queue.shards.end()) shard.task = queued->second;
  shard.state = shard.sealed == shard.batches ? TaskState::done : state_of(shard.task, standing);
  if (shard.state == TaskState::done) return shard;
  if (const std::optional<Status> status = said_by(standing.submission, index)) {
    shard.said = words_of(*status);
    shard.updated = status->updated;
  }
  return shard;
}

}  // namespace

std::string state_name(TaskState state) {
  switch (state) {
    case TaskState::done:
      return "done";
    case TaskState::running:
      return "running";
    case TaskState::waiting:
      return "waiting";
    case TaskState::lost:
      return "lost";
    case TaskState::unfinished:
      break;
  }
  return "unfinished";
}

std::uint64_t SubmissionStanding::count(TaskState state) const {
  return static_cast<std::uint64_t>(
      std::count_if(shards.begin(), shards.end(),
                    [&](const ShardStanding& shard) { return shard.state == state; }));
}

std::uint64_t SubmissionStanding::sealed() const {
  std::uint64_t sum = 0;
  for (const ShardStanding& shard : shards) sum += shard.sealed;
  return sum;
}

std::string SubmissionStanding::repair() const {
  if (merge == TaskState::done) return "";
  std::vector<std::string> words{"bash", (submission.directory / "submit.sh").string()};
  std::vector<std::uint64_t> again;
  for (const ShardStanding& shard : shards) {
    const bool idle = shard.state == TaskState::lost || shard.state == TaskState::unfinished;
    if (idle) again.push_back(shard.index);
  }
  if (!submitted && again.size() == shards.size()) return shell_command(words);
  if (!again.empty()) {
    words.push_back(ranges(again));
    return shell_command(words);
  }
  if (merge == TaskState::running || merge == TaskState::waiting) return "";
  words.emplace_back("merge");
  return shell_command(words);
}

SubmissionStanding look_at(const Submission& submission) {
  return look_at(submission, ask_queue(submission));
}

SubmissionStanding look_at(const Submission& submission, SlurmQueue queue) {
  SubmissionStanding standing;
  standing.submission = submission;
  standing.queue = std::move(queue);
  standing.submitted =
      !standing.queue.shards.empty() || standing.queue.merge ||
      engine::path_kind(submitted_file(submission.directory)) != engine::PathKind::nothing;
  // The result before the parts, which go when it is in place: neither is missed.
  const bool joined_before = has_result(submission, standing.foreign);
  std::vector<engine::ShardCount> counts = submission.variants == 0
                                               ? count_run(submission, standing.foreign)
                                               : count_sweep(submission, standing.foreign);
  const bool joined = joined_before || has_result(submission, standing.foreign);
  for (std::uint64_t index = 0; index < submission.shards; ++index) {
    if (joined) counts[index].sealed = counts[index].own;
    standing.shards.push_back(look_at_shard(standing, counts[index], index));
  }
  standing.merge = joined ? TaskState::done : state_of(standing.queue.merge, standing);
  return standing;
}

std::string ranges(const std::vector<std::uint64_t>& numbers) {
  std::string text;
  for (std::size_t first = 0; first < numbers.size();) {
    std::size_t last = first;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
    if (!text.empty()) text += ',';
    text += std::to_string(numbers[first]);
    if (last > first) text += fmt::format("-{}", numbers[last]);
    first = last + 1;
  }
  return text;
}

}  // namespace flopsieve::jobs
