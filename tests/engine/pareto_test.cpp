#include "engine/pareto.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "engine/pilot.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/support/reference.hpp"

namespace flopsieve::engine {
namespace {

/// The quantiles of a generalised Pareto law with scale 1, evenly spaced in probability.
std::vector<double> pareto_quantiles(double shape, int n) {
  std::vector<double> x;
  for (int i = 0; i < n; ++i) {
    const double tail = 1.0 - (i + 0.5) / n;
    x.push_back(shape == 0.0 ? -std::log(tail) : (std::pow(tail, -shape) - 1.0) / shape);
  }
  return x;
}

/// The mean of theta under the profile likelihood by Zhang and Stephens' weights as they print
/// them, 1 / sum_i exp(l_i - l_j), in extended precision. Their k is minus the shape.
double slow_shape(const std::vector<double>& x) {
  using Real = long double;
  const auto n = static_cast<Real>(x.size());
  const int m = 20 + static_cast<int>(std::sqrt(static_cast<double>(x.size())));
  const Real quartile = x[static_cast<std::size_t>(std::floor(n / 4 + 0.5L)) - 1];
  const auto k_of = [&](Real theta) {
    Real sum = 0;
    for (const double value : x) sum += std::log(1 - theta * static_cast<Real>(value));
    return -sum / n;
  };
  std::vector<Real> theta;
  std::vector<Real> l;
  for (int j = 1; j <= m; ++j) {
    theta.push_back(1 / static_cast<Real>(x.back()) +
                    (1 - std::sqrt(m / (j - 0.5L))) / (3 * quartile));
    l.push_back(n * (std::log(theta.back() / k_of(theta.back())) + k_of(theta.back()) - 1));
  }
  Real mean = 0;
  for (std::size_t j = 0; j < l.size(); ++j) {
    Real sum = 0;
    for (const Real other : l) sum += std::exp(other - l[j]);
    mean += theta[j] / sum;
  }
  return static_cast<double>(-k_of(mean));
}

}  // namespace

TEST_CASE("the Pareto shape is that of the law and of the published formula") {
  for (const double shape : {-0.5, 0.0, 0.3, 0.7, 1.2}) {
    INFO(shape);
    const std::vector<double> many = pareto_quantiles(shape, 4000);
    CHECK(pareto_shape(many) == Approx(shape).margin(0.02));
    CHECK(pareto_shape(many) == Approx(slow_shape(many)).margin(1e-9));
    const std::vector<double> few = pareto_quantiles(shape, 40);
    CHECK(pareto_shape(few) == Approx(slow_shape(few)).margin(1e-9));
  }
}

TEST_CASE("a weight report tells even weights from uneven ones") {
  const WeightReport even = report_weights(std::vector<double>(1000, 0.25));
  CHECK(even.effective_share == Approx(1.0));
  CHECK(std::isnan(even.pareto_shape));
  std::vector<double> half(1000, 0.0);
  for (int i = 0; i < 500; ++i) half[static_cast<std::size_t>(2 * i)] = 3.0;
  CHECK(report_weights(half).effective_share == Approx(0.5));
  CHECK(report_weights(std::vector<double>(1000, 0.0)).effective_share == 0.0);
  // Weights u^-shape have that shape above every threshold.
  test::Splitmix random(81);
  for (const double shape : {0.2, 0.9}) {
    std::vector<double> weights;
    for (int i = 0; i < 20'000; ++i) weights.push_back(std::pow(random.uniform(0.0, 1.0), -shape));
    // Standard error (1 + shape) / sqrt(4000) = 0.03 for 0.9; bound 5 of them.
    CHECK(report_weights(weights).pareto_shape == Approx(shape).margin(0.15));
  }
}

TEST_CASE("the pilot reports the weights of match = last") {
  Plan plan = testing::plain_plan({2024});
  CHECK(!run_pilot(plan).years[0].weights.has_value());
  testing::count_of(plan) = testing::by_candidate(testing::constant(1.0));
  testing::mean_of(plan) = testing::by_candidate(testing::constant(26.0));
  plan.matching = {Match::last, 0.5, {0.0}};
  plan.attempts = 1000;
  // One size: every candidate has the same window, and so the same weight.
  const WeightReport one = run_pilot(plan).years[0].weights.value();
  CHECK(one.effective_share == Approx(1.0));
  // Ten sizes far below the total: only sets with a rare largest size can make it up.
  testing::count_of(plan) = testing::by_candidate(testing::constant(10.0));
  testing::mean_of(plan) = testing::by_candidate(testing::uniform(20.0, 26.0));
  const WeightReport ten = run_pilot(plan).years[0].weights.value();
  CHECK(ten.effective_share < 0.5);
  CHECK(ten.effective_share > 0.0);
  CHECK(std::isfinite(ten.pareto_shape));
}

}  // namespace flopsieve::engine
