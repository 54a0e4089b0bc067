// Runs that stop once they are precise enough: where they stop is a matter of the Plan alone.

#include <algorithm>
#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <thread>

#include "engine/result_file.hpp"
#include "engine/runner.hpp"
#include "engine/summary.hpp"
#include "tests/engine/support/folder.hpp"
#include "tests/engine/support/runs.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;
using testing::Fingerprint;
using testing::fingerprint;
using testing::precise_plan;
using testing::ScratchFolder;
using testing::study_of;
using testing::WholeRun;

/// The number of batches after which the definition is met, looked at batch by batch.
std::uint64_t batches_needed(const Plan& plan) {
  Tally tally(plan);
  for (std::uint64_t batch = 0; batch < plan.batch_count(); ++batch) {
    tally.add(run_batch(plan, batch)->tally);
    if (is_precise(plan, tally)) return batch + 1;
  }
  return plan.batch_count();
}

/// The half-width of every quantile's interval, from sorted columns: written from the definition.
bool precise_by_definition(const Plan& plan, const WholeRun& run) {
  for (std::size_t year = 0; year < 2; ++year) {
    for (std::size_t t = 0; t < 2; ++t) {
      for (const bool cumulative : {false, true}) {
        std::vector<double> values;
        for (std::size_t row = 0; row < run.rows(); ++row) {
          double value = run.columns.counts[row * 4 + year * 2 + t];
          if (cumulative && year == 1) value += run.columns.counts[row * 4 + t];
          values.push_back(value);
        }
        std::sort(values.begin(), values.end());
        for (const double q : plan.outputs.quantiles) {
          const auto n = static_cast<double>(values.size());
          const RankBounds ranks = rank_bounds(values.size(), q);
          const double value = values[static_cast<std::size_t>(std::ceil(q * n - 1e-9)) - 1];
          if (values[*ranks.upper - 1] - value > plan.precision.absolute) return false;
          if (value - values[*ranks.lower - 1] > plan.precision.absolute) return false;
        }
      }
    }
  }
  return true;
}

RunOptions options_for(const fs::path& output, Backend backend = Backend::serial, int threads = 1) {
  RunOptions options;
  options.output = output;
  options.backend = backend;
  options.threads = threads;
  return options;
}

Fingerprint undisturbed(const Plan& plan) {
  const ScratchFolder folder;
  run_study(study_of(plan), options_for(folder / "run.h5"));
  return fingerprint(folder / "run.h5");
}

/// Runs until `batches` are committed by this start, then stops.
void run_some(const Plan& plan, const fs::path& output, std::uint64_t batches) {
  std::atomic<bool> stop{false};
  RunOptions options = options_for(output);
  options.stop = &stop;
  options.on_progress = [&](const Progress& progress) {
    if (progress.batches_done == batches) stop = true;
  };
  CHECK(testing::error_of([&] { run_study(study_of(plan), options); }).code() ==
        ExitCode::interrupted);
}

std::vector<fs::path> parts_of(const fs::path& output) {
  std::vector<fs::path> parts;
  for (const auto& entry : fs::directory_iterator(parts_folder(output))) {
    if (entry.path().extension() == ".h5") parts.push_back(entry.path());
  }
  std::sort(parts.begin(), parts.end());
  return parts;
}

void damage(const fs::path& part) {
  std::fstream stream(part, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(1000);
  const int byte = stream.get();
  stream.seekp(1000);
  stream.put(static_cast<char>(byte ^ 4));
}

constexpr double reached = 1.0;  ///< an absolute precision that is met on the way

}  // namespace

