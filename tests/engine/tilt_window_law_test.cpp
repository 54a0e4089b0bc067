// method = "tilt" under further windows of sums must give the law of method = "reject".

#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "engine/tilt.hpp"
#include "tests/engine/support/tilts.hpp"

namespace flopsieve::engine {
namespace {

using testing::acceptance;
using testing::add_constraint;
using testing::bounded;
using testing::by_candidate;
using testing::by_trajectory;
using testing::constant;
using testing::disagreement;
using testing::draw_survivors;
using testing::estimate;
using testing::infinity;
using testing::job;
using testing::Share;
using testing::Survivors;
using testing::uniform;
using testing::with_method;

// --- Two sizes against quadrature ----------------------------------------------------------------

constexpr double lowest = 20.0, highest = 26.7;

/// P(X <= x) of the truncated normal law of the jobs below, from the error function.
double cumulative(double x) {
  const auto parent = [](double at) { return 0.5 * std::erfc((23.0 - at) / 1.2 / std::sqrt(2.0)); };
  const double inside = std::min(std::max(x, lowest), highest);
  return (parent(inside) - parent(lowest)) / (parent(highest) - parent(lowest));
}

double log10_or_least(double flop) {
  return flop > 0.0 ? std::log10(flop) : -infinity;
}

/// P(sum within 5 % of the total and mean in [low, high]), k = 2.
double two(double log10_total, double low, double high) {
  constexpr int points = 200'000;
  const double total = std::pow(10.0, log10_total);
  double p = 0.0;
  for (int i = 0; i < points; ++i) {
    const double from = lowest + (highest - lowest) * i / points;
    const double to = lowest + (highest - lowest) * (i + 1) / points;
    const double x = 0.5 * (from + to);
    const double least = std::max(log10_or_least(0.95 * total - std::pow(10.0, x)), 2 * low - x);
    const double most = std::min(log10_or_least(1.05 * total - std::pow(10.0, x)), 2 * high - x);
    if (least < most) {
      p += (cumulative(to) - cumulative(from)) * (cumulative(most) - cumulative(least));
    }
  }
  return p;
}

Plan truncated_job(double count, double log10_total) {
  return job(SizeFamily::truncated_normal, count, log10_total, {23.0, 1.2, lowest, highest});
}

Plan under(Plan plan, const Constraint& constraint) {
  plan.outputs.statistics.push_back(constraint.statistic);
  add_constraint(plan, constraint);
  return plan;
}

Constraint relative(Constraint constraint, RelativeTo what) {
  constraint.relative_to = what;
  return constraint;
}

}  // namespace

// Three comparisons with a bound of 5 standard errors: a right build fails with 2e-6. The
// quadrature is good to 1e-4.
TEST_CASE("P(total and mean in window) of two tilted sizes is that of quadrature",
          "[statistical]") {
  struct Window {
    double log10_total, low, high;
  };
  // Nearly equal sizes, a middling pair, and a second size that hardly counts.
  for (const auto& [log10_total, low, high] :
       {Window{26.0, 25.6, 25.65}, {25.0, 24.3, 24.4}, {26.0, 22.9, 23.1}}) {
    INFO("total " << log10_total << ", mean from " << low << " to " << high);
    const Plan plan = under(truncated_job(2.0, log10_total), bounded("mean", low, high));
    const Share found = estimate(with_method(plan, Method::tilt), 400'000);
    const double expected = two(log10_total, low, high);
    INFO("found " << found.p << " +- " << found.error << ", expected " << expected);
    CHECK(found.error < 0.04 * expected);
    CHECK(std::abs(found.p - expected) < 5.0 * found.error + 1e-4 * expected);
  }
}

namespace {

/// A window of a sum that few candidates meet.
struct Case {
  std::string name;
  Plan plan;
  double least_gain;  ///< candidates of plain rejection per tilted one
};

Plan random_job() {
  Plan plan = under(truncated_job(0.0, 25.3), bounded("mean", 23.7, 24.4));
  plan.count.model = CountModel::poisson;
  testing::count_of(plan) = by_candidate(constant(5.0));
  testing::sd_of(plan) = by_candidate(uniform(0.8, 1.4));
  return plan;
}

/// With a total per trajectory.
Plan moving_job(const Constraint& constraint) {
  Plan plan = under(truncated_job(8.0, 0.0), constraint);
  testing::total_of(plan) = by_trajectory(uniform(25.5, 26.0));
  return plan;
}

std::vector<Case> cases() {
  const Plan eight = truncated_job(8.0, 25.8);
  const Plan grid = job(SizeFamily::grid, 5.0, 26.0, {23.0, 26.0, 0.25});
  const auto per_model = [](const Constraint& each) { return relative(each, RelativeTo::count); };
  return {{"mean, above", under(eight, bounded("mean", 23.95, 24.2)), 8.0},
          {"mean, below", under(truncated_job(8.0, 25.0), bounded("mean", 22.2, 22.5)), 4.0},
          {"mean, one bound", under(eight, bounded("mean", -infinity, 22.75)), 8.0},
          {"mean relative to the total",
           moving_job(relative(bounded("mean", -1.9, -1.7), RelativeTo::total)), 8.0},
          {"mean, random k and sd", random_job(), 3.0},
          {"mean of a grid", under(grid, bounded("mean", 25.05, 25.25)), 1.2},
          {"cumulative share", under(eight, bounded("cumulative_share(1e25)", 0.2, 0.4)), 6.0},
          {"share within", moving_job(bounded("share_within(1)", 0.0, 0.84)), 2.0},
          {"class share", moving_job(bounded("class_share(2)", 0.14, 0.3)), 6.0},
          {"class share of a grid", under(grid, bounded("class_share(2)", 0.1, 0.2)), 0.5},
          {"count above", under(eight, bounded("count_above(1e24)", 5.0, 8.0)), 15.0},
          // With 20 tokens per parameter the same as above 1e24 FLOP.
          {"count above tokens", under(eight, bounded("count_above_tokens(1.8257e12)", 5.0, 8.0)),
           15.0},
          {"share of models above", under(eight, per_model(bounded("count_above(1e24)", 0.6, 0.7))),
           12.0},
          {"class count", moving_job(bounded("class_count(3)", 5.0, 6.0)), 20.0},
          {"two windows",
           under(under(eight, bounded("mean", 23.2, 23.5)), bounded("count_above(1e24)", 4.0, 8.0)),
           5.0},
          {"a window that is met anyway", under(eight, bounded("mean", 20.0, 25.0)), 2.0}};
}

}  // namespace

// Bound 5 standard errors for at most 34 comparisons and one of the probability in 16 cases: a
// right build fails with 500 * 5.7e-7 = 2.8e-4.
TEST_CASE("Survivors tilted to further windows have the law of reject", "[statistical]") {
  constexpr std::size_t survivors = 1'000;
  for (const Case& each : cases()) {
    INFO(each.name);
    REQUIRE(tilt_refusal(each.plan) == "");
    Plan brute = each.plan;
    brute.seed = 41;
    const Survivors reject = draw_survivors(brute, survivors, survivors);
    Plan tilted = with_method(each.plan, Method::tilt);
    tilted.seed = 42;
    const Survivors found = draw_survivors(tilted, survivors, survivors);
    CAPTURE(acceptance(reject), acceptance(found));
    CHECK(disagreement(found, reject) < 5.0);
    CHECK(acceptance(found) > each.least_gain * acceptance(reject));
    if (each.plan.total.parameters[0].years[0].law != kernels::Law::constant) continue;
    const Share share = estimate(tilted, 50'000);
    const double error = acceptance(reject) / std::sqrt(static_cast<double>(survivors));
    CHECK(std::abs(share.p - acceptance(reject)) < 5.0 * std::hypot(share.error, error));
  }
}

}  // namespace flopsieve::engine
