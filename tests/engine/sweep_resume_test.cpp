// A sweep that is interrupted, shared out, killed, damaged or mixed up.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "engine/error.hpp"
#include "engine/format.hpp"
#include "engine/parts.hpp"
#include "engine/runner.hpp"
#include "engine/sweep_parts.hpp"
#include "engine/sweep_result.hpp"
#include "engine/sweep_run.hpp"
#include "tests/engine/support/folder.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/engine/support/stored_runs.hpp"
#include "tests/engine/support/sweeps.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;
using Catch::Matchers::Contains;
using testing::bytes_of;
using testing::error_of;
using testing::FakeVariants;
using testing::Fingerprint;
using testing::fingerprint;
using testing::merge_into;
using testing::merge_parts;
using testing::run_some;
using testing::ScratchFolder;
using testing::serial_to;
using testing::set_bytes;
using testing::study_of;
using testing::undisturbed_sweep;
using testing::uneven_variant;

std::vector<fs::path> parts_of(const fs::path& output) {
  return part_paths(parts_folder(output), format::sweep_part_ending);
}

TEST_CASE("every dataset is the same for all threads, back ends, shards and interruptions") {
  for (const std::uint64_t count : {3U, 14U}) {  // shards share out batches, or variants
    const FakeVariants variants(count, uneven_variant);
    const Fingerprint wanted = undisturbed_sweep(variants);
    REQUIRE(wanted.size() > 40);
    for (const Backend backend : {Backend::serial, Backend::tbb, Backend::openmp}) {
      for (const int threads : {1, 2, 4}) {
        for (const std::uint64_t shards : {1U, 3U}) {
          const bool interrupted = (threads + static_cast<int>(backend)) % 2 == 0;
          CAPTURE(count, to_string(backend), threads, shards, interrupted);
          const ScratchFolder folder;
          RunOptions options = serial_to(folder / "sweep.h5");
          options.backend = backend;
          options.threads = threads;
          options.seal_interval = std::chrono::duration<double>(interrupted ? 0.0 : 2.0);
          for (std::uint64_t shard = shards; shard-- > 0;) {
            options.shard = {shard, shards};
            if (interrupted) run_some(variants, options, 2);
            run_sweep(variants, variants.study(), options);
          }
          if (shards > 1) merge_parts(merge_into(options.output));
          CHECK(fingerprint(options.output) == wanted);
          CHECK_FALSE(fs::exists(parts_folder(options.output)));
        }
      }
    }
  }
}

TEST_CASE("a sweep goes on after any number of kills") {
  const FakeVariants variants(14, uneven_variant);
  const ScratchFolder folder;
  RunOptions options = serial_to(folder / "sweep.h5");
  options.seal_interval = std::chrono::duration<double>(0.0);
  std::size_t kills = 0;
  for (std::uint64_t round = 0; !fs::exists(options.output) && round < 500; ++round) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      try {
        run_sweep(variants, variants.study(), options);
      } catch (...) {
        _exit(1);
      }
      _exit(0);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(500 + (round * 7919) % 20'000));
    kill(child, SIGKILL);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    if (WIFSIGNALED(status)) {
      ++kills;
    } else {
      CHECK(WEXITSTATUS(status) == 0);
    }
  }
  CHECK(kills > 3);
  run_sweep(variants, variants.study(), options);
  CHECK(fingerprint(options.output) == undisturbed_sweep(variants));
  CHECK_FALSE(fs::exists(parts_folder(options.output)));
}

TEST_CASE("a sweep may go on with another number of shards") {
  const FakeVariants variants(14, uneven_variant);
  const ScratchFolder folder;
  RunOptions options = serial_to(folder / "sweep.h5");
  options.shard = {1, 3};
  run_sweep(variants, variants.study(), options);
  options.shard = {3, 5};
  run_some(variants, options, 1);
  options.shard = {0, 1};
  std::optional<Progress> last;
  options.on_progress = [&](const Progress& progress) { last = progress; };
  run_sweep(variants, variants.study(), options);
  CHECK(fingerprint(options.output) == undisturbed_sweep(variants));
  REQUIRE(last);
  CHECK(last->variants_total == 14);
  CHECK(last->variants_done == 14);
  CHECK(last->batches_sealed + last->batches_done == 14 * 5);
  CHECK(last->batches_sealed >= 5 * 5);
}

