#include "jobs/sweep_variants.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "engine/plan.hpp"
#include "jobs/base.hpp"
#include "jobs/job.hpp"
#include "jobs/planning.hpp"
#include "jobs/sweep_check.hpp"
#include "tests/engine/support/folder.hpp"
#include "tests/support/small_job.hpp"

using namespace flopsieve::jobs;
using flopsieve::engine::Error;
using flopsieve::engine::ExitCode;
using flopsieve::engine::Plan;
using flopsieve::engine::plan_to_json;
using flopsieve::engine::testing::error_of;
using flopsieve::test::default_calibration;
using flopsieve::test::edited;
using flopsieve::test::small_job;

namespace {

const std::string short_job = "trajectories = 300\nattempts = 1_000\n" + small_job;

JobVariants variants_of(const std::string& table, const std::string& job = short_job) {
  return JobVariants(with_base(parse_toml(job + table, "s.toml")));
}

std::string grid(const std::string& keys, const std::string& more = "") {
  return "[sweep]\ndesign = \"grid\"\n" + more + "[sweep.keys]\n" + keys;
}

/// The Plan that the job gives with these keys set, and the batch size of the sweep.
Plan single(const std::vector<std::pair<std::string, std::string>>& settings,
            std::uint64_t batch_trajectories) {
  Document job = parse_toml(short_job, "s.toml");
  set_key(job, "outputs.keep", "summary");
  for (const auto& [key, value] : settings) set_key(job, key, value);
  Plan plan = plan_from_job(job, default_calibration());
  plan.calibration.name = "embedded";
  plan.batch_trajectories = batch_trajectories;
  return plan;
}

std::string complaint(const std::string& table, const std::string& job = short_job) {
  const Error error = error_of([&] { variants_of(table, job); });
  CHECK(error.code() == ExitCode::bad_input);
  return error.what();
}

}  // namespace

TEST_CASE("the plan of a variant is that of the job with its keys set") {
  const JobVariants variants = variants_of(
      grid("models.sd = [1.5, { uniform = [1, 2] }]\n"
           "\"constraint.largest_share.max\" = [0.4, 0.45]\nmodels.match = [\"shift\"]\n",
           "common_random_numbers = true\n"),
      "batch_trajectories = 128\n" + short_job);
  REQUIRE(variants.count() == 4);
  CHECK(variants.design() == "grid");
  CHECK(variants.base().batch_trajectories == 128);
  const char* const sds[] = {"1.5", "{ uniform = [1, 2] }"};
  const char* const shares[] = {"0.4", "0.45"};
  for (std::uint64_t v = 0; v < 4; ++v) {
    const Plan expected =
        single({{"models.sd", sds[v / 2]}, {"constraint.largest_share.max", shares[v % 2]}}, 128);
    Plan plan = variants.stated_plan(v);
    CHECK(plan.seed == 7);
    plan.calibration = expected.calibration;
    CHECK(plan_to_json(plan) == plan_to_json(expected));
  }
}

TEST_CASE("what the base decides is shared by its variants") {
  JobVariants variants = variants_of(grid("models.sd = [1.5, 1.7]\n"));
  variants.resolve();
  CHECK(variants.base_runs());
  Plan base = single({}, 0);
  complete_plan(base, Force::no);
  CHECK(variants.base().batch_trajectories == base.batch_trajectories);
  const Plan plan = variants.plan(1);
  CHECK(plan.batch_trajectories == base.batch_trajectories);
  CHECK(plan.cascade == base.cascade);
  CHECK(plan.sampling.method == flopsieve::engine::Method::reject);
  CHECK(plan.sampling.automatic);
  CHECK(plan.trajectories == 300);
}

TEST_CASE("a variant for which the base's method will not do decides for itself") {
  // The base has a total of which every candidate is within the tolerance; the variant does not.
  const std::string job =
      edited(edited(short_job, "match = \"shift\"", "match = \"reject\"\ntolerance = 0.9"),
             "attempts = 1_000", "attempts = 100_000");
  JobVariants variants = variants_of(grid("models.tolerance = [0.9, 0.001]\n"), job);
  variants.resolve();
  CHECK(variants.base().sampling.method == flopsieve::engine::Method::reject);
  CHECK(variants.plan(0).sampling.reason == "the method of the sweep's base");
  const Plan tight = variants.plan(1);
  CHECK(tight.sampling.reason.find("trial candidates of") != std::string::npos);
  CHECK(tight.sampling.automatic);
}

