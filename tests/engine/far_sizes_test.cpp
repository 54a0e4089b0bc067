// Laws whose sizes lie far from the location parameter or from each other, and bounds that hold
// nothing.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "engine/error.hpp"
#include "engine/sieve.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/engine/support/samples.hpp"

namespace flopsieve::engine {
namespace {

using testing::by_candidate;
using testing::by_trajectory;
using testing::constant;
using testing::normal;

Input fixed(double value) {
  return by_candidate(constant(value));
}

/// A mixture whose components lie far above its location, which is near 1/2.
Plan mixture_plan(Match match) {
  Plan plan = testing::plain_plan({2024});
  testing::total_of(plan) = by_trajectory(normal(27.3, 0.3));
  plan.sizes.family = SizeFamily::mixture;
  plan.sizes.parameters = {by_candidate(normal(0.5, 0.5))};
  plan.sizes.components = {{fixed(0.6), fixed(23.0), fixed(1.0)},
                           {fixed(0.4), fixed(26.0), fixed(0.5)}};
  if (match == Match::shift) {
    plan.matching = {Match::shift, 0.0, {0.3989422804014327 / 0.5}};
  } else {
    plan.matching = {Match::reject, 0.05, {}};
    plan.seed = 77;
  }
  for (const char* statistic : {"mean", "sd", "largest_share", "skewness"}) {
    plan.outputs.statistics.push_back(parse_statistic(statistic));
  }
  plan.attempts = 1;
  return plan;
}

// 5 standard errors, 4 statistics with 4 figures each: a false alarm has probability 1e-5.
TEST_CASE("shift has the law of reject where a mixture's components are far from its location",
          "[statistical]") {
  const testing::Survivors shift = testing::draw_survivors(mixture_plan(Match::shift), 20'000);
  const testing::Survivors reject = testing::draw_survivors(mixture_plan(Match::reject), 5'000);
  for (std::size_t s = 0; s < shift.statistics.size(); ++s) {
    INFO(s);
    CHECK(testing::largest_difference(shift.statistics[s], reject.statistics[s]) < 5.0);
  }
}

/// Calls body(candidate, ordered) for candidates of a Plan.
template <class Body>
void visit(const Plan& plan, std::uint64_t candidates, Body body) {
  Sieve sieve(plan, Purpose::run);
  testing::Trials trials;
  for (std::uint64_t i = 0; i < candidates; ++i) trials.add(sieve.inputs(), {i, 0, 0});
  sieve.visit(trials, [&](std::size_t, const Candidate& candidate, OrderedSizes& ordered) {
    body(candidate, ordered);
  });
}

TEST_CASE("Narrow components far from the location of a mixture keep the digits of their shape") {
  Plan plan = mixture_plan(Match::shift);
  plan.sizes.components = {{fixed(0.7), fixed(25.0), fixed(0.01)},
                           {fixed(0.3), fixed(25.02), fixed(0.01)}};
  visit(plan, 50, [](const Candidate& candidate, OrderedSizes& ordered) {
    const std::span<const double> x = ordered.sizes(SizeColumns::log10_flop).log10_flop;
    const auto n = static_cast<long double>(x.size());
    long double mean = 0.0L, second = 0.0L, fourth = 0.0L;
    for (const double value : x) mean += static_cast<long double>(value - x[0]) / n;
    for (const double value : x) {
      const long double d = static_cast<long double>(value - x[0]) - mean;
      second += d * d / n;
      fourth += d * d * d * d / n;
    }
    const double kurtosis = evaluate({StatisticKind::excess_kurtosis}, candidate, ordered);
    // Sizes near 25 are rounded by 2e-15, which is 2e-13 of their spread.
    REQUIRE(kurtosis == Approx(static_cast<double>(fourth / (second * second)) - 3.0).margin(1e-9));
  });
}

TEST_CASE("A truncated normal law without mass between its bounds ends with the budget's code") {
  Plan plan = testing::plain_plan({2024});
  plan.sizes.family = SizeFamily::truncated_normal;
  plan.sizes.parameters = {fixed(10.0), fixed(0.1), fixed(20.0), fixed(25.0)};
  plan.matching = {Match::none, 0.0, {}};
  try {
    visit(plan, 1, [](const Candidate&, OrderedSizes&) {});
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::budget);
  }
  plan.sizes.parameters[0] = fixed(19.0);  // 10 standard deviations: seldom, but not never
  visit(plan, 1, [](const Candidate& candidate, OrderedSizes&) {
    CHECK(candidate.largest() >= 20.0);
    CHECK(candidate.largest() < 20.2);
  });
}

/// The verdicts on candidates of a Plan whose sizes imply the total, with no constraint.
std::vector<Verdict> verdicts(const Plan& plan, std::uint64_t candidates) {
  Sieve sieve(plan, Purpose::run);
  testing::Trials trials;
  for (std::uint64_t i = 0; i < candidates; ++i) trials.add(sieve.inputs(), {i, 0, 0});
  std::vector<Verdict> found(candidates);
  sieve.judge(trials, found);
  return found;
}

Plan implied_plan() {
  Plan plan = testing::plain_plan({2024});
  plan.total.model = TotalModel::implied;
  plan.total.parameters.clear();
  plan.matching = {Match::none, 0.0, {}};
  return plan;
}

TEST_CASE("Candidates whose sizes overflow are rejected, those that survive have all statistics") {
  Plan plan = implied_plan();
  testing::count_of(plan) = fixed(100.0);
  plan.sizes.family = SizeFamily::student_t;
  plan.sizes.parameters = {fixed(24.0), fixed(1.5), fixed(2.0)};
  constexpr std::uint64_t candidates = 2000;
  const std::vector<Verdict> found = verdicts(plan, candidates);
  std::size_t i = 0;
  std::size_t survivors = 0;
  visit(plan, candidates, [&](const Candidate& candidate, OrderedSizes& ordered) {
    if (!found[i++].survives) return;
    ++survivors;
    REQUIRE(evaluate(parse_statistic("range"), candidate, ordered) <= 300.0);
    for (const char* name : {"gini", "cumulative_share(1e24)"}) {
      const double value = evaluate(parse_statistic(name), candidate, ordered);
      INFO(name);
      REQUIRE(value >= 0.0);
      REQUIRE(value <= 1.0 + 1e-12);
    }
  });
  // P(|t| > 100) = 1e-4 at 2 degrees of freedom: 20 candidates are expected to go.
  CHECK(survivors < candidates);
  CHECK(survivors > candidates - 60);
}

TEST_CASE("A mixture whose components are 400 orders of magnitude apart is rejected") {
  Plan plan = implied_plan();
  plan.sizes.family = SizeFamily::mixture;
  plan.sizes.parameters = {fixed(24.0)};
  plan.sizes.components = {{fixed(0.5), fixed(0.0), fixed(1.0)},
                           {fixed(0.5), fixed(400.0), fixed(1.0)}};
  for (const Verdict& verdict : verdicts(plan, 50)) REQUIRE_FALSE(verdict.survives);
}

}  // namespace
}  // namespace flopsieve::engine
