// The results of a sweep: each variant's rows are the tables of its own run.
#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/error.hpp"
#include "engine/h5.hpp"
#include "engine/runner.hpp"
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
using testing::uneven_variant;

/// The name that a dataset of a run has in a sweep; empty if it has none.
std::string name_of(const std::string& dataset) {
  for (const std::string group : {"/counts/", "/frontier/", "/statistics/", "/acceptance/"}) {
    if (!dataset.starts_with(group)) continue;
    const std::string name = dataset.substr(group.size());
    if (group == "/counts/" && name.starts_with("cumulative_")) return name;
    if (name == "candidates" || name == "survivors") return name;
    return group.substr(1, group.size() - 2) + "_" + name;
  }
  return "";
}

template <class T>
std::vector<std::uint64_t> bits_of(const std::vector<T>& values) {
  std::vector<std::uint64_t> bits;
  for (const T value : values) bits.push_back(std::bit_cast<std::uint64_t>(value));
  return bits;
}

template <class T>
void check_row(const H5File& sweep, const std::string& name, std::uint64_t variant,
               const std::vector<T>& row) {
  CAPTURE(name, variant);
  REQUIRE(sweep.exists("/" + name));
  CHECK(bits_of(sweep.read_rows<T>("/" + name, variant, 1)) == bits_of(row));
}

/// Compares every table of a run with the row of its variant; returns how many.
std::size_t check_rows(const H5File& sweep, std::uint64_t variant, const Plan& plan) {
  const ScratchFolder folder;
  run_study(study_of(plan), serial_to(folder / "run.h5"));
  const H5File run = H5File::open(folder / "run.h5");
  const std::vector<std::string> scales{"year",  "threshold",        "quantile",  "bound",
                                        "width", "other_constraint", "statistic", "constraint"};
  std::size_t compared = 0;
  for (const std::string& dataset : run.datasets()) {
    const std::string name = name_of(dataset);
    const std::string last = dataset.substr(dataset.rfind('/') + 1);
    if (name.empty() || std::ranges::count(scales, last) > 0) continue;
    ++compared;
    if (run.type(dataset) == H5Type::float64) {
      check_row(sweep, name, variant, run.read<double>(dataset));
    } else {
      check_row(sweep, name, variant, run.read<std::uint64_t>(dataset));
    }
  }
  CHECK(sweep.read_rows<std::uint64_t>("/batches", variant, 1) ==
        std::vector{run.shape("/batches/batch").at(0)});
  CHECK(sweep.read_rows<std::uint64_t>("/complete", variant, 1) ==
        std::vector{run.read_attribute<std::uint64_t>("/", "complete_trajectories")});
  CHECK(sweep.read_rows<std::uint64_t>("/trajectories", variant, 1) ==
        std::vector{run.read_attribute<std::uint64_t>("/", "trajectories")});
  return compared;
}

/// A variant by one of three methods.
Plan plan_by_method(std::uint64_t variant) {
  Plan plan = testing::plain_plan({2024});
  plan.attempts = 1'000;
  plan.trajectories = 24;
  plan.batch_trajectories = 4;
  testing::total_of(plan) = testing::by_trajectory(testing::constant(26.0));
  testing::count_of(plan) = testing::by_candidate(testing::constant(20.0));
  plan.sizes.family = SizeFamily::truncated_normal;
  plan.sizes.parameters.clear();
  for (const double each : {23.0, 1.0, 20.0, 25.6}) {
    plan.sizes.parameters.push_back(testing::by_candidate(testing::constant(each)));
  }
  plan.matching = {Match::reject, 0.7, {}};
  plan.outputs.thresholds = {1e24};
  plan.outputs.cumulative_base = {3};
  plan.outputs.keep = Keep::summary;
  const Method methods[]{Method::reject, Method::truncate, Method::split};
  plan.sampling.method = methods[variant % 3];
  return plan;
}

/// Nobody has so large a share.
Plan hopeless(Plan plan) {
  plan.constraints.at(0).lower.assign(plan.year_count(), 2.0);
  plan.constraints.at(0).upper.assign(plan.year_count(), 3.0);
  return plan;
}

