#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <optional>

#include "engine/error.hpp"
#include "engine/merge.hpp"
#include "engine/runner.hpp"
#include "engine/sealed.hpp"
#include "engine/summary.hpp"
#include "tests/engine/support/folder.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/engine/support/stored_runs.hpp"

// Longer runs made of shorter ones, shards, and what precision does to both: always the bytes of
// one undisturbed run.

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;
using testing::error_of;
using testing::fingerprint;
using testing::ScratchFolder;
using testing::serial_to;
using testing::study_of;
using testing::undisturbed;
using testing::uneven_plan;

Plan with_trajectories(Plan plan, std::uint64_t trajectories) {
  plan.trajectories = trajectories;
  return plan;
}

/// Runs until `batches` are committed, then stops.
void run_some(const Plan& plan, RunOptions options, std::uint64_t batches) {
  std::atomic<bool> stop{false};
  options.stop = &stop;
  options.on_progress = [&](const Progress& progress) {
    if (progress.batches_done == batches) stop = true;
  };
  CHECK(error_of([&] { run_study(study_of(plan), options); }).code() == ExitCode::interrupted);
}

void merge(const fs::path& output, const std::vector<fs::path>& folders, bool keep = false) {
  const Shards shards = look_at_shards(folders);
  MergeOptions options;
  options.output = output;
  options.folders = folders;
  options.keep_parts = keep;
  merge_shards(shards.study, shards.survey, options);
}

void run_shards(const Plan& plan, const fs::path& output, std::uint64_t count) {
  for (std::uint64_t index = 0; index < count; ++index) {
    RunOptions options = serial_to(output);
    options.shard = {index, count};
    run_study(study_of(plan), options);
  }
}

}  // namespace

TEST_CASE("a finished run is extended to the bytes of a longer one") {
  // Whole batches only; a cut one after 30; fewer complete ones than keep their sizes.
  const auto [keep, begun] = GENERATE(table<Keep, std::uint64_t>({{Keep::summary, 123},
                                                                  {Keep::index, 120},
                                                                  {Keep::statistics, 123},
                                                                  {Keep::samples, 123},
                                                                  {Keep::samples, 21}}));
  const Plan longer = uneven_plan(keep);
  const ScratchFolder folder;
  const fs::path output = folder / "run.h5";
  run_study(study_of(with_trajectories(longer, begun)), serial_to(output));
  RunOptions options = serial_to(output);
  std::uint64_t computed = 0;
  options.on_progress = [&](const Progress& progress) { computed = progress.batches_done; };
  SECTION("at once") {
    run_study(study_of(longer), options);
    CHECK(computed == longer.batch_count() - begun / longer.batch_trajectories);
  }
  SECTION("in steps, stopped on the way") {
    run_some(with_trajectories(longer, 190), serial_to(output), 5);
    CHECK(fingerprint(output) == undisturbed(with_trajectories(longer, begun)));
    run_study(study_of(with_trajectories(longer, 190)), options);
    CHECK(fingerprint(output) == undisturbed(with_trajectories(longer, 190)));
    run_some(longer, serial_to(output), 2);
    run_study(study_of(longer), options);
  }
  CHECK(fingerprint(output) == undisturbed(longer));
  CHECK_FALSE(fs::exists(parts_folder(output)));
  CHECK(folder.size() == 1);
}

TEST_CASE("an unfinished run is made longer") {
  const Plan longer = uneven_plan(Keep::samples);
  const ScratchFolder folder;
  const fs::path output = folder / "run.h5";
  // Its last batch is cut, and sealed.
  RunOptions options = serial_to(output);
  options.compact = false;
  const Tally tally = run_study(study_of(with_trajectories(longer, 150)), options);
  CHECK(tally.trajectories == 150);
  CHECK_FALSE(fs::exists(output));
  options.compact = true;
  std::optional<std::uint64_t> first;
  options.before_batch = [&](std::uint64_t batch) {
    first = std::min(first.value_or(batch), batch);
  };
  run_study(study_of(longer), options);
  CHECK(first == 37);
  CHECK(fingerprint(output) == undisturbed(longer));
  CHECK_FALSE(fs::exists(parts_folder(output)));
}

TEST_CASE("fewer trajectories than are stored are refused") {
  const Plan longer = uneven_plan(Keep::index);
  const ScratchFolder folder;
  const fs::path output = folder / "run.h5";
  run_some(longer, serial_to(output), 40);
  const Error error =
      error_of([&] { run_study(study_of(with_trajectories(longer, 121)), serial_to(output)); });
  CHECK(error.code() == ExitCode::bad_input);
  CHECK_THAT(error.what(), Catch::Contains("the run is to have 121"));
  // What is sealed is still of use.
  run_study(study_of(with_trajectories(longer, 161)), serial_to(output));
  CHECK(fingerprint(output) == undisturbed(with_trajectories(longer, 161)));
  CHECK(error_of([&] {
          run_study(study_of(with_trajectories(longer, 161)), serial_to(output));
        }).code() == ExitCode::bad_input);
}

