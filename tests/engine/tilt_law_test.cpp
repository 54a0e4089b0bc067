// method = "truncate" and "tilt" must give the law of method = "reject".

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "engine/tilt.hpp"
#include "kernels/math.hpp"
#include "kernels/size_laws.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/engine/support/samples.hpp"
#include "tests/engine/support/tilts.hpp"

namespace flopsieve::engine {
namespace {

using testing::acceptance;
using testing::by_candidate;
using testing::by_trajectory;
using testing::Case;
using testing::constant;
using testing::disagreement;
using testing::draw_survivors;
using testing::estimate;
using testing::job;
using testing::Share;
using testing::Survivors;
using testing::uniform;
using testing::with_method;

// --- Two and three sizes against quadrature ------------------------------------------------------

/// A truncated normal law of x on a grid, from its definition.
struct TruncatedNormal {
  static constexpr double mean = 23.0, sd = 1.2, lower = 20.0, upper = 26.7;
  static constexpr std::size_t points = 1500;
  std::vector<double> mass, flop;  ///< of equal cells of x; FLOP in units of 10^26.7

  TruncatedNormal() {
    const double width = (upper - lower) / points;
    for (std::size_t i = 0; i < points; ++i) {
      const double x = lower + (static_cast<double>(i) + 0.5) * width;
      mass.push_back(std::exp(-0.5 * (x - mean) * (x - mean) / (sd * sd)));
      flop.push_back(std::pow(10.0, x - upper));
    }
    const double sum = std::accumulate(mass.begin(), mass.end(), 0.0);
    for (double& each : mass) each /= sum;
  }

  /// P(X <= x) from the error function.
  static double cumulative(double flop_share) {
    if (flop_share <= 0.0) return 0.0;
    const auto parent = [](double x) { return 0.5 * std::erfc((mean - x) / sd / std::sqrt(2.0)); };
    const double x = std::min(std::max(upper + std::log10(flop_share), lower), upper);
    return (parent(x) - parent(lower)) / (parent(upper) - parent(lower));
  }

  double window(double rest_low, double rest_high) const {
    return cumulative(rest_high) - cumulative(rest_low);
  }

  double two(double low, double high) const {
    double p = 0.0;
    for (std::size_t i = 0; i < points; ++i) p += mass[i] * window(low - flop[i], high - flop[i]);
    return p;
  }