TEST_CASE("variants share the fit of a state space unless they sweep it") {
  const std::string job =
      edited(short_job, "count = { uniform = [20, 80] }", "count = \"state_space\"");
  const auto check_plans = [&](const std::string& key, const std::vector<std::string>& values) {
    const JobVariants variants =
        variants_of(grid(fmt::format("\"{}\" = [{}, {}]\n", key, values[0], values[1])), job);
    for (std::uint64_t v = 0; v < 2; ++v) {
      Document alone = parse_toml(job, "s.toml");
      set_key(alone, key, values[v]);
      const Plan expected = plan_from_job(alone, default_calibration());
      CHECK(expected.state.points > 0);
      CHECK(plan_identity(variants.stated_plan(v)) != plan_identity(variants.stated_plan(1 - v)));
      Plan stated = expected;
      stated.outputs.keep = flopsieve::engine::Keep::summary;
      CHECK(plan_identity(variants.stated_plan(v)) == plan_identity(stated));
    }
  };
  check_plans("models.sd", {"1.5", "1.7"});
  const auto series = [](double last) {
    std::string text = "{ last_year = 2023";
    for (const char* name : {"log10_total", "mean", "ln_sd", "atanh_skewness", "ln_count"}) {
      text += fmt::format(", {} = {{ observed = [1, 2, {}], standard_error = [0.1, 0.1, 0.1] }}",
                          name, last);
    }
    return text + " }";
  };
  check_plans("state_space", {series(2.5), series(3.5)});
}

TEST_CASE("plans are the same whichever thread asks for them") {
  JobVariants variants = variants_of(
      "[sweep]\ndesign = \"sobol\"\npoints = 16\ncommon_random_numbers = false\n[sweep.keys]\n"
      "models.sd = { uniform = [1.4, 2] }\ntotal.growth = { uniform = [3, 5] }\n");
  variants.resolve();
  std::vector<std::string> serial, parallel(16);
  for (std::uint64_t v = 0; v < 16; ++v) serial.push_back(plan_to_json(variants.plan(v)));
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint64_t v = t; v < 16; v += 4) parallel[v] = plan_to_json(variants.plan(v));
    });
  }
  for (std::thread& each : threads) each.join();
  CHECK(parallel == serial);
  CHECK(variants.plan(0).seed == variant_seed(7, variants.sweep(), 0));
  CHECK(variants.plan(0).seed != variants.plan(1).seed);
}

TEST_CASE("an infeasible variant says so and the others go on") {
  // 1e20 FLOP are far above any total: proved; one candidate in 1e7 or fewer: not found.
  JobVariants variants = variants_of(
      grid("\"constraint.largest.min\" = [0, 60, 26.9]\n"),
      short_job + "[[constraint]]\nstatistic = \"largest\"\nmin = 0\nmax = 61\nyears = \"2024\"\n");
  variants.resolve();
  CHECK_NOTHROW(variants.plan(0));
  const Error proved = error_of([&] { variants.plan(1); });
  CHECK(proved.code() == ExitCode::infeasible);
  CHECK(std::string(proved.what()).starts_with("infeasible: "));
  const VariantCheck found = check_variants(variants, 2);
  CHECK(found.invalid.empty());
  REQUIRE_FALSE(found.infeasible.empty());
  CHECK(found.infeasible[0].variant == 1);
  CHECK(found.infeasible[0].message == proved.what());
}

TEST_CASE("variants go on where the base itself is infeasible") {
  const std::string job = edited(short_job, "min = 0.05", "min = 0.4999");
  JobVariants variants = variants_of(
      grid("\"constraint.largest_share.min\" = [0.05]\n\"constraint.largest_share.max\" = [0.5]\n"),
      edited(job, "max = 0.5", "max = 0.49990000001"));
  variants.resolve();
  CHECK_FALSE(variants.base_runs());
  CHECK(variants.base().batch_trajectories == 64);
  CHECK(variants.plan(0).batch_trajectories == 64);
}

