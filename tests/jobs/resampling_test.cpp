#include "jobs/resampling.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

using namespace flopsieve::jobs;

TEST_CASE("a resample draws as many rows as there are, each equally often", "[statistical]") {
  constexpr std::size_t rows = 7;
  constexpr std::uint32_t resamples = 20'000;
  std::vector<double> sums(rows, 0.0);
  std::vector<double> squares(rows, 0.0);
  for (std::uint32_t number = 0; number < resamples; ++number) {
    const std::vector<double> weights = resample_weights(rows, number);
    REQUIRE(std::accumulate(weights.begin(), weights.end(), 0.0) == rows);
    for (std::size_t i = 0; i < rows; ++i) {
      sums[i] += weights[i];
      squares[i] += (weights[i] - 1.0) * (weights[i] - 1.0);
    }
  }
  // Binomial(7, 1/7): mean 1, variance 6/7. Bounds of 5 standard errors: a false alarm in 1e5
  // tests.
  for (std::size_t i = 0; i < rows; ++i) {
    CHECK(std::abs(sums[i] / resamples - 1.0) < 5.0 * std::sqrt(6.0 / 7.0 / resamples));
    CHECK(squares[i] / resamples == Approx(6.0 / 7.0).epsilon(0.06));
  }
  CHECK(resample_weights(rows, 3) == resample_weights(rows, 3));
  CHECK(resample_weights(rows, 3) != resample_weights(rows, 4));
}

TEST_CASE("permutations hold every place once, and all orders come") {
  std::set<std::vector<std::uint32_t>> seen;
  for (std::uint32_t number = 0; number < 200; ++number) {
    std::vector<std::uint32_t> order = permutation(4, number);
    seen.insert(order);
    std::sort(order.begin(), order.end());
    REQUIRE(order == std::vector<std::uint32_t>{0, 1, 2, 3});
  }
  CHECK(seen.size() == 24);  // one of 24 is missing in 200 draws with probability 0.005
}

TEST_CASE("quantiles are interpolated between order statistics") {
  CHECK(interpolated_quantile({3.0, 1.0, 2.0}, 0.5) == 2.0);
  CHECK(interpolated_quantile({4.0, 1.0, 2.0, 3.0}, 0.5) == 2.5);
  CHECK(interpolated_quantile({0.0, 10.0}, 0.025) == Approx(0.25));
  CHECK(interpolated_quantile({5.0}, 0.975) == 5.0);
}

TEST_CASE("the bootstrap of a mean has the width of its standard error", "[statistical]") {
  constexpr std::size_t rows = 400;
  std::vector<double> values;
  for (std::size_t i = 0; i < rows; ++i) values.push_back(static_cast<double>(i % 20));
  const auto indices = bootstrap(rows, [&](const std::vector<double>& weights) {
    double sum = 0.0;
    for (std::size_t i = 0; i < rows; ++i) sum += weights[i] * values[i];
    return std::vector<double>{sum / rows};
  });
  // Uniform on 0, ..., 19: variance (400 - 1) / 12. The ends of 1,000 resamples are known to some 8
  // % of the half-width each, so 20 % is 2.5 of these for the sum of both ends.
  const double error = std::sqrt(399.0 / 12.0 / rows);
  CHECK(indices[0].value == Approx(9.5));
  CHECK(indices[0].high - indices[0].low == Approx(2.0 * 1.96 * error).epsilon(0.2));
  CHECK(indices[0].low < 9.5);
  CHECK(indices[0].high > 9.5);
}

TEST_CASE("a reflected interval is the mirror image of the other, stretched to the value") {
  const auto squared_mean = [](const std::vector<double>& weights) {
    double sum = 0.0;
    for (std::size_t i = 0; i < weights.size(); ++i) sum += weights[i] * static_cast<double>(i);
    return std::vector<double>{sum * sum, 1.0 + weights[0] * weights[0]};
  };
  const auto plain = bootstrap(5, squared_mean);
  const auto mirrored = bootstrap(5, squared_mean, Interval::reflected);
  CHECK(mirrored[0].low == 2.0 * plain[0].value - plain[0].high);
  CHECK(mirrored[0].high == 2.0 * plain[0].value - plain[0].low);
  // The second value is 2, its resamples 1, 2, 5, ...: the mirror image would be of 3 at most.
  CHECK(mirrored[1].low < 2.0);
  CHECK(mirrored[1].high == 3.0);
  const auto above = bootstrap(
      5,
      [](const std::vector<double>& weights) {
        double sum = 0.0;
        for (const double each : weights) sum += each * each;
        return std::vector<double>{sum};  // 5, and more in resamples with equal rows
      },
      Interval::reflected)[0];
  CHECK(above.value == 5.0);
  CHECK(above.high == 5.0);
  CHECK(above.low < 5.0);
}

TEST_CASE("values that most resamples lack have no interval") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto of_limit = [&](double most) {
    return bootstrap(2, [=](const std::vector<double>& weights) {
      return std::vector<double>{weights[0] < most ? 1.0 : nan};
    })[0];
  };
  // The first row is drawn 0, 1 or 2 times with probabilities 1/4, 1/2, 1/4.
  CHECK(std::isnan(of_limit(0.5).low));
  CHECK(of_limit(1.5).low == 1.0);
}
