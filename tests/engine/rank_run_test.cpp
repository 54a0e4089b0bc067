// Runs of several ranks, which here are threads: the same bytes as of one process, whatever ends
// them, and messages that arrive as they were sent.

#include "engine/rank_run.hpp"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cmath>
#include <new>
#include <numeric>
#include <thread>

#include "engine/error.hpp"
#include "engine/rank_messages.hpp"
#include "engine/rank_worker.hpp"
#include "engine/result_file.hpp"
#include "engine/runner.hpp"
#include "tests/engine/support/folder.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/engine/support/stored_runs.hpp"
#include "tests/engine/support/thread_ranks.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using testing::error_of;
using testing::fingerprint;
using testing::PostOffice;
using testing::ScratchFolder;
using testing::study_of;
using testing::ThreadRank;
using testing::undisturbed;
using testing::uneven_plan;

void no_share(const std::string& /*work*/, Shard /*shard*/, const std::atomic<bool>& /*stop*/,
              const std::function<void(const Progress&)>& /*tell*/) {
  throw Error(ExitCode::bug, "a run is not shared out so");
}

/// A root with serving ranks around it.
class Team {
 public:
  explicit Team(int count) : post_(count), root_(post_, 0) {
    for (int rank = 1; rank < count; ++rank) {
      threads_.emplace_back([this, rank] {
        ThreadRank self(post_, rank);
        serve_root(self, signalled, no_share);
      });
    }
  }
  ~Team() {
    dismiss(root_, 0);
    for (std::thread& thread : threads_) thread.join();
  }
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  Ranks& root() { return root_; }

  std::atomic<bool> signalled{false};  ///< of the other ranks

 private:
  PostOffice post_;
  ThreadRank root_;
  std::vector<std::thread> threads_;
};

RunOptions options_with(Ranks& root, const fs::path& output) {
  RunOptions options;
  options.output = output;
  options.ranks = &root;
  options.rank_threads = 1;
  options.backend = Backend::openmp;  // TBB knows the threads of the whole process only
  return options;
}

/// The second of two ranks: gives the first batches it is told to compute as they should be, and
/// this answer for the next one.
class FailingRank {
 public:
  FailingRank(PostOffice& post, std::size_t good, BatchAnswer failure)
      : rank_(post, 1), thread_([this, good, failure] { work(good, failure); }) {}
  ~FailingRank() { thread_.join(); }

