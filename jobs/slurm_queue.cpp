#include "jobs/slurm_queue.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <vector>

#include "engine/error.hpp"
#include "jobs/shell.hpp"

namespace flopsieve::jobs {
namespace {

/// What a shell ends with where there is no such command.
constexpr int no_such_command = 127;

int exit_code(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

struct Spoken {
  std::string text;
  int code = 0;
};

/// A command of a shell, with what it writes to both streams.
Spoken listen(const std::string& command) {
  Spoken spoken;
  std::FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return {"", 1};
  std::array<char, 4096> piece{};
  while (const std::size_t bytes = std::fread(piece.data(), 1, piece.size(), pipe)) {
    spoken.text.append(piece.data(), bytes);
  }
  spoken.code = exit_code(pclose(pipe));
  return spoken;
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, '|');) cells.push_back(cell);
  return cells;
}

std::optional<std::uint64_t> whole(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool runs(const std::string& state) {
  constexpr const char* running[] = {"RUNNING",   "COMPLETING", "CONFIGURING", "STAGE_OUT",
                                     "SIGNALING", "STOPPED",    "SUSPENDED",   "RESIZING"};
  return std::find(std::begin(running), std::end(running), state) != std::end(running);
}

/// Nothing for a line that is none of squeue's table.
std::optional<QueuedTask> read_task(const std::vector<std::string>& cells) {
  if (cells.size() < 4 || !whole(cells[1])) return std::nullopt;
  QueuedTask task;
  task.job = whole(cells[2]) ? fmt::format("{}_{}", cells[1], cells[2]) : cells[1];
  task.state = cells[3];
  task.runs = runs(task.state);
  task.detail = cells.size() > 4 ? cells[4] : "";
  return task;
}

}  // namespace

SlurmQueue parse_queue(const std::string& text, const Submission& submission) {
  SlurmQueue queue;
  queue.answer = SlurmQueue::Answer::given;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::vector<std::string> cells = cells_of(line);
    const std::optional<QueuedTask> task = read_task(cells);
    if (!task) continue;
    if (cells[0] == submission.merge_name()) {
      if (!queue.merge || task->runs) queue.merge = task;
      continue;
    }
    const std::optional<std::uint64_t> shard = whole(cells[2]);
    if (cells[0] != submission.name || !shard) continue;
    const auto [place, is_new] = queue.shards.emplace(*shard, *task);
    if (!is_new && task->runs) place->second = *task;
  }
  return queue;
}

SlurmQueue ask_queue(const Submission& submission) {
  SlurmQueue queue;
  if (listen("command -v squeue").code != 0) return queue;
  // -r: each task of an array that waits has a line of its own.
  const Spoken spoken =
      listen(shell_command({"timeout", "60", "squeue", "--noheader", "-r",
                            fmt::format("--name={},{}", submission.name, submission.merge_name()),
                            "--format=%j|%F|%K|%T|%R"}));
  if (spoken.code == 0) return parse_queue(spoken.text, submission);
  queue.answer = SlurmQueue::Answer::refused;
  queue.message = engine::one_line(spoken.text.substr(0, spoken.text.find('\n')));
  return queue;
}

int run_submit_script(const Submission& submission) {
  const std::string script = (submission.directory / "submit.sh").string();
  const int code = exit_code(std::system(shell_command({"bash", script}).c_str()));
  return code == no_such_command ? 1 : code;
}

}  // namespace flopsieve::jobs