TEST_CASE("all invalid variants are found, with their numbers") {
  const JobVariants variants =
      variants_of(grid("models.sd = { from = -1, to = 1.9, points = 30 }\n"));
  const VariantCheck found = check_variants(variants, 2);
  // -1, -0.9, ..., 0 are refused, as is what comes after it only if below 0.001.
  REQUIRE(found.invalid.size() == 11);
  CHECK(found.infeasible.empty());
  for (std::size_t i = 0; i < found.invalid.size(); ++i) CHECK(found.invalid[i].variant == i);
  CHECK(found.invalid[0].message ==
        "s.toml:29: models.sd=-1: models.sd must be from 0.001 to 20, found -1");
  const Error error = error_of([&] { demand_valid(variants, found.invalid); });
  CHECK(error.code() == ExitCode::bad_input);
  CHECK(std::string(error.what()) == "11 of 30 variants are invalid: 0-10");
}

TEST_CASE("numbers are listed as ranges") {
  CHECK(number_ranges({}) == "");
  CHECK(number_ranges({4}) == "4");
  CHECK(number_ranges({0, 1, 2, 5, 7, 8}) == "0-2, 5, 7-8");
}

TEST_CASE("a key that no job has is one mistake") {
  CHECK(complaint(grid("models.sdd = [1, 2]\n")) ==
        "s.toml:29: models.sdd=1: unknown key \"sdd\" in [models]; did you mean \"sd\"? allowed: "
        "sizes, mean, sd, skewness, count, match, tolerance, method");
  CHECK(complaint(grid("\"constraint.largest_shar.max\" = [1]\n")) ==
        "s.toml:29: constraint.largest_shar.max=1: nothing there is called largest_shar; there is "
        "largest_share");
}

TEST_CASE("variants that would be rejected by other things are refused") {
  const JobVariants variants = variants_of(grid("models.match = [\"shift\", \"reject\"]\n"));
  const VariantCheck found = check_variants(variants, 1);
  REQUIRE(found.invalid.size() == 1);
  CHECK(found.invalid[0].variant == 1);
  CHECK(found.invalid[0].message.find("must have the same constraints and matching") !=
        std::string::npos);
}

TEST_CASE("a sweep keeps summaries only") {
  CHECK(complaint(grid("models.sd = [1]\n"), short_job + "keep = \"samples\"\n")
            .starts_with("s.toml:26: outputs.keep: a sweep keeps summaries only; write keep = "
                         "\"summary\""));
  const JobVariants variants = variants_of(grid("models.sd = [1]\n"));
  CHECK(variants.base().outputs.keep == flopsieve::engine::Keep::summary);
}

TEST_CASE("a job with a sweep is no job of its own") {
  const Document job = parse_toml(short_job + grid("models.sd = [1]\n"), "s.toml");
  const Error error = error_of([&] { plan_from_job(job, default_calibration()); });
  CHECK(std::string(error.what()) ==
        "s.toml:26: a job with [sweep] is many runs; flopsieve run and check take it");
}

TEST_CASE("the identity of a sweep hangs on what may be joined") {
  const auto identity = [](const std::string& table) { return variants_of(table).identity(); };
  const std::string one = identity(grid("models.sd = [1, 2]\n"));
  CHECK(one.size() == 64);
  CHECK(identity(grid("\"models.sd\" = { from = 1, to = 2, points = 2 }\n")) == one);
  CHECK(identity(grid("models.sd = [2, 1]\n")) != one);
  CHECK(identity(grid("models.sd = [1, 2, 2]\n")) != one);
  CHECK(identity(grid("models.skewness = [1, 2]\n")) != one);
  CHECK(identity(grid("models.sd = [1, 2]\n", "common_random_numbers = false\n")) != one);
  CHECK(identity("[sweep]\ndesign = \"zip\"\n[sweep.keys]\nmodels.sd = [1, 2]\n") != one);
  CHECK(variants_of(grid("models.sd = [1, 2]\n"), edited(short_job, "seed = 7", "seed = 8"))
            .identity() != one);
}