TEST_CASE("batches that shards have sealed end a variant before it goes on") {
  const auto make = [](std::uint64_t) {
    Plan plan = testing::precise_plan(1.0);
    plan.outputs.keep = Keep::summary;
    return plan;
  };
  const FakeVariants variants(2, make);
  const ScratchFolder folder;
  RunOptions options = serial_to(folder / "sweep.h5");
  for (const std::uint64_t shard : {0U, 1U}) {
    options.shard = {shard, 2};
    run_some(variants, options, 60);  // of 76 batches of each shard and variant
  }
  options.shard = {};
  std::optional<Progress> last;
  options.on_progress = [&](const Progress& progress) { last = progress; };
  run_sweep(variants, variants.study(), options);
  CHECK(fingerprint(options.output) == undisturbed_sweep(variants));
  REQUIRE(last);
  // Of variant 0 nothing was computed again.
  CHECK(last->trajectories < 6'010);
}

TEST_CASE("a damaged part of a sweep is set aside and computed again") {
  const FakeVariants variants(6, uneven_variant);
  const Fingerprint wanted = undisturbed_sweep(variants);
  const std::vector<std::function<std::string(std::string)>> damages{
      [](std::string bytes) { return bytes.substr(0, bytes.size() / 2); },
      [](std::string) { return std::string(); },
      [](std::string bytes) {
        bytes[bytes.size() / 3] = static_cast<char>(bytes[bytes.size() / 3] ^ 4);
        return bytes;
      }};
  for (const auto& damage : damages) {
    const ScratchFolder folder;
    RunOptions options = serial_to(folder / "sweep.h5");
    options.seal_interval = std::chrono::duration<double>(0.0);
    run_some(variants, options, 23);
    const auto parts = parts_of(options.output);
    REQUIRE(parts.size() > 3);
    set_bytes(parts[1], damage(bytes_of(parts[1])));
    std::vector<std::string> warnings;
    options.warn = [&](const std::string& message) { warnings.push_back(message); };
    run_sweep(variants, variants.study(), options);
    REQUIRE(warnings.size() == 1);
    CHECK_THAT(warnings[0], Contains("damaged part") && Contains("computed again"));
    CHECK(fs::exists(parts[1].string() + ".damaged"));
    CHECK(fingerprint(options.output) == wanted);
  }
}

TEST_CASE("parts of another sweep are refused, or set aside among its own") {
  const FakeVariants variants(6, uneven_variant);
  const FakeVariants others(7, uneven_variant);
  const ScratchFolder folder;
  RunOptions options = serial_to(folder / "sweep.h5");
  run_some(variants, options, 8);
  const Error error = error_of([&] { run_sweep(others, others.study(), options); });
  CHECK(error.code() == ExitCode::bad_input);
  CHECK_THAT(error.what(), Contains("another sweep"));

  RunOptions elsewhere = serial_to(folder / "other.h5");
  run_some(others, elsewhere, 8);
  const fs::path stray = parts_of(elsewhere.output).at(0);
  fs::copy(stray, parts_folder(options.output) / "part-0000000099-0000000099-0of1.sweep");
  std::vector<std::string> warnings;
  options.warn = [&](const std::string& message) { warnings.push_back(message); };
  run_sweep(variants, variants.study(), options);
  REQUIRE(warnings.size() == 1);
  CHECK_THAT(warnings[0], Contains("belongs to another sweep"));
  CHECK(fingerprint(options.output) == undisturbed_sweep(variants));
}

TEST_CASE("a sweep and a run do not share an output") {
  const FakeVariants variants(6, uneven_variant);
  const ScratchFolder folder;
  const Study study = study_of(uneven_variant(0));
  RunOptions options = serial_to(folder / "sweep.h5");
  options.compact = false;
  run_sweep(variants, variants.study(), options);
  CHECK_THAT(error_of([&] { run_study(study, options); }).what(), Contains("parts of a sweep"));
  const Error shard = error_of([&] { agree_on_study(parts_folder(options.output), study); });
  CHECK(shard.code() == ExitCode::bad_input);
  CHECK_THAT(shard.what(), Contains("parts of a sweep"));
  RunOptions run = serial_to(folder / "run.h5");
  run.compact = false;
  run_study(study, run);
  CHECK_THAT(error_of([&] { run_sweep(variants, variants.study(), run); }).what(),
             Contains("parts of a run"));
  run.compact = true;
  run_study(study, run);
  const Error error = error_of([&] { run_sweep(variants, variants.study(), run); });
  CHECK(error.code() == ExitCode::bad_input);
  CHECK_THAT(error.what(), Contains("the result of a single run, not the result of a sweep"));
}

TEST_CASE("a finished sweep is left as it is, and leftovers of a kill go") {
  const FakeVariants variants(6, uneven_variant);
  const ScratchFolder folder;
  RunOptions options = serial_to(folder / "sweep.h5");
  options.compact = false;
  run_sweep(variants, variants.study(), options);
  const fs::path kept = folder / "kept";
  fs::copy(parts_folder(options.output), kept);
  options.compact = true;
  const SweepTally first = run_sweep(variants, variants.study(), options);
  fs::copy(kept, parts_folder(options.output));
  const std::string before = bytes_of(options.output);
  const std::uint64_t plans = variants.plans_made();
  const SweepTally again = run_sweep(variants, variants.study(), options);
  CHECK(variants.plans_made() == plans);
  CHECK(again.candidates == first.candidates);
  CHECK(again.ok == first.ok);
  CHECK(bytes_of(options.output) == before);
  CHECK_FALSE(fs::exists(parts_folder(options.output)));
  const FakeVariants others(7, uneven_variant);
  CHECK_THAT(error_of([&] { run_sweep(others, others.study(), options); }).what(),
             Contains("not the result of this sweep"));
}

TEST_CASE("merging wants every batch, and one sweep only") {
  const FakeVariants variants(14, uneven_variant);
  const ScratchFolder folder;
  RunOptions options = serial_to(folder / "sweep.h5");
  for (const std::uint64_t shard : {0U, 2U}) {
    options.shard = {shard, 3};
    run_sweep(variants, variants.study(), options);
  }
  const Error error = error_of([&] { merge_parts(merge_into(options.output)); });
  CHECK(error.code() == ExitCode::storage);
  CHECK_THAT(error.what(), Contains("batch 0 of variant 1 is missing") && Contains("shard 1/3"));
  CHECK_FALSE(fs::exists(options.output));

  // Another machine has computed the missing shard, and some of the others' batches, too.
  RunOptions elsewhere = serial_to(folder / "other.h5");
  elsewhere.shard = {1, 2};
  run_sweep(variants, variants.study(), elsewhere);
  MergeOptions merge = merge_into(options.output);
  merge.folders.push_back(parts_folder(elsewhere.output));
  CHECK_THAT(error_of([&] { merge_parts(merge); }).what(), Contains("of variant 4 is missing"));
  elsewhere.shard = {0, 1};
  elsewhere.compact = false;
  run_sweep(variants, variants.study(), elsewhere);
  merge.keep_parts = true;
  const SweepTally tally = merge_parts(merge);
  CHECK(fingerprint(options.output) == undisturbed_sweep(variants));
  // A merge that finds its result sees to the parts.
  merge.keep_parts = false;
  CHECK(fs::exists(parts_folder(elsewhere.output)));
  const SweepTally again_told = merge_parts(merge);
  CHECK(again_told.ok == tally.ok);
  CHECK(again_told.candidates == tally.candidates);
  for (const fs::path& parts : merge.folders) CHECK_FALSE(fs::exists(parts));

  const FakeVariants others(15, uneven_variant);
  RunOptions foreign = serial_to(folder / "foreign.h5");
  foreign.compact = false;
  run_sweep(others, others.study(), foreign);
  RunOptions again = serial_to(folder / "again.h5");
  again.compact = false;
  run_sweep(variants, variants.study(), again);
  merge = merge_into(again.output);
  merge.folders.push_back(parts_folder(foreign.output));
  CHECK_THAT(error_of([&] { merge_parts(merge); }).what(), Contains("different sweeps"));
  fs::remove(parts_folder(again.output) / "study.h5");
  const Error nothing = error_of([&] { merge_parts(merge); });
  CHECK(nothing.code() == ExitCode::bad_input);
  CHECK_THAT(nothing.what(), Contains("no parts of a sweep beside a file study.h5"));
}

TEST_CASE("a variant in which no trajectory is complete has no result") {
  const FakeVariants variants(3, [](std::uint64_t v) {
    Plan plan = uneven_variant(v);
    plan.attempts = 1;
    if (v == 1)
      testing::total_of(plan) =
          testing::by_trajectory(testing::normal(80.0, 0.5), 2);  // no sizes add up to that
    return plan;
  });
  const ScratchFolder folder;
  run_sweep(variants, variants.study(), serial_to(folder / "sweep.h5"));
  SweepResult sweep = open_sweep(folder / "sweep.h5");
  CHECK_THAT(sweep.status().at(1), Contains("none of 19 trajectories is complete"));
  CHECK(sweep.status().at(0) == status_ok);
  CHECK(sweep.tally().failed == 1);
  CHECK(std::isnan(sweep.values("counts_mean", {0, 0}).at(1)));
}

TEST_CASE("a batch that is not the same in two parts is refused") {
  // What a plan that differs in the last bit of a number would do.
  const FakeVariants variants(2, uneven_variant);
  const FakeVariants changed(2, [](std::uint64_t v) {
    Plan plan = uneven_variant(v);
    if (v == 1) plan.seed += 1;
    return plan;
  });
  const ScratchFolder folder;
  RunOptions options = serial_to(folder / "sweep.h5");
  options.compact = false;
  run_sweep(variants, variants.study(), options);
  RunOptions elsewhere = serial_to(folder / "other.h5");
  elsewhere.compact = false;
  REQUIRE(changed.identity() == variants.identity());
  run_sweep(changed, changed.study(), elsewhere);
  MergeOptions merge = merge_into(options.output);
  merge.folders.push_back(parts_folder(elsewhere.output));
  const Error error = error_of([&] { merge_parts(merge); });
  CHECK(error.code() == ExitCode::storage);
  CHECK_THAT(error.what(), Contains("variant 1") && Contains("plans that differ"));
}

TEST_CASE("a batch that was counted otherwise in another part is refused") {
  const FakeVariants variants(1, uneven_variant);
  const SweepStudy study = variants.study();
  const Plan plan = uneven_variant(0);
  const ScratchFolder folder;
  MergeOptions merge;
  merge.output = folder / "sweep.h5";
  for (const std::uint64_t changed : {0U, 1U}) {
    const fs::path parts = folder / ("parts" + std::to_string(changed));
    merge.folders.push_back(parts);
    agree_on_sweep(parts, study);
    SweepPartWriter writer(parts, study, {});
    for (std::uint64_t batch = 0; batch < 5; ++batch) {
      BatchResult result = *run_batch(plan, batch);
      if (batch == 3) result.tally.years[1].audited += changed;
      writer.add(0, plan, facts_of(plan), std::move(result), 1);
    }
    writer.seal();
  }
  merge.keep_parts = true;
  const Error error = error_of([&] { merge_parts(merge); });
  CHECK(error.code() == ExitCode::storage);
  CHECK_THAT(error.what(), Contains("variant 0: batch 3 stands in two parts"));
  // Equal ones are accepted.
  merge.folders[1] = folder / "copy";
  fs::copy(merge.folders[0], merge.folders[1]);
  merge_parts(merge);
  CHECK(fingerprint(merge.output) == undisturbed_sweep(variants));
  CHECK(fs::exists(merge.folders[0] / "kept"));
}

TEST_CASE("a failure that is no property of a variant ends the sweep, what is done stays") {
  const FakeVariants variants(6, uneven_variant);
  const ScratchFolder folder;
  RunOptions options = serial_to(folder / "sweep.h5");
  options.before_batch = [](std::uint64_t position) {
    if (position == 17) throw std::runtime_error("no such thing");
  };
  const Error error = error_of([&] { run_sweep(variants, variants.study(), options); });
  CHECK(error.code() == ExitCode::bug);
  CHECK_THAT(error.what(), Contains("variant 3, batch 2: no such thing"));
  CHECK(parts_of(options.output).size() == 1);
  options.before_batch = nullptr;
  std::optional<Progress> last;
  options.on_progress = [&](const Progress& progress) { last = progress; };
  run_sweep(variants, variants.study(), options);
  CHECK(last->batches_sealed == 17);
  CHECK(fingerprint(options.output) == undisturbed_sweep(variants));
  // Before anything is done, nothing stays.
  RunOptions early = serial_to(folder / "early.h5");
  early.before_batch = [](std::uint64_t) { throw std::runtime_error("at once"); };
  error_of([&] { run_sweep(variants, variants.study(), early); });
  CHECK_FALSE(fs::exists(parts_folder(early.output)));
  CHECK_FALSE(fs::exists(early.output.string() + ".lock"));
}

}  // namespace
}  // namespace flopsieve::engine
