// match = "last" must give the law of match = "reject" with the same tolerance.

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "engine/size_law.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/engine/support/samples.hpp"

namespace flopsieve::engine {
namespace {

using testing::by_candidate;
using testing::by_trajectory;
using testing::constant;
using testing::draw_survivors;
using testing::Survivors;
using testing::uniform;

constexpr double tolerance = 0.05;

/// A fixed number of sizes and a total that varies by trajectory; many attempts, so that it is not
/// selected.
Plan job(SizeFamily family, double count, const std::vector<Distribution>& parameters) {
  Plan plan = testing::plain_plan({2024});
  plan.attempts = 100'000;
  testing::total_of(plan) = by_trajectory(uniform(25.6, 26.0));
  testing::count_of(plan) = by_candidate(constant(count));
  plan.sizes.family = family;
  plan.sizes.parameters.clear();
  for (const Distribution& each : parameters) plan.sizes.parameters.push_back(by_candidate(each));
  for (const char* statistic : {"mean", "sd", "largest_share", "total_error", "count"}) {
    plan.outputs.statistics.push_back(parse_statistic(statistic));
  }
  return plan;
}

enum Output { mean, sd, largest_share, total_error, count };

Plan mixture_job() {
  Plan plan = job(SizeFamily::mixture, 4.0, {uniform(24.3, 25.3)});
  plan.sizes.components = {
      {by_candidate(uniform(0.5, 2.0)), by_candidate(constant(-0.5)), by_candidate(constant(0.7))},
      {by_candidate(constant(1.0)), by_candidate(constant(0.6)), by_candidate(uniform(0.2, 0.4))}};
  return plan;
}

Plan empirical_job() {
  Plan plan = job(SizeFamily::empirical, 3.0, {testing::normal(25.0, 0.3), constant(0.8)});
  plan.sizes.kernel = {{-1.2, 0.1, 1.4}, {0.3, 0.8, 1.0}, 0.35, -0.03, 1.0156};
  return plan;
}

struct Case {
  std::string name;
  Plan plan;
  double peak;  ///< of the density of a size, per OOM
};

constexpr double unknown = testing::infinity;
constexpr double normal_peak = 0.3989422804014327;

std::vector<Case> cases() {
  return {
      {"normal", job(SizeFamily::normal, 4.0, {uniform(24.3, 25.3), uniform(0.6, 1.2)}),
       normal_peak / 0.6},
      {"one normal", job(SizeFamily::normal, 1.0, {uniform(25.0, 26.0), uniform(0.6, 1.2)}),
       normal_peak / 0.6},
      {"skew_normal",
       job(SizeFamily::skew_normal, 3.0, {constant(25.0), uniform(0.6, 1.2), uniform(-0.9, 0.9)}),
       unknown},
      {"truncated_normal",
       job(SizeFamily::truncated_normal, 3.0,
           {constant(25.0), constant(0.9), constant(23.5), uniform(25.7, 26.2)}),
       unknown},
      {"uniform", job(SizeFamily::uniform, 3.0, {uniform(23.0, 24.5), uniform(25.8, 26.2)}),
       1.0 / 1.3},
      {"mixture", mixture_job(), unknown},
      {"student_t",
       job(SizeFamily::student_t, 3.0, {constant(24.8), uniform(0.4, 0.8), uniform(3.0, 8.0)}),
       normal_peak / 0.4},
      {"empirical", empirical_job(), unknown},
      // The density at its ends: (a - 1) ln 10 / (1 - 10^(-(a - 1) width)) = 0.65 at most.
      {"power_law",
       job(SizeFamily::power_law, 5.0, {uniform(0.8, 1.2), constant(23.0), uniform(25.7, 26.2)}),
       0.7}};
}

/// k from 2 to 6, one attempt: the total selects among k.
Plan random_count_job() {
  Plan plan = job(SizeFamily::normal, 0.0, {uniform(24.3, 25.3), uniform(0.6, 1.2)});
  plan.attempts = 1;
  testing::count_of(plan) = by_candidate(uniform(1.5, 6.5));
  return plan;
}

Survivors by_last(Plan plan, double bound, double peak, double width = tolerance) {
  plan.matching = {Match::last, width, {bound}, {peak}};
  plan.seed = 41;
  return draw_survivors(plan, 20'000);
}

Survivors by_reject(Plan plan, double width = tolerance) {
  plan.matching = {Match::reject, width, {}};
  plan.seed = 42;
  return draw_survivors(plan, 20'000);
}

/// The largest difference of any output, in standard errors.
double disagreement(const Survivors& a, const Survivors& b) {
  double largest = 0.0;
  for (std::size_t s = 0; s < a.statistics.size(); ++s) {
    if (a.statistics[s] == b.statistics[s]) continue;
    const double z = testing::largest_difference(a.statistics[s], b.statistics[s]);
    UNSCOPED_INFO("output " << s << ": " << z << " standard errors");
    largest = std::max(largest, z);
  }
  return largest;
}

double candidates_per_survivor(const Survivors& sample) {
  return static_cast<double>(sample.candidates) / static_cast<double>(sample.size());
}

}  // namespace

// Bound 5 standard errors for at most 20 comparisons per case: all ten cases pass a right build
// but for 200 * 5.7e-7 = 1.1e-4.
TEST_CASE("last has the law of reject with the same tolerance", "[statistical]") {
  for (const Case& each : cases()) {
    INFO(each.name);
    const double k = each.plan.count.parameters[0].years[0].arguments[0].value;
    const double bound = last_weight_bound(k, tolerance, each.peak);
    const Survivors last = by_last(each.plan, 0.0, each.peak);
    const Survivors reject = by_reject(each.plan);
    // Exhaustion would select among the totals; it must not matter here.
    CHECK(static_cast<double>(last.size()) > 0.9995 * static_cast<double>(last.trajectories));
    CHECK(static_cast<double>(reject.size()) > 0.9995 * static_cast<double>(reject.trajectories));
    for (const double error : last.statistics[total_error]) {
      REQUIRE(std::abs(error) <= tolerance * (1.0 + 1e-4));  // float32 sizes
    }
    CHECK(disagreement(last, reject) < 5.0);
    // Survival is reject's divided by the bound: 20,000 survivors each tell it within 5 %.
    CHECK(candidates_per_survivor(last) ==
          Approx(bound * candidates_per_survivor(reject)).epsilon(0.05));
  }
}

TEST_CASE("last has the law of reject where k is random", "[statistical]") {
  const Survivors last = by_last(random_count_job(), 6.0, normal_peak / 0.6);
  const Survivors reject = by_reject(random_count_job());
  CHECK(disagreement(last, reject) < 5.0);
  // A build without the weight k has the survivors' law divided by k; one that lets the last size
  // be any, not the largest, draws each set k times, so that its weight k is one too many.
  std::vector<double> without(last.size());
  for (std::size_t i = 0; i < last.size(); ++i) without[i] = 1.0 / last.statistics[count][i];
  for (const Output output : {mean, count}) {
    const auto right = testing::plain_mean(reject.statistics[output]);
    CHECK(testing::difference(testing::weighted_mean(last.statistics[output], without), right) >
          10.0);
    CHECK(testing::difference(
              testing::weighted_mean(last.statistics[output], last.statistics[count]), right) >
          10.0);
  }
}

TEST_CASE("last keeps the largest size last under a wide tolerance", "[statistical]") {
  const Plan plan = job(SizeFamily::normal, 3.0, {constant(25.3), constant(0.4)});
  CHECK(disagreement(by_last(plan, 0.0, normal_peak / 0.4, 0.6), by_reject(plan, 0.6)) < 5.0);
}

// What `last` is for: its efficiency does not fall with the tolerance, and its law goes to that of
// the exact total, which shift has too.
TEST_CASE("last with hardly any tolerance has the law of shift", "[statistical]") {
  Plan plan = job(SizeFamily::normal, 8.0, {uniform(23.8, 24.8), uniform(0.6, 1.2)});
  const Survivors last = by_last(plan, 0.0, normal_peak / 0.6, 1e-6);
  plan.matching = {Match::shift, 0.0, {1.0}};
  plan.seed = 45;
  Survivors shift = draw_survivors(plan, 20'000);
  // The sum is exact in one and nearly so in the other.
  shift.statistics[total_error] = last.statistics[total_error];
  CHECK(disagreement(last, shift) < 5.0);
  CHECK(candidates_per_survivor(last) < 200.0);
}

TEST_CASE("the bound of the weight is k or what the widest window can hold") {
  CHECK(last_weight_bound(5.0, 0.05, testing::infinity) == 5.0);
  CHECK(last_weight_bound(5.0, 1.0, 0.1) == 5.0);
  CHECK(last_weight_bound(5.0, 0.05, 0.4) == Approx(5.0 * 0.4 * std::log10(1.45 / 0.95)));
}

}  // namespace flopsieve::engine
