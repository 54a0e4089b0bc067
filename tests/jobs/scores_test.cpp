#include "jobs/scores.hpp"

#include <algorithm>
#include <boost/math/distributions/poisson.hpp>
#include <boost/math/special_functions/bessel.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "tests/support/kolmogorov.hpp"

namespace flopsieve::jobs {
namespace {

/// A histogram of small counts, different for each seed.
engine::Histogram random_histogram(unsigned seed) {
  std::mt19937 generator(seed);
  engine::Histogram histogram(1 + generator() % 12);
  for (std::uint64_t& count : histogram) count = generator() % 4;
  histogram.back() += 1;
  return histogram;
}

std::vector<double> sample_of(const engine::Histogram& histogram) {
  std::vector<double> sample;
  for (std::size_t v = 0; v < histogram.size(); ++v) {
    sample.insert(sample.end(), histogram[v], static_cast<double>(v));
  }
  return sample;
}

/// By its definition: the integral over thresholds of the squared difference of the empirical
/// distribution function and the step at the observed value, as a sum over small steps.
double integrated_crps(const std::vector<double>& sample, double observed) {
  const double end = std::max(observed, sample.back()) + 1.0;
  constexpr int steps_per_unit = 8;
  double integral = 0.0;
  for (int i = 0; i < steps_per_unit * static_cast<int>(end); ++i) {
    const double x = (i + 0.5) / steps_per_unit;
    const auto below =
        std::count_if(sample.begin(), sample.end(), [&](double value) { return value <= x; });
    const double cdf = static_cast<double>(below) / static_cast<double>(sample.size());
    integral += std::pow(cdf - (observed <= x ? 1.0 : 0.0), 2) / steps_per_unit;
  }
  return integral;
}

/// E|X - y| - E|X - X'| / 2, the other form of the same score.
double pairwise_crps(const std::vector<double>& sample, double observed) {
  const auto n = static_cast<double>(sample.size());
  double to_observed = 0.0;
  double between = 0.0;
  for (const double a : sample) {
    to_observed += std::abs(a - observed);
    for (const double b : sample) between += std::abs(a - b);
  }
  return to_observed / n - between / (2.0 * n * n);
}

}  // namespace

TEST_CASE("CRPS of a histogram agrees with its integral and with its mean-difference form") {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    const engine::Histogram histogram = random_histogram(seed);
    const std::vector<double> sample = sample_of(histogram);
    for (const int observed : {0, 1, 3, 7, 11, 12, 20}) {
      INFO("seed " << seed << ", observed " << observed);
      const double score = crps(shares_of(histogram), observed);
      CHECK(score == Approx(integrated_crps(sample, observed)).margin(1e-12));
      CHECK(score == Approx(pairwise_crps(sample, observed)).margin(1e-12));
    }
  }
}

TEST_CASE("CRPS of a certain forecast is its absolute error") {
  CHECK(crps(shares_of({0, 0, 0, 9}), 3) == 0.0);
  CHECK(crps(shares_of({0, 0, 0, 9}), 0) == 3.0);
  CHECK(crps(shares_of({0, 0, 0, 9}), 10) == 7.0);
}

TEST_CASE("CRPS of a Poisson forecast agrees with its closed form") {
  // Wei and Held 2014, Test 23: (y - m)(2 F(y) - 1) + 2 m f(floor y) - m exp(-2 m) (I0 + I1)(2 m).
  for (const double mean : {0.5, 1.5, 4.0, 20.5, 60.0}) {
    const boost::math::poisson_distribution<> law(mean);
    for (const std::int64_t observed : {0, 1, 2, 5, 20, 70}) {
      INFO("mean " << mean << ", observed " << observed);
      const auto y = static_cast<double>(observed);
      const double closed =
          (y - mean) * (2.0 * cdf(law, y) - 1.0) + 2.0 * mean * pdf(law, y) -
          mean * std::exp(-2.0 * mean) *
              (boost::math::cyl_bessel_i(0, 2.0 * mean) + boost::math::cyl_bessel_i(1, 2.0 * mean));
      CHECK(crps(poisson_shares(mean), observed) == Approx(closed).margin(1e-9));
    }
  }
}

TEST_CASE("Poisson shares, quantiles and log scores agree with Boost") {
  for (const double mean : {0.5, 3.0, 54.5, 1e3, 1e5}) {
    const boost::math::poisson_distribution<> law(mean);
    const Shares shares = poisson_shares(mean);
    double sum = 0.0;
    for (const double share : shares) sum += share;
    CHECK(sum == Approx(1.0).margin(1e-9));
    for (const double q : {0.05, 0.5, 0.95}) {
      const std::int64_t value = share_quantile(shares, q);
      CHECK(cdf(law, static_cast<double>(value)) >= q);
      if (value > 0) CHECK(cdf(law, static_cast<double>(value) - 1.0) < q);
    }
    for (const std::int64_t observed : {0, 2, 60}) {
      if (mean > 60.0) continue;
      const double probability = pdf(law, static_cast<double>(observed));
      CHECK(poisson_log_score(mean, observed) == Approx(-std::log(probability)));
    }
  }
}

TEST_CASE("A value that was never simulated costs a finite log score") {
  const engine::Histogram histogram{3, 0, 6};
  CHECK(log_score_of_histogram(histogram, 2) == Approx(-std::log(6.5 / 10.0)));
  CHECK(log_score_of_histogram(histogram, 1) == Approx(std::log(20.0)));
  CHECK(log_score_of_histogram(histogram, 99) == Approx(std::log(20.0)));
}

TEST_CASE("The PIT of a small forecast, by hand") {
  const Shares forecast = shares_of({1, 2, 1});
  CHECK(randomised_pit(forecast, 0, 0.5) == Approx(0.125));
  CHECK(randomised_pit(forecast, 1, 0.25) == Approx(0.375));
  CHECK(randomised_pit(forecast, 2, 0.5) == Approx(0.875));
  CHECK(randomised_pit(forecast, 3, 0.5) == Approx(1.0));
}

namespace {

/// Of PITs of values drawn from Poisson laws whose means vary, each forecast by a Poisson law of
/// `scale` times that mean.
double unevenness_of_pits(double scale) {
  constexpr std::size_t n = 10'000;
  std::mt19937_64 generator(2024);
  std::uniform_real_distribution<> uniform(0.0, 1.0);
  std::vector<double> pits;
  for (std::size_t i = 0; i < n; ++i) {
    const double mean = 0.5 + 12.0 * uniform(generator);
    const std::int64_t observed = std::poisson_distribution<std::int64_t>(mean)(generator);
    pits.push_back(randomised_pit(poisson_shares(scale * mean), observed, uniform(generator)));
  }
  return test::unevenness(pits);
}

}  // namespace

TEST_CASE("The PIT of a calibrated forecaster is uniform", "[statistical]") {
  // False alarm: 1e-6.
  CHECK(unevenness_of_pits(1.0) < test::kolmogorov_bound);
  // Means that are 10 % off are seen.
  CHECK(unevenness_of_pits(1.1) > test::kolmogorov_bound);
}

}  // namespace flopsieve::jobs
