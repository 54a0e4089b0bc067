#pragma once

#include <chrono>
#include <cstdio>
#include <memory>
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

  /// Throws Error(bad_input) if the log file cannot be opened.
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

  bool quiet_;
  bool terminal_;
  bool line_open_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_ = start_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> log_;
};

/// Writes results to stdout. Throws Error(storage) if that cannot be written, as on a full disk.
void print_result(const std::string& text);

/// One line about a run: batches, candidates per second, acceptance, elapsed and remaining time.
std::string progress_line(const engine::Progress& progress, double seconds);

/// "47 s", "3 min 20 s", "2 h 05 min".
std::string duration(double seconds);

}  // namespace flopsieve::jobs