TEST_CASE("the rows of a variant are the tables of its own run") {
  const FakeVariants variants(7, uneven_variant);
  const ScratchFolder folder;
  const SweepTally tally = run_sweep(variants, variants.study(), serial_to(folder / "sweep.h5"));
  const H5File sweep = H5File::open(folder / "sweep.h5");
  std::uint64_t candidates = 0;
  for (std::uint64_t v = 0; v < variants.count(); ++v) {
    CHECK(check_rows(sweep, v, uneven_variant(v)) >= 31);
    const auto years = sweep.read_rows<std::uint64_t>("/candidates", v, 1);
    candidates += years[0] + years[1];
  }
  CHECK(variants.plans_made() == variants.count());
  CHECK(tally.ok == 7);
  CHECK(tally.failed == 0);
  CHECK(tally.trajectories == 7 * 19);
  CHECK(tally.candidates == candidates);
  CHECK_FALSE(fs::exists(parts_folder(folder / "sweep.h5")));
}

TEST_CASE("variants of different methods stand in one result") {
  const FakeVariants variants(4, plan_by_method);
  const ScratchFolder folder;
  run_sweep(variants, variants.study(), serial_to(folder / "sweep.h5"));
  const H5File sweep = H5File::open(folder / "sweep.h5");
  for (std::uint64_t v = 0; v < variants.count(); ++v) check_rows(sweep, v, plan_by_method(v));
  CHECK(sweep.read_strings("/method") ==
        std::vector<std::string>{"reject", "truncate", "split", "reject"});
  // What a method says of itself is unknown for the others.
  const auto split = sweep.read<double>("/acceptance_split_levels");
  const auto tilt = sweep.read<double>("/acceptance_tilt_total_probability");
  const auto probability = sweep.read<double>("/acceptance_probability");
  CHECK(std::isnan(split[0]));
  CHECK(split[2] > 0.0);
  CHECK(std::isnan(tilt[0]));
  CHECK(std::isnan(tilt[2]));
  CHECK(probability[1] == sweep.read<double>("/acceptance_tilt_probability")[1]);
  CHECK(probability[2] == sweep.read<double>("/acceptance_split_probability")[2]);
  const auto trials = sweep.read<std::uint64_t>("/acceptance_first_trials");
  const auto passes = sweep.read<std::uint64_t>("/acceptance_first_passes");
  CHECK(probability[3] == static_cast<double>(passes[3]) / static_cast<double>(trials[3]));
}

TEST_CASE("what cannot be planned, or gets nowhere, has a status, and the others go on") {
  const auto make = [](std::uint64_t v) {
    if (v == 2) throw Error(ExitCode::bad_input, "variant: models.sd must be positive, not -1");
    if (v == 4) throw Error(ExitCode::infeasible, "infeasible: no candidate has such a total");
    return v == 3 ? hopeless(uneven_variant(v)) : uneven_variant(v);
  };
  const FakeVariants variants(13, make);
  const ScratchFolder folder;
  const SweepTally tally = run_sweep(variants, variants.study(), serial_to(folder / "sweep.h5"));
  CHECK(tally.ok == 10);
  CHECK(tally.failed == 3);
  const H5File sweep = H5File::open(folder / "sweep.h5");
  const auto status = sweep.read_strings("/status");
  CHECK(status[1] == "ok");
  CHECK(status[2] == "variant: models.sd must be positive, not -1");
  CHECK(status[4] == "infeasible: no candidate has such a total");
  // The run of that variant says the same.
  const ScratchFolder alone;
  const Error error = error_of([&] { run_study(study_of(make(3)), serial_to(alone / "run.h5")); });
  CHECK(status[3] == error.what());
  CHECK_THAT(status[3], Contains("ran out of their 60 attempts"));
  for (const std::uint64_t v : {2U, 3U, 4U}) {
    for (const double mean : sweep.read_rows<double>("/cumulative_mean", v, 1)) {
      CHECK(std::isnan(mean));
    }
    for (const double p : sweep.read_rows<double>("/acceptance_probability", v, 1)) {
      CHECK(std::isnan(p));
    }
    CHECK(sweep.read_rows<std::uint64_t>("/complete", v, 1) == std::vector<std::uint64_t>{0});
    CHECK(sweep.read_rows<std::uint64_t>("/candidates", v, 1) == std::vector<std::uint64_t>{0, 0});
  }
  check_rows(sweep, 12, uneven_variant(12));
  // However it is carried out.
  const Fingerprint wanted = fingerprint(folder / "sweep.h5");
  for (const std::uint64_t shards : {1U, 3U, 20U}) {
    const ScratchFolder other;
    RunOptions options = serial_to(other / "sweep.h5");
    options.backend = Backend::tbb;
    options.threads = 3;
    options.seal_interval = std::chrono::duration<double>(0.0);
    for (std::uint64_t shard = 0; shard < shards; ++shard) {
      options.shard = {shard, shards};
      if (shards < 5) run_some(variants, options, 9);
      run_sweep(variants, variants.study(), options);
    }
    if (shards > 1) merge_parts(merge_into(options.output));
    CAPTURE(shards);
    CHECK(fingerprint(options.output) == wanted);
  }
}

