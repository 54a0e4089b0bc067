#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "jobs/submission_status.hpp"
#include "jobs/text_table.hpp"

// The standing of a submission for people and for programs.

namespace flopsieve::jobs {
namespace {

using Json = nlohmann::ordered_json;

constexpr TaskState states[] = {TaskState::done, TaskState::running, TaskState::waiting,
                                TaskState::lost, TaskState::unfinished};

/// As many rows as are read; the rest is counted.
constexpr std::size_t most_rows = 40;

std::string counts_text(const SubmissionStanding& standing) {
  std::string text;
  for (const TaskState state : states) {
    const std::uint64_t count = standing.count(state);
    if (count == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", grouped(count), state_name(state));
  }
  return text;
}

std::string task_text(const std::optional<QueuedTask>& task) {
  if (!task) return "-";
  return task->detail.empty()
             ? task->job
             : fmt::format("{} {} {}", task->job, task->runs ? "on" : "waits for", task->detail);
}

/// What runs, is lost or unfinished; shards that are done or wait are counted alone.
std::string shards_text(const SubmissionStanding& standing) {
  TextTable table({"shard", "state", "batches", "task", "said"});
  std::size_t rows = 0;
  std::size_t left_out = 0;
  for (const ShardStanding& shard : standing.shards) {
    const bool idle = shard.state == TaskState::done || shard.state == TaskState::waiting ||
                      (shard.state == TaskState::unfinished && shard.said.empty());
    if (idle) continue;
    if (++rows > most_rows) {
      ++left_out;
      continue;
    }
    table.add({std::to_string(shard.index), state_name(shard.state),
               fmt::format("{}/{}", grouped(shard.sealed), grouped(shard.batches)),
               task_text(shard.task),
               shard.said.empty() ? "-" : fmt::format("{} ({})", shard.said, shard.updated)});
  }
  if (rows == 0) return "";
  return table.text() +
         (left_out > 0 ? fmt::format("and {} more; --json lists all\n", grouped(left_out)) : "");
}

std::string merge_text(const SubmissionStanding& standing) {
  std::string text = "merge: " + state_name(standing.merge);
  if (standing.merge == TaskState::done) {
    text += fmt::format("; the result is {}", standing.submission.output.string());
  } else if (standing.queue.merge) {
    text += ", job " + task_text(standing.queue.merge);
  }
  return text + "\n";
}

std::string slurm_text(const SubmissionStanding& standing) {
  if (standing.merge == TaskState::done) return "";
  switch (standing.queue.answer) {
    case SlurmQueue::Answer::given:
      return standing.submitted ? "" : "not submitted\n";
    case SlurmQueue::Answer::absent:
      return "there is no squeue here: what runs or waits cannot be told from what is lost\n";
    case SlurmQueue::Answer::refused:
      break;
  }
  return fmt::format(
      "squeue does not answer ({}): what runs or waits cannot be told from what is lost\n",
      standing.queue.message);
}

/// Where Slurm tells nothing, shards may be at work, and submitting them again is no advice.
std::string repair_text(const SubmissionStanding& standing) {
  const std::string repair = standing.repair();
  if (repair.empty()) return "";
  const bool certain = standing.queue.answer == SlurmQueue::Answer::given || !standing.submitted;
  const char* heading = !certain              ? "if nothing of it runs or waits any more: "
                        : !standing.submitted ? "submit with: "
                                              : "repair with: ";
  return heading + repair + "\n";
}

Json task_json(const std::optional<QueuedTask>& task) {
  if (!task) return {};
  return {{"job", task->job}, {"state", task->state}, {"detail", task->detail}};
}

const char* answer_name(SlurmQueue::Answer answer) {
  switch (answer) {
    case SlurmQueue::Answer::given:
      return "answers";
    case SlurmQueue::Answer::absent:
      return "absent";
    case SlurmQueue::Answer::refused:
      break;
  }
  return "refuses";
}

}  // namespace

std::string standing_text(const SubmissionStanding& standing) {
  const Submission& submission = standing.submission;
  std::string text =
      fmt::format("{}: {} of {} shards; {} of {} batches are sealed\n",
                  submission.directory.string(), counts_text(standing), grouped(submission.shards),
                  grouped(standing.sealed()), grouped(submission.batches));
  text += shards_text(standing) + merge_text(standing) + slurm_text(standing);
  if (!standing.foreign.empty()) text += standing.foreign + "\n";
  return text + repair_text(standing);
}

std::string standing_json(const SubmissionStanding& standing) {
  const Submission& submission = standing.submission;
  Json counts;
  for (const TaskState state : states) counts[state_name(state)] = standing.count(state);
  Json shards = Json::array();
  for (const ShardStanding& shard : standing.shards) {
    shards.push_back({{"index", shard.index},
                      {"state", state_name(shard.state)},
                      {"batches", shard.batches},
                      {"sealed", shard.sealed},
                      {"task", task_json(shard.task)},
                      {"said", shard.said},
                      {"updated", shard.updated}});
  }
  const Json json = {
      {"directory", submission.directory.string()},
      {"output", submission.output.string()},
      {"name", submission.name},
      {"identity", submission.identity},
      {"batches", submission.batches},
      {"batches_sealed", standing.sealed()},
      {"slurm", answer_name(standing.queue.answer)},
      {"slurm_message", standing.queue.message},
      {"submitted", standing.submitted},
      {"counts", counts},
      {"shards", shards},
      {"merge", {{"state", state_name(standing.merge)}, {"task", task_json(standing.queue.merge)}}},
      {"foreign", standing.foreign},
      {"repair", standing.repair()}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace flopsieve::jobs
