// The models of the year's total and of the number of models, against their formulas.

#include <algorithm>
#include <boost/math/distributions/negative_binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/poisson.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>

#include "tests/engine/support/runs.hpp"
#include "tests/engine/support/samples.hpp"
#include "tests/support/kolmogorov.hpp"

namespace flopsieve::engine {
namespace {

using testing::by_candidate;
using testing::by_trajectory;
using testing::constant;
using testing::uniform;

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
const std::vector<int> years = {2021, 2023, 2024, 2027, 2031};

/// A Plan whose total has these constant parameters.
Plan total_plan(TotalModel model, const std::vector<double>& parameters) {
  Plan plan = testing::plain_plan(years);
  plan.total.model = model;
  plan.total.base_year = 2023;
  plan.total.parameters.clear();
  for (const double each : parameters) {
    plan.total.parameters.push_back(by_candidate(constant(each), years.size()));
  }
  return plan;
}

CandidateInputs candidate(const InputSampler& inputs, const Address& address) {
  return inputs.candidate(inputs.trajectory(address.trajectory), address);
}

std::vector<double> totals(const Plan& plan, std::uint64_t trajectory = 0) {
  const InputSampler inputs(plan, Purpose::run);
  std::vector<double> all;
  for (std::uint32_t year = 0; year < plan.year_count(); ++year) {
    all.push_back(candidate(inputs, {trajectory, 3, year}).log10_total);
  }
  return all;
}

void check_equal(const std::vector<double>& found, const std::vector<double>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    CAPTURE(i);
    CHECK(std::abs(found[i] - expected[i]) < 1e-12 * std::abs(expected[i]));
  }
}

/// A fit of n successive years about 2019.
TrendFit fit_of(double intercept, double slope, double s, std::uint32_t n) {
  const double spread = static_cast<double>(n) * (static_cast<double>(n) * n - 1.0) / 12.0;
  return {2019.0,
          intercept,
          slope,
          s * s,
          1.0 / std::sqrt(static_cast<double>(n)),
          1.0 / std::sqrt(spread),
          n - 2};
}

/// The standard deviation of the prediction in units of s: sqrt(1 + 1/n + d^2 / sum d^2).
double prediction_scale(const TrendFit& fit, double year) {
  const double d = (year - fit.centre) * fit.slope_factor;
  return std::sqrt(1.0 + fit.intercept_factor * fit.intercept_factor + d * d);
}

}  // namespace

TEST_CASE("growth: a constant factor a year, and the share of training") {
  Plan plan = total_plan(TotalModel::growth, {0.25});
  plan.total.growth = 3.5;
  plan.total.base_flop = 1.35e26;
  plan.total.usage_multiplier = 2.5;
  plan.total.train_share = {0.4, 0.4, 0.4, 0.3, 0.2};
  std::vector<double> expected;
  for (std::size_t i = 0; i < years.size(); ++i) {
    expected.push_back(
        std::log10(1.35e26 * 2.5 * std::pow(3.75, years[i] - 2023) * plan.total.train_share[i]));
  }
  check_equal(totals(plan), expected);
}

TEST_CASE("growth noise is one number per trajectory") {
  Plan plan = total_plan(TotalModel::growth, {0.0});
  plan.total.parameters = {by_trajectory(testing::normal(0.0, 0.5), years.size())};
  plan.total.growth = 4.0;
  plan.total.base_flop = 1e26;
  plan.total.train_share.assign(years.size(), 1.0);
  const double u =
      Draws(plan.seed, Purpose::run).uniform(Stream::growth_noise, {7, 0, per_trajectory}, 0);
  const double noise = boost::math::quantile(boost::math::normal(0.0, 0.5), u);
  std::vector<double> expected;
  for (const int year : years) expected.push_back(26.0 + (year - 2023) * std::log10(4.0 + noise));
  check_equal(totals(plan, 7), expected);
}