TEST_CASE("each variant ends with the batch that makes it precise") {
  const auto make = [](std::uint64_t v) {
    Plan plan = testing::precise_plan(0.6 + 0.2 * static_cast<double>(v % 3));
    plan.outputs.keep = Keep::summary;
    if (v == 1) plan.precision = {};
    plan.trajectories = 2'000;
    return plan;
  };
  const FakeVariants variants(3, make);
  const ScratchFolder folder;
  run_sweep(variants, variants.study(), serial_to(folder / "sweep.h5"));
  const Fingerprint wanted = fingerprint(folder / "sweep.h5");
  {
    const H5File sweep = H5File::open(folder / "sweep.h5");
    const auto batches = sweep.read<std::uint64_t>("/batches");
    CHECK(batches[1] == 50);
    CHECK(batches[2] < 50);
    for (std::uint64_t v = 0; v < 3; ++v) check_rows(sweep, v, make(v));
  }
  for (const std::uint64_t shards : {1U, 3U}) {  // without and with all batches
    for (const bool interrupted : {false, true}) {
      const ScratchFolder other;
      RunOptions options = serial_to(other / "sweep.h5");
      options.backend = Backend::openmp;
      options.threads = 2;
      options.seal_interval = std::chrono::duration<double>(interrupted ? 0.0 : 2.0);
      for (std::uint64_t shard = 0; shard < shards; ++shard) {
        options.shard = {shard, shards};
        if (interrupted) run_some(variants, options, 41);
        run_sweep(variants, variants.study(), options);
      }
      if (shards > 1) merge_parts(merge_into(options.output));
      CAPTURE(shards, interrupted);
      CHECK(fingerprint(options.output) == wanted);
    }
  }
}

TEST_CASE("a variant with other axes than the base is our own mistake") {
  const FakeVariants variants(3, [](std::uint64_t v) {
    Plan plan = uneven_variant(v);
    if (v == 1) plan.outputs.thresholds[0] = 2e24;
    return plan;
  });
  const ScratchFolder folder;
  const Error error =
      error_of([&] { run_sweep(variants, variants.study(), serial_to(folder / "sweep.h5")); });
  CHECK(error.code() == ExitCode::bug);
  CHECK_THAT(error.what(), Contains("variant 1 has other thresholds"));
}