  double three(double low, double high) const {
    double p = 0.0;
    for (std::size_t i = 0; i < points; i += 1) {
      if (high - flop[i] > 0.0) p += mass[i] * two(low - flop[i], high - flop[i]);
    }
    return p;
  }
};

}  // namespace

// Eight comparisons with a bound of 5 standard errors: a right build fails with 5e-6. The
// quadrature is good to 1e-4, far below the errors (0.3 % and more).
TEST_CASE("P(total in window) of two and three tilted sizes is that of quadrature",
          "[statistical]") {
  const TruncatedNormal grid;
  for (const double log10_total : {22.0, 25.5, 26.9, 26.99}) {
    const double total = std::pow(10.0, log10_total - TruncatedNormal::upper);
    for (const double count : {2.0, 3.0}) {
      INFO("total " << log10_total << ", k = " << count);
      const Plan plan = with_method(job(SizeFamily::truncated_normal, count, log10_total,
                                        {TruncatedNormal::mean, TruncatedNormal::sd,
                                         TruncatedNormal::lower, TruncatedNormal::upper}),
                                    Method::tilt);
      const Share found = estimate(plan, 400'000);
      const double expected = count == 2.0 ? grid.two(0.95 * total, 1.05 * total)
                                           : grid.three(0.95 * total, 1.05 * total);
      INFO("found " << found.p << " +- " << found.error << ", expected " << expected);
      CHECK(found.error < 0.05 * expected);
      CHECK(std::abs(found.p - expected) < 5.0 * found.error + 1e-3 * expected);
    }
  }
}

namespace {

Plan mixture_job() {
  Plan plan = job(SizeFamily::mixture, 6.0, 26.0, {24.3});
  const auto fixed = [](double value) { return by_candidate(constant(value)); };
  plan.sizes.components = {{fixed(2.0), fixed(-0.5), fixed(0.7)},
                           {fixed(1.0), fixed(0.6), fixed(0.3)}};
  return plan;
}

Plan empirical_job() {
  Plan plan = job(SizeFamily::empirical, 6.0, 26.55, {24.5, 0.8});
  plan.sizes.kernel = {{-1.2, 0.1, 1.4}, {0.3, 0.8, 1.0}, 0.35, -0.03, 1.0156};
  return plan;
}

/// Windows with a natural acceptance of some 1e-3 to 1e-2, above and below the median of the sum.
std::vector<Case> cases() {
  return {{"truncated_normal, above",
           job(SizeFamily::truncated_normal, 8.0, 26.65, {23.0, 1.2, 20.0, 26.7})},
          {"truncated_normal, below",
           job(SizeFamily::truncated_normal, 5.0, 22.85, {23.0, 1.2, 20.0, 26.7})},
          {"normal", job(SizeFamily::normal, 6.0, 26.9, {24.5, 0.8})},
          {"skew_normal", job(SizeFamily::skew_normal, 6.0, 26.8, {24.5, 0.8, 0.7})},
          {"skew_normal_direct", job(SizeFamily::skew_normal_direct, 6.0, 25.2, {24.5, 0.9, -3.0})},
          {"uniform", job(SizeFamily::uniform, 5.0, 26.45, {23.0, 26.0})},
          {"power_law", job(SizeFamily::power_law, 6.0, 26.6, {0.9, 23.0, 26.2})},
          {"grid", job(SizeFamily::grid, 5.0, 26.32, {23.0, 26.0, 0.25})},
          {"mixture", mixture_job()},
          {"empirical", empirical_job()}};
}

/// With truncate and tilt against brute force.
void check_against_reject(const Plan& plan, std::size_t survivors) {
  Plan brute = plan;
  brute.seed = 41;
  const Survivors reject = draw_survivors(brute, survivors, survivors);
  CAPTURE(acceptance(reject));
  for (const Method method : {Method::truncate, Method::tilt}) {
    Plan tilted = with_method(plan, method);
    tilted.seed = 42;
    const Survivors found = draw_survivors(tilted, survivors, survivors);
    CAPTURE(method == Method::tilt, acceptance(found));
    CHECK(disagreement(found, reject) < 5.0);
  }
}

}  // namespace

// Bound 5 standard errors for at most 20 comparisons of each of two methods in ten cases: a right
// build fails with 400 * 5.7e-7 = 2.3e-4.
TEST_CASE("Tilted survivors have the law of reject", "[statistical]") {
  for (const Case& each : cases()) {
    INFO(each.name);
    REQUIRE(tilt_refusal(each.plan) == "");
    check_against_reject(each.plan, 1'200);
  }
}

// Bound as above, one case: 2.3e-5.
TEST_CASE("A total and a number that trajectories fix may vary between them", "[statistical]") {
  Plan plan = job(SizeFamily::truncated_normal, 0.0, 0.0, {23.0, 1.2, 20.0, 26.7});
  testing::total_of(plan) = by_trajectory(uniform(25.8, 26.5));
  testing::count_of(plan) = by_trajectory(uniform(2.5, 8.5));
  REQUIRE(tilt_refusal(plan) == "");
  check_against_reject(plan, 3'000);
}

namespace {

Plan random_job(SizeFamily family, double mean_count, double log10_total,
                const std::vector<double>& parameters) {
  Plan plan = job(family, 0.0, log10_total, parameters);
  plan.count.model = CountModel::poisson;
  testing::count_of(plan) = by_candidate(constant(mean_count));
  testing::sd_of(plan) = by_candidate(uniform(0.6, 1.4));
  return plan;
}

}  // namespace

// The models of benchmarks/jobs/tilt.toml and tilt_random.toml, and these with a random mean, at
// twice the median of the total instead of eight times, where brute force gets there. Three
// comparisons with a bound of 5 standard errors: 1.8e-6.
TEST_CASE("P(total in window) of a hundred models is that of brute force", "[statistical]") {
  Plan plan = job(SizeFamily::truncated_normal, 100.0, 26.68, {23.0, 1.2, 20.0, 26.7});
  plan.matching.tolerance = 0.005;
  Plan random = random_job(SizeFamily::truncated_normal, 100.0, 26.68, {23.0, 1.2, 20.0, 26.7});
  testing::sd_of(random) = by_candidate(uniform(1.0, 1.4));
  random.matching.tolerance = 0.02;
  Plan mean = random;
  testing::mean_of(mean) = by_candidate(uniform(22.5, 23.5));
  for (const Plan& each : {plan, random, mean}) {
    REQUIRE(tilt_refusal(each) == "");
    constexpr std::size_t survivors = 600;
    const double brute = acceptance(draw_survivors(each, survivors, survivors));
    const Share found = estimate(with_method(each, Method::tilt), 150'000);
    INFO("found " << found.p << " +- " << found.error << ", brute force " << brute);
    CHECK(found.error < 0.06 * brute);
    CHECK(std::abs(found.p - brute) <
          5.0 * std::hypot(found.error, brute / std::sqrt(static_cast<double>(survivors))));
  }
}

namespace {

/// With k from a law of its own.
Plan counted_job(const Distribution& count, double log10_total) {
  Plan plan = job(SizeFamily::truncated_normal, 0.0, log10_total, {23.0, 1.2, 20.0, 26.7});
  testing::count_of(plan) = by_candidate(count);
  return plan;
}

Plan negative_binomial_job(double mean, double size, double log10_total) {
  Plan plan = counted_job(constant(mean), log10_total);
  plan.count.model = CountModel::negative_binomial;
  plan.count.parameters.push_back(by_candidate(constant(size)));
  return plan;
}

/// The mean of Poisson numbers hangs on the trajectory.
Plan trajectory_mean_job() {
  Plan plan = counted_job(constant(0.0), 26.4);
  plan.count.model = CountModel::poisson;
  testing::count_of(plan) = by_trajectory(uniform(2.0, 8.0));
  return plan;
}

std::vector<Case> counted_cases() {
  return {
      {"3 to 8, above", counted_job(uniform(2.5, 8.5), 26.5)},
      {"3 to 8, below", counted_job(uniform(2.5, 8.5), 22.5)},
      {"normal, bounded", counted_job(testing::within(testing::normal(5.0, 3.0), 1.2, 9.7), 26.4)},
      {"lognormal", counted_job(testing::law(kernels::Law::lognormal, std::log(5.0), 0.8), 26.5)},
      {"negative binomial", negative_binomial_job(5.0, 2.0, 26.5)},
      {"negative binomial, clumped", negative_binomial_job(4.0, 0.5, 26.4)},
      {"Poisson with a mean per trajectory", trajectory_mean_job()}};
}

}  // namespace

// Had k its prior law, P(k = 3) would be 1/6 instead of 0.02. Bound 5 standard errors for at most
// 20 comparisons of each of two methods in seven cases: 280 * 5.7e-7 = 1.6e-4.
TEST_CASE("Numbers of models from any law keep it given the total", "[statistical]") {
  for (const Case& each : counted_cases()) {
    INFO(each.name);
    REQUIRE(tilt_refusal(each.plan) == "");
    check_against_reject(each.plan, 1'200);
  }
}

}  // namespace flopsieve::engine
