#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/overview.hpp"

namespace flopsieve::jobs {

/// A run of a folder: finished, at work, or not ended.
struct ListedRun {
  std::string name;  ///< of its result file, there or not yet
  /// "finished", "running", "unmerged", "stopped", "failed", or "unfinished": parts without a word
  /// about who made them.
  std::string state;
  engine::Overview overview;  ///< of a run that is not finished: what its status says
};

/// A file that looks like a result or a status and is none that can be read.
struct LeftOut {
  std::string name;
  std::string reason;
};

struct RunList {
  std::vector<ListedRun> runs;  ///< by date, those without one first
  std::vector<LeftOut> left_out;
};

/// Lists the runs of one folder (not of folders in it), again and again: a result that has not
/// changed since the last look is not read again.
class RunLister {
 public:
  explicit RunLister(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Throws Error(bad_input) if there is no such folder. What is damaged or foreign stops nothing.
  RunList look();

 private:
  struct Known {
    std::filesystem::file_time_type written;
    std::uintmax_t size = 0;
    engine::Overview overview;
    std::string reason;  ///< why it cannot be read; empty if it can
  };
  const Known& read(const std::string& name);

  std::filesystem::path folder_;
  std::map<std::string, Known> known_;
};

/// The thresholds of a run that a table shows: 1e25 and 1e26 FLOP if it has both, otherwise its
/// first three.
std::vector<engine::KeyCount> shown_counts(const engine::Overview& overview);

std::string list_text(const RunList& list);
std::string list_csv(const RunList& list);
std::string list_json(const RunList& list);

/// One line about a run, for a table that grows.
std::string line_text(const ListedRun& run);
std::string line_json(const ListedRun& run);
std::string csv_heading();
std::string line_csv(const ListedRun& run);

}  // namespace flopsieve::jobs