TEST_CASE("a run ends with the first batch after which all quantiles are precise") {
  const Plan plan = precise_plan(reached);
  const std::uint64_t batches = batches_needed(plan);
  REQUIRE(batches * plan.batch_trajectories > 1'200);
  REQUIRE(batches < plan.batch_count() - 10);
  Plan prefix = plan;
  prefix.trajectories = batches * plan.batch_trajectories;
  CHECK(precise_by_definition(plan, testing::run_all(prefix)));
  prefix.trajectories -= plan.batch_trajectories;
  CHECK_FALSE(precise_by_definition(plan, testing::run_all(prefix)));

  const ScratchFolder folder;
  const Tally tally = run_study(study_of(plan), options_for(folder / "run.h5"));
  CHECK(tally.trajectories == batches * plan.batch_trajectories);
  CHECK(read_result_file(folder / "run.h5").tally.trajectories == tally.trajectories);

  // The same data as of a run that is as long.
  Plan fixed = plan;
  fixed.trajectories = tally.trajectories;
  const Fingerprint as_long = undisturbed(fixed);
  CHECK(fingerprint(folder / "run.h5") == as_long);
}

TEST_CASE("a run never ends before 1,000 complete trajectories") {
  Plan plan = precise_plan(100.0);
  const ScratchFolder folder;
  const Tally tally = run_study(study_of(plan), options_for(folder / "run.h5"));
  CHECK(tally.complete >= 1'000);
  CHECK(tally.trajectories <= 1'000 + 2 * plan.batch_trajectories);
}

TEST_CASE("where a run ends hangs neither on the threads nor on the back end") {
  const Plan plan = precise_plan(reached);
  const Fingerprint expected = undisturbed(plan);
  const Backend backend = GENERATE(Backend::serial, Backend::tbb, Backend::openmp);
  for (const int threads : {1, 2, 4}) {
    if (backend == Backend::serial && threads > 1) continue;
    CAPTURE(to_string(backend), threads);
    const ScratchFolder folder;
    RunOptions options = options_for(folder / "run.h5", backend, threads);
    options.before_batch = [](std::uint64_t batch) {  // the first come last
      std::this_thread::sleep_for(std::chrono::microseconds(batch % 4 == 0 ? 900 : 0));
    };
    run_study(study_of(plan), options);
    CHECK(fingerprint(options.output) == expected);
    CHECK_FALSE(fs::exists(parts_folder(options.output)));
  }
}

TEST_CASE("a run that was interrupted ends where it would have ended") {
  const Plan plan = precise_plan(reached);
  const std::uint64_t batches = batches_needed(plan);
  const ScratchFolder folder;
  const fs::path output = folder / "run.h5";
  run_some(plan, output, 10);
  run_some(plan, output, 7);
  SECTION("and goes on to the end") {}
  SECTION("with its last batch sealed but not joined") {
    run_some(plan, output, batches - 17);
  }
  SECTION("a part in the middle was lost") {
    run_some(plan, output, 5);
    fs::remove(parts_of(output).at(1));
  }
  SECTION("with its last batch sealed and a part in the middle damaged") {
    run_some(plan, output, batches - 17);
    damage(parts_of(output).at(1));
  }
  SECTION("a part in the middle is damaged") {
    run_some(plan, output, 5);
    damage(parts_of(output).at(1));
  }
  RunOptions options = options_for(output, Backend::tbb, 2);
  run_study(study_of(plan), options);
  CHECK(fingerprint(output) == undisturbed(plan));
}

TEST_CASE("sealed batches beyond the end are left out") {
  const Plan plan = precise_plan(reached);
  const std::uint64_t batches = batches_needed(plan);
  const ScratchFolder folder;
  const fs::path output = folder / "run.h5";
  // Shards look at no precision: together they compute more than is needed, in parts with gaps.
  for (std::uint64_t index = 0; index < 2; ++index) {
    std::atomic<bool> stop{false};
    RunOptions options = options_for(output);
    options.shard = {index, 2};
    options.stop = &stop;
    options.on_progress = [&](const Progress& progress) {
      if (progress.batches_done == (batches + 20) / 2) stop = true;
    };
    CHECK(testing::error_of([&] { run_study(study_of(plan), options); }).code() ==
          ExitCode::interrupted);
  }
  run_study(study_of(plan), options_for(output));
  CHECK(fingerprint(output) == undisturbed(plan));
}

TEST_CASE("a precision that is out of reach ends with the last trajectory") {
  const Plan plan = precise_plan(0.25);
  const ScratchFolder folder;
  const Tally tally = run_study(study_of(plan), options_for(folder / "run.h5"));
  CHECK(tally.trajectories == plan.trajectories);
  Plan without = plan;
  without.precision = {};
  CHECK(fingerprint(folder / "run.h5") == undisturbed(without));
}

TEST_CASE("counts, cumulative and frontier-connected ones must all be precise") {
  Plan plan = precise_plan(1.0);
  plan.outputs.frontier.widths = {0.5, 1.0};
  // 5,000 trajectories: the same number in each, or numbers from 0 to 99.
  const Histogram sharp = {0, 0, 0, 5'000};
  const Histogram wide(100, 50);
  Tally tally(plan);
  tally.trajectories = tally.complete = 5'000;
  const std::array kinds = {&tally.counts, &tally.cumulative, &tally.frontier_before,
                            &tally.frontier_including};
  for (auto* const kind : kinds) {
    REQUIRE(kind->size() == 4);
    std::fill(kind->begin(), kind->end(), sharp);
  }
  CHECK(is_precise(plan, tally));
  for (auto* const kind : kinds) {
    for (Histogram& histogram : *kind) {
      histogram = wide;
      CHECK_FALSE(is_precise(plan, tally));
      histogram = sharp;
    }
  }
  CHECK(is_precise(plan, tally));
}

}  // namespace flopsieve::engine
