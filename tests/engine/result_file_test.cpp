#include "engine/result_file.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <span>

#include "engine/error.hpp"
#include "engine/runner.hpp"
#include "engine/sealed.hpp"
#include "engine/summary.hpp"
#include "tests/engine/support/folder.hpp"
#include "tests/engine/support/plans.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;
using testing::error_of;
using testing::ScratchFolder;
using testing::study_of;
using testing::uneven_plan;

/// Parts of `batches` of a study, two batches in each.
std::vector<Part> parts_in(const fs::path& folder, const Study& study,
                           const std::vector<std::uint64_t>& batches) {
  PartWriter writer(folder, study, {});
  for (std::size_t i = 0; i < batches.size(); ++i) {
    writer.add(*run_batch(study.plan, batches[i]));
    if (i % 2 == 1) writer.seal();
  }
  writer.seal();
  return list_parts(folder, study, [](const std::string&) {}).parts;
}

Plan short_plan() {
  Plan plan = uneven_plan(Keep::samples);
  plan.trajectories = 6 * plan.batch_trajectories;
  return plan;
}

}  // namespace

TEST_CASE("a finished run is read back whole") {
  const Plan plan = uneven_plan(Keep::statistics);
  const ScratchFolder folder;
  RunOptions options;
  options.output = folder / "run.h5";
  const Tally tally = run_study(study_of(plan), options);
  const Results results = read_result_file(options.output);
  CHECK(plan_to_json(results.study.plan) == plan_to_json(plan));
  CHECK(results.study.identity == plan_identity(plan));
  CHECK(results.study.job == study_of(plan).job);
  CHECK(results.tally.trajectories == tally.trajectories);
  CHECK(results.tally.complete == tally.complete);
  CHECK(results.tally.counts == tally.counts);
  CHECK(results.tally.cumulative == tally.cumulative);
  CHECK(results.tally.statistics == tally.statistics);
  CHECK(results.tally.sums == tally.sums);
  CHECK(results.tally.square_sums == tally.square_sums);
  for (std::size_t year = 0; year < 2; ++year) {
    CHECK(results.tally.years[year].candidates == tally.years[year].candidates);
    CHECK(results.tally.years[year].exhausted == tally.years[year].exhausted);
    CHECK(results.tally.years[year].joint == tally.years[year].joint);
    CHECK(results.tally.years[year].killed == tally.years[year].killed);
    CHECK(results.tally.years[year].without == tally.years[year].without);
  }
}

TEST_CASE("stored columns, histograms and quantiles agree with each other") {
  const Plan plan = uneven_plan(Keep::samples);
  const ScratchFolder folder;
  RunOptions options;
  options.output = folder / "run.h5";
  const Tally tally = run_study(study_of(plan), options);
  const H5File file = H5File::open(options.output);
  REQUIRE(file.shape("/counts/by_trajectory") == std::vector<std::uint64_t>{tally.complete, 2, 3});
  const auto counts = file.read<std::uint32_t>("/counts/by_trajectory");
  const auto trajectory = file.read<std::uint64_t>("/trajectory");
  CHECK(std::is_sorted(trajectory.begin(), trajectory.end()));
  const auto quantiles = file.read<double>("/counts/quantiles");
  for (std::size_t cell = 0; cell < 6; ++cell) {
    std::vector<std::uint32_t> column;
    for (std::size_t row = 0; row < trajectory.size(); ++row) {
      column.push_back(counts[row * 6 + cell]);
    }
    std::sort(column.begin(), column.end());
    const auto rank = static_cast<std::size_t>(std::ceil(0.5 * static_cast<double>(column.size())));
    CHECK(quantiles[cell * 3 + 1] == column[rank - 1]);
  }
  // The kept sizes are those whose counts stand in the columns.
  const auto sizes = file.read<double>("/samples/log10_flop");
  const auto row_size = file.read<std::uint64_t>("/samples/row_size");
  const auto set_trajectory = file.read<std::uint64_t>("/samples/trajectory");
  REQUIRE(row_size.size() == 30 * 2);
  std::size_t at = 0;
  for (std::size_t set = 0; set < row_size.size(); ++set) {
    CHECK(set_trajectory[set] == trajectory[set / 2]);
    for (std::size_t t = 0; t < 3; ++t) {
      std::uint32_t above = 0;
      for (std::size_t i = at; i < at + row_size[set]; ++i) {
        above += sizes[i] >= std::log10(plan.outputs.thresholds[t]) ? 1 : 0;
      }
      CHECK(above == counts[set * 3 + t]);
    }
    at += row_size[set];
  }
  CHECK(at == sizes.size());
}