TEST_CASE("a file that is damaged is not extended") {
  const Plan longer = uneven_plan(Keep::samples);
  const ScratchFolder folder;
  const fs::path output = folder / "run.h5";
  run_study(study_of(with_trajectories(longer, 100)), serial_to(output));
  {
    std::fstream stream(output, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(0, std::ios::end);
    const auto size = static_cast<std::size_t>(stream.tellg());
    std::string bytes(size, '\0');
    stream.seekg(0);
    stream.read(bytes.data(), static_cast<std::streamsize>(size));
    const H5File file = H5File::open(output);
    const auto sizes = file.read<double>("/samples/log10_flop");
    const std::string value(reinterpret_cast<const char*>(sizes.data()), 64);
    const std::size_t place = bytes.find(value);
    REQUIRE(place != std::string::npos);
    stream.seekp(static_cast<std::streamoff>(place + 7));
    stream.put('\x41');
  }
  fs::resize_file(output, fs::file_size(output) - kSealBytes);  // as another program leaves it
  const Error error = error_of([&] { run_study(study_of(longer), serial_to(output)); });
  CHECK(error.code() == ExitCode::storage);
  CHECK_THAT(error.what(), Catch::Contains("damaged: /samples/log10_flop"));
}

TEST_CASE("shards in one folder are merged to the bytes of one process") {
  Plan plan = uneven_plan(GENERATE(Keep::summary, Keep::samples));
  const ScratchFolder folder;
  const fs::path output = folder / "run.h5";
  const std::uint64_t count = GENERATE(2u, 8u);
  if (count == 8) plan.trajectories = 6 * plan.batch_trajectories;  // two shards have nothing to do
  run_shards(plan, output, count);
  CHECK_FALSE(fs::exists(output));
  SECTION("by a merge") {
    merge(output, {parts_folder(output)});
  }
  SECTION("by a run that finds nothing left to do") {
    RunOptions options = serial_to(output);
    options.before_batch = [](std::uint64_t) { FAIL("a batch was computed"); };
    run_study(study_of(plan), options);
  }
  CHECK(fingerprint(output) == undisturbed(plan));
  CHECK(folder.size() == 1);
}

TEST_CASE("shards of their own outputs, of two splits and stopped, are merged") {
  const Plan plan = uneven_plan(Keep::samples);
  const ScratchFolder folder;
  RunOptions options = serial_to(folder / "a.h5");
  options.shard = {0, 2};
  run_some(plan, options, 11);
  options.output = folder / "b.h5";
  options.shard = {1, 2};
  run_study(study_of(plan), options);
  const std::vector<fs::path> folders{folder / "b.h5.parts", folder / "a.h5.parts"};
  CHECK(error_of([&] { merge(folder / "run.h5", folders); }).code() == ExitCode::storage);
  options.output = folder / "a.h5";
  for (const std::uint64_t third : {0u, 2u, 1u}) {
    options.shard = {third, 3};
    run_study(study_of(plan), options);
  }
  merge(folder / "run.h5", folders, true);
  CHECK(fingerprint(folder / "run.h5") == undisturbed(plan));
  CHECK(fs::exists(folders[0]));
  fs::remove(folder / "run.h5");
  merge(folder / "run.h5", folders);
  CHECK(fingerprint(folder / "run.h5") == undisturbed(plan));
  CHECK(folder.size() == 1);
}

TEST_CASE("shards extend a finished run") {
  const Plan longer = uneven_plan(Keep::samples);
  const ScratchFolder folder;
  const fs::path output = folder / "run.h5";
  run_study(study_of(with_trajectories(longer, 101)), serial_to(output));
  run_shards(longer, output, 3);
  merge(output, {parts_folder(output)});
  CHECK(fingerprint(output) == undisturbed(longer));
  CHECK(folder.size() == 1);
}

TEST_CASE("precision ends a run at the same batch, however it was computed") {
  const Plan plan = testing::precise_plan(2.0);
  const ScratchFolder folder;
  const fs::path output = folder / "run.h5";
  run_study(study_of(plan), serial_to(folder / "whole.h5"));
  const Results whole = read_results(folder / "whole.h5");
  const std::uint64_t batches = whole.tally.trajectories / plan.batch_trajectories;
  REQUIRE(stopped_early(plan, whole.tally));
  REQUIRE(batches > 10);
  REQUIRE(batches + 3 < plan.batch_count());
  SECTION("by shards, merged") {
    run_shards(plan, output, 3);
    CHECK(read_results(output).tally.trajectories == whole.tally.trajectories);
    merge(output, {parts_folder(output)});
  }
  SECTION("by one shard of two, and a run that fills the gaps") {
    RunOptions options = serial_to(output);
    options.shard = {1, 2};
    run_study(study_of(plan), options);
    options.shard = {};
    std::uint64_t last = 0;
    options.before_batch = [&](std::uint64_t batch) { last = std::max(last, batch); };
    run_study(study_of(plan), options);
    CHECK(last < batches);
  }
  SECTION("by extension") {
    run_study(study_of(with_trajectories(plan, plan.batch_trajectories * 4 + 20)),
              serial_to(output));
    run_study(study_of(plan), serial_to(output));
  }
  SECTION("by extension of one that met it") {
    run_study(study_of(with_trajectories(plan, plan.batch_trajectories * (batches + 1))),
              serial_to(output));
    RunOptions options = serial_to(output);
    options.before_batch = [](std::uint64_t) { FAIL("a batch was computed"); };
    run_study(study_of(plan), options);
  }
  SECTION("with a part that was lost") {
    run_some(plan, serial_to(output), 4);
    run_some(plan, serial_to(output), 4);
    std::vector<fs::path> parts;
    for (const auto& entry : fs::directory_iterator(parts_folder(output))) {
      parts.push_back(entry.path());
    }
    REQUIRE(parts.size() == 2);
    fs::remove(std::min(parts[0], parts[1]));
    RunOptions options = serial_to(output);
    std::uint64_t computed = 0;
    options.before_batch = [&](std::uint64_t) { ++computed; };
    run_study(study_of(plan), options);
    CHECK(computed <= batches - 4);
  }
  CHECK(fingerprint(output) == fingerprint(folder / "whole.h5"));
  CHECK_FALSE(fs::exists(parts_folder(output)));
}

TEST_CASE("results are read from parts that are complete, and only from these") {
  const Plan plan = uneven_plan(Keep::index);
  const ScratchFolder folder;
  const fs::path output = folder / "run.h5";
  run_some(plan, serial_to(output), 12);
  const Error error = error_of([&] { read_results(output); });
  CHECK(error.code() == ExitCode::bad_input);
  CHECK_THAT(error.what(), Catch::Contains("12 of 66 batches are sealed"));
  RunOptions options = serial_to(output);
  options.compact = false;
  const Tally tally = run_study(study_of(plan), options);
  const Results results = read_results(output);
  CHECK(results.tally.trajectories == plan.trajectories);
  CHECK(results.tally.counts == tally.counts);
  CHECK(results.tally.sums == tally.sums);
  options.compact = true;
  run_study(study_of(plan), options);
  CHECK(read_results(output).tally.sums == tally.sums);
}

TEST_CASE("parts that a killed run left beside its result are removed") {
  const Plan plan = uneven_plan(Keep::index);
  const ScratchFolder folder;
  const fs::path output = folder / "run.h5";
  RunOptions options = serial_to(output);
  options.compact = false;
  run_study(study_of(plan), options);
  fs::copy(parts_folder(output), folder / "copy");
  options.compact = true;
  run_study(study_of(plan), options);
  fs::rename(folder / "copy", parts_folder(output));
  remove_leftovers(output, read_results(output), [](const std::string& text) { FAIL(text); });
  CHECK(folder.size() == 1);
}

TEST_CASE("some foreign parts are set aside, and the run goes on") {
  const Plan plan = uneven_plan(Keep::index);
  Plan other = plan;
  other.seed += 1;
  const ScratchFolder folder;
  const fs::path output = folder / "run.h5";
  RunOptions options = serial_to(output);
  options.shard = {1, 2};
  run_study(study_of(plan), options);
  run_some(other, serial_to(folder / "other.h5"), 5);
  fs::path foreign;
  for (const auto& entry : fs::directory_iterator(parts_folder(folder / "other.h5"))) {
    foreign = parts_folder(output) / entry.path().filename();
    fs::copy(entry.path(), foreign);
  }
  options.shard = {};
  std::vector<std::string> warnings;
  options.warn = [&](const std::string& text) { warnings.push_back(text); };
  run_study(study_of(plan), options);
  REQUIRE(warnings.size() == 1);
  CHECK_THAT(warnings[0], Catch::Contains("another job") && Catch::Contains(foreign.string()));
  CHECK(fs::exists(foreign.string() + ".foreign"));
  CHECK(fingerprint(output) == undisturbed(plan));
}

TEST_CASE("the first to come decides on the study of a folder") {
  Plan plan = uneven_plan(Keep::index);
  const ScratchFolder folder;
  const Study first = study_of(plan);
  plan.matching.bound.back() *= 1.0 + 1e-15;  // as another machine's fit might be
  const Study second = study_of(plan);
  REQUIRE(first.identity != second.identity);
  CHECK(agree_on_study(folder / "run.h5.parts", first).identity == first.identity);
  CHECK(agree_on_study(folder / "run.h5.parts", second).identity == first.identity);
  CHECK(stored_study(folder / "run.h5.parts")->identity == first.identity);
  std::ofstream(folder / "run.h5.parts/study.h5") << "damaged";
  CHECK(agree_on_study(folder / "run.h5.parts", second).identity == second.identity);
}

}  // namespace flopsieve::engine
