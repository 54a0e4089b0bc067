// Soft constraints: accepted with probability exp(-z^2 / 2).

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "tests/engine/support/runs.hpp"

namespace flopsieve::engine {
namespace {

using testing::WholeRun;

Constraint soft(const std::string& statistic, double centre, double spread,
                RelativeTo relative_to = RelativeTo::nothing) {
  Constraint constraint = testing::bounded(statistic, -testing::infinity, testing::infinity);
  constraint.relative_to = relative_to;
  constraint.centre = {centre};
  constraint.spread = {spread};
  constraint.address = soft_address(constraint);
  return constraint;
}

/// One model of normal size about 25 with sd 1.
Plan single_plan() {
  Plan plan = testing::plain_plan({2024});
  plan.seed = 9;
  plan.trajectories = 100'000;
  plan.batch_trajectories = 10'000;
  testing::set_no_total(plan);
  testing::count_of(plan) = testing::by_candidate(testing::constant(1.0));
  testing::set_sizes(plan, SizeFamily::normal, {25.0, 1.0});
  plan.outputs.statistics = {parse_statistic("largest")};
  plan.outputs.keep = Keep::statistics;
  return plan;
}

/// Counts in 12 cells of equal probability under the normal law of mean and sd.
double p_value_of_normal(const std::vector<double>& values, double mean, double sd) {
  std::vector<std::uint64_t> cells(12, 0);
  for (const double x : values) {
    const double p = testing::normal_cumulative((x - mean) / sd);
    ++cells[std::min<std::size_t>(11, static_cast<std::size_t>(12.0 * p))];
  }
  return testing::fit_p_value(cells, std::vector<double>(12, 1.0 / 12.0));
}

}  // namespace

// A prior N(25, 1) times exp(-(x - 26)^2 / (2 * 0.75^2)) is normal with precision 1 + 1 / 0.5625 =
// 25/9: mean (25 + 26 * 16/9) / (25/9) = 25.64, sd 0.6; its mass is P(pass) =
// sqrt(0.5625 / 1.5625) exp(-1 / (2 * 1.5625)) = 0.6 exp(-0.32). False alarm 2e-6.
TEST_CASE("a soft constraint multiplies the prior by its likelihood", "[statistical]") {
  Plan plan = single_plan();
  testing::add_constraint(plan, soft("largest", 26.0, 0.75));
  const WholeRun run = testing::run_all(plan);
  const double pass = 0.6 * std::exp(-0.32);
  CHECK(std::abs(testing::errors_from(run.rows(), plan.trajectories, pass)) < 5.0);
  CHECK(p_value_of_normal(run.columns.statistics, 25.64, 0.6) > 1e-6);
  CHECK(p_value_of_normal(run.columns.statistics, 26.0, 0.75) < 1e-20);  // not normal about 26
}

// Two of them on the same statistic are one with the sum of the precisions: independent uniforms.
// With shared ones the pass rate would be the smaller of both. False alarm 2e-6.
TEST_CASE("soft constraints are kept independently of each other", "[statistical]") {
  Plan plan = single_plan();
  testing::add_constraint(plan, soft("largest", 25.0, 1.0));
  testing::add_constraint(plan, soft("mean", 25.0, 1.0));
  const WholeRun run = testing::run_all(plan);
  CHECK(std::abs(testing::errors_from(run.rows(), plan.trajectories, 1.0 / std::sqrt(3.0))) < 5.0);
  CHECK(p_value_of_normal(run.columns.statistics, 25.0, 1.0 / std::sqrt(3.0)) > 1e-6);
}

TEST_CASE("a soft constraint's uniform hangs on what it says, not on its name or place") {
  const Constraint rule = soft("largest", 26.0, 0.75);
  Constraint renamed = rule;
  renamed.name = "another name";
  renamed.address = 77;
  CHECK(soft_address(renamed) == rule.address);
  CHECK(soft("mean", 26.0, 0.75).address != rule.address);
  CHECK(soft("largest", 26.1, 0.75).address != rule.address);
  CHECK(soft("largest", 26.0, 0.76).address != rule.address);
  CHECK(soft("largest", 26.0, 0.75, RelativeTo::total).address != rule.address);
  CHECK(soft("count_above(1e25)", 1.0, 1.0).address != soft("count_above(1e26)", 1.0, 1.0).address);

  Plan plan = single_plan();
  plan.trajectories = 2'000;
  plan.batch_trajectories = 1'000;
  testing::add_constraint(plan, rule);
  testing::add_constraint(plan, soft("largest", 25.0, 3.0));
  const WholeRun expected = testing::run_all(plan);
  std::swap(plan.constraints[0], plan.constraints[1]);
  plan.constraints[0].name = "first";
  const WholeRun found = testing::run_all(plan);
  CHECK(found.columns.trajectory == expected.columns.trajectory);
  CHECK(found.columns.statistics == expected.columns.statistics);
}

TEST_CASE(
    "a soft constraint compares with the total, the count or the year before like a hard one") {
  Plan plan = testing::plain_plan({2024});
  plan.trajectories = 500;
  testing::count_of(plan) = testing::by_candidate(testing::uniform(2.0, 9.0));
  const RelativeTo relative_to =
      GENERATE(RelativeTo::total, RelativeTo::count, RelativeTo::previous_year);
  const bool of_total = relative_to == RelativeTo::total;
  const Constraint rule = of_total ? soft("largest", -0.2, 0.1, relative_to)
                                   : soft("count_above(1e25)", 0.5, 0.2, relative_to);
  testing::add_constraint(plan, rule);
  Sieve sieve(plan, Purpose::run);
  testing::Trials trials;
  for (std::uint64_t t = 0; t < 500; ++t) {
    trials.add(sieve.inputs(), {t, 0, 0});
    trials.trajectories.back().previous = {5.0};
  }
  std::vector<Verdict> verdicts(trials.size());
  sieve.judge(trials, verdicts);
  std::size_t kept = 0;
  sieve.visit(trials, [&](std::size_t i, const Candidate& candidate, OrderedSizes& ordered) {
    const auto sizes = ordered.sizes().log10_flop;
    const auto above = static_cast<double>(
        std::count_if(sizes.begin(), sizes.end(), [](double x) { return x >= 25.0; }));
    double value = sizes.back() - 26.0;
    if (relative_to == RelativeTo::count) value = above / static_cast<double>(sizes.size());
    if (relative_to == RelativeTo::previous_year) value = above / 5.0;
    const double z = (value - rule.centre[0]) / rule.spread[0];
    const double u = sieve.inputs().draws().uniform(Stream::soft, candidate.address, rule.address);
    const bool expected = u < std::exp(-0.5 * z * z) && candidate.location >= 20.0;
    REQUIRE(verdicts[i].survives == expected);
    if (expected) ++kept;
  });
  CHECK(kept > 50);
  CHECK(kept < 450);
}

}  // namespace flopsieve::engine
