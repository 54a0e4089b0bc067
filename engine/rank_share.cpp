#include "engine/rank_share.hpp"

#include <fmt/format.h>

#include <chrono>
#include <new>
#include <optional>
#include <utility>

#include "engine/error.hpp"
#include "engine/rank_messages.hpp"
#include "kernels/target.hpp"

namespace flopsieve::engine {
namespace {

constexpr auto look_interval = std::chrono::milliseconds(20);

}  // namespace

RankShares::RankShares(Ranks& ranks, const std::string& work, std::function<void()> stop)
    : ranks_(ranks),
      count_(ranks.self().count),
      run_(ranks.next_run()),
      stop_(std::move(stop)),
      progress_(static_cast<std::size_t>(count_)),
      left_(count_ - 1) {
  const ShareOrder order{work, kernels::active_target()};
  for (int rank = 1; rank < count_; ++rank) {
    ranks_.send(rank, pack({MessageKind::share, run_}, order));
  }
  thread_ = std::thread([this] { listen(); });
}

RankShares::~RankShares() {
  for (int rank = 1; rank < count_; ++rank) ranks_.send(rank, pack({MessageKind::halt, run_}));
  over_.store(true);
  thread_.join();
}

void RankShares::listen() {
  while (!over_.load()) {
    if (const std::optional<int> lost = ranks_.lost()) {
      fail(std::make_exception_ptr(Error(
          ExitCode::interrupted, fmt::format("rank {} of {} does not answer", *lost, count_))));
    }
    if (const auto incoming = ranks_.receive(look_interval)) take(*incoming);
  }
}

void RankShares::take(const Ranks::Incoming& incoming) {
  const MessageHead head = head_of(incoming.message);
  if (head.kind == MessageKind::signalled) stop_();
  if (head.run != run_) return;
  if (head.kind == MessageKind::progress) {
    const std::lock_guard<std::mutex> lock(mutex_);
    progress_[static_cast<std::size_t>(incoming.from)] = unpack_progress(incoming.message);
  }
  if (head.kind != MessageKind::shared) return;
  const BatchAnswer answer = unpack_answer(incoming.message);
  if (answer.out_of_memory) {
    fail(std::make_exception_ptr(std::bad_alloc()));
  } else if (answer.code != ExitCode::done) {
    fail(std::make_exception_ptr(Error(
        answer.code, fmt::format("rank {} of {}: {}", incoming.from, count_, answer.reason))));
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    --left_;
  }
  changed_.notify_one();
}

void RankShares::fail(std::exception_ptr failure) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (failure_) return;
    failure_ = std::move(failure);
  }
  changed_.notify_one();
  stop_();
}

Progress RankShares::progress() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  Progress sum;
  for (const Progress& each : progress_) add_counts(sum, each);
  return sum;
}

void RankShares::demand_none_failed() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
}

void RankShares::wait(const std::function<void()>& look) {
  while (true) {
    demand_none_failed();
    {
      std::unique_lock<std::mutex> lock(mutex_);
      if (left_ == 0) return;
      changed_.wait_for(lock, look_interval);
    }
    look();
  }
}

}  // namespace flopsieve::engine
