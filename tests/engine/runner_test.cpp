#include "engine/runner.hpp"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <thread>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/pilot.hpp"
#include "engine/result_file.hpp"
#include "tests/engine/support/folder.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/engine/support/stored_runs.hpp"
#include "tests/support/targets.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;
using testing::error_of;
using testing::Fingerprint;
using testing::fingerprint;
using testing::ScratchFolder;
using testing::serial_to;
using testing::study_of;
using testing::undisturbed;
using testing::uneven_plan;

/// Delays of 0 to 1 ms that look random and differ between settings.
std::function<void(std::uint64_t)> delays(std::uint64_t salt) {
  return [salt](std::uint64_t batch) {
    const std::uint64_t mixed = (batch + 1) * 0x9E3779B97F4A7C15 + salt * 0xD1B54A32D192ED03;
    std::this_thread::sleep_for(std::chrono::microseconds((mixed >> 40) % 1000));
  };
}

std::vector<fs::path> parts_of(const fs::path& output) {
  std::vector<fs::path> parts;
  if (!fs::is_directory(parts_folder(output))) return parts;
  for (const auto& entry : fs::directory_iterator(parts_folder(output))) {
    if (entry.path().extension() == ".h5") parts.push_back(entry.path());
  }
  std::sort(parts.begin(), parts.end());
  return parts;
}

/// Runs until `batches` are committed, then stops.
void run_some(const Study& study, const fs::path& output, std::uint64_t batches) {
  std::atomic<bool> stop{false};
  RunOptions options = serial_to(output);
  options.stop = &stop;
  options.on_progress = [&](const Progress& progress) {
    if (progress.batches_done == batches) stop = true;
  };
  CHECK(error_of([&] { run_study(study, options); }).code() == ExitCode::interrupted);
  CHECK_FALSE(fs::exists(output));
}

/// A small job in which nothing is rejected.
Plan easy_plan() {
  Plan plan = testing::plain_plan({2024});
  plan.outputs.thresholds = {1e25};
  plan.outputs.cumulative_base = {0};
  return plan;
}

}  // namespace

TEST_CASE("every dataset is the same for all back ends, threads, tiles and targets") {
  struct Setting {
    Backend backend;
    int threads;
  };
  const std::vector<Setting> settings{
      {Backend::serial, 1}, {Backend::tbb, 1},    {Backend::tbb, 2},   {Backend::tbb, 4},
      {Backend::openmp, 1}, {Backend::openmp, 2}, {Backend::openmp, 4}};
  const Plan plan = uneven_plan(Keep::samples);
  REQUIRE(plan.batch_count() >= 64);
  const test::RestoreTarget restore;
  std::optional<Fingerprint> first;
  // Every pair of a back end with its threads, a target and a tile, not every triple: the two tiles
  // take turns.
  std::uint64_t run = 0;
  for (const auto target : test::targets_to_test()) {
    REQUIRE(kernels::force_target(target));
    for (const Setting& setting : settings) {
      const ScratchFolder folder;
      RunOptions options;
      options.output = folder / "run.h5";
      options.backend = setting.backend;
      options.threads = setting.threads;
      options.tile = ++run % 2 == 0 ? 64 : 4096;
      options.before_batch = delays(run);
      const Tally tally = run_study(study_of(plan), options);
      REQUIRE(tally.years[0].exhausted + tally.years[1].exhausted > 0);
      const Fingerprint found = fingerprint(options.output);
      if (!first) first = found;
      CAPTURE(kernels::name(target), options.tile, to_string(setting.backend), setting.threads);
      REQUIRE(found == *first);
      CHECK_FALSE(fs::exists(parts_folder(options.output)));
    }
  }
}

TEST_CASE("what is kept does not change what is counted") {
  const Fingerprint summary = undisturbed(uneven_plan(Keep::summary));
  const Fingerprint index = undisturbed(uneven_plan(Keep::index));
  const Fingerprint statistics = undisturbed(uneven_plan(Keep::statistics));
  const Fingerprint samples = undisturbed(uneven_plan(Keep::samples));
  const auto holds = [](const Fingerprint& larger, const Fingerprint& smaller) {
    CHECK(larger.size() > smaller.size());
    for (const auto& [name, text] : smaller) {
      CAPTURE(name);
      REQUIRE(larger.count(name) == 1);
      CHECK(larger.at(name) == text);
    }
  };
  holds(index, summary);
  holds(statistics, index);
  holds(samples, index);
  CHECK(statistics.count("/statistics/by_trajectory") == 1);
  CHECK(samples.count("/samples/log10_flop") == 1);
}

TEST_CASE("a stopped run goes on where it was, any number of times") {
  const Plan plan = uneven_plan(Keep::samples);
  const Study study = study_of(plan);
  const ScratchFolder folder;
  const fs::path output = folder / "run.h5";
  run_some(study, output, 20);
  CHECK(parts_of(output).size() == 1);
  run_some(study, output, 15);
  RunOptions options = serial_to(output);
  options.backend = Backend::tbb;
  options.threads = 2;
  std::optional<Progress> last;
  options.on_progress = [&](const Progress& progress) { last = progress; };
  run_study(study, options);
  REQUIRE(last);
  CHECK(last->batches_sealed == 35);
  CHECK(last->batches_done == plan.batch_count() - 35);
  CHECK(fingerprint(output) == undisturbed(plan));
}