TEST_CASE("parts are joined only if they hold each batch once") {
  const Study study = study_of(short_plan());
  const ScratchFolder folder;
  const fs::path output = folder / "run.h5";
  SECTION("all there") {
    const auto parts = parts_in(folder / "parts", study, {0, 1, 2, 3, 4, 5});
    write_result_file(output, study, parts);
    CHECK(read_result_file(output).tally.trajectories == study.plan.trajectories);
  }
  SECTION("one missing") {
    const auto parts = parts_in(folder / "parts", study, {0, 1, 2, 4, 5});
    const Error error = error_of([&] { write_result_file(output, study, parts); });
    CHECK(error.code() == ExitCode::storage);
    CHECK_THAT(error.what(), Catch::Contains("batch 3 is missing"));
    CHECK_FALSE(fs::exists(output));
  }
  SECTION("stopped") {
    const auto parts = parts_in(folder / "parts", study, {0, 1, 2, 3, 4, 5});
    const std::atomic<bool> stop{true};
    const Error error = error_of([&] { write_result_file(output, study, parts, &stop); });
    CHECK(error.code() == ExitCode::interrupted);
    CHECK_FALSE(fs::exists(output));
  }
}

TEST_CASE("how batches are spread over parts changes no dataset") {
  const Study study = study_of(short_plan());
  const ScratchFolder folder;
  write_result_file(folder / "a.h5", study,
                    parts_in(folder / "parts-a", study, {0, 1, 2, 3, 4, 5}));
  // Sealed with gaps, as when a lost part is computed again.
  write_result_file(folder / "b.h5", study,
                    parts_in(folder / "parts-b", study, {0, 2, 4, 5, 1, 3}));
  CHECK(testing::fingerprint(folder / "a.h5") == testing::fingerprint(folder / "b.h5"));
}

TEST_CASE("many parts on their way together are written whole and in order") {
  Plan plan = short_plan();
  plan.trajectories = 20 * plan.batch_trajectories - 3;  // the last part is shorter
  plan.outputs.keep_samples = plan.trajectories;
  const Study study = study_of(plan);
  const ScratchFolder folder;
  PartWriter writer(folder / "parts", study, {});
  for (std::uint64_t batch = 0; batch < plan.batch_count(); ++batch) {
    writer.add(*run_batch(plan, batch));
    writer.begin_seal();
  }
  writer.seal();
  REQUIRE(writer.parts().size() == plan.batch_count());
  for (std::uint64_t batch = 0; batch < plan.batch_count(); ++batch) {
    const Part& part = writer.parts()[batch];
    REQUIRE(part.batches.first == batch);
    REQUIRE(part.batches.count == 1);
    const Columns found = read_part(part.path, plan).columns;
    const Columns expected = run_batch(plan, batch)->columns;
    REQUIRE(found.trajectory == expected.trajectory);
    REQUIRE(found.attempt == expected.attempt);
    REQUIRE(found.counts == expected.counts);
    REQUIRE(found.statistics == expected.statistics);
    REQUIRE(found.row_size == expected.row_size);
    REQUIRE(found.location == expected.location);
    REQUIRE(found.scale == expected.scale);
    REQUIRE(found.z == expected.z);
  }
}

