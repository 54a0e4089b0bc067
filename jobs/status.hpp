#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/runner.hpp"
#include "jobs/estimates_json.hpp"

/// What a run that is at work, or was stopped, tells whoever looks: a small JSON file beside its
/// output, replaced atomically (jobs/REPORTS.md describes every field). It decides nothing: a run
/// goes on without it.
namespace flopsieve::jobs {

enum class RunState {
  running,   ///< computes batches
  joining,   ///< joins its parts
  finished,  ///< of a shard: all its batches are sealed, a merge is due
  stopped,   ///< by a signal or a time limit; the same command resumes
  failed
};

/// Which process of which machine; process numbers come again, the pair with the start does not.
struct ProcessName {
  std::string host;
  std::int64_t pid = 0;
  std::uint64_t start = 0;  ///< clock ticks since the machine started; 0: not known
};
ProcessName this_process();

/// Whether the process lives; nothing if it is one of another machine.
std::optional<bool> is_alive(const ProcessName& process);

struct Status {
  RunState state = RunState::running;
  std::string message;  ///< of a failure, or why it stopped
  int exit_code = 0;    ///< where the run has ended
  std::string title;
  std::string identity;
  std::string resume;  ///< the command that resumes
  ProcessName process;
  std::string started;  ///< UTC, ISO 8601
  std::string updated;
  engine::Shard shard;
  engine::Progress progress;             ///< without the tally
  std::uint64_t trajectories_total = 0;  ///< of the whole job
  double elapsed_seconds = 0.0;          ///< of this process, from its first batch on
  std::optional<double> eta_seconds;     ///< what is left at this process's own pace
  bool may_stop_early = false;           ///< the job has a precision: the ETA is an upper end
  Json counts;                           ///< of the trajectories of this process: see REPORTS.md

  /// Of this process.
  double candidates_per_second() const;
};

std::string status_text(const Status& status);

/// Throws Error(storage) if the text is no status.
Status parse_status(const std::string& text, const std::string& name);

/// `OUT.h5.status.json`, or `OUT.h5.status-IofN.json` for a shard of several.
std::filesystem::path status_path(const std::filesystem::path& output, const engine::Shard& shard);

/// The status files of an output that are there, in order of their names.
std::vector<std::filesystem::path> status_paths(const std::filesystem::path& output);

/// Removes them; for a run or a merge whose result is in place. Failures are ignored.
void remove_status_files(const std::filesystem::path& output);

/// The same of the outputs to which folders of parts belong, too.
void remove_status_files(const std::filesystem::path& output,
                         const std::vector<std::filesystem::path>& folders);

/// The output to which a folder of parts belongs; empty if that is not to be told.
std::filesystem::path output_of_parts(const std::filesystem::path& folder);

/// Keeps the status of one run. Nothing is written before the first update(), which comes after the
/// run has got the lock of its output: another's status stays untouched. No call throws: what
/// cannot be written is one warning.
class StatusWriter {
 public:
  using Warn = std::function<void(const std::string&)>;

  /// `plan` must outlive the writer.
  StatusWriter(const std::filesystem::path& output, engine::Shard shard, const engine::Plan& plan,
               const std::string& identity, std::string resume, Warn warn);

  /// At most once a second, and so rarely that it takes less than 1 % of one thread; always after
  /// the last batch.
  void update(const engine::Progress& progress);

  /// The last word of a run that has not left a result. Ignored before the first update().
  void end(RunState state, const std::string& message, int exit_code);

 private:
  using Clock = std::chrono::steady_clock;
  void write();

  std::filesystem::path path_;
  const engine::Plan* plan_;
  Warn warn_;
  Status status_;
  std::optional<Clock::time_point> start_;  ///< of the first update
  Clock::time_point next_;
  bool warned_ = false;
};

}  // namespace flopsieve::jobs
