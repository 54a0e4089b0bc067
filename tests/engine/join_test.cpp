#include "engine/join.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>

#include "engine/batch.hpp"
#include "engine/error.hpp"
#include "engine/result_file.hpp"
#include "tests/engine/support/folder.hpp"
#include "tests/engine/support/plans.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;
using testing::error_of;
using testing::Fingerprint;
using testing::fingerprint;
using testing::ScratchFolder;
using testing::study_of;
using testing::uneven_plan;

std::vector<std::uint64_t> every(std::uint64_t first, std::uint64_t step, std::uint64_t end) {
  std::vector<std::uint64_t> batches;
  for (std::uint64_t batch = first; batch < end; batch += step) batches.push_back(batch);
  return batches;
}

/// Seals batches of a shard, `each` in a part. `keep_samples` is that of the whole run.
std::vector<Part> seal(const fs::path& folder, const Study& study, Shard shard,
                       const std::vector<std::uint64_t>& batches, std::size_t each) {
  PartWriter writer(folder, study, shard);
  for (std::size_t i = 0; i < batches.size(); ++i) {
    writer.add(*run_batch(study.plan, batches[i]));
    if ((i + 1) % each == 0) writer.seal();
  }
  writer.seal();
  return writer.parts();
}

std::vector<Part> joined(std::vector<Part> parts, const std::vector<Part>& more) {
  parts.insert(parts.end(), more.begin(), more.end());
  return parts;
}

/// The datasets that one process writes, its batches in one part each.
Fingerprint one_process(const Study& study) {
  const ScratchFolder folder;
  const auto parts = seal(folder / "parts", study, {}, every(0, 1, study.plan.batch_count()), 1);
  write_result_file(folder / "run.h5", study, parts);
  return fingerprint(folder / "run.h5");
}

Study study_with(Keep keep) {
  Plan plan = uneven_plan(keep);
  plan.trajectories = 22 * plan.batch_trajectories - 1;
  return study_of(plan);
}

}  // namespace

TEST_CASE("parts of shards interleave, and are joined in order of their batches") {
  const Study study = study_with(GENERATE(Keep::summary, Keep::statistics, Keep::samples));
  const std::uint64_t all = study.plan.batch_count();
  const ScratchFolder folder;
  std::vector<Part> parts;
  for (std::uint64_t shard = 3; shard-- > 0;) {
    parts =
        joined(parts, seal(folder / "parts", study, {shard, 3}, every(shard, 3, all), 1 + shard));
  }
  std::sort(parts.begin(), parts.end(),
            [](const Part& a, const Part& b) { return a.complete.size() < b.complete.size(); });
  write_result_file(folder / "run.h5", study, parts);
  CHECK(fingerprint(folder / "run.h5") == one_process(study));
}

TEST_CASE("batches that several parts hold count once") {
  const Study study = study_with(Keep::samples);
  const std::uint64_t all = study.plan.batch_count();
  const ScratchFolder folder;
  const auto whole = seal(folder / "whole", study, {}, every(0, 1, all), 4);
  std::vector<Part> parts;
  SECTION("another grouping of all of them") {
    parts = joined(whole, seal(folder / "more", study, {}, every(0, 1, all), 5));
  }
  SECTION("a part that lies across others, each of which has something of its own") {
    parts = joined(seal(folder / "odd", study, {1, 2}, every(1, 2, all), 3),
                   seal(folder / "first", study, {}, every(0, 1, 11), 4));
    parts = joined(parts, seal(folder / "even", study, {0, 2}, every(10, 2, all), 4));
  }
  SECTION("two shards of another split") {
    parts = joined(seal(folder / "odd", study, {1, 2}, every(1, 2, all), 3), whole);
    parts = joined(parts, seal(folder / "third", study, {0, 3}, every(0, 3, all), 2));
  }
  write_result_file(folder / "run.h5", study, parts);
  CHECK(fingerprint(folder / "run.h5") == one_process(study));
}

TEST_CASE("two parts that differ in a batch are both named") {
  const Study study = study_with(Keep::index);
  Study other = study;
  other.plan.seed += 1;
  const ScratchFolder folder;
  const std::uint64_t all = study.plan.batch_count();
  const auto right = seal(folder / "right", study, {}, every(0, 1, all), 50);
  const auto wrong = seal(folder / "wrong", other, {}, every(4, 1, 6), 50);
  const Error error = error_of([&] { arrange(study.plan, joined(right, wrong), 0, all); });
  CHECK(error.code() == ExitCode::storage);
  CHECK_THAT(error.what(), Catch::Contains(right.at(0).path.string()) &&
                               Catch::Contains(wrong.at(0).path.string()) &&
                               Catch::Contains("batch 4 "));
}

TEST_CASE("what is missing is listed") {
  const Study study = study_with(Keep::index);
  const ScratchFolder folder;
  const std::uint64_t all = study.plan.batch_count();
  REQUIRE(all == 22);
  const auto parts = seal(folder / "parts", study, {0, 2}, every(0, 2, all), 4);
  try {
    arrange(study.plan, parts, 0, all);
    FAIL("nothing was missing");
  } catch (const MissingBatches& missing) {
    CHECK(missing.code() == ExitCode::storage);
    CHECK(missing.batches() == every(1, 2, all));
    CHECK_THAT(missing.what(),
               Catch::Contains("11 of 22 batches are missing among the parts: 1, 3,"));
  }
}

TEST_CASE("batches beyond the end leave no trace") {
  Plan plan = uneven_plan(Keep::samples);
  plan.trajectories = 24 * plan.batch_trajectories;
  const ScratchFolder folder;
  const auto parts = seal(folder / "parts", study_of(plan), {}, every(0, 1, 24), 5);
  Plan shorter = plan;
  shorter.trajectories = 13 * plan.batch_trajectories;
  write_result_file(folder / "run.h5", study_of(plan), parts, nullptr, 13);
  CHECK(fingerprint(folder / "run.h5") == one_process(study_of(shorter)));
}

TEST_CASE("histograms are subtracted exactly, or not at all") {
  const Plan plan = uneven_plan(Keep::summary);
  const Tally a = run_batch(plan, 0)->tally;
  const Tally b = run_batch(plan, 1)->tally;
  Tally sum = a;
  sum.add(b);
  subtract_histograms(sum, b);
  const auto trimmed = [](std::vector<Histogram> histograms) {
    for (Histogram& each : histograms) {
      while (!each.empty() && each.back() == 0) each.pop_back();
    }
    return histograms;
  };
  CHECK(sum.counts == trimmed(a.counts));
  CHECK(sum.cumulative == trimmed(a.cumulative));
  CHECK(sum.statistics == trimmed(a.statistics));
  CHECK_THROWS_AS(subtract_histograms(sum, b), std::invalid_argument);
}

}  // namespace flopsieve::engine
