#include "engine/intervals.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>

#include "engine/summary.hpp"
#include "tests/engine/support/plans.hpp"

namespace flopsieve::engine {
namespace {

/// P(Binomial(n, q) <= k), summed term by term.
long double at_most(std::uint64_t n, double q, std::int64_t k) {
  long double sum = 0.0L;
  long double term = std::pow(1.0L - static_cast<long double>(q), static_cast<long double>(n));
  for (std::int64_t i = 0; i <= k; ++i) {
    sum += term;
    term *= static_cast<long double>(n - static_cast<std::uint64_t>(i)) /
            static_cast<long double>(i + 1) * q / (1.0L - q);
  }
  return sum;
}

std::vector<double> whole_sample(std::mt19937_64& random, std::size_t size, unsigned limit) {
  std::vector<double> values;
  for (std::size_t i = 0; i < size; ++i) values.push_back(static_cast<double>(random() % limit));
  return values;
}

Histogram histogram_of(const std::vector<double>& values) {
  Histogram histogram;
  for (const double value : values) add_to(histogram, static_cast<std::uint64_t>(value));
  return histogram;
}

const std::vector<double> fractions = {0.01, 0.05, 0.1, 0.25, 0.5, 0.7, 0.95, 0.975, 0.999};

}  // namespace

TEST_CASE("ranks are those of the binomial tails") {
  for (std::uint64_t n = 1; n <= 150; n += n < 40 ? 1 : 11) {
    for (const double q : fractions) {
      // Rank r lies above the quantile if fewer than r values fall below it.
      std::optional<std::uint64_t> lower, upper;
      for (std::uint64_t r = 1; r <= n; ++r) {
        const long double above = at_most(n, q, static_cast<std::int64_t>(r) - 1);
        if (above <= 0.025L) lower = r;
        if (!upper && 1.0L - above <= 0.025L) upper = r;
      }
      const RankBounds found = rank_bounds(n, q);
      CAPTURE(n, q);
      CHECK(found.lower == lower);
      CHECK(found.upper == upper);
    }
  }
}

TEST_CASE("a bound is missing where no order statistic is safe") {
  // 0.95^72 = 0.0249 and 0.95^71 = 0.0262: from n = 72 the smallest value is safe for q = 0.05.
  CHECK_FALSE(rank_bounds(71, 0.05).lower);
  CHECK(rank_bounds(72, 0.05).lower == 1);
  CHECK(rank_bounds(72, 0.95).upper == 72);
  CHECK_FALSE(rank_bounds(71, 0.95).upper);
  const auto few = whole_quantiles({3, 2}, {0.5});
  CHECK_FALSE(few[0].low);
  CHECK_FALSE(few[0].high);
}

TEST_CASE("quantiles of whole numbers invert the empirical distribution function") {
  std::mt19937_64 random(4);
  for (const std::size_t size : {1u, 2u, 7u, 20u, 100u, 1000u}) {
    std::vector<double> values = whole_sample(random, size, 30);
    const auto found = whole_quantiles(histogram_of(values), fractions);
    std::sort(values.begin(), values.end());
    for (std::size_t i = 0; i < fractions.size(); ++i) {
      // The smallest value with a share of at least q at or below it; size and q are such that
      // q times size is exact where it is whole.
      double expected = std::nan("");
      for (std::size_t r = size; r >= 1; --r) {
        const double share = static_cast<double>(r) / static_cast<double>(size);
        if (share > fractions[i] - 1e-12) expected = values[r - 1];
      }
      CAPTURE(size, fractions[i]);
      CHECK(found[i].value == expected);
      const RankBounds bounds = rank_bounds(size, fractions[i]);
      REQUIRE(found[i].low.has_value() == bounds.lower.has_value());
      REQUIRE(found[i].high.has_value() == bounds.upper.has_value());
      if (bounds.lower) CHECK(*found[i].low == values[*bounds.lower - 1]);
      if (bounds.upper) CHECK(*found[i].high == values[*bounds.upper - 1]);
    }
  }
}

TEST_CASE("quantiles of a continuous statistic are exact to a bin") {
  const Grid grid{-10.0, 10.0, 4000, Grid::Scale::linear};
  const double width = 20.0 / 4000.0;
  std::mt19937_64 random(5);
  for (const std::size_t size : {1u, 2u, 50u, 3000u}) {
    std::vector<double> values;
    for (std::size_t i = 0; i < size; ++i) {
      values.push_back(static_cast<double>(random() % 1'000'000) * 4e-6 - 1.0);
    }
    Histogram histogram;
    for (const double value : values) add_to(histogram, bin_of(grid, value));
    const auto found = grid_quantiles(histogram, grid, fractions);
    std::sort(values.begin(), values.end());
    for (std::size_t i = 0; i < fractions.size(); ++i) {
      // Hyndman and Fan's type 7: linear between the order statistics about q (n - 1).
      const double position = fractions[i] * static_cast<double>(size - 1);
      const auto below = static_cast<std::size_t>(position);
      const double next = values[std::min(below + 1, size - 1)];
      const double expected =
          values[below] + (position - std::floor(position)) * (next - values[below]);
      CAPTURE(size, fractions[i]);
      CHECK(std::abs(found[i].value - expected) <= width);
      const RankBounds bounds = rank_bounds(size, fractions[i]);
      if (bounds.lower) CHECK(std::abs(*found[i].low - values[*bounds.lower - 1]) <= width);
      if (bounds.upper) CHECK(std::abs(*found[i].high - values[*bounds.upper - 1]) <= width);
    }
  }
}

// Each tail of the interval is at most 2.5 %; of values that hardly repeat, its coverage is the
// binomial probability of its ranks. 2,000 samples; bounds of 5 standard errors, six of them: false
// alarm 4e-6.
TEST_CASE("the interval covers the true quantile of counts", "[statistical]") {
  constexpr int samples = 2000;
  constexpr std::size_t size = 400;
  const std::vector<double> quantiles = {0.05, 0.5, 0.95};
  const unsigned limit = GENERATE(20u, 20'000u);
  std::mt19937_64 random(6);
  std::vector<int> covered(quantiles.size(), 0);
  for (int sample = 0; sample < samples; ++sample) {
    std::vector<double> values = whole_sample(random, size, limit);
    const auto found = whole_quantiles(histogram_of(values), quantiles);
    for (std::size_t i = 0; i < quantiles.size(); ++i) {
      const double truth = std::ceil(quantiles[i] * limit) - 1.0;
      covered[i] += *found[i].low <= truth && truth <= *found[i].high ? 1 : 0;
    }
  }
  for (std::size_t i = 0; i < quantiles.size(); ++i) {
    const RankBounds bounds = rank_bounds(size, quantiles[i]);
    const auto up_to = [&](std::uint64_t rank) {
      return static_cast<double>(at_most(size, quantiles[i], static_cast<std::int64_t>(rank) - 1));
    };
    const double expected = up_to(*bounds.upper) - up_to(*bounds.lower);
    REQUIRE(expected >= 0.95);
    const double error = std::sqrt(expected * (1.0 - expected) * samples);
    CHECK(covered[i] > expected * samples - 5.0 * error);
    if (limit > 1000) CHECK(covered[i] < expected * samples + 5.0 * error);
  }
}

TEST_CASE("a summary is made of complete trajectories, each with weight one") {
  Plan plan = testing::plain_plan({2024});
  plan.outputs.thresholds = {1e25};
  plan.outputs.statistics = {parse_statistic("mean")};
  Tally tally(plan);
  CHECK(summarise(plan, tally).counts.empty());
  tally.complete = 4;
  tally.counts[0] = {1, 0, 2, 0, 0, 1};  // 0, 2, 2, 5
  tally.cumulative[0] = {0, 0, 4};
  tally.statistics[0].assign(4000, 0);
  tally.statistics[0][2400] = 4;
  tally.sums[0] = 96.4;
  tally.square_sums[0] = 4 * 24.1 * 24.1 + 0.03;
  const Summary summary = summarise(plan, tally);
  CHECK(summary.counts[0].mean == Approx(2.25));
  // Squared deviations 5.0625, 0.0625, 0.0625, 7.5625: sum 12.75.
  CHECK(summary.counts[0].standard_error == Approx(std::sqrt(12.75 / 3.0 / 4.0)));
  CHECK(summary.counts[0].quantiles[1].value == 2.0);
  CHECK(summary.counts[0].quantiles[2].value == 5.0);
  CHECK(summary.cumulative[0].mean == Approx(2.0));
  CHECK(summary.cumulative[0].standard_error == 0.0);
  CHECK(summary.statistics[0].mean == Approx(24.1));
  CHECK(summary.statistics[0].standard_error == Approx(std::sqrt(0.03 / 3.0 / 4.0)).epsilon(1e-6));
}

}  // namespace flopsieve::engine
