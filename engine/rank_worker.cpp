#include "engine/rank_worker.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <new>
#include <optional>
#include <thread>
#include <utility>

#include "engine/batch.hpp"
#include "engine/error.hpp"
#include "engine/executor.hpp"
#include "engine/plan.hpp"
#include "engine/rank_messages.hpp"
#include "kernels/target.hpp"

namespace flopsieve::engine {
namespace {

constexpr int root = 0;

/// What was thrown, if anything was.
template <class F>
std::optional<BatchAnswer> failure_of(const F& work) {
  BatchAnswer answer;
  try {
    work();
    return std::nullopt;
  } catch (const Error& error) {
    answer.code = error.code();
    answer.reason = error.what();
  } catch (const std::bad_alloc&) {
    answer.code = ExitCode::storage;
    answer.out_of_memory = true;
  } catch (const std::exception& error) {
    answer.code = ExitCode::bug;
    answer.reason = error.what();
  }
  return answer;
}

/// Where the processor lacks it, another gives the same bits.
void take_target(kernels::Target target) {
  if (kernels::active_target() != target) kernels::force_target(target);
}

/// A ShareOrder at work, in a thread of its own. Its destructor stops it, and waits for what it
/// seals.
class OwnShare {
 public:
  OwnShare(Ranks& ranks, std::uint64_t run, ShareOrder order, const RankWork& work)
      : thread_([this, &ranks, run, order = std::move(order), &work] {
          const auto failure = failure_of([&] { compute(ranks, run, order, work); });
          ranks.send(root, pack({MessageKind::shared, run}, failure.value_or(BatchAnswer())));
        }) {}
  ~OwnShare() {
    stop_.store(true);
    thread_.join();
  }
  OwnShare(const OwnShare&) = delete;
  OwnShare& operator=(const OwnShare&) = delete;

 private:
  void compute(Ranks& ranks, std::uint64_t run, const ShareOrder& order, const RankWork& work) {
    take_target(order.target);
    const Launch self = ranks.self();
    const Shard shard{static_cast<std::uint64_t>(self.rank),
                      static_cast<std::uint64_t>(self.count)};
    std::optional<Clock::time_point> told;
    work(order.work, shard, stop_, [&](const Progress& progress) {
      constexpr auto interval = std::chrono::milliseconds(500);
      if (told && !progress.ended && Clock::now() - *told < interval) return;
      told = Clock::now();
      ranks.send(root, pack({MessageKind::progress, run}, progress));
    });
  }

  using Clock = std::chrono::steady_clock;

  std::atomic<bool> stop_{false};
  std::thread thread_;  ///< last member: it uses the others
};

/// A WorkOrder at work, in a thread of its own. Its destructor abandons it.
class Share {
 public:
  Share(Ranks& ranks, std::uint64_t run, WorkOrder order)
      : ranks_(ranks),
        run_(run),
        order_(std::move(order)),
        threads_(order_.threads > 0 ? order_.threads : default_threads()),
        thread_([this] { work(); }) {}
  ~Share() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      abandoned_.store(true);
    }
    changed_.notify_all();
    thread_.join();
  }
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;

  std::uint64_t run() const { return run_; }

  void taken(std::uint64_t bytes) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      waiting_bytes_ -= bytes;
      --waiting_batches_;
    }
    changed_.notify_all();
  }

 private:
  void work() {
    const std::optional<BatchAnswer> failure = failure_of([this] { compute(); });
    if (failure) ranks_.send(root, pack({MessageKind::batch, run_}, *failure));
  }

  void compute() {
    const Plan plan = plan_from_json(order_.plan);
    take_target(order_.target);
    run_in_order<std::optional<BatchResult>>(
        order_.backend, threads_, order_.batches.size(),
        [&](std::uint64_t position) {
          return run_batch(plan, order_.batches[position], {order_.tile, &abandoned_});
        },
        [&](std::uint64_t, std::optional<BatchResult> result) {
          return result ? hand_over(std::move(*result)) : Commit::stop;
        });
  }

  bool may_send() const {
    // Some for small batches, which come fast. What waits is lost with a kill.
    const int most_batches = std::max(16, 2 * threads_);
    return waiting_bytes_ < order_.most_bytes && waiting_batches_ < most_batches;
  }

  Commit hand_over(BatchResult result) {
    BatchAnswer answer;
    answer.result = std::move(result);
    Message message = pack({MessageKind::batch, run_}, answer);
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return may_send() || abandoned_.load(); });
      if (abandoned_.load()) return Commit::stop;
      waiting_bytes_ += message.size();
      ++waiting_batches_;
    }
    ranks_.send(root, std::move(message));
    return Commit::go_on;
  }

  Ranks& ranks_;
  const std::uint64_t run_;
  const WorkOrder order_;
  const int threads_;
  std::atomic<bool> abandoned_{false};
  std::mutex mutex_;
  std::condition_variable changed_;  ///< what waits, or abandoned_
  std::uint64_t waiting_bytes_ = 0;  ///< sent, and not yet taken; under mutex_
  int waiting_batches_ = 0;          ///< the same
  std::thread thread_;               ///< last member: it uses the others
};

}  // namespace

void serve_root(Ranks& ranks, const std::atomic<bool>& signalled, const RankWork& work) {
  std::optional<Share> share;
  std::optional<OwnShare> own_share;
  bool told = false;
  while (true) {
    if (signalled.load() && !told) {
      ranks.send(root, pack({MessageKind::signalled, 0}));
      told = true;
    }
    if (ranks.lost()) return ranks.abort(static_cast<int>(ExitCode::interrupted));
    const auto incoming = ranks.receive(std::chrono::milliseconds(20));
    if (!incoming) continue;
    const MessageHead head = head_of(incoming->message);
    if (head.kind == MessageKind::share) {
      own_share.reset();
      own_share.emplace(ranks, head.run, unpack_share(incoming->message), work);
    } else if (head.kind == MessageKind::work) {
      share.reset();
      share.emplace(ranks, head.run, unpack_order(incoming->message));
    } else if (head.kind == MessageKind::taken) {
      if (share && share->run() == head.run) share->taken(unpack_bytes(incoming->message));
    } else {
      share.reset();
      own_share.reset();
      if (head.kind != MessageKind::end) continue;
      ranks.send(root, pack({MessageKind::bye, 0}));
      return;
    }
  }
}

}  // namespace flopsieve::engine
