// What auto decides, and what it says about it.
#include "engine/method.hpp"

#include <catch2/catch.hpp>

#include "engine/pilot.hpp"
#include "engine/summary.hpp"
#include "tests/engine/support/plans.hpp"

using Catch::Matchers::Contains;
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
