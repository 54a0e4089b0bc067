#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "engine/executor.hpp"
#include "engine/files.hpp"
#include "engine/parts.hpp"
#include "engine/study.hpp"
#include "engine/tally.hpp"

namespace flopsieve::engine {

/// Where a run stands, after each commit.
struct Progress {
  std::uint64_t batches_total = 0;   ///< of this shard
  std::uint64_t batches_sealed = 0;  ///< found from earlier starts
  std::uint64_t batches_done = 0;    ///< committed by this process
  std::uint64_t trajectories = 0;    ///< by this process
  std::uint64_t complete = 0;
  std::uint64_t candidates = 0;
  std::uint64_t survivors = 0;
};

/// How a run is carried out. None of it changes a byte of a dataset.
struct RunOptions {
  std::filesystem::path output;  ///< the result file; parts stand in `output`.parts
  Backend backend = Backend::tbb;
  int threads = 1;
  Shard shard;
  std::size_t tile = 4096;                  ///< candidates judged at a time
  const std::atomic<bool>* stop = nullptr;  ///< set from outside: end at the next tile
  std::function<void(const Progress&)> on_progress;
  std::function<void(const std::string&)> warn;
  std::function<void(std::uint64_t batch)> before_batch;  ///< for tests: delays, failures
};

/// The folder of a run's parts.
std::filesystem::path parts_folder(const std::filesystem::path& output);

/// The lock that stands for the right to write an output, its parts included. Throws
/// Error(bad_input) while another process holds it.
FileLock lock_output(const std::filesystem::path& output, LockKind kind);

/// Computes the batches that are not yet sealed, in parallel, commits them in order, and joins all
/// parts into the result file (a shard of several leaves its parts for a merge). Returns the tally
/// of the whole run, or of this process for a shard.
///
/// With Plan::precision the run ends after the first batch, in order, with which the counts are
/// precise enough (is_precise() in summary.hpp); a shard of several runs to its end. Since batches
/// are judged in order, parts behind a gap are then removed and their batches computed again.
///
/// Throws Error: interrupted after a stop, with everything committed sealed; budget at the first
/// batches, in order, of which more than half of at least 16 trajectories were exhausted (not for
/// attempts = 1, where that is plain rejection; batches that were sealed by an earlier start are
/// not looked at); storage; bad_input for parts of another study, for an output that exists, or
/// while another process holds it. A failed batch is named in the message.
Tally run_study(const Study& study, const RunOptions& options);

}  // namespace flopsieve::engine