TEST_CASE("the result of a sweep gives settings, statuses and single numbers of all variants") {
  const auto make = [](std::uint64_t v) {
    if (v == 2) throw Error(ExitCode::budget, "no");
    return uneven_variant(v);
  };
  const FakeVariants variants(5, make);
  const ScratchFolder folder;
  run_sweep(variants, variants.study(), serial_to(folder / "sweep.h5"));
  CHECK(is_sweep_result(folder / "sweep.h5"));
  SweepResult sweep = open_sweep(folder / "sweep.h5");
  const SweepStudy& study = sweep.study();
  CHECK(study.variants == 5);
  CHECK(study.identity == variants.identity());
  CHECK(study.design == "list");
  CHECK(study.sweep == "[sweep]\n");
  REQUIRE(study.keys.size() == 2);
  CHECK(study.keys[0].name == "models.sd");
  CHECK(study.keys[0].numbers == std::vector{0.0, 0.25, 0.5, 0.75, 1.0});
  CHECK(study.keys[1].name == "models.kind(x)");
  CHECK(study.keys[1].texts.at(3) == "odd");
  CHECK(plan_to_json(study.base) == plan_to_json(uneven_variant(0)));
  CHECK(sweep.status() == std::vector<std::string>{"ok", "ok", "no", "ok", "ok"});
  CHECK(sweep.shape("cumulative_quantiles") == std::vector<std::uint64_t>{2, 3, 3});
  CHECK(sweep.tally().ok == 4);

  const H5File file = H5File::open(folder / "sweep.h5");
  const auto all = file.read<double>("/cumulative_quantiles");
  const auto medians = sweep.values("cumulative_quantiles", {1, 2, 1});
  REQUIRE(medians.size() == 5);
  for (const std::size_t v : {0U, 1U, 3U, 4U}) CHECK(medians[v] == all[v * 18 + 9 + 6 + 1]);
  CHECK(std::isnan(medians[2]));
  CHECK(sweep.values("candidates", {0}).at(2) == 0.0);
  CHECK(sweep.values("complete", {}).size() == 5);
  CHECK(sweep.row("counts_mean", 3) == file.read_rows<double>("/counts_mean", 3, 1));
  CHECK_THROWS_AS(sweep.values("cumulative_quantiles", {1, 3, 1}), std::out_of_range);
  CHECK_THROWS_AS(sweep.values("cumulative_quantiles", {1}), std::out_of_range);
  CHECK_THROWS_AS(sweep.values("models.sd", {}), std::out_of_range);
  CHECK_THROWS_AS(sweep.values("nothing", {}), std::out_of_range);

  CHECK(file.exists("/models.sd"));
  CHECK(file.read_attribute_text("/models.kind_x_", "key") == "models.kind(x)");
  CHECK(file.read_attribute_text("/counts_bounds", "coordinates") == "models.sd models.kind_x_");
  CHECK(file.shape("/counts_bounds") == std::vector<std::uint64_t>{5, 2, 3, 3, 2});
}

TEST_CASE("settings get names of their own") {
  const std::vector<SweptKey> keys{{"year", true, {}, {}},
                                   {"a(1)", true, {}, {}},
                                   {"a[1]", true, {}, {}},
                                   {"a_1_", true, {}, {}}};
  CHECK(setting_names(keys, {"year", "variant"}) ==
        std::vector<std::string>{"year_2", "a_1_", "a_1__2", "a_1__3"});
}

TEST_CASE("a result of a sweep that is not what was written is refused") {
  const FakeVariants variants(200, [](std::uint64_t v) {
    Plan plan = uneven_variant(v % 5);
    plan.trajectories = 2;
    return plan;
  });
  const ScratchFolder folder;
  const fs::path path = folder / "sweep.h5";
  run_sweep(variants, variants.study(), serial_to(path));
  const std::string whole = bytes_of(path);
  std::size_t refused = 0;
  for (std::size_t i = 1; i < 40; ++i) {
    std::string bytes = whole;
    bytes[bytes.size() * i / 40] = static_cast<char>(bytes[bytes.size() * i / 40] ^ 16);
    set_bytes(path, bytes);
    try {
      SweepResult sweep = open_sweep(path);
      for (const std::string& name : sweep.variables()) sweep.row(name, 7);
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::storage);
      CHECK_THAT(error.what(), Contains("damaged"));
      ++refused;
    }
  }
  CHECK(refused == 39);
  set_bytes(path, whole.substr(0, whole.size() / 2));
  CHECK(error_of([&] { open_sweep(path); }).code() == ExitCode::storage);
  CHECK(error_of([&] { open_sweep(folder / "nothing.h5"); }).code() == ExitCode::bad_input);
  CHECK_FALSE(is_sweep_result(folder / "nothing.h5"));
}

}  // namespace
}  // namespace flopsieve::engine