TEST_CASE("a part that leaves batches out is set aside, one of a shard is not") {
  Plan plan = short_plan();
  const Study study = study_of(plan);
  const ScratchFolder folder;
  PartWriter writer(folder / "parts", study, {.index = 1, .count = 2});
  for (const std::uint64_t batch : {1u, 3u, 5u}) writer.add(*run_batch(plan, batch));
  writer.seal();
  std::vector<std::string> warnings;
  const auto warn = [&](const std::string& text) { warnings.push_back(text); };
  const auto found = list_parts(folder / "parts", study, warn).parts;
  REQUIRE(found.size() == 1);
  CHECK(found[0].batches.first == 1);
  CHECK(found[0].batches.step == 2);
  CHECK(found[0].batches.count == 3);
  CHECK(warnings.empty());
  // The same with a third batch that does not follow, and a valid seal.
  PageBytes image = unseal(found[0].path);
  const std::array<std::uint64_t, 3> stored{1, 3, 5};
  const std::array<std::uint64_t, 3> torn{1, 3, 4};
  const auto place =
      std::search(image.begin(), image.end(), std::as_bytes(std::span(stored)).begin(),
                  std::as_bytes(std::span(stored)).end());
  REQUIRE(place != image.end());
  std::ranges::copy(std::as_bytes(std::span(torn)), place);
  seal(found[0].path, {image.data(), image.size()});
  CHECK(list_parts(folder / "parts", study, warn).parts.empty());
  REQUIRE(warnings.size() == 1);
  CHECK_THAT(warnings[0], Catch::Contains("leaves batches out") && Catch::Contains("set aside"));
  CHECK_FALSE(fs::exists(found[0].path));
}

TEST_CASE("a part whose plan cannot be read is named") {
  const Study study = study_of(short_plan());
  const ScratchFolder folder;
  const fs::path path = parts_in(folder / "parts", study, {0, 1}).at(0).path;
  PageBytes image = unseal(path);
  const auto seal_with = [&](std::string_view text, std::string_view other) {
    const auto place =
        std::search(image.begin(), image.end(), std::as_bytes(std::span(text)).begin(),
                    std::as_bytes(std::span(text)).end());
    REQUIRE(place != image.end());
    std::ranges::copy(std::as_bytes(std::span(other)), place);
    seal(path, {image.data(), image.size()});
  };
  std::vector<std::string> warnings;
  const auto list = [&] {
    list_parts(folder / "parts", study, [&](const std::string& text) { warnings.push_back(text); });
  };
  SECTION("no plan") {
    seal_with("{\"sampling_version\"", "[\"sampling_version\"");
    list();
    REQUIRE(warnings.size() == 1);
    CHECK_THAT(warnings[0],
               Catch::StartsWith(path.string() + ": damaged part: the stored plan cannot be read"));
    CHECK_FALSE(fs::exists(path));
  }
  SECTION("a plan of another sampling version") {
    seal_with("{\"sampling_version\":3", "{\"sampling_version\":2");
    const Error error = error_of(list);
    CHECK(error.code() == ExitCode::storage);
    CHECK(error.what() ==
          path.string() + ": the stored plan has sampling version 2, this program has 3");
    CHECK(warnings.empty());
    CHECK(fs::exists(path));
  }
}

TEST_CASE("what is no finished run is refused") {
  const ScratchFolder folder;
  const auto code = [&](const std::string& name) {
    return error_of([&] { read_result_file(folder / name); }).code();
  };
  CHECK(code("missing.h5") == ExitCode::bad_input);
  fs::create_directory(folder / "folder.h5");
  CHECK(code("folder.h5") == ExitCode::bad_input);
  std::ofstream(folder / "text.h5") << "not HDF5";
  CHECK(code("text.h5") == ExitCode::bad_input);
  H5File::create(folder / "foreign.h5").flush();
  CHECK(code("foreign.h5") == ExitCode::bad_input);
  const Study study = study_of(short_plan());
  const auto parts = parts_in(folder / "parts", study, {0, 1});
  fs::copy_file(parts.at(0).path, folder / "part.h5");
  CHECK(code("part.h5") == ExitCode::bad_input);
}

TEST_CASE("the study of a folder of parts is found, past a damaged one") {
  const Study study = study_of(short_plan());
  const ScratchFolder folder;
  CHECK_FALSE(stored_study(folder / "none"));
  const auto parts = parts_in(folder / "parts", study, {0, 1, 2, 3});
  REQUIRE(parts.size() == 2);
  fs::resize_file(parts[0].path, 1000);
  const auto found = stored_study(folder / "parts");
  REQUIRE(found);
  CHECK(found->identity == study.identity);
  CHECK(found->job == study.job);
  CHECK(plan_to_json(found->plan) == plan_to_json(study.plan));
}

}  // namespace flopsieve::engine