TEST_CASE("a lost part is computed again and takes its old place") {
  const Plan plan = uneven_plan(Keep::samples);
  const Study study = study_of(plan);
  const ScratchFolder folder;
  const fs::path output = folder / "run.h5";
  for (int part = 0; part < 3; ++part) run_some(study, output, 10);
  const std::vector<fs::path> parts = parts_of(output);
  REQUIRE(parts.size() == 3);
  const std::size_t lost = GENERATE(0u, 1u, 2u);
  fs::remove(parts[lost]);
  run_study(study, serial_to(output));
  CHECK(fingerprint(output) == undisturbed(plan));
}

TEST_CASE("a damaged part is set aside and computed again") {
  const Plan plan = uneven_plan(Keep::statistics);
  const Study study = study_of(plan);
  const ScratchFolder folder;
  const fs::path output = folder / "run.h5";
  for (int part = 0; part < 2; ++part) run_some(study, output, 10);
  const fs::path part = parts_of(output).at(0);
  std::fstream stream(part, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(1000);
  const int byte = stream.get();
  stream.seekp(1000);
  stream.put(static_cast<char>(byte ^ 4));
  stream.close();
  RunOptions options = serial_to(output);
  std::vector<std::string> warnings;
  options.warn = [&](const std::string& warning) { warnings.push_back(warning); };
  run_study(study, options);
  REQUIRE(warnings.size() == 1);
  CHECK_THAT(warnings[0], Catch::Contains(part.string()) && Catch::Contains("damaged"));
  CHECK(fs::exists(part.string() + ".damaged"));
  CHECK(fingerprint(output) == undisturbed(plan));
}

TEST_CASE("parts of another job are refused") {
  Plan plan = uneven_plan(Keep::index);
  const ScratchFolder folder;
  const fs::path output = folder / "run.h5";
  run_some(study_of(plan), output, 5);
  plan.seed += 1;
  const Error error = error_of([&] { run_study(study_of(plan), serial_to(output)); });
  CHECK(error.code() == ExitCode::bad_input);
  CHECK_THAT(error.what(), Catch::Contains(parts_of(output).at(0).string()));
  CHECK_FALSE(fs::exists(output));
}

TEST_CASE("a longer run of the same job takes over the parts of a shorter one") {
  Plan plan = uneven_plan(Keep::samples);
  const ScratchFolder folder;
  const fs::path output = folder / "run.h5";
  plan.trajectories = 40 * plan.batch_trajectories;
  run_some(study_of(plan), output, 30);
  plan.trajectories *= 2;
  run_study(study_of(plan), serial_to(output));
  CHECK(fingerprint(output) == undisturbed(plan));
}

TEST_CASE("a failed batch is named, and what came before it is sealed") {
  const auto backend = GENERATE(Backend::serial, Backend::tbb, Backend::openmp);
  const ScratchFolder folder;
  RunOptions options = serial_to(folder / "run.h5");
  options.backend = backend;
  options.threads = 2;
  const Plan plan = uneven_plan(Keep::index);
  SECTION("with an error of ours") {
    options.before_batch = [](std::uint64_t batch) {
      if (batch == 17) throw Error(ExitCode::storage, "no more disk");
    };
    const Error error = error_of([&] { run_study(study_of(plan), options); });
    CHECK(error.code() == ExitCode::storage);
    CHECK_THAT(error.what(), Catch::Contains("batch 17") && Catch::Contains("no more disk"));
  }
  SECTION("with any other exception") {
    options.before_batch = [](std::uint64_t batch) {
      if (batch == 17) throw std::runtime_error("surprise");
    };
    CHECK_THROWS_WITH(run_study(study_of(plan), options),
                      Catch::Contains("batch 17") && Catch::Contains("surprise"));
  }
  CHECK(parts_of(options.output).size() == 1);
  options.before_batch = nullptr;
  run_study(study_of(plan), options);
  CHECK(fingerprint(options.output) == undisturbed(plan));
}

TEST_CASE("an output that another process writes is refused") {
  const ScratchFolder folder;
  const FileLock lock(folder / "run.h5.lock", LockKind::exclusive);
  REQUIRE(lock.state() == LockState::held);
  const Error error =
      error_of([&] { run_study(study_of(easy_plan()), serial_to(folder / "run.h5")); });
  CHECK(error.code() == ExitCode::bad_input);
  CHECK_FALSE(fs::exists(folder / "run.h5"));
}

TEST_CASE("a run whose trajectories run out of attempts ends with the budget's code") {
  Plan plan = easy_plan();
  plan.attempts = 10;
  testing::add_constraint(plan, testing::bounded("count", 11.0, 20.0));
  testing::add_constraint(plan, testing::bounded("largest", 0.0, 100.0));
  const ScratchFolder folder;
  const Error error = error_of([&] { run_study(study_of(plan), serial_to(folder / "run.h5")); });
  CHECK(error.code() == ExitCode::budget);
  CHECK_THAT(error.what(), Catch::Contains("count rejects") && Catch::Contains("2024"));
  CHECK_FALSE(fs::exists(folder / "run.h5"));
}

TEST_CASE("with one attempt, rejection is no exhaustion") {
  Plan plan = easy_plan();
  plan.attempts = 1;
  plan.outputs.keep = GENERATE(Keep::index, Keep::samples);
  plan.outputs.keep_samples = plan.outputs.keep == Keep::samples ? 3 : 0;
  testing::count_of(plan) = testing::by_candidate(testing::uniform(1.0, 10.0));
  const ScratchFolder folder;
  SECTION("nine in ten rejected") {
    testing::add_constraint(plan, testing::bounded("count", 2.0, 2.0));
    const Tally tally = run_study(study_of(plan), serial_to(folder / "run.h5"));
    CHECK(tally.complete > 0);
    CHECK(tally.complete < tally.trajectories / 2);
    CHECK(tally.years[0].exhausted == tally.trajectories - tally.complete);
  }
  SECTION("all rejected") {
    testing::add_constraint(plan, testing::bounded("count", 11.0, 20.0));
    const Tally tally = run_study(study_of(plan), serial_to(folder / "run.h5"));
    CHECK(tally.complete == 0);
    CHECK(read_result_file(folder / "run.h5").tally.complete == 0);
  }
}

TEST_CASE("how often parts are sealed decides how many there are, and what they say") {
  Plan plan = testing::uneven_plan(Keep::index);
  plan.trajectories = 40;  // 10 batches
  const ScratchFolder folder;
  const auto parts = [&](const char* name, double seconds) {
    RunOptions options = serial_to(folder / name);
    options.compact = false;
    options.seal_interval = std::chrono::duration<double>(seconds);
    run_study(study_of(plan), options);
    return part_paths(parts_folder(options.output));
  };
  const std::vector<fs::path> often = parts("often.h5", 0.0);
  REQUIRE(often.size() == 10);
  const std::vector<fs::path> rarely = parts("rarely.h5", 3600.0);
  REQUIRE(rarely.size() == 1);
  const auto name = part_name(rarely.front());
  REQUIRE(name);
  CHECK(name->batches.first == 0);
  CHECK(name->batches.count == 10);
  CHECK(name->shard.count == 1);
  for (std::size_t i = 0; i < often.size(); ++i) {
    CHECK(part_name(often[i]).value().batches.first == i);
    CHECK(part_name(often[i]).value().batches.count == 1);
  }
}

TEST_CASE("a shard looks at the parts of another split, and not at those of its neighbours") {
  const auto looks = [](const Shard& shard, const char* name) { return concerns(shard, name); };
  CHECK(looks({}, "part-0-4-0of1.h5"));
  CHECK(looks({}, "part-0-4-1of2.h5"));
  CHECK(looks({1, 3}, "part-1-4-1of3.h5"));
  CHECK_FALSE(looks({1, 3}, "part-0-3-0of3.h5"));
  CHECK(looks({1, 3}, "part-0-3-0of2.h5"));
  CHECK(looks({1, 3}, "part-without-a-name.h5"));
  CHECK_FALSE(concerns({1, 3}, "part-0-3-0of3.sweep", ".sweep"));

  const Plan plan = uneven_plan(Keep::summary);
  const ScratchFolder folder;
  RunOptions options;
  options.output = folder / "run.h5";
  options.backend = Backend::serial;
  options.shard = {0, 2};
  run_study(study_of(plan), options);
  const fs::path part = part_paths(parts_folder(options.output)).at(0);
  replace_file(part, "damaged");
  std::vector<std::string> warnings;
  options.warn = [&](const std::string& text) { warnings.push_back(text); };
  options.shard = {1, 2};
  run_study(study_of(plan), options);
  CHECK(warnings.empty());
  options.shard = {};
  run_study(study_of(plan), options);
  CHECK(warnings.size() == 1);
  CHECK(fingerprint(options.output) == undisturbed(plan));
}

TEST_CASE("the name of a part tells its batches and its shard") {
  const auto name = part_name("x/part-0000000003-0000000011-3of4.h5");
  REQUIRE(name);
  CHECK(name->shard.index == 3);
  CHECK(name->shard.count == 4);
  CHECK(name->batches.first == 3);
  CHECK(name->batches.step == 4);
  CHECK(name->batches.count == 3);
  for (const char* text :
       {"part-3-11-3of4.h5.damaged", "part-11-3-3of4.h5", "part-3-11-3of0.h5", "part-3-11.h5",
        "part--3-11-3of4.h5", "study.h5", "part-99999999999999999999-1-0of1.h5"}) {
    CHECK_FALSE(part_name(text));
  }
}

}  // namespace flopsieve::engine
