#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace flopsieve::engine {

/// Who spreads the work over threads. All give the same sequence of commits.
enum class Backend { tbb, openmp, serial };

/// "tbb", "openmp" or "serial".
std::string_view to_string(Backend backend);

/// The inverse of to_string(). Throws Error(bad_input) naming the allowed words.
Backend parse_backend(std::string_view name);

/// What a commit says about those after it.
enum class Commit { go_on, stop };

/// How many threads this process should use: the size of its affinity mask, or
/// SLURM_CPUS_PER_TASK where that is set and smaller (Slurm does not always bind tasks to their
/// processors). At least 1.
int default_threads();

/// The types of run_in_order() without the type of the result.
using ErasedResult = std::shared_ptr<void>;
using ErasedBody = std::function<ErasedResult(std::uint64_t position)>;
using ErasedCommit = std::function<Commit(std::uint64_t position, const ErasedResult& result)>;

/// The part that all back ends share: one pass over the positions, evaluated anywhere and in any
/// order, folded one after the other. Bodies and commits never throw through a back end.
class OrderedRun {
 public:
  /// What came of one position; empty if it was not evaluated because the run had ended.
  struct Outcome {
    ErasedResult result;
    std::exception_ptr failure;
  };

  OrderedRun(ErasedBody body, ErasedCommit commit);

  /// Any thread, any order.
  Outcome evaluate(std::uint64_t position) noexcept;

  /// One call at a time, positions ascending without gaps.
  void fold(std::uint64_t position, const Outcome& outcome) noexcept;

  /// Whether a commit said stop or something failed; positions not yet folded are then dropped.
  bool ended() const { return ended_.load(std::memory_order_acquire); }

  /// After the pass, on the calling thread: throws the failure that ended it, if one did.
  void rethrow() const;

 private:
  ErasedBody body_;
  ErasedCommit commit_;
  std::atomic<bool> ended_{false};
  std::exception_ptr failure_;
};

/// The back ends: evaluate and fold 0..count-1, at most 2 * threads outcomes alive at a time.
void run_with_tbb(OrderedRun& run, int threads, std::uint64_t count);
void run_with_openmp(OrderedRun& run, int threads, std::uint64_t count);
void run_serially(OrderedRun& run, std::uint64_t count);

/// run_in_order() for results of any type. `threads` >= 1; the serial back end ignores it.
void run_erased(Backend backend, int threads, std::uint64_t count, ErasedBody body,
                ErasedCommit commit);

/// Calls body(position) for the positions 0..count-1 in parallel and commit(position, result) for
/// each, one at a time in order of position, on whichever thread has the turn. At most
/// 2 * threads results exist at a time, so memory does not grow with `count`.
/// After a commit has returned Commit::stop there is no further commit; bodies already running are
/// waited for and their results dropped.
/// If bodies throw, the commits before the lowest such position are made and its exception is
/// rethrown; an exception of a commit ends the run likewise. Both act like a stop.
/// `Result` needs a move constructor only; `body` is called from several threads at once.
template <typename Result, typename Body, typename CommitFunction>
void run_in_order(Backend backend, int threads, std::uint64_t count, const Body& body,
                  CommitFunction&& commit) {
  run_erased(
      backend, threads, count,
      [&body](std::uint64_t position) -> ErasedResult {
        return std::make_shared<Result>(body(position));
      },
      [&commit](std::uint64_t position, const ErasedResult& result) -> Commit {
        return commit(position, std::move(*static_cast<Result*>(result.get())));
      });
}

}  // namespace flopsieve::engine
