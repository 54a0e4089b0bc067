// Inputs that are drawn within bounds: counts on a trend, inputs that the years share, paths of a
// state space. And what is said of a statistic where a division has no meaning.

#include <boost/math/distributions/normal.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <map>

#include "engine/candidate.hpp"
#include "engine/error.hpp"
#include "engine/inputs.hpp"
#include "engine/screen.hpp"
#include "engine/sieve.hpp"
#include "tests/engine/support/plans.hpp"

namespace flopsieve::engine {
namespace {

using testing::within;

double normal_cdf(double x) {
  return boost::math::cdf(boost::math::normal_distribution<double>(), x);
}

/// A trend whose coefficients are known and its standard deviation nearly so: 1,000 degrees of
/// freedom leave 2.2 % of it.
Plan trend_plan(CountModel model, double level, double sigma, std::uint32_t degrees_of_freedom) {
  Plan plan = testing::plain_plan({2024});
  plan.count.model = model;
  plan.count.parameters.clear();
  plan.count.trend = {2024.0, level, 0.0, sigma * sigma, 0.0, 0.0, degrees_of_freedom};
  return plan;
}

std::uint32_t count_of(const InputSampler& inputs, std::uint64_t trajectory) {
  return inputs.candidate(inputs.trajectory(trajectory), {trajectory, 0, 0}).count;
}

/// Checks the frequencies of k = 1..9 against P(k - 1/2 < X < k + 1/2) / P(X > 1/2), within 5
/// standard errors: a false alarm has probability 5e-6 for a call. The spread of sigma (2.2 %)
/// changes them by a twentieth of that.
void check_counts(const Plan& plan, const std::function<double(double)>& cumulative) {
  constexpr std::uint64_t trajectories = 5000;
  const InputSampler inputs(plan, Purpose::run);
  std::map<std::uint32_t, double> seen;
  for (std::uint64_t i = 0; i < trajectories; ++i) seen[count_of(inputs, i)] += 1.0 / trajectories;
  for (std::uint32_t k = 1; k <= 9; ++k) {
    const double p = (cumulative(k + 0.5) - cumulative(k - 0.5)) / (1.0 - cumulative(0.5));
    INFO("k = " << k << ": " << seen[k] << ", expected " << p);
    CHECK(std::abs(seen[k] - p) < 5.0 * std::sqrt(p * (1.0 - p) / trajectories));
  }
}

TEST_CASE("A count on a linear trend follows the law cut at 1/2", "[statistical]") {
  check_counts(trend_plan(CountModel::linear_trend, 2.0, 3.0, 1000),
               [](double x) { return normal_cdf((x - 2.0) / 3.0); });
}

TEST_CASE("A count on an exponential trend follows the law cut at ln 1/2", "[statistical]") {
  check_counts(trend_plan(CountModel::exponential_trend, 0.1, 1.0, 1000),
               [](double x) { return normal_cdf(std::log(x) - 0.1); });
}

TEST_CASE("A trend far below 0, and one without a residual") {
  struct Case {
    CountModel model;
    double level, sigma;
    std::uint32_t expected;
  };
  for (const auto& [model, level, sigma, expected] :
       {Case{CountModel::linear_trend, -1000.0, 0.1, 1},
        Case{CountModel::linear_trend, -5.0, 0.0, 1}, Case{CountModel::linear_trend, 7.4, 0.0, 7},
        Case{CountModel::linear_trend, 1e9, 0.0, 100000},
        Case{CountModel::exponential_trend, -90.0, 0.1, 1},
        Case{CountModel::exponential_trend, std::log(7.4), 0.0, 7}}) {
    INFO("level " << level << ", sigma " << sigma);
    const Plan plan = trend_plan(model, level, sigma, 5);
    const InputSampler inputs(plan, Purpose::run);
    for (std::uint64_t i = 0; i < 20; ++i) CHECK(count_of(inputs, i) == expected);
  }
}

/// The fraction of a normal law's probability within its bounds that lies below x.
double fraction(double mean, double sd, double lower, double upper, double x) {
  const double below = normal_cdf((lower - mean) / sd);
  const double up_to = std::isfinite(upper) ? normal_cdf((upper - mean) / sd) : 1.0;
  return (normal_cdf((x - mean) / sd) - below) / (up_to - below);
}

TEST_CASE("An input that the years share keeps its quantile within each year's bounds") {
  Plan plan = testing::plain_plan({2024, 2025});
  testing::sd_of(plan) = testing::by_trajectory(testing::normal(1.0, 0.5), 2);
  testing::sd_of(plan).years = {within(testing::normal(1.0, 0.5), 0.8, 1.4),
                                within(testing::normal(3.0, 1.0), 2.5, testing::infinity)};
  const InputSampler inputs(plan, Purpose::run);
  double lowest = 1.0, highest = 0.0;
  for (std::uint64_t i = 0; i < 300; ++i) {
    const Trajectory trajectory = inputs.trajectory(i);
    const auto sd = [&](std::uint32_t year, std::uint64_t attempt) {
      return inputs.candidate(trajectory, {i, attempt, year}).parameters[1];
    };
    const double first = fraction(1.0, 0.5, 0.8, 1.4, sd(0, 0));
    const double second = fraction(3.0, 1.0, 2.5, testing::infinity, sd(1, 4));
    REQUIRE(first == Approx(second).margin(1e-9));
    REQUIRE(sd(0, 0) == sd(0, 7));
    lowest = std::min(lowest, first);
    highest = std::max(highest, first);
  }
  CHECK(lowest < 0.05);  // all of [0, 1] is used: each fails with probability 2e-7
  CHECK(highest > 0.95);
}

/// The code of the Error of drawing a candidate.
ExitCode code_of_first(const Plan& plan) {
  const InputSampler inputs(plan, Purpose::run);
  try {
    inputs.candidate(inputs.trajectory(0), {0, 0, 0});
  } catch (const Error& error) {
    return error.code();
  }
  return ExitCode::done;
}

TEST_CASE("Bounds without probability end the run with the budget's code") {
  Plan plan = testing::plain_plan({2024});
  testing::sd_of(plan) = testing::by_trajectory(within(testing::normal(1.0, 0.01), 5.0, 6.0));
  CHECK(code_of_first(plan) == ExitCode::budget);
  testing::sd_of(plan) = testing::by_candidate(within(testing::normal(1.0, 0.01), 5.0, 6.0));
  CHECK(code_of_first(plan) == ExitCode::budget);
}

/// A state space with one point per series: ln sd starts at `ln_sd` and moves by `noise` a year.
Plan state_plan(double ln_sd, double noise) {
  Plan plan = testing::plain_plan({2024, 2025, 2026});
  plan.state.last_year = 2023;
  plan.state.points = 1;
  plan.state.ratio_weights = {1.0};
  plan.state.grid.assign(state_series, {1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.1, 0.0});
  plan.state.grid[StateSeries::ln_sd] = {1.0, ln_sd, 0.0, 0.0, 0.0, 0.0, noise, 0.0};
  return plan;
}

TEST_CASE("No path of a state space leaves the allowed spread") {
  // Half of the paths would leave at once.
  for (const double start : {std::log(20.0), std::log(1e-3)}) {
    const Plan plan = state_plan(start, 0.7);
    const InputSampler inputs(plan, Purpose::run);
    double farthest = 0.0;
    for (std::uint64_t i = 0; i < 500; ++i) {
      const auto path = inputs.trajectory(i).path;
      REQUIRE(path.size() == 3);
      for (const StateRow& row : path) {
        REQUIRE(row[StateSeries::ln_sd] <= std::log(20.0) + 1e-12);
        REQUIRE(row[StateSeries::ln_sd] >= std::log(1e-3) - 1e-12);
        farthest = std::max(farthest, std::abs(row[StateSeries::ln_sd] - start));
      }
    }
    CHECK(farthest > 1.0);
  }
}

TEST_CASE("A state space that is never allowed ends the run with the budget's code") {
  CHECK(code_of_first(state_plan(std::log(20.0) + 1.0, 1e-6)) == ExitCode::budget);
}

/// What a constraint compares of the first candidate of a Plan, given the value of the year before.
double ratio(const std::string& statistic, double previous) {
  Constraint constraint = testing::bounded(statistic, 0.0, 2.0);
  constraint.relative_to = RelativeTo::previous_year;
  const Plan plan = testing::plain_plan({2024});
  Sieve sieve(plan, Purpose::run);
  testing::Trials trials;
  trials.add(sieve.inputs(), {0, 0, 0});
  double result = -1.0;
  sieve.visit(trials, [&](std::size_t, const Candidate& candidate, OrderedSizes& ordered) {
    const double value = evaluate(constraint.statistic, candidate, ordered);
    result = compared(constraint, candidate, {value, 0.0}, previous).value;
  });
  return result;
}

TEST_CASE("The ratio to a year before without models: 0 / 0 is 1, x / 0 is infinite") {
  CHECK(ratio("count_above(1e40)", 0.0) == 1.0);
  CHECK(ratio("count_above(1)", 0.0) == testing::infinity);
  CHECK(ratio("count_above(1e40)", 4.0) == 0.0);
  CHECK(ratio("count_above(1)", 4.0) == 2.5);
}

TEST_CASE("Candidates of equal sizes have no spread and no shape, however their sums round") {
  OrderedSizes ordered;
  for (std::uint32_t k = 1; k <= 40; ++k) {
    for (const float z : {0.1f, 0.7f, 3.3f, 7.0f, 123.456f, 16777213.0f}) {
      Candidate c;
      c.inputs.count = k;
      for (std::uint32_t i = 0; i < k; ++i) {
        const auto x = static_cast<double>(z);
        c.power_1 += x;
        c.power_2 += x * x;
        c.power_3 += x * x * x;
        c.power_4 += x * x * x * x;
      }
      INFO(k << " models at z = " << z);
      for (const char* statistic : {"sd", "skewness", "excess_kurtosis"}) {
        REQUIRE(evaluate(parse_statistic(statistic), c, ordered) == 0.0);
      }
    }
  }
}

}  // namespace
}  // namespace flopsieve::engine
