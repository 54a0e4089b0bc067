// Runs of tighter jobs that begin at the survivors of looser ones, against fresh runs.

#include "engine/refilter.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "engine/batch_io.hpp"
#include "tests/engine/support/folder.hpp"
#include "tests/engine/support/runs.hpp"
#include "tests/engine/support/tilts.hpp"

namespace flopsieve::engine {
namespace {

using testing::error_of;
using testing::WholeRun;

KnownSurvivors known_of(const Plan& plan, const WholeRun& run) {
  KnownSurvivors known{run.columns.trajectory, run.columns.attempt, {}};
  known.looks_back.assign(plan.year_count(), 0);
  for (const Constraint& rule : plan.constraints) {
    if (rule.relative_to == RelativeTo::previous_year) known.looks_back.back() = 1;
  }
  return known;
}

/// Every dataset that is made of the results of a batch.
void demand_equal(const Plan& plan, BatchResult a, BatchResult b) {
  REQUIRE(a.tally.counts == b.tally.counts);
  REQUIRE(a.tally.cumulative == b.tally.cumulative);
  REQUIRE(a.tally.statistics == b.tally.statistics);
  REQUIRE(a.columns.trajectory == b.columns.trajectory);
  REQUIRE(a.columns.attempt == b.columns.attempt);
  REQUIRE(a.columns.counts == b.columns.counts);
  REQUIRE(a.columns.statistics == b.columns.statistics);
  REQUIRE(a.columns.row_size == b.columns.row_size);
  REQUIRE(a.columns.location == b.columns.location);
  REQUIRE(a.columns.z == b.columns.z);
  BatchRecord left = record_of(a.batch, std::move(a.tally));
  BatchRecord right = record_of(b.batch, std::move(b.tally));
  REQUIRE(differing_fields(plan, left, right) == std::vector<std::string>{});
}

/// How many survivors of the looser run are those of the tighter one.
struct Kept {
  std::size_t same = 0, other = 0;
};

/// Refilters the looser job to the tighter one, batch by batch, and compares with fresh batches.
Kept check(const Plan& loose, const Plan& tight) {
  REQUIRE(refilter_obstacle(loose, tight) == "");
  const WholeRun stored = testing::run_all(loose);
  const KnownSurvivors known = known_of(loose, stored);
  Kept kept;
  for (std::uint64_t batch = 0; batch < tight.batch_count(); ++batch) {
    BatchOptions options;
    options.known = &known;
    options.tile = batch % 2 == 0 ? 4096 : 3;
    const BatchResult refiltered = *run_batch(tight, batch, options);
    const Columns& columns = refiltered.columns;
    const std::size_t years = tight.year_count();
    for (std::size_t i = 0; i < columns.attempt.size(); ++i) {
      const auto before = known.find(columns.trajectory[i / years]);
      if (before.empty()) continue;
      (before[i % years] == columns.attempt[i] ? kept.same : kept.other) += 1;
    }
    demand_equal(tight, *run_batch(tight, batch), refiltered);
  }
  return kept;
}

Constraint ratio(const std::string& statistic, double lower, double upper) {
  Constraint constraint = testing::bounded(statistic, lower, upper, 2);
  constraint.relative_to = RelativeTo::previous_year;
  return constraint;
}

Plan loose_plan() {
  Plan plan = testing::uneven_plan(Keep::samples);
  plan.trajectories = 40 * 4 - 1;
  plan.attempts = 500;
  testing::add_constraint(plan, testing::bounded("sd", 1.15, 1.3, 2));  // many attempts
  return plan;
}

Plan tilted_plan(Method method) {
  Plan plan = testing::job(SizeFamily::skew_normal, 12.0, 26.0, {24.5, 0.8, 0.3});
  testing::add_constraint(plan, testing::bounded("sd", 0.4, 0.75, 1));
  testing::add_constraint(plan, testing::bounded("share_within(0.5)", 0.05, 1.0, 1));
  plan.attempts = 60;
  plan.outputs.keep = Keep::statistics;
  return testing::with_method(plan, method);
}

}  // namespace

TEST_CASE("a refiltered run is the fresh run of the tighter job, in every number") {
  const Plan loose = loose_plan();
  Plan tight = loose;
  Kept kept;
  SECTION("narrower bounds") {
    tight.constraints[0].lower = {0.08, 0.1};
    tight.constraints[1].upper = {1.6, 1.2};
    kept = check(loose, tight);
  }
  SECTION("a further constraint, in front") {
    tight.constraints.insert(tight.constraints.begin(), testing::bounded("gini", 0.7, 0.93, 2));
    tight.cascade = {2, 0, 1, 3};
    kept = check(loose, tight);
  }
  SECTION("a further soft constraint") {
    Constraint soft = testing::soft("count", 60.0, 50.0, 2);
    soft.name = "soft";
    soft.spread[1] = 90.0;
    soft.address = soft_address(soft);
    testing::add_constraint(tight, soft);
    kept = check(loose, tight);
  }
  SECTION("a further uncertain ceiling") {
    Constraint ceiling = testing::bounded("count", -testing::infinity, testing::infinity, 2);
    ceiling.name = "ceiling";
    ceiling.ceiling = {{30.0, 40.0}, {300.0, 500.0}, GENERATE(Scope::trajectory, Scope::candidate)};
    ceiling.address = soft_address(ceiling);
    testing::add_constraint(tight, ceiling);
    kept = check(loose, tight);
  }
  SECTION("more active years, fewer trajectories in other batches, other outputs") {
    Plan rare = loose;
    rare.constraints[0].active = {1, 0};
    tight.trajectories = 70;
    tight.batch_trajectories = 16;
    tight.outputs.thresholds = {1e25};
    tight.outputs.cumulative_base = {0};
    tight.outputs.statistics = {parse_statistic("sd")};
    tight.outputs.keep = Keep::index;
    tight.outputs.quantiles = {0.5};
    kept = check(rare, tight);
  }
  SECTION("more trajectories, some of them without a known survivor") {
    tight.constraints[0].upper = {0.4, 0.4};
    tight.trajectories = 240;
    kept = check(loose, tight);
  }
  CHECK(kept.same > 10);
  CHECK(kept.other > 10);
}

TEST_CASE("a year that hangs on another survivor of the year before begins anew") {
  Plan loose = loose_plan();
  testing::add_constraint(loose, ratio("count", 0.5, 8.0));
  Plan tight = loose;
  tight.constraints[0].upper = {0.3, 0.6};
  const Kept kept = check(loose, tight);
  CHECK(kept.same > 10);
  CHECK(kept.other > 10);
  // A ratio that only the tighter job knows.
  Plan ratio_only = loose_plan();
  testing::add_constraint(ratio_only, ratio("largest", 0.6, 2.0));
  CHECK(check(loose_plan(), ratio_only).other > 5);
}

TEST_CASE("tilted candidates are refiltered, with the sums of first attempts in their order") {
  for (const Method method : {Method::truncate, Method::tilt}) {
    Plan loose = tilted_plan(method);
    loose.trajectories = 600;
    loose.batch_trajectories = 64;
    loose.total.parameters[0] = testing::by_trajectory(testing::normal(26.0, 0.1));
    Plan tight = loose;
    tight.constraints[0].upper = {0.68};
    const Kept kept = check(loose, tight);
    CHECK(kept.same > 10);
    CHECK(kept.other > 10);
  }
}

TEST_CASE("a stored run that is not of a looser job is found out") {
  Plan plan = testing::plain_plan({2024});
  plan.attempts = 1000;
  KnownSurvivors known;
  known.looks_back = {0};
  for (std::uint64_t i = 0; i < plan.trajectories; ++i) known.trajectory.push_back(i);
  known.attempt.assign(plan.trajectories, 64);
  BatchOptions options;
  options.known = &known;
  const Error error = error_of([&] { run_batch(plan, 0, options); });
  CHECK(error.code() == ExitCode::storage);
  CHECK_THAT(error.what(), Catch::Contains("not of a looser job"));
}

TEST_CASE("a filtered run holds the trajectories whose stored survivors all pass") {
  Plan loose = loose_plan();
  loose.outputs.keep = Keep::statistics;
  const WholeRun stored = testing::run_all(loose);
  const KnownSurvivors known = known_of(loose, stored);
  Plan filter = loose;
  filter.constraints[0].upper = {0.3, 0.4};
  filter.sampling.filtered = plan_identity(loose);
  CHECK(plan_identity(filter) != plan_identity(loose));
  std::set<std::uint64_t> expected;
  const std::size_t statistics =
      loose.outputs.statistics.size();  // the second is the largest share
  for (std::size_t row = 0; row < stored.rows(); ++row) {
    const double first = stored.columns.statistics[2 * row * statistics + 1];
    const double second = stored.columns.statistics[(2 * row + 1) * statistics + 1];
    if (first <= 0.3 && second <= 0.4) expected.insert(stored.columns.trajectory[row]);
  }
  REQUIRE(expected.size() > 5);
  REQUIRE(expected.size() < stored.rows());
  std::set<std::uint64_t> found;
  std::uint64_t judged = 0;
  for (std::uint64_t batch = 0; batch < filter.batch_count(); ++batch) {
    BatchOptions options;
    options.known = &known;
    const BatchResult result = *run_batch(filter, batch, options);
    found.insert(result.columns.trajectory.begin(), result.columns.trajectory.end());
    judged += result.tally.years[0].candidates;
    for (std::size_t i = 0; i < result.columns.attempt.size(); ++i) {
      REQUIRE(result.columns.attempt[i] == known.find(result.columns.trajectory[i / 2])[i % 2]);
    }
  }
  CHECK(found == expected);
  CHECK(judged == stored.rows());
}

TEST_CASE("what a stored run cannot answer is named") {
  const Plan loose = loose_plan();
  const auto obstacle = [&](auto change) {
    Plan other = loose;
    change(other);
    return refilter_obstacle(loose, other);
  };
  using Catch::Contains;
  CHECK_THAT(obstacle([](Plan& p) { p.constraints[0].upper[1] = 0.7; }),
             Contains("constraint.largest_share.max is higher in 2025"));
  CHECK_THAT(obstacle([](Plan& p) { p.constraints[0].lower[0] = 0.04; }),
             Contains("constraint.largest_share.min is lower in 2024"));
  CHECK_THAT(obstacle([](Plan& p) { p.constraints[0].active[1] = 0; }),
             Contains("constraint.largest_share.years leaves out 2025"));
  CHECK_THAT(obstacle([](Plan& p) { p.constraints.pop_back(); }), Contains("is gone"));
  CHECK_THAT(obstacle([](Plan& p) { p.constraints[0].statistic.kind = StatisticKind::gini; }),
             Contains("something else"));
  CHECK_THAT(obstacle([](Plan& p) {
               p.constraints[0].centre = p.constraints[0].spread = {1, 1};
             }),
             Contains("constraint.largest_share.soft"));
  CHECK_THAT(obstacle([](Plan& p) {
               p.constraints[0].ceiling = {{1, 1}, {2, 2}, Scope::trajectory};
             }),
             Contains("constraint.largest_share.soft"));
  CHECK_THAT(obstacle([](Plan& p) { p.sampling.method = Method::tilt; }),
             Contains("\"tilt\", the stored one \"reject\""));
  for (void (*change)(Plan&) : std::initializer_list<void (*)(Plan&)>{
           [](Plan& p) { ++p.seed; }, [](Plan& p) { ++p.attempts; },
           [](Plan& p) { p.matching.tolerance = 0.2; }, [](Plan& p) { p.money.improvement = 2.0; },
           [](Plan& p) { testing::sd_of(p).years[0].arguments[0].value = 0.9; },
           [](Plan& p) { p.years[0] = 2023; }}) {
    CHECK_THAT(obstacle(change), Contains("other candidates"));
  }
  Plan tilted = tilted_plan(Method::tilt);
  Plan other = tilted;
  other.constraints[1].lower[0] = 0.1;
  CHECK_THAT(refilter_obstacle(tilted, other),
             Contains("constraint.share_within(0.5): with method"));
  Plan split = loose;
  split.sampling.method = Method::split;
  CHECK_THAT(refilter_obstacle(split, split), Contains("split"));
  Plan joint = loose;
  joint.sampling.filtered = "x";
  CHECK_THAT(refilter_obstacle(joint, loose), Contains("joint"));
}

}  // namespace flopsieve::engine