 private:
  void work(std::size_t good, const BatchAnswer& failure) {
    while (true) {
      const auto incoming = rank_.receive(milliseconds(10'000));
      if (!incoming) return;
      const MessageHead head = head_of(incoming->message);
      if (head.kind == MessageKind::end) return rank_.send(0, pack({MessageKind::bye, 0}));
      if (head.kind != MessageKind::work) continue;
      const WorkOrder order = unpack_order(incoming->message);
      const Plan plan = plan_from_json(order.plan);
      for (std::size_t i = 0; i < good; ++i) {
        BatchAnswer answer;
        answer.result = run_batch(plan, order.batches.at(i));
        rank_.send(0, pack({MessageKind::batch, head.run}, answer));
      }
      rank_.send(0, pack({MessageKind::batch, head.run}, failure));
    }
  }

  ThreadRank rank_;
  std::thread thread_;
};

/// What is sealed in the parts of an output.
std::vector<std::uint64_t> sealed_batches(const fs::path& output) {
  std::vector<std::uint64_t> batches;
  const PartSurvey survey = survey_parts(parts_folder(output));
  for (const auto& part : survey.parts) {
    for (std::size_t i = 0; i < part.batches.count; ++i) batches.push_back(part.batches.at(i));
  }
  std::sort(batches.begin(), batches.end());
  return batches;
}

void demand_equal(const YearTally& a, const YearTally& b) {
  CHECK(a.candidates == b.candidates);
  CHECK(a.survivors == b.survivors);
  CHECK(a.first_trials == b.first_trials);
  CHECK(a.first_passes == b.first_passes);
  CHECK(a.exhausted == b.exhausted);
  CHECK(a.audited == b.audited);
  CHECK(a.audited_survivors == b.audited_survivors);
  CHECK(a.killed == b.killed);
  CHECK(a.without == b.without);
  CHECK(a.joint == b.joint);
  CHECK(a.split.populations == b.split.populations);
  CHECK(a.split.levels == b.split.levels);
  CHECK(a.split.moved_levels == b.split.moved_levels);
  CHECK(a.split.pairs == b.split.pairs);
  CHECK(a.split.disagreeing == b.split.disagreeing);
  CHECK(a.split.probability == b.split.probability);
  CHECK(a.split.square_probability == b.split.square_probability);
  CHECK(a.split.variance == b.split.variance);
  CHECK(a.split.acceptance == b.split.acceptance);
  CHECK(a.tilt.total == b.tilt.total);
  CHECK(a.tilt.square_total == b.tilt.square_total);
  CHECK(a.tilt.passes == b.tilt.passes);
  CHECK(a.tilt.square_passes == b.tilt.square_passes);
}

}  // namespace

TEST_CASE("a batch arrives with every member as it was sent") {
  BatchResult sent;
  sent.batch = 1;
  sent.tally.trajectories = 2;
  sent.tally.complete = 3;
  sent.tally.years = {
      {4, 5, 6, 7, 8, 9, 10, {11}, {12, 13}, {14}, {15, 16, 17, 18, 19, .1, .2, .3, .4}, {}}, {}};
  sent.tally.years[1].tilt = {.5, .6, .7, .8};
  sent.tally.counts = {{20}, {}, {21, 22}};
  sent.tally.cumulative = {{23}};
  sent.tally.frontier_before = {{24}};
  sent.tally.frontier_including = {{25}};
  sent.tally.statistics = {{26}};
  sent.tally.sums = {.9};
  sent.tally.square_sums = {1.1, -0.0};
  sent.columns = {{27}, {28}, {29}, {1.2}, {30}, {1.3}, {1.4}, {1.5F, 1.6F}};
  BatchAnswer answer;
  answer.result = sent;
  const Message message = pack({MessageKind::batch, 7}, answer);
  CHECK(head_of(message).kind == MessageKind::batch);
  CHECK(head_of(message).run == 7);
  const BatchAnswer got = unpack_answer(message);
  REQUIRE(got.result);
  const auto& [batch, tally, columns] = *got.result;
  CHECK(batch == 1);
  CHECK(tally.trajectories == 2);
  CHECK(tally.complete == 3);
  REQUIRE(tally.years.size() == 2);
  for (std::size_t year = 0; year < 2; ++year)
    demand_equal(tally.years[year], sent.tally.years[year]);
  CHECK(tally.counts == sent.tally.counts);
  CHECK(tally.cumulative == sent.tally.cumulative);
  CHECK(tally.frontier_before == sent.tally.frontier_before);
  CHECK(tally.frontier_including == sent.tally.frontier_including);
  CHECK(tally.statistics == sent.tally.statistics);
  CHECK(tally.sums == sent.tally.sums);
  CHECK(std::signbit(tally.square_sums.at(1)));
  CHECK(tally.square_sums == sent.tally.square_sums);
  CHECK(columns.trajectory == sent.columns.trajectory);
  CHECK(columns.attempt == sent.columns.attempt);
  CHECK(columns.counts == sent.columns.counts);
  CHECK(columns.statistics == sent.columns.statistics);
  CHECK(columns.row_size == sent.columns.row_size);
  CHECK(columns.location == sent.columns.location);
  CHECK(columns.scale == sent.columns.scale);
  CHECK(columns.z == sent.columns.z);
}

TEST_CASE("an order arrives as it was sent, and a message that is cut is refused") {
  const WorkOrder order{"a plan", {3, 5, 8}, Backend::openmp, 4, 64, kernels::Target::avx2, 99};
  const Message message = pack({MessageKind::work, 2}, order);
  const WorkOrder got = unpack_order(message);
  CHECK(got.plan == order.plan);
  CHECK(got.batches == order.batches);
  CHECK(got.backend == order.backend);
  CHECK(got.threads == order.threads);
  CHECK(got.tile == order.tile);
  CHECK(got.target == order.target);
  CHECK(got.most_bytes == order.most_bytes);
  for (std::size_t length = 0; length < message.size(); ++length) {
    const Message cut(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(length));
    REQUIRE(error_of([&] { unpack_order(cut); }).code() == ExitCode::bug);
  }
  Message longer = message;
  longer.push_back({});
  CHECK(error_of([&] { unpack_order(longer); }).code() == ExitCode::bug);
}

TEST_CASE("any number of ranks gives the bytes of one process") {
  for (const Keep keep : {Keep::samples, Keep::summary}) {
    const Plan plan = uneven_plan(keep);
    const auto expected = undisturbed(plan);
    for (const int count : {2, 3, 5}) {
      Team team(count);
      const ScratchFolder folder;
      RunOptions options = options_with(team.root(), folder / "run.h5");
      options.threads = count - 1;
      std::atomic<std::uint64_t> own{0};
      options.before_batch = [&](std::uint64_t) { ++own; };
      run_study(study_of(plan), options);
      CAPTURE(count);
      CHECK(fingerprint(options.output) == expected);
      const auto ranks = static_cast<std::uint64_t>(count);
      CHECK(own == (plan.batch_count() + ranks - 1) / ranks);
    }
  }
}

TEST_CASE("ranks without a batch of their own wait for the next run") {
  Plan plan = uneven_plan(Keep::index);
  plan.trajectories = 2 * plan.batch_trajectories;
  Team team(5);
  for (const std::uint64_t seed : {3U, 4U}) {
    plan.seed = seed;
    const ScratchFolder folder;
    run_study(study_of(plan), options_with(team.root(), folder / "run.h5"));
    CHECK(fingerprint(folder / "run.h5") == undisturbed(plan));
  }
}

TEST_CASE("a precision is met after the same batch, with any number of ranks") {
  const Plan plan = testing::precise_plan(1.0);
  const auto expected = undisturbed(plan);
  for (const int count : {2, 3}) {
    Team team(count);
    const ScratchFolder folder;
    const Tally tally = run_study(study_of(plan), options_with(team.root(), folder / "run.h5"));
    CHECK(tally.trajectories < plan.trajectories);
    CHECK(fingerprint(folder / "run.h5") == expected);
  }
}

TEST_CASE("a signal at another rank stops all, and any number of processes resumes") {
  const Plan plan = uneven_plan(Keep::samples);
  const ScratchFolder folder;
  const fs::path output = folder / "run.h5";
  {
    Team team(3);
    std::atomic<bool> stop{false};
    RunOptions options = options_with(team.root(), output);
    options.stop = &stop;
    options.on_rank_signal = [&] { stop = true; };
    options.on_progress = [&](const Progress& progress) {
      if (progress.batches_done == 10) team.signalled = true;
      while (team.signalled && !stop) std::this_thread::sleep_for(milliseconds(1));
    };
    CHECK(error_of([&] { run_study(study_of(plan), options); }).code() == ExitCode::interrupted);
  }
  CHECK(sealed_batches(output).size() == 10);
  SECTION("two ranks") {
    Team team(2);
    run_study(study_of(plan), options_with(team.root(), output));
  }
  SECTION("one process") {
    run_study(study_of(plan), testing::serial_to(output));
  }
  CHECK(fingerprint(output) == undisturbed(plan));
}

TEST_CASE("what fails at another rank ends the run like a failure here") {
  const Plan plan = uneven_plan(Keep::index);
  PostOffice post(2);
  ThreadRank root(post, 0);
  const ScratchFolder folder;
  const RunOptions options = options_with(root, folder / "run.h5");
  BatchAnswer failure;
  SECTION("an error") {
    failure.code = ExitCode::budget;
    failure.reason = "the reason";
    const FailingRank rank(post, 4, failure);
    const Error error = error_of([&] { run_study(study_of(plan), options); });
    CHECK(error.code() == ExitCode::budget);
    CHECK_THAT(error.what(), Catch::StartsWith("batch 9: the reason (flopsieve replay "));
    dismiss(root, 0);
  }
  SECTION("no memory") {
    failure.out_of_memory = true;
    const FailingRank rank(post, 4, failure);
    CHECK_THROWS_AS(run_study(study_of(plan), options), std::bad_alloc);
    dismiss(root, 0);
  }
  std::vector<std::uint64_t> before(9);
  std::iota(before.begin(), before.end(), 0);
  CHECK(sealed_batches(options.output) == before);
}

TEST_CASE("a rank that is lost stops the run, with what came before it sealed") {
  const Plan plan = uneven_plan(Keep::index);
  PostOffice post(2);
  ThreadRank root(post, 0);
  const ScratchFolder folder;
  root.alone = true;
  const Error error =
      error_of([&] { run_study(study_of(plan), options_with(root, folder / "run.h5")); });
  CHECK(error.code() == ExitCode::interrupted);
  CHECK(std::string(error.what()) == "rank 1 of 2 does not answer");
  CHECK(sealed_batches(folder / "run.h5") == std::vector<std::uint64_t>{0});
  dismiss(root, 75);
  CHECK(root.aborted_with == 75);
  ThreadRank other(post, 1);
  other.alone = true;
  serve_root(other, root.alone, no_share);
  CHECK(other.aborted_with == 75);
}

TEST_CASE("a plan that another rank cannot read is an error, not a silence") {
  PostOffice post(2);
  ThreadRank root(post, 0);
  const std::atomic<bool> signalled{false};
  std::thread thread([&] {
    ThreadRank self(post, 1);
    serve_root(self, signalled, no_share);
  });
  root.send(1, pack({MessageKind::work, 1}, WorkOrder{"{}", {0}}));
  const auto incoming = root.receive(milliseconds(10'000));
  REQUIRE(incoming);
  const BatchAnswer answer = unpack_answer(incoming->message);
  CHECK_FALSE(answer.result);
  CHECK(answer.code == ExitCode::storage);
  CHECK_FALSE(answer.reason.empty());
  dismiss(root, 0);
  thread.join();
}

TEST_CASE("a rank that is ahead waits until its batches are taken") {
  const Plan plan = uneven_plan(Keep::index);
  REQUIRE(plan.batch_count() >= 20);
  std::vector<std::uint64_t> batches(20);
  std::iota(batches.begin(), batches.end(), 0);
  PostOffice post(2);
  ThreadRank root(post, 0);
  const std::atomic<bool> signalled{false};
  std::thread thread([&] {
    ThreadRank self(post, 1);
    serve_root(self, signalled, no_share);
  });
  WorkOrder order{plan_to_json(plan), batches};
  order.threads = 1;
  order.target = kernels::active_target();
  std::size_t at_once = 16;
  order.most_bytes = 1 << 30;
  SECTION("many small ones") {}
  SECTION("one that is large") {
    at_once = 1;
    order.most_bytes = 1;
  }
  root.send(1, pack({MessageKind::work, 1}, order));
  std::size_t got = 0;
  std::uint64_t bytes = 0;
  const auto next = [&](milliseconds wait) {
    const auto incoming = root.receive(wait);
    if (!incoming) return false;
    bytes = incoming->message.size();
    const BatchAnswer answer = unpack_answer(incoming->message);
    REQUIRE(answer.result);
    CHECK(answer.result->batch == got++);
    return true;
  };
  while (got < at_once) REQUIRE(next(milliseconds(10'000)));
  CHECK_FALSE(next(milliseconds(100)));
  root.send(1, pack({MessageKind::taken, 0}, bytes));  // of another run
  CHECK_FALSE(next(milliseconds(100)));
  root.send(1, pack({MessageKind::taken, 1}, bytes));
  REQUIRE(next(milliseconds(10'000)));
  CHECK_FALSE(next(milliseconds(100)));
  dismiss(root, 0);  // also who waits
  thread.join();
}

}  // namespace flopsieve::engine
