#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/ranks.hpp"
#include "engine/runner.hpp"

/// The root's side of work of which every rank does a share by itself: ranks write parts of their
/// own, and so have to see the root's files.
namespace flopsieve::engine {

/// What a rank does of some work, until `stop`. What it throws is told to the root.
using RankWork =
    std::function<void(const std::string& work, Shard shard, const std::atomic<bool>& stop,
                       const std::function<void(const Progress&)>& tell)>;

/// Shares 1, 2, ... of as many as there are ranks; 0 is the root's own. They begin with the
/// constructor, and are told to stop by the destructor.
class RankShares {
 public:
  /// `stop` is called, by any thread, once a rank was signalled, has failed or is lost: the root
  /// should end its own share, and then call wait().
  RankShares(Ranks& ranks, const std::string& work, std::function<void()> stop);
  ~RankShares();
  RankShares(const RankShares&) = delete;
  RankShares& operator=(const RankShares&) = delete;

  /// How far all shares but the root's have come, as far as they have told.
  Progress progress() const;

  /// Waits until all are done, and calls `look` from time to time: it may throw. Throws what a rank
  /// has thrown, with its number; Error(interrupted) if a rank is lost.
  void wait(const std::function<void()>& look);

  /// The same without waiting.
  void demand_none_failed() const;

 private:
  void listen();
  void take(const Ranks::Incoming& incoming);
  void fail(std::exception_ptr failure);

  Ranks& ranks_;
  const int count_;
  const std::uint64_t run_;
  std::function<void()> stop_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Progress> progress_;  ///< [rank]; under mutex_, as are the next two
  int left_;                        ///< how many are not done
  std::exception_ptr failure_;      ///< the first
  std::atomic<bool> over_{false};
  std::thread thread_;  ///< last member: it uses the others
};

}  // namespace flopsieve::engine
