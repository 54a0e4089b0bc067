#include "engine/inputs.hpp"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <set>

#include "tests/engine/support/plans.hpp"

namespace flopsieve::engine {
namespace {

using testing::by_candidate;
using testing::by_trajectory;
using testing::constant;
using testing::law;
using testing::normal;
using testing::plain_plan;
using testing::uniform;
using testing::within;

const std::vector<double> probes = {0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99};

/// Checks that the share of `values` below the p-quantile is p, within 5 standard errors: a false
/// alarm has probability 6e-7 for each of the 7 probes, 4e-6 for a call.
void check_law(const std::vector<double>& values, const std::function<double(double)>& quantile) {
  const auto n = static_cast<double>(values.size());
  for (const double p : probes) {
    const auto below = std::count_if(values.begin(), values.end(),
                                     [&](double value) { return value <= quantile(p); });
    CAPTURE(p);
    CHECK(std::abs(static_cast<double>(below) / n - p) < 5.0 * std::sqrt(p * (1.0 - p) / n));
  }
}

CandidateInputs draw(const InputSampler& inputs, std::uint64_t trajectory, std::uint64_t attempt,
                     std::uint32_t year) {
  return inputs.candidate(inputs.trajectory(trajectory), {trajectory, attempt, year});
}

/// Year-dependent inputs of every kind, of one scope. Skewness and sd have the same law shape in
/// each year, so that equal latent numbers can be read off.
Plan scoped_plan(Scope scope) {
  Plan plan = plain_plan({2024, 2025, 2027});
  plan.total.model = TotalModel::growth;
  plan.total.growth = 4.0;
  plan.total.base_flop = 1e26;
  plan.total.usage_multiplier = 2.5;
  plan.total.base_year = 2023;
  plan.total.train_share = {0.4, 0.3, 0.2};
  testing::total_of(plan) = {scope, 0.0, std::vector<Distribution>(3, normal(0.0, 0.5))};
  testing::sd_of(plan) = {scope, 0.0, {uniform(1.0, 2.0), uniform(2.0, 4.0), uniform(5.0, 6.0)}};
  testing::skewness_of(plan) = {
      scope, 0.0, {uniform(-0.5, 0.0), uniform(-0.9, 0.9), uniform(0.0, 0.5)}};
  testing::mean_of(plan) = {scope, 0.0, {normal(20.0, 1.0), normal(21.0, 2.0), normal(22.0, 3.0)}};
  plan.matching = {Match::reject, 0.1, {}};
  testing::count_of(plan) = {scope, 0.0, {uniform(0.5, 1e4), uniform(0.5, 2e4), uniform(0.5, 4e4)}};
  return plan;
}

/// The latent numbers behind the inputs: growth, and quantiles of sd, skewness, mean and k.
std::vector<double> latent(const CandidateInputs& inputs, std::uint32_t year) {
  const double years_on[] = {1.0, 2.0, 4.0};
  const double share[] = {0.4, 0.3, 0.2};
  const double sd_from[] = {1.0, 2.0, 5.0}, sd_width[] = {1.0, 2.0, 1.0};
  const double skewness_from[] = {-0.5, -0.9, 0.0}, skewness_width[] = {0.5, 1.8, 0.5};
  const double mean_at[] = {20.0, 21.0, 22.0}, count_width[] = {1e4, 2e4, 4e4};
  return {std::pow(10.0, (inputs.log10_total - std::log10(2.5e26 * share[year])) / years_on[year]),
          (inputs.parameters[1] - sd_from[year]) / sd_width[year],
          (inputs.parameters[2] - skewness_from[year]) / skewness_width[year],
          (inputs.parameters[0] - mean_at[year]) / (year + 1.0), inputs.count / count_width[year]};
}

}  // namespace

TEST_CASE("an input of trajectory scope has one latent quantile for all years and attempts") {
  const Plan plan = scoped_plan(Scope::trajectory);
  const InputSampler inputs(plan, Purpose::run);
  std::set<double> growths;
  for (std::uint64_t trajectory = 0; trajectory < 20; ++trajectory) {
    const std::vector<double> first = latent(draw(inputs, trajectory, 0, 0), 0);
    growths.insert(first[0]);
    for (std::uint32_t year = 0; year < 3; ++year) {
      for (const std::uint64_t attempt : {0u, 1u, 1000u}) {
        const std::vector<double> found = latent(draw(inputs, trajectory, attempt, year), year);
        for (std::size_t i = 0; i < 4; ++i) CHECK(found[i] == Approx(first[i]).epsilon(1e-10));
        CHECK(std::abs(found[4] - first[4]) < 1e-4);  // k is rounded
      }
    }
  }
  CHECK(growths.size() == 20);
}

TEST_CASE("an input of candidate scope is drawn anew for every candidate") {
  const Plan plan = scoped_plan(Scope::candidate);
  const InputSampler inputs(plan, Purpose::run);
  std::vector<std::set<double>> seen(5);
  for (std::uint64_t trajectory = 0; trajectory < 5; ++trajectory) {
    for (std::uint32_t year = 0; year < 3; ++year) {
      for (const std::uint64_t attempt : {0u, 1u, 1000u}) {
        const std::vector<double> found = latent(draw(inputs, trajectory, attempt, year), year);
        for (std::size_t i = 0; i < found.size(); ++i) seen[i].insert(found[i]);
      }
    }
  }
  for (const auto& values : seen) CHECK(values.size() == 45);
}

TEST_CASE("every part of an address leads to other draws") {
  const Draws draws(5, Purpose::run);
  const std::uint64_t high = std::uint64_t{1} << 33;
  std::set<double> seen;
  for (const Address& address :
       {Address{0, 0, 0}, Address{1, 0, 0}, Address{high, 0, 0}, Address{0, 1, 0},
        Address{0, high, 0}, Address{0, 0, 1}, Address{0, 0, per_trajectory}}) {
    for (const Stream stream : {Stream::count, Stream::size_sd}) {
      for (const std::uint32_t index : {0u, 1u, 2u, 3u, 100u}) {
        const double u = draws.uniform(stream, address, index);
        CHECK((u > 0.0 && u < 1.0));
        seen.insert(u);
      }
    }
  }
  CHECK(seen.size() == 7 * 2 * 5);
  const Address address{0, 0, 0};
  CHECK(Draws(6, Purpose::run).uniform(Stream::count, address, 0) !=
        draws.uniform(Stream::count, address, 0));
  CHECK(Draws(5 + high, Purpose::run).uniform(Stream::count, address, 0) !=
        draws.uniform(Stream::count, address, 0));
}

TEST_CASE("bounds cut a law by drawing again", "[statistical]") {
  Plan plan = plain_plan({2024});
  testing::sd_of(plan) = by_candidate(within(normal(1.5, 0.5), 1.2, 2.5));
  const InputSampler inputs(plan, Purpose::run);
  std::vector<double> values;
  for (std::uint64_t i = 0; i < 40'000; ++i) values.push_back(draw(inputs, i, 0, 0).parameters[1]);
  const boost::math::normal parent(1.5, 0.5);
  const double from = cdf(parent, 1.2);
  const double to = cdf(parent, 2.5);
  check_law(values, [&](double p) { return quantile(parent, from + p * (to - from)); });
  CHECK(*std::min_element(values.begin(), values.end()) >= 1.2);
  CHECK(*std::max_element(values.begin(), values.end()) <= 2.5);
}

// With the slope and intercept's posterior, ln k of a year is Student t about the fitted line with
// variance s^2 (1 + 1/n + (year - centre)^2 / Sxx) (Gelman et al., BDA3, section 14.2). The
// difference of two years keeps only the slope and two residuals.
TEST_CASE("the count's trend has a Student t predictive law", "[statistical]") {
  Plan plan = plain_plan({2024, 2028});
  plan.count.model = CountModel::exponential_trend;
  plan.count.trend = {2020.0, 7.0, 0.1, 0.01, std::sqrt(1.0 / 7.0), std::sqrt(1.0 / 28.0), 5};
  const InputSampler inputs(plan, Purpose::run);
  std::vector<double> first, last, differences;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    first.push_back(std::log(draw(inputs, i, 0, 0).count));
    last.push_back(std::log(draw(inputs, i, 3, 1).count));
    differences.push_back(last.back() - first.back());
  }
  const boost::math::students_t t(5);
  const auto scaled = [&](double centre, double variance) {
    return
        [&t, centre, variance](double p) { return centre + std::sqrt(variance) * quantile(t, p); };
  };
  check_law(first, scaled(7.0 + 0.4, 0.01 * (1.0 + 1.0 / 7.0 + 16.0 / 28.0)));
  check_law(last, scaled(7.0 + 0.8, 0.01 * (1.0 + 1.0 / 7.0 + 64.0 / 28.0)));
  check_law(differences, scaled(0.4, 0.01 * (2.0 + 16.0 / 28.0)));
}

TEST_CASE("the trend's count is the same for all attempts of a trajectory") {
  Plan plan = plain_plan({2024, 2028});
  plan.count.model = CountModel::exponential_trend;
  plan.count.trend = {2020.0, 7.0, 0.1, 0.01, 0.3, 0.2, 5};
  const InputSampler inputs(plan, Purpose::run);
  for (std::uint64_t i = 0; i < 20; ++i) {
    CHECK(draw(inputs, i, 0, 1).count == draw(inputs, i, 99, 1).count);
  }
}

// Bounds of 5 standard errors: the variance of a sample variance is about (mu4 - s^4) / n.
TEST_CASE("a Poisson count has the mean and variance of its mixture", "[statistical]") {
  Plan plan = plain_plan({2024});
  plan.count.model = CountModel::poisson;
  const double spread = GENERATE(0.0, 0.2);
  testing::count_of(plan) = by_candidate(spread > 0.0 ? law(kernels::Law::lognormal, 4.0, spread)
                                                      : constant(std::exp(4.0)));
  const double mean = std::exp(4.0 + 0.5 * spread * spread);
  const double variance = mean + mean * mean * (std::exp(spread * spread) - 1.0);
  const InputSampler inputs(plan, Purpose::run);
  constexpr int n = 40'000;
  double sum = 0.0, squares = 0.0, fourth = 0.0;
  for (std::uint64_t i = 0; i < n; ++i) {
    const double off = draw(inputs, i, 0, 0).count - mean;
    sum += off;
    squares += off * off;
    fourth += off * off * off * off;
  }
  CHECK(std::abs(sum / n) < 5.0 * std::sqrt(variance / n));
  CHECK(std::abs(squares / n - variance) < 5.0 * std::sqrt((fourth / n - variance * variance) / n));
}

TEST_CASE("k is the nearest whole number, from 1 up") {
  Plan plan = plain_plan({2024});
  for (const auto& [value, expected] : std::vector<std::pair<double, std::uint32_t>>{
           {1.0, 1}, {1.4, 1}, {2.5, 3}, {0.6, 1}, {100'000.0, 100'000}}) {
    testing::count_of(plan) = by_candidate(constant(value));
    CHECK(draw(InputSampler(plan, Purpose::run), 0, 0, 0).count == expected);
  }
}

TEST_CASE("an argument may depend on another input of the candidate") {
  Plan plan = plain_plan({2024});
  testing::count_of(plan) = by_candidate(constant(100.0));
  testing::sd_of(plan) = by_candidate(uniform(1.0, 2.0));
  testing::skewness_of(plan) = by_candidate(uniform(-0.5, 0.5));
  plan.matching = {Match::reject, 0.1, {}};
  const auto mean_of_law = [&](const Argument& argument) {
    Distribution mean = constant(0.0);
    mean.arguments[0] = argument;
    testing::mean_of(plan) = by_candidate(mean);
    return draw(InputSampler(plan, Purpose::run), 3, 1, 0).parameters[0];
  };
  const CandidateInputs drawn = draw(InputSampler(plan, Purpose::run), 3, 1, 0);
  CHECK(mean_of_law({20.0, 0.01, Reference::count}) == Approx(21.0));
  CHECK(mean_of_law({0.5, 2.0, Reference::sd}) == Approx(0.5 + 2.0 * drawn.parameters[1]));
  CHECK(mean_of_law({1.0, -3.0, Reference::skewness}) == Approx(1.0 - 3.0 * drawn.parameters[2]));
  CHECK(mean_of_law({1.0, 1e26, Reference::inverse_total}) == Approx(2.0));
}

// Bound of 5 standard errors per mean; seven of them, false alarm 4e-6.
TEST_CASE("a mean is accepted in proportion to its density", "[statistical]") {
  Plan plan = plain_plan({2024});
  testing::mean_of(plan) = by_candidate(within(normal(24.0, 1.0), 22.5, 27.0));
  plan.matching.bound = {0.5};
  const InputSampler inputs(plan, Purpose::run);
  for (const double mean : {22.4, 22.6, 23.0, 24.0, 25.0, 26.9, 27.1}) {
    constexpr int n = 20'000;
    int accepted = 0;
    for (std::uint64_t i = 0; i < n; ++i) {
      accepted += *inputs.accept_location(draw(inputs, i, 0, 0), Trajectory{}, {i, 0, 0}, mean, 0.0)
                      ? 1
                      : 0;
    }
    const double inside = mean >= 22.5 && mean <= 27.0 ? 1.0 : 0.0;
    const double p = inside * pdf(boost::math::normal(24.0, 1.0), mean) / 0.5;
    CAPTURE(mean);
    CHECK(std::abs(accepted - n * p) <= 5.0 * std::sqrt(n * p * (1.0 - p)));
  }
}

TEST_CASE("FLOP per USD improves from its base year") {
  Plan plan = plain_plan({2022, 2025});
  plan.money = {2e17, 1.3, 2023, {}};
  const InputSampler inputs(plan, Purpose::run);
  CHECK(inputs.log10_flop_per_usd(0) == Approx(std::log10(2e17 / 1.3)));
  CHECK(inputs.log10_flop_per_usd(1) == Approx(std::log10(2e17 * 1.69)));
}

}  // namespace flopsieve::engine
