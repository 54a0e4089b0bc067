// One small fixed run, byte by byte. Compilers, instruction sets and machines must agree on it.

#include <catch2/catch.hpp>
#include <string>

#include "engine/runner.hpp"
#include "engine/sha256.hpp"
#include "tests/engine/support/folder.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/support/targets.hpp"

namespace flopsieve::engine {

namespace {

/// "dataset type shape sha256" of every dataset of a run, as one text.
std::string datasets_of(const Plan& plan) {
  const testing::ScratchFolder folder;
  RunOptions options;
  options.output = folder / "golden.h5";
  run_study(testing::study_of(plan), options);
  std::string all;
  for (const auto& [name, text] : testing::fingerprint(options.output)) {
    all += name + " " + text + "\n";
  }
  return all;
}

/// One model of sizes of each family, with a match, constraints and outputs that go with it.
Plan plan_of(SizeFamily family) {
  using testing::by_candidate;
  using testing::constant;
  using testing::uniform;
  Plan plan = testing::plain_plan({2024, 2025});
  plan.trajectories = 24;
  plan.attempts = 200;
  plan.outputs.thresholds = {1e24, 1e25};
  plan.outputs.cumulative_base = {3, 0};
  plan.outputs.observed = {-1, -1, 7, -1};
  plan.outputs.frontier = {{0.5, 1.5}, 4, 25.0};
  plan.outputs.statistics = {parse_statistic("largest"), parse_statistic("tokens_total")};
  plan.outputs.keep = Keep::statistics;
  plan.sizes.family = family;
  plan.sizes.parameters.clear();
  const auto add = [&](const Distribution& law) {
    plan.sizes.parameters.push_back(by_candidate(law, 2));
  };
  switch (family) {
    case SizeFamily::truncated_normal:
      for (const double value : {24.0, 1.5, 22.0, 27.0}) add(constant(value));
      plan.matching = {Match::reject, 0.8, {}};
      break;
    case SizeFamily::grid:
      for (const double value : {23.0, 26.0, 0.5}) add(constant(value));
      plan.matching = {Match::reject, 0.9, {}};
      break;
    case SizeFamily::uniform:
      for (const double value : {22.0, 26.0}) add(constant(value));
      plan.matching = {Match::last, 0.1, {0.0, 0.0}};
      break;
    case SizeFamily::power_law:
      for (const double value : {1.02, 21.0, 26.0}) add(constant(value));
      plan.matching = {Match::last, 0.1, {10.0, 10.0}};
      break;
    case SizeFamily::allocation:
      add(uniform(0.05, 0.5));
      add(uniform(0.9, 1.1));
      add(uniform(-8.0, -6.0));
      plan.sizes.parameters[0].year_correlation = 0.5;
      plan.count.model = CountModel::implied;
      plan.matching = {Match::none, 0.0, {}};
      break;
    case SizeFamily::mixture:
      add(testing::normal(23.0, 1.0));
      plan.sizes.components = {{by_candidate(uniform(0.1, 1.0), 2), by_candidate(constant(-1.0), 2),
                                by_candidate(constant(0.5), 2)},
                               {by_candidate(constant(0.5), 2), by_candidate(constant(1.0), 2),
                                by_candidate(uniform(0.5, 1.5), 2)}};
      plan.matching = {Match::shift, 0.0, {0.4, 0.4}};
      break;
    default:
      add(testing::normal(24.0, 1.0));
      add(uniform(0.8, 1.2));
      add(family == SizeFamily::student_t ? uniform(4.0, 8.0) : uniform(-0.9, 0.9));
      plan.sizes.parameters.resize(parameters_of(family).size());
      plan.sizes.kernel = {{-1.0, 0.2, 0.9}, {0.25, 0.5, 1.0}, 0.4, 0.25, 0.9};
      plan.matching = {Match::shift, 0.0, {0.4, 0.4}};
      break;
  }
  testing::add_constraint(plan, testing::soft("largest", 25.7, 1.0, 2));
  Constraint growth = testing::bounded("count_above(1e23)", 0.2, 5.0, 2);
  growth.relative_to = RelativeTo::previous_year;
  testing::add_constraint(plan, growth);
  return plan;
}

}  // namespace

TEST_CASE("the golden runs of every law of sizes have not changed") {
  const test::RestoreTarget restore;
  for (const auto target : test::targets_to_test()) {
    REQUIRE(kernels::force_target(target));
    std::string all;
    for (int family = 0; family <= static_cast<int>(SizeFamily::allocation); ++family) {
      all += datasets_of(plan_of(static_cast<SizeFamily>(family)));
    }
    INFO("raise sampling_version as below");
    CHECK(sha256_hex(all) == "f2f13140041fe73b71fc04c36866d7ad540f031715038c2f1538724acc5b11d7");
  }
}

TEST_CASE("the golden run has not changed") {
  Plan shift = testing::uneven_plan(Keep::samples);
  shift.trajectories = 8 * shift.batch_trajectories;

  Plan reject = testing::prototype_plan({2024, 2025});
  reject.trajectories = 64;
  reject.attempts = 5000;
  reject.matching = {Match::reject, 0.5, {}};
  reject.count.model = CountModel::exponential_trend;
  reject.count.trend = {2020.0, 3.75, 0.16, 0.09, 0.3779644730092272, 0.1889822365046136, 5};

  Plan poisson = testing::prototype_plan({2024, 2025});
  poisson.trajectories = 64;
  poisson.outputs.keep = Keep::statistics;
  poisson.outputs.statistics = {parse_statistic("mean"), parse_statistic("gini")};
  poisson.attempts = 1000;
  testing::count_of(poisson) =
      testing::by_candidate(testing::law(kernels::Law::lognormal, 4.2, 0.2), 2);

  INFO(
      "raise sampling_version (engine/plan.hpp) and note it in CHANGELOG.md under "
      "'results change'");
  CHECK(sha256_hex(datasets_of(shift)) ==
        "4d9e3f77eb1b6981d40d817347546b3317a70052dd444be879d79620dc25f011");
  CHECK(sha256_hex(datasets_of(reject)) ==
        "d6d405fd78b4cbd46dd81bb7e19a54fcedf68ddfc73ccbf2a1b9dbd4188b4321");
  CHECK(sha256_hex(datasets_of(poisson)) ==
        "d5d488be38c5cbf47355fac13779c9183206866327983503066e7ab477f6be58");
}

}  // namespace flopsieve::engine
