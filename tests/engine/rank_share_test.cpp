#include "engine/rank_share.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <new>
#include <stdexcept>
#include <thread>
#include <vector>

#include "engine/error.hpp"
#include "engine/rank_messages.hpp"
#include "engine/rank_run.hpp"
#include "engine/rank_worker.hpp"
#include "tests/engine/support/folder.hpp"
#include "tests/engine/support/thread_ranks.hpp"

namespace flopsieve::engine {
namespace {

using Catch::Contains;
using std::chrono::milliseconds;
using testing::error_of;
using testing::PostOffice;
using testing::ThreadRank;
using Tell = std::function<void(const Progress&)>;

/// A root with ranks around it that all do this.
class Team {
 public:
  Team(int count, const RankWork& work) : post_(count), root_(post_, 0) {
    for (int rank = 1; rank < count; ++rank) {
      threads_.emplace_back([this, rank, work] {
        ThreadRank self(post_, rank);
        serve_root(self, signalled, work);
      });
    }
  }
  ~Team() {
    dismiss(root_, 0);
    for (std::thread& thread : threads_) thread.join();
  }
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  ThreadRank& root() { return root_; }

  std::atomic<bool> signalled{false};  ///< of the other ranks

 private:
  PostOffice post_;
  ThreadRank root_;
  std::vector<std::thread> threads_;
};

void wait_for_stop(const std::atomic<bool>& stop) {
  while (!stop.load()) std::this_thread::sleep_for(milliseconds(1));
}

Progress progress_of(std::uint64_t n) {
  Progress progress;
  progress.batches_total = n;
  progress.batches_sealed = 2 * n;
  progress.batches_done = 3 * n;
  progress.variants_total = 4 * n;
  progress.variants_done = 5 * n;
  progress.trajectories = 6 * n;
  progress.complete = 7 * n;
  progress.candidates = 8 * n;
  progress.survivors = 9 * n;
  progress.ended = true;
  return progress;
}

}  // namespace

TEST_CASE("each rank but the root does its share of the work, and tells how far it is") {
  std::vector<std::string> done(4);
  Team team(4, [&](const std::string& work, Shard shard, const std::atomic<bool>& stop,
                   const Tell& tell) {
    CHECK(shard.count == 4);
    CHECK_FALSE(stop.load());
    tell(progress_of(shard.index));
    done.at(shard.index) = work;
  });
  RankShares shares(team.root(), "dig", [] { FAIL("nobody is to stop"); });
  shares.wait([] {});
  CHECK(done == std::vector<std::string>{"", "dig", "dig", "dig"});
  const Progress sum = shares.progress();
  const Progress expected = progress_of(1 + 2 + 3);
  CHECK(sum.batches_total == expected.batches_total);
  CHECK(sum.batches_sealed == expected.batches_sealed);
  CHECK(sum.batches_done == expected.batches_done);
  CHECK(sum.variants_total == expected.variants_total);
  CHECK(sum.variants_done == expected.variants_done);
  CHECK(sum.trajectories == expected.trajectories);
  CHECK(sum.complete == expected.complete);
  CHECK(sum.candidates == expected.candidates);
  CHECK(sum.survivors == expected.survivors);
}

TEST_CASE("a rank that fails stops the root, and the others when the root lets go") {
  std::atomic<int> stopped{0};
  const std::string how = GENERATE("error", "memory", "exception");
  Team team(3, [&](const std::string&, Shard shard, const std::atomic<bool>& stop, const Tell&) {
    if (shard.index != 2) {
      wait_for_stop(stop);
      ++stopped;
    } else if (how == "error") {
      throw Error(ExitCode::storage, "the disk is full");
    } else if (how == "memory") {
      throw std::bad_alloc();
    } else {
      throw std::runtime_error("no such thing");
    }
  });
  std::atomic<bool> told{false};
  {
    RankShares shares(team.root(), "dig", [&] { told = true; });
    if (how == "memory") {
      CHECK_THROWS_AS(shares.wait([] {}), std::bad_alloc);
      CHECK_THROWS_AS(shares.demand_none_failed(), std::bad_alloc);
    } else {
      const Error error = error_of([&] { shares.wait([] {}); });
      CHECK(error.code() == (how == "error" ? ExitCode::storage : ExitCode::bug));
      CHECK_THAT(error.what(), Contains("rank 2 of 3: "));
      CHECK_THAT(error.what(), Contains(how == "error" ? "the disk is full" : "no such thing"));
    }
    while (!told) std::this_thread::sleep_for(milliseconds(1));
    CHECK(stopped == 0);
  }
  while (stopped == 0) std::this_thread::sleep_for(milliseconds(1));
}

TEST_CASE("a signal to any rank stops the root, which decides when to let go") {
  Team team(2, [](const std::string&, Shard, const std::atomic<bool>& stop, const Tell&) {
    wait_for_stop(stop);
  });
  std::atomic<bool> told{false};
  RankShares shares(team.root(), "dig", [&] { told = true; });
  team.signalled = true;
  const auto look = [&] {
    if (told) throw std::runtime_error("told");
  };
  CHECK_THROWS_WITH(shares.wait(look), "told");
  CHECK_NOTHROW(shares.demand_none_failed());
}

TEST_CASE("a rank that is lost is not waited for") {
  PostOffice post(2);
  ThreadRank root(post, 0);
  root.alone = true;
  std::atomic<bool> told{false};
  RankShares shares(root, "dig", [&] { told = true; });
  const Error error = error_of([&] { shares.wait([] {}); });
  CHECK(error.code() == ExitCode::interrupted);
  CHECK_THAT(error.what(), Contains("rank 1 of 2 does not answer"));
  while (!told) std::this_thread::sleep_for(milliseconds(1));
}

TEST_CASE("answers to work that was given up are passed over") {
  PostOffice post(2);
  ThreadRank root(post, 0);
  RankShares shares(root, "dig", [] { FAIL("nobody is to stop"); });
  ThreadRank other(post, 1);
  const auto incoming = other.receive(milliseconds(10'000));
  REQUIRE(incoming);
  const MessageHead head = head_of(incoming->message);
  CHECK(head.kind == MessageKind::share);
  CHECK(unpack_share(incoming->message).work == "dig");
  BatchAnswer failure;
  failure.code = ExitCode::bug;
  other.send(0, pack({MessageKind::shared, head.run - 1}, failure));
  other.send(0, pack({MessageKind::shared, head.run}, BatchAnswer()));
  CHECK_NOTHROW(shares.wait([] {}));
}

}  // namespace flopsieve::engine