TEST_CASE("tapering: the factor falls from its first value to its last") {
  Plan plan = total_plan(TotalModel::tapering, {0.5, 1.25, 3.0});
  plan.years = {2023, 2024, 2027, 2031, 2060};
  plan.total.growth = 3.5;
  plan.total.base_flop = 2e26;
  plan.total.usage_multiplier = 1.5;
  plan.total.train_share = {0.4, 0.4, 0.4, 0.3, 0.2};
  std::vector<double> expected;
  for (std::size_t i = 0; i < plan.years.size(); ++i) {
    double total = 3e26 * plan.total.train_share[i];
    for (int j = 1; j <= plan.years[i] - 2023; ++j) {
      total *= 1.25 * std::pow(4.0 / 1.25, std::exp(-(j - 1) / 3.0));
    }
    expected.push_back(std::log10(total));
  }
  check_equal(totals(plan), expected);
}

TEST_CASE("saturating: slope r at the base year, then ever closer to the limit") {
  const Plan plan = total_plan(TotalModel::saturating, {26.0, 0.6, 29.0});
  std::vector<double> expected;
  for (const int year : years)
    expected.push_back(29.0 - 3.0 * std::exp(-0.6 * (year - 2023) / 3.0));
  check_equal(totals(plan), expected);
  // A limit below the base holds at once.
  check_equal(totals(total_plan(TotalModel::saturating, {26.0, 0.6, 25.0})),
              std::vector<double>(years.size(), 25.0));
}

