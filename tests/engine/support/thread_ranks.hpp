#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "engine/ranks.hpp"

/// Ranks that are threads of one process: what MPI promises, without it.
namespace flopsieve::engine::testing {

class PostOffice {
 public:
  explicit PostOffice(int count) : boxes_(static_cast<std::size_t>(count)) {}

  int count() const { return static_cast<int>(boxes_.size()); }

  void put(int to, Ranks::Incoming letter) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      boxes_.at(static_cast<std::size_t>(to)).push_back(std::move(letter));
    }
    changed_.notify_all();
  }

  std::optional<Ranks::Incoming> get(int rank, std::chrono::milliseconds wait) {
    auto& box = boxes_.at(static_cast<std::size_t>(rank));
    std::unique_lock<std::mutex> lock(mutex_);
    if (!changed_.wait_for(lock, wait, [&] { return !box.empty(); })) return std::nullopt;
    Ranks::Incoming letter = std::move(box.front());
    box.pop_front();
    return letter;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::deque<Ranks::Incoming>> boxes_;
};

class ThreadRank final : public Ranks {
 public:
  ThreadRank(PostOffice& post, int rank) : post_(post), rank_(rank) {}

  Launch self() const override { return {rank_, post_.count()}; }
  void send(int to, Message message) override { post_.put(to, {rank_, std::move(message)}); }
  std::optional<int> lost() const override {
    return alone ? std::optional<int>(1 - rank_) : std::nullopt;
  }
  void abort(int code) override { aborted_with = code; }

  std::atomic<bool> alone{false};  ///< the other one of two is lost
  int aborted_with = 0;

  std::optional<Incoming> receive(std::chrono::milliseconds wait) override {
    return post_.get(rank_, wait);
  }

 private:
  PostOffice& post_;
  int rank_;
};

}  // namespace flopsieve::engine::testing
