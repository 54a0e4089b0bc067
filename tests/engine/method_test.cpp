// What auto decides, and what it says about it.
#include "engine/method.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "engine/pilot.hpp"
#include "engine/summary.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/engine/support/runs.hpp"

using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
using namespace flopsieve;
using namespace flopsieve::engine;
using namespace flopsieve::engine::testing;

namespace {

/// 10 normal sizes with everything constant; the total is not met but by chance.
Plan total_plan(double log10_total, double tolerance) {
  Plan plan = plain_plan({2024, 2025});
  plan.attempts = 1'000'000;
  plan.sizes.family = SizeFamily::normal;
  plan.sizes.parameters = {by_candidate(constant(24.0), 2), by_candidate(constant(1.0), 2)};
  total_of(plan) = by_candidate(constant(log10_total), 2);
  plan.matching = {.match = Match::reject, .tolerance = tolerance, .bound = {}};
  return plan;
}

TEST_CASE("auto takes rejection where candidates pass") {
  const Sampling sampling = decide_method(total_plan(25.8, 0.3));
  CHECK(sampling.method == Method::reject);
  CHECK(sampling.automatic);
  CHECK_THAT(sampling.reason,
             Contains("of 4096 trial candidates of 202") && Contains("meet every constraint"));
}

TEST_CASE("auto tilts towards a total that hardly a candidate meets") {
  const Plan plan = total_plan(28.5, 0.01);
  const Sampling sampling = decide_method(plan);
  CHECK(sampling.method == Method::tilt);
  CHECK_THAT(sampling.reason,
             Contains("of 1000000 trial candidates of 2024 meet") &&
                     Contains("of 2024 tilted to the total meet every constraint") ||
                 Contains("of 2025 tilted to the total meet every constraint"));
}

TEST_CASE("auto tilts towards a mean that hardly a candidate has") {
  Plan plan = total_plan(25.8, 0.3);
  add_constraint(plan, bounded("mean", 22.2, 22.25, 2));
  const Sampling sampling = decide_method(plan);
  CHECK(sampling.method == Method::tilt);
  CHECK_THAT(sampling.reason, Contains("tilted to the total meet every constraint"));
}

TEST_CASE("auto splits where a constraint that is no total is hardly met") {
  Plan plan = total_plan(25.8, 0.5);
  add_constraint(plan, bounded("skewness", 2.2, 2.3, 2));
  plan.constraints[0].active[0] = 0;
  const Sampling sampling = decide_method(plan);
  CHECK(sampling.method == Method::split);
  CHECK_THAT(sampling.reason, Contains("of 1000000 trial candidates of 2025 meet") &&
                                  Contains("skewness, which rejects most, is no window of a sum"));
  plan.sampling = sampling;
  CHECK(result_class(plan) == "correlated");
  const Pilot pilot = run_pilot(plan);
  REQUIRE(pilot.years.size() == 2);
  CHECK(pilot.years[1].tally.split.populations == split_pilot_trajectories);
  CHECK(pilot.years[1].tally.split.pairs == 1);
}

TEST_CASE("auto leaves rejection where attempts will not do for most of the trajectories") {
  Plan plan = total_plan(25.8, 0.02);
  double candidates = 0.0;
  double survivors = 0.0;
  for (const PilotYear& year : run_pilot(plan).years) {
    candidates += static_cast<double>(year.tally.candidates);
    survivors += static_cast<double>(year.tally.survivors);
  }
  const double needed = candidates / survivors;  // in either of the two equal years
  REQUIRE(needed > 20.0);
  plan.attempts = static_cast<std::uint64_t>(2.5 * needed);  // (1 - exp(-2.5))^2 = 0.84
  CHECK(decide_method(plan).method == Method::reject);
  plan.attempts = static_cast<std::uint64_t>(1.6 * needed);  // 0.80 of a year, 0.64 of both
  CHECK(decide_method(plan).method == Method::tilt);
}

// Totals from one that many candidates meet to one that next to none meets.
TEST_CASE("auto looks at the pass rates of single trajectories where they are unlike") {
  Plan plan = total_plan(25.8, 0.3);
  plan.attempts = 4000;
  total_of(plan) = by_trajectory(uniform(25.6, 26.0), 2);
  CHECK(decide_method(plan).method == Method::reject);
  total_of(plan) = by_trajectory(uniform(25.6, 29.6), 2);
  plan.matching.tolerance = 0.6;
  const Sampling sampling = decide_method(plan);
  INFO(sampling.reason);
  CHECK(sampling.method == Method::tilt);
  // The trial candidates of both years alone are no reason: their pass rate would do.
  double candidates = 0.0;
  double survivors = 0.0;
  for (const PilotYear& year : run_pilot(plan).years) {
    candidates += static_cast<double>(year.tally.candidates);
    survivors += static_cast<double>(year.tally.survivors);
  }
  CHECK(4000.0 * survivors / candidates > 100.0);
}

/// Sizes that are nearly alike: their sum is 25.00 within 0.01, tilted or not, so that a total
/// within the tolerance of it is met at the first attempt, and another one never.
Plan nearly_alike_plan(double least_total, double most_total) {
  Plan plan = plain_plan({2024});
  plan.sizes.family = SizeFamily::normal;
  plan.sizes.parameters = {by_candidate(constant(24.0)), by_candidate(constant(0.001))};
  total_of(plan) = by_trajectory(uniform(least_total, most_total));
  plan.matching = {.match = Match::reject, .tolerance = 0.3, .bound = {}};
  return plan;
}

/// Of the 64 trajectories that are tried.
int trajectories_that_never_pass(const Plan& plan) {
  const InputSampler inputs(plan, Purpose::pilot);
  int never = 0;
  for (std::uint64_t i = 0; i < 64; ++i) {
    const Trajectory trajectory = inputs.trajectory(i);
    const double total = inputs.candidate(trajectory, {i, 0, 0}).log10_total;
    if (std::abs(std::pow(10.0, 25.0 - total) - 1.0) > 0.3) ++never;
  }
  return never;
}

// The trajectories that never pass are as many as they are, not fewer because more attempts might
// still help.
TEST_CASE("auto counts trajectories that have used up their attempts as lost") {
  Plan plan = nearly_alike_plan(24.95, 25.275);
  plan.attempts = 100;
  // Lost are more than the quarter that may be, but 0.61 of them would not be.
  const int never = trajectories_that_never_pass(plan);
  CHECK(never > 16);
  CHECK(never < 26);
  const Sampling sampling = decide_method(plan);
  INFO(sampling.reason);
  CHECK(sampling.method != Method::tilt);
  CHECK_THAT(sampling.reason, Contains("meet every constraint, "));
}

// The trial ends after a million candidates, which is about 1e6 / never attempts of each: a
// trajectory without a survivor by then is taken for one that needs twice as many, so exp(-attempts
// / that) of them are lost. Three in five of 64 are, of which exp(-0.6) are more than a quarter.
TEST_CASE("auto takes a trajectory that has not passed in a trial for one that seldom does") {
  Plan plan = nearly_alike_plan(24.95, 25.5);
  plan.attempts = 30'000;
  const int never = trajectories_that_never_pass(plan);
  CHECK(never > 35);
  CHECK(never < 48);
  CHECK_THAT(decide_method(plan).reason, Contains("meet every constraint, "));
  plan.attempts = 500'000;  // exp(-10) of them
  const Sampling sampling = decide_method(plan);
  CHECK(sampling.method == Method::reject);
  CHECK_THAT(sampling.reason, EndsWith("meet every constraint"));
}

// One size above 3.81 standard deviations: 7e-5. The trial ends with 16 survivors, by which the
// rate is known to a quarter; 200,000 attempts, of which all fail with probability exp(-14), are
// not enough to rely on that.
TEST_CASE("auto does not rely on a pass rate of few survivors") {
  Plan plan = plain_plan({2024});
  plan.attempts = 200'000;
  plan.sizes.family = SizeFamily::normal;
  plan.sizes.parameters = {by_candidate(constant(24.0)), by_candidate(constant(1.0))};
  count_of(plan) = by_candidate(constant(1.0));
  set_no_total(plan);
  add_constraint(plan, bounded("largest", 27.81, 40.0));
  const Sampling sampling = decide_method(plan);
  CHECK(sampling.method == Method::split);
  CHECK_THAT(sampling.reason, StartsWith("16 of "));
}

TEST_CASE("auto names the year that hardly passes") {
  Plan plan = total_plan(25.8, 0.3);
  add_constraint(plan, bounded("largest", 25.0, 25.4, 2));
  for (const std::size_t rare : {0u, 1u}) {
    plan.constraints[0].active = {1, 1};
    plan.constraints[0].active[1 - rare] = 0;
    CHECK_THAT(decide_method(plan).reason,
               Contains(rare == 0 ? "candidates of 2024 meet" : "candidates of 2025 meet"));
  }
}

TEST_CASE("auto says why nothing is left but rejection") {
  Plan plan = total_plan(25.8, 0.5);
  add_constraint(plan, bounded("skewness", 2.2, 2.3, 2));
  const auto check = [&](const auto& reason) {
    const Sampling sampling = decide_method(plan);
    CHECK(sampling.method == Method::reject);
    CHECK_THAT(sampling.reason, reason);
  };
  SECTION("one attempt") {
    plan.attempts = 1;
    check(Contains("splitting is no way out: it gives"));
  }
  SECTION("beyond all levels") {
    plan.constraints[0] = bounded("skewness", 2.6666, 2.6667, 2);
    check(Contains("no way out: 2024: splitting: 25 levels do not"));
  }
  SECTION("a year that is not the rarest has no bound on its models") {
    plan.constraints[0].active[1] = 0;
    count_of(plan).years[1] = law(kernels::Law::lognormal, 6.0, 1.2);
    check(Contains("no way out: 2025") && Contains("models"));
  }
}

TEST_CASE("who asked for a method, and why, is not part of a plan's identity") {
  Plan plan = total_plan(25.8, 0.3);
  const std::string identity = plan_identity(plan);
  plan.sampling = {.method = Method::reject, .automatic = true, .reason = "some words"};
  CHECK(plan_identity(plan) == identity);
  CHECK(plan_from_json(plan_to_json(plan)).sampling.reason == "some words");
  plan.sampling.method = Method::split;
  CHECK(plan_identity(plan) != identity);
}

}  // namespace
