#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "engine/executor.hpp"
#include "engine/files.hpp"
#include "engine/known_survivors.hpp"
#include "engine/parts.hpp"
#include "engine/ranks.hpp"
#include "engine/result_file.hpp"
#include "engine/study.hpp"
#include "engine/tally.hpp"

namespace flopsieve::engine {

/// Where a run stands: before its first batch, after each commit, after the last one, however the
/// run ends, and before its parts are joined.
struct Progress {
  std::uint64_t batches_total = 0;   ///< of this shard
  std::uint64_t batches_sealed = 0;  ///< found from earlier starts
  std::uint64_t batches_done = 0;    ///< committed by this process
  std::uint64_t variants_total = 0;  ///< of a sweep; 0 for a run
  std::uint64_t variants_done = 0;   ///< of these, finished by this process or found so
  std::uint64_t trajectories = 0;    ///< by this process
  std::uint64_t complete = 0;
  std::uint64_t candidates = 0;
  std::uint64_t survivors = 0;
  bool ended = false;    ///< this process computes no more batches
  bool joining = false;  ///< all batches are sealed, their parts are being joined
  /// Of this process; only for as long as the call lasts. None of a sweep.
  const Tally* tally = nullptr;
};

/// Adds the counts of another process.
void add_counts(Progress& sum, const Progress& progress);

/// How a run is carried out. None of it changes a byte of a dataset.
struct RunOptions {
  std::filesystem::path output;  ///< the result file; parts stand in `output`.parts
  Backend backend = Backend::tbb;
  int threads = 1;
  Ranks* ranks = nullptr;  ///< who computes too, if this is the root; not with `known`
  int rank_threads = 0;    ///< threads of each rank but the root; 0: those that it may use
  Shard shard;
  bool compact = true;  ///< false: leave the parts, write no result file
  /// Waiting batches are sealed at this interval: what a kill may cost. It decides which batches
  /// share a part, never what they hold.
  std::chrono::duration<double> seal_interval = std::chrono::seconds(2);
  std::size_t tile = 4096;                           ///< candidates judged at a time
  const std::atomic<bool>* stop = nullptr;           ///< set from outside: end at the next tile
  std::function<void()> on_rank_signal;              ///< another rank was signalled: sets `stop`
  std::function<void(const Progress&)> on_progress;  ///< one call at a time, from any thread
  std::function<void(const std::string&)> warn;
  std::shared_ptr<const KnownSurvivors> known;            ///< BatchOptions::known
  std::function<void(std::uint64_t batch)> before_batch;  ///< for tests: delays, failures
};

/// The folder of a run's parts.
std::filesystem::path parts_folder(const std::filesystem::path& output);

/// The lock that stands for the right to write an output, its parts included. Throws
/// Error(bad_input) while another process holds it.
FileLock lock_output(const std::filesystem::path& output, LockKind kind);

/// Computes the batches that are not yet sealed, in parallel, commits them in order, and joins all
/// parts into the result file, unless `compact` says not to. A shard of several computes its own
/// batches and leaves its parts for a merge (merge.hpp). Returns the tally of the whole run, or of
/// what this process computed for a shard.
///
/// Where `output` is a finished run of the same study with fewer trajectories, that is extended:
/// its whole batches are taken over, and the old file stays until the new one is renamed over it.
///
/// With Plan::precision the run ends after the first batch, in order, with which the counts are
/// precise enough (is_precise() in summary.hpp), and what was computed beyond is dropped; a shard
/// of several runs to its end.
///
/// Of the batches that are to be computed every n-th is this process's, where there are n ranks;
/// the others send theirs here, to be committed in the same order.
///
/// Throws Error: interrupted after a stop, with everything committed sealed; budget at the first
/// batches, in order, of which more than half of at least 16 trajectories were exhausted (not for
/// attempts = 1, where that is plain rejection; batches that were sealed by an earlier start are
/// not looked at); storage; bad_input for parts that are all of another study or of a longer run,
/// for an output that exists and is no shorter run, or while another process holds it. A failed
/// batch is named in the message. std::bad_alloc passes, with everything committed sealed. After a
/// failure that leaves no part of it, the lock is removed too.
Tally run_study(const Study& study, const RunOptions& options);

/// Removes the parts of a finished run that was killed after its result file was in place. Those of
/// another study are set aside and reported. Throws as list_parts() and lock_output() do.
void remove_leftovers(const std::filesystem::path& output, const Results& results,
                      const std::function<void(const std::string&)>& warn);

}  // namespace flopsieve::engine