// Euler's method with steps of 1e-4 years on the definition x' = r (1 - (x - x0) / (C - x0)).
TEST_CASE("saturating follows its differential equation") {
  const std::vector<double> found = totals(total_plan(TotalModel::saturating, {26.0, 0.6, 29.0}));
  double x = 26.0;
  for (int step = 0; step < 80'000; ++step) x += 1e-4 * 0.6 * (1.0 - (x - 26.0) / 3.0);
  CHECK(std::abs(found.back() - x) < 1e-3);
}

TEST_CASE("a known total replaces the model's, and a ceiling holds down only the model's") {
  Plan plan = total_plan(TotalModel::table, {});
  plan.total.parameters = {by_candidate(constant(26.0), years.size())};
  for (std::size_t i = 0; i < years.size(); ++i) {
    plan.total.parameters[0].years[i] = constant(26.0 + static_cast<double>(i));
  }
  plan.total.log10_ceiling = {testing::infinity, 26.5, 26.5, 30.0, 26.5};
  CHECK(totals(plan) == std::vector<double>{26.0, 26.5, 26.5, 29.0, 26.5});
  plan.total.known_log10 = {unknown, 25.5, 27.5, unknown, unknown};
  CHECK(totals(plan) == std::vector<double>{26.0, 25.5, 27.5, 29.0, 26.5});
}

TEST_CASE("an implied total is the sum of the sizes") {
  Plan plan = testing::plain_plan({2024});
  testing::set_no_total(plan);
  Sieve sieve(plan, Purpose::run);
  testing::Trials trials;
  for (std::uint64_t t = 0; t < 20; ++t) trials.add(sieve.inputs(), {t, 0, 0});
  sieve.visit(trials, [](std::size_t, const Candidate& candidate, OrderedSizes& ordered) {
    double sum = 0.0;
    for (const double x : ordered.sizes().log10_flop) sum += std::pow(10.0, x - 25.0);
    CHECK(std::abs(candidate.inputs.log10_total - 25.0 - std::log10(sum)) < 1e-11);
  });
}

// Kolmogorov: false alarm 1e-6 each of 3. Seed fixed beforehand.
TEST_CASE("the total on a trend is Student t in every year", "[statistical]") {
  Plan plan = total_plan(TotalModel::trend, {});
  plan.seed = 41;
  plan.total.trend = fit_of(24.0, 0.5, 0.2, 7);
  const InputSampler inputs(plan, Purpose::run);
  const boost::math::students_t law(5.0);
  for (const std::uint32_t year : {0u, 2u, 4u}) {
    std::vector<double> values;
    for (std::uint64_t t = 0; t < 20'000; ++t) {
      values.push_back(candidate(inputs, {t, 0, year}).log10_total);
    }
    const double mean = 24.0 + 0.5 * (years[year] - 2019);
    const double scale = 0.2 * prediction_scale(plan.total.trend, years[year]);
    CHECK(test::kolmogorov(values, [&](double x) {
            return boost::math::cdf(law, (x - mean) / scale);
          }) < test::kolmogorov_bound);
    CHECK(test::kolmogorov(values, [&](double x) {
            return testing::normal_cumulative((x - mean) / scale);
          }) > test::kolmogorov_bound);
  }
}

// With many fitted years sigma is known (n = 200, s = 1), and the coefficients alone tie the years
// together: covariance 1/n + d1 d2 / sum d^2; a residual is the year's own. Products of normals of
// variances a, b and covariance c have the variance ab + c^2: bound of 5 errors, with 2 % for the
// spread of sigma.
TEST_CASE("a trend's coefficients are the trajectory's, its residuals the year's",
          "[statistical]") {
  Plan plan = total_plan(TotalModel::trend, {});
  plan.seed = 42;
  plan.years = {2500, 2600};
  plan.total.parameters.clear();
  plan.total.trend = fit_of(24.0, 0.0, 1.0, 200);
  const InputSampler inputs(plan, Purpose::run);
  double product = 0.0;
  constexpr std::uint64_t n = 20'000;
  for (std::uint64_t t = 0; t < n; ++t) {
    const Trajectory trajectory = inputs.trajectory(t);
    const double first = inputs.candidate(trajectory, {t, 0, 0}).log10_total;
    const double second = inputs.candidate(trajectory, {t, 0, 1}).log10_total;
    REQUIRE(inputs.candidate(trajectory, {t, 5, 1}).log10_total == second);
    product += (first - 24.0) * (second - 24.0) / static_cast<double>(n);
  }
  const double slope_variance = std::pow(plan.total.trend.slope_factor, 2.0);
  const double covariance = 1.0 / 200.0 + 481.0 * 581.0 * slope_variance;
  const double a = 1.0 + 1.0 / 200.0 + 481.0 * 481.0 * slope_variance;
  const double b = 1.0 + 1.0 / 200.0 + 581.0 * 581.0 * slope_variance;
  const double error = std::sqrt((a * b + covariance * covariance) / static_cast<double>(n));
  CHECK(std::abs(product - covariance) < 5.0 * error + 0.02 * covariance);
}

namespace {

/// A state space that has seen everything: no uncertainty and no noise.
StateSpace certain_state() {
  StateSpace space;
  space.last_year = 2020;
  space.ratio_weights = {1.0};
  space.points = 1;
  const double levels[] = {24.0, 23.0, std::log(0.9), -0.1, std::log(40.0)};
  const double slopes[] = {0.5, 0.25, 0.03, -0.02, 0.15};
  for (std::size_t i = 0; i < state_series; ++i) {
    space.grid.push_back({1.0, levels[i], slopes[i], 0.0, 0.0, 0.0, 0.0, 0.0});
  }
  return space;
}

Plan state_plan() {
  Plan plan = total_plan(TotalModel::state_space, {});
  plan.state = certain_state();
  plan.count = {CountModel::state_space, {}, {}, {}};
  return plan;
}

}  // namespace

TEST_CASE("a state space gives the total, the count, and what arguments refer to") {
  Plan plan = state_plan();
  const auto refer = [&](Reference reference, double value, double times) {
    Distribution distribution = constant(0.0);
    distribution.arguments[0] = {value, times, reference};
    return by_candidate(distribution, years.size());
  };
  plan.matching = {Match::rescale, 0.0, {}};
  plan.sizes.parameters = {refer(Reference::state_mean, 1.0, 2.0),
                           refer(Reference::state_sd, 0.0, 1.0),
                           refer(Reference::state_skewness, 0.0, 0.5)};
  const InputSampler inputs(plan, Purpose::run);
  for (std::uint32_t i = 0; i < years.size(); ++i) {
    const double t = years[i] - 2020;
    const CandidateInputs found = candidate(inputs, {5, 2, i});
    CHECK(std::abs(found.log10_total - (24.0 + 0.5 * t)) < 1e-12);
    CHECK(found.count == std::lround(40.0 * std::exp(0.15 * t)));
    CHECK(std::abs(found.parameters[0] - (1.0 + 2.0 * (23.0 + 0.25 * t))) < 1e-12);
    CHECK(std::abs(found.parameters[1] - 0.9 * std::exp(0.03 * t)) < 1e-12);
    CHECK(std::abs(found.parameters[2] - 0.5 * 0.9953 * std::tanh(-0.1 - 0.02 * t)) < 1e-12);
  }
}

TEST_CASE("a candidate reads its trajectory's path, whatever the attempt") {
  Plan plan = state_plan();
  for (StatePoint& point : plan.state.grid) point.level_sd = point.slope_sd = 0.05;
  const InputSampler inputs(plan, Purpose::run);
  for (std::uint64_t t = 0; t < 50; ++t) {
    const Trajectory trajectory = inputs.trajectory(t);
    for (std::uint32_t year = 0; year < years.size(); ++year) {
      const CandidateInputs found = inputs.candidate(trajectory, {t, t % 7, year});
      CHECK(found.log10_total == trajectory.path[year][StateSeries::log10_total]);
      CHECK(found.count == std::lround(std::exp(trajectory.path[year][StateSeries::ln_count])));
    }
  }
}

// ln k is normal about ln 60,000 with sd 0.5, and the same in both years: 15 % of the paths lie
// above 100,000. Those that stay are that law, cut there. Kolmogorov: false alarm 1e-6.
TEST_CASE("a path whose number of models is too large is drawn again as a whole", "[statistical]") {
  Plan plan = state_plan();
  plan.years = {2021, 2024};
  for (Input* input : {&plan.sizes.parameters[0], &plan.sizes.parameters[1]}) {
    input->years.resize(2);
  }
  StatePoint& point = plan.state.grid[StateSeries::ln_count];
  point = {1.0, std::log(60'000.0), 0.0, 0.5, 0.0, 0.0, 0.0, 0.0};
  const InputSampler inputs(plan, Purpose::run);
  std::vector<double> values;
  for (std::uint64_t t = 0; t < 20'000; ++t) {
    const Trajectory trajectory = inputs.trajectory(t);
    const double ln_count = trajectory.path[1][StateSeries::ln_count];
    REQUIRE(inputs.candidate(trajectory, {t, 0, 1}).count == std::lround(std::exp(ln_count)));
    values.push_back(ln_count);
  }
  const double middle = std::log(60'000.0);
  const double share = testing::normal_cumulative((std::log(100'000.5) - middle) / 0.5);
  CHECK(test::kolmogorov(values, [&](double x) {
          return testing::normal_cumulative((x - middle) / 0.5) / share;
        }) < test::kolmogorov_bound);
}

TEST_CASE("arguments refer to the count, to other parameters and to the total") {
  Plan plan = testing::plain_plan({2024});
  plan.matching = {Match::rescale, 0.0, {}};
  testing::count_of(plan) = by_candidate(uniform(3.0, 30.0));
  testing::sd_of(plan) = by_candidate(uniform(0.5, 1.5));
  Distribution mean = uniform(0.0, 0.0);
  mean.arguments[0] = {1.0, 0.5, Reference::count};
  mean.arguments[1] = {100.0, 3.0, Reference::sd};
  testing::mean_of(plan) = by_candidate(mean);
  Distribution skewness = constant(0.0);
  skewness.arguments[0] = {0.1, 3e25, Reference::inverse_total};
  testing::skewness_of(plan) = by_candidate(skewness);
  const InputSampler inputs(plan, Purpose::run);
  for (std::uint64_t t = 0; t < 20; ++t) {
    const CandidateInputs found = candidate(inputs, {t, 0, 0});
    CHECK(std::abs(found.parameters[2] - 0.4) < 1e-12);
    const double u = inputs.draws().uniform(Stream::size_mean, {t, 0, 0}, 0);
    const double lower = 1.0 + 0.5 * found.count;
    const double upper = 100.0 + 3.0 * found.parameters[1];
    CHECK(std::abs(found.parameters[0] - (lower + u * (upper - lower))) < 1e-12);
  }
}

namespace {

constexpr std::uint64_t draws = 40'000;

/// How often each count occurred, in cells [edges[i], edges[i + 1]), the last one open.
std::vector<std::uint64_t> count_cells(const Plan& plan, std::uint32_t year,
                                       const std::vector<double>& edges) {
  const InputSampler inputs(plan, Purpose::run);
  std::vector<std::uint64_t> cells(edges.size(), 0);
  for (std::uint64_t t = 0; t < draws; ++t) {
    const double k = candidate(inputs, {t, 0, year}).count;
    const auto above = std::upper_bound(edges.begin(), edges.end(), k);
    REQUIRE(above != edges.begin());
    ++cells[static_cast<std::size_t>(above - edges.begin()) - 1];
  }
  return cells;
}

/// Probabilities of the cells of whole numbers from a cumulative function, given k >= edges[0].
std::vector<double> cell_law(const std::function<double(double)>& cumulative,
                             const std::vector<double>& edges) {
  const double below = cumulative(edges[0] - 1.0);
  std::vector<double> law;
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const double high = i + 1 < edges.size() ? cumulative(edges[i + 1] - 1.0) : 1.0;
    law.push_back((high - cumulative(edges[i] - 1.0)) / (1.0 - below));
  }
  return law;
}

Plan count_plan(CountModel model, const std::vector<Distribution>& parameters) {
  Plan plan = testing::plain_plan(years);
  plan.seed = 43;
  plan.count.model = model;
  plan.count.parameters.clear();
  for (const Distribution& each : parameters) {
    plan.count.parameters.push_back(by_candidate(each, years.size()));
  }
  return plan;
}

const std::vector<double> low_edges = {1, 2, 3, 4, 5, 6, 8, 11};

}  // namespace

// Chi-square p-values above 1e-6, 9 of them: false alarm 9e-6. Seed fixed beforehand.
TEST_CASE("a count is rounded to the nearest whole number, and drawn again below 1",
          "[statistical]") {
  const Plan plan = count_plan(CountModel::input, {uniform(-2.0, 4.0)});
  const double share = 1.0 / 3.5;
  CHECK(testing::fit_p_value(count_cells(plan, 1, {1, 2, 3, 4}),
                             std::vector<double>{share, share, share, 0.5 * share}) > 1e-6);
}

TEST_CASE("Poisson and negative binomial counts of at least one model", "[statistical]") {
  const boost::math::poisson poisson(1.7);
  CHECK(testing::fit_p_value(
            count_cells(count_plan(CountModel::poisson, {constant(1.7)}), 0, {1, 2, 3, 4, 5, 6}),
            cell_law([&](double k) { return boost::math::cdf(poisson, k); }, {1, 2, 3, 4, 5, 6})) >
        1e-6);
  // Variance mean + mean^2 / size.
  const boost::math::negative_binomial binomial(1.5, 1.5 / (1.5 + 3.0));
  const Plan plan = count_plan(CountModel::negative_binomial, {constant(3.0), constant(1.5)});
  CHECK(testing::fit_p_value(
            count_cells(plan, 0, low_edges),
            cell_law([&](double k) { return boost::math::cdf(binomial, k); }, low_edges)) > 1e-6);
}

// The mean of a count keeps its law: P(k) = E[P(k | mean) / P(k >= 1 | mean)].
TEST_CASE("a count of 0 is drawn again, its mean is not", "[statistical]") {
  const Plan plan = count_plan(CountModel::poisson, {uniform(0.1, 3.0)});
  std::vector<double> law(6, 0.0);
  const std::vector<double> edges = {1, 2, 3, 4, 5, 6};
  for (int i = 0; i < 10'000; ++i) {
    const boost::math::poisson given(0.1 + 2.9 * (i + 0.5) / 10'000.0);
    const auto cells = cell_law([&](double k) { return boost::math::cdf(given, k); }, edges);
    for (std::size_t c = 0; c < 6; ++c) law[c] += cells[c] / 10'000.0;
  }
  CHECK(testing::fit_p_value(count_cells(plan, 0, edges), law) > 1e-6);
}

TEST_CASE("counts on a line or an exponential are rounded Student t", "[statistical]") {
  Plan plan = count_plan(CountModel::linear_trend, {});
  const std::uint32_t year = GENERATE(1u, 4u);
  const boost::math::students_t law(6.0);
  std::vector<double> edges = {1};
  for (double edge = 140.0; edge <= 260.0; edge += 10.0) edges.push_back(edge);

  plan.count.trend = fit_of(200.0, 0.5, 8.0, 8);
  const double mean = 200.0 + 0.5 * (years[year] - 2019);
  const double scale = 8.0 * prediction_scale(plan.count.trend, years[year]);
  CHECK(testing::fit_p_value(
            count_cells(plan, year, edges),
            cell_law([&](double k) { return boost::math::cdf(law, (k + 0.5 - mean) / scale); },
                     edges)) > 1e-6);

  plan.count.model = CountModel::exponential_trend;
  plan.count.trend = fit_of(std::log(200.0), 0.002, 0.04, 8);
  const double log_mean = std::log(200.0) + 0.002 * (years[year] - 2019);
  const double log_scale = 0.04 * prediction_scale(plan.count.trend, years[year]);
  CHECK(testing::fit_p_value(count_cells(plan, year, edges),
                             cell_law(
                                 [&](double k) {
                                   return boost::math::cdf(
                                       law, (std::log(k + 0.5) - log_mean) / log_scale);
                                 },
                                 edges)) > 1e-6);
}

TEST_CASE("counts on kinked lines are a mixture of Student t laws", "[statistical]") {
  Plan plan = count_plan(CountModel::kinked_trend, {});
  plan.years = {2018, 2026};
  const std::uint32_t year = GENERATE(0u, 1u);
  plan.count.kinks = {{0.3, 2020.0, {200.0, 2.0, 4.0}, {0.5, 0.1, 0.2, -0.1, 0.05, 0.3}, 64.0, 5},
                      {0.7, 2022.0, {260.0, 1.0, -3.0}, {0.4, 0.2, 0.1, 0.1, -0.1, 0.2}, 25.0, 9}};
  const auto cumulative = [&](double k) {
    double sum = 0.0;
    for (const Kink& kink : plan.count.kinks) {
      const double d = plan.years[year] - kink.knot;
      const double before = d < 0.0 ? d : 0.0;
      const double after = d < 0.0 ? 0.0 : d;
      const double mean =
          kink.coefficients[0] + kink.coefficients[1] * before + kink.coefficients[2] * after;
      // The variance of (1, before, after) L z, with L the factor, and of the residual.
      const auto& f = kink.factor;
      const double along[] = {f[0] + before * f[1] + after * f[3], before * f[2] + after * f[4],
                              after * f[5]};
      const double scale =
          std::sqrt(kink.residual_variance *
                    (1.0 + along[0] * along[0] + along[1] * along[1] + along[2] * along[2]));
      const boost::math::students_t law(kink.degrees_of_freedom);
      sum += kink.weight * boost::math::cdf(law, (k + 0.5 - mean) / scale);
    }
    return sum;
  };
  std::vector<double> edges = {1};
  for (double edge = 170.0; edge <= 290.0; edge += 10.0) edges.push_back(edge);
  CHECK(testing::fit_p_value(count_cells(plan, year, edges), cell_law(cumulative, edges)) > 1e-6);
}

}  // namespace flopsieve::engine
