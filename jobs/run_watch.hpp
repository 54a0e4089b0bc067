#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "jobs/status.hpp"

/// How the runs that write one output stand, told from their status files alone: neither the result
/// nor a part is opened, and no lock is taken.
namespace flopsieve::jobs {

/// What became of a run, or of all shards of one together.
enum class Standing {
  running,   ///< a process is at work, as far as can be told from here
  finished,  ///< the result is in place
  unmerged,  ///< all shards have done their batches
  stopped,   ///< by a signal, a time limit or a kill; resumable
  failed,
  nothing  ///< neither a result nor a run is known of
};

/// "running", "finished", ...
std::string standing_name(Standing standing);

/// One process and its status.
struct WatchedRun {
  Status status;
  bool works = false;   ///< it is not over; on another machine: nothing says that it is
  bool killed = false;  ///< it is dead and has not said why
  bool on_this_host = true;
  double seconds_silent = 0.0;  ///< since its last update
};

struct Watch {
  std::filesystem::path output;
  Standing standing = Standing::nothing;
  std::vector<WatchedRun> runs;  ///< in order of their shards

  /// Of all runs together.
  std::uint64_t batches() const;
  std::uint64_t batches_sealed_or_done() const;
  double candidates_per_second() const;       ///< of those at work
  std::optional<double> eta_seconds() const;  ///< of the last one at work; nothing if not known
  /// The shards of which nothing is known, if others of the run are.
  std::vector<engine::Shard> missing_shards() const;
};

/// Looks once. Throws Error(storage) for a status file that is none.
Watch watch(const std::filesystem::path& output);

std::string watch_text(const Watch& watch);
std::string watch_json(const Watch& watch);  ///< one line

}  // namespace flopsieve::jobs
