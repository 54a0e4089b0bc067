#pragma once

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "engine/runner.hpp"

namespace flopsieve::jobs {

/// Where messages and progress go: stderr, and a log file if one is named. Results go to stdout
/// and not through here.
class Console {
 public:
  struct Options {
    bool quiet = false;    ///< no progress, no notes; warnings and errors stay
    std::string log_file;  ///< gets a copy of everything, also of what `quiet` hides
  };

  /// Throws Error(bad_input) if the log file cannot be opened. If later it cannot be written, as on
  /// a full disk, that is one warning, and the log ends.
  explicit Console(const Options& options);

  void note(const std::string& message);
  void warn(const std::string& message);

  /// On a terminal one line that is drawn over, at most ten times a second; otherwise a line every
  /// 10 seconds.
  void progress(const engine::Progress& progress);

  /// Ends the line of progress() on a terminal.
  void end_progress();

 private:
  using Clock = std::chrono::steady_clock;
  void write_line(const std::string& line, bool shown);
  void log(const std::string& line);

  bool quiet_;
  bool terminal_;
  bool line_open_ = false;
  std::optional<Clock::time_point> start_;  ///< of the run's first progress()
  Clock::time_point last_;
  std::string log_name_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> log_;
};

/// Writes results to stdout. Throws Error(storage) if that cannot be written, as on a full disk.
void print_result(const std::string& text);

/// What is left of a run at the pace of this process, which has worked for `seconds`: batches that
/// were sealed by earlier starts say nothing of it. Nothing before its first batch, nor while parts
/// are joined. Batches hold equally many trajectories, so this allows for rejected candidates.
std::optional<double> seconds_left(const engine::Progress& progress, double seconds);

/// The share of batches that are sealed or committed.
double share_done(const engine::Progress& progress);

/// "[=====     ]" of a share.
std::string bar(double fraction);

/// One line about a run: batches, candidates per second, acceptance, elapsed and remaining time.
std::string progress_line(const engine::Progress& progress, double seconds);

/// "47 s", "3 min 20 s", "2 h 05 min".
std::string duration(double seconds);

}  // namespace flopsieve::jobs
