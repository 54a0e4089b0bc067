#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "engine/batch.hpp"
#include "engine/executor.hpp"
#include "engine/plan.hpp"
#include "engine/ranks.hpp"

/// The root's side of a run of several ranks.
namespace flopsieve::engine {

/// How ranks carry out a run.
struct RankOptions {
  Backend backend = Backend::tbb;
  int threads = 0;  ///< of each rank but the root; 0: those that it may use
  std::size_t tile = 4096;
  const std::atomic<bool>* stop = nullptr;  ///< of the root
  std::function<void()> on_signal;          ///< a rank was signalled: sets `stop`; any thread
};

/// The batches that other ranks compute of one pass: that at `position` of the list belongs to rank
/// position mod count. The ranks begin with the constructor, and are told to halt by the
/// destructor. All that they have sent and that nobody has taken is 256 MiB, and one batch of each
/// rank: who is too far ahead waits.
class RankRun {
 public:
  RankRun(Ranks& ranks, const Plan& plan, const std::vector<std::uint64_t>& batches,
          RankOptions options);
  ~RankRun();
  RankRun(const RankRun&) = delete;
  RankRun& operator=(const RankRun&) = delete;

  /// Waits for the batch at a position that is not the root's; of each rank they are taken in
  /// order. Empty if the run was stopped meanwhile. Throws what computing it has thrown: Error, or
  /// std::bad_alloc; Error(interrupted) if a rank is lost.
  std::optional<BatchResult> take(std::uint64_t position);

 private:
  void order_work(const Plan& plan, const std::vector<std::uint64_t>& batches);
  void listen();
  void demand_all_alive() const;
  bool stopped() const { return options_.stop != nullptr && options_.stop->load(); }

  Ranks& ranks_;
  const int count_;
  const std::uint64_t run_;
  RankOptions options_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<std::deque<Message>> answers_;  ///< [rank] in order; under mutex_
  std::atomic<bool> over_{false};
  std::thread thread_;  ///< last member: it uses the others
};

/// Sends all other ranks home, and waits until they are on their way. Where one is lost, ends all
/// processes with this exit code.
void dismiss(Ranks& ranks, int code);

}  // namespace flopsieve::engine
