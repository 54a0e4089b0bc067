#include "kernels/skew_normal.hpp"

#include <algorithm>
#include <array>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/poisson.hpp>
#include <boost/math/distributions/skew_normal.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "kernels/sizes.hpp"
#include "tests/support/targets.hpp"

namespace flopsieve::kernels {
namespace {

namespace bm = boost::math;
using SkewNormal = bm::skew_normal_distribution<double>;

constexpr std::array<double, 5> skewnesses = {-0.95, -0.5, 0.0, 0.5, 0.95};

/// Azzalini's shape parameter whose law has this skewness, by bisection on Boost.Math's closed
/// form.
double azzalini_shape(double skewness) {
  double lower = -1e3;
  double upper = 1e3;
  for (int i = 0; i < 200; ++i) {
    const double middle = 0.5 * (lower + upper);
    (bm::skewness(SkewNormal(0.0, 1.0, middle)) < skewness ? lower : upper) = middle;
  }
  return 0.5 * (lower + upper);
}

/// The skew-normal law with mean 0, standard deviation 1 and this skewness, by Boost.Math.
SkewNormal standardised(double skewness) {
  const double shape = azzalini_shape(skewness);
  const SkewNormal raw(0.0, 1.0, shape);
  const double scale = 1.0 / bm::standard_deviation(raw);
  return SkewNormal(-bm::mean(raw) * scale, scale, shape);
}

TEST_CASE("The shape has mean 0, standard deviation 1 and the skewness asked for") {
  for (const double skewness :
       {-0.995, -0.95, -0.5, -1e-3, -1e-9, 0.0, 1e-9, 1e-3, 0.5, 0.95, 0.995}) {
    const SkewNormalShape shape = skew_normal_shape(skewness);
    INFO("skewness " << skewness);
    REQUIRE(shape.normal > 0.0);
    const double scale = std::hypot(shape.absolute, shape.normal);
    const SkewNormal law(shape.constant, scale, shape.absolute / shape.normal);
    CHECK(bm::mean(law) == Approx(0.0).margin(1e-14));
    CHECK(bm::standard_deviation(law) == Approx(1.0).epsilon(1e-13));
    CHECK(bm::skewness(law) == Approx(skewness).epsilon(1e-11).margin(1e-20));
  }
}

TEST_CASE("Skewness 0 is the normal law") {
  const SkewNormalShape shape = skew_normal_shape(0.0);
  CHECK(shape.absolute == 0.0);
  CHECK(shape.normal == 1.0);
  CHECK(shape.constant == 0.0);
}

TEST_CASE("Shapes in lanes are those of one skewness, on every target") {
  const double most = skew_normal_limit - 1e-12;
  const PerLane<double> skewness{0.0,   -0.0,   most,    -most,  0.5,   -0.5, 1e-6, -1e-6,
                                 1e-30, 2e-308, -2e-308, 0.9951, -0.95, 0.15, -0.3, 0.7};
  const test::RestoreTarget restore;
  for (const Target target : test::targets_to_test()) {
    force_target(target);
    const GroupShape group = skew_normal_group(skewness);
    CHECK_FALSE(group.plain);
    for (std::size_t lane = 0; lane < group_width; ++lane) {
      const SkewNormalShape one = skew_normal_shape(skewness[lane]);
      INFO("skewness " << skewness[lane]);
      CHECK(group.absolute[lane] == static_cast<float>(one.absolute));
      CHECK(group.normal[lane] == static_cast<float>(one.normal));
      CHECK(group.constant[lane] == static_cast<float>(one.constant));
    }
  }
}

TEST_CASE("The limit of the skewness is that of the half-normal law") {
  const double pi = std::acos(-1.0);
  CHECK(skew_normal_limit ==
        Approx((4.0 - pi) / 2.0 * std::pow(2.0 / (pi - 2.0), 1.5)).epsilon(1e-14));
  const SkewNormalShape shape = skew_normal_shape(skew_normal_limit * (1.0 - 1e-12));
  CHECK(std::isfinite(shape.normal));
  CHECK(shape.normal >= 0.0);
  CHECK(shape.normal < 1e-4);
}

// --- The sampler. Key and addresses were fixed before the first run. -----------------------------

constexpr std::size_t draws_per_lane = 100000;
constexpr double sample_size = static_cast<double>(draws_per_lane * group_width);

std::vector<float> sample(double skewness) {
  const SkewNormalShape exact = skew_normal_shape(skewness);
  GroupAddress address;
  GroupShape shape;
  shape.absolute.fill(static_cast<float>(exact.absolute));
  shape.normal.fill(static_cast<float>(exact.normal));
  shape.constant.fill(static_cast<float>(exact.constant));
  for (std::size_t i = 0; i < group_width; ++i) {
    address.word1[i] = static_cast<std::uint32_t>(i);
    address.word2[i] = static_cast<std::uint32_t>(1000 * skewness + 2000);
  }
  std::vector<float> z(draws_per_lane * group_width);
  draw_sizes({20240601, 7}, address, shape, draws_per_lane, z);
  return z;
}

/// Pearson's statistic over 100 cells of about equal probability, the draws multiplied by `factor`.
double chi_square(const std::vector<float>& z, const SkewNormal& law, double factor) {
  constexpr std::size_t cells = 100;
  std::vector<double> edges;
  for (std::size_t i = 1; i < cells; ++i) {
    edges.push_back(bm::quantile(law, static_cast<double>(i) / cells));
  }
  std::vector<double> counts(cells, 0.0);
  for (const float value : z) {
    const auto cell =
        std::upper_bound(edges.begin(), edges.end(), static_cast<double>(value) * factor);
    counts[static_cast<std::size_t>(cell - edges.begin())] += 1.0;
  }
  double statistic = 0.0;
  for (std::size_t i = 0; i < cells; ++i) {
    const double below = i == 0 ? 0.0 : bm::cdf(law, edges[i - 1]);
    const double above = i + 1 == cells ? 1.0 : bm::cdf(law, edges[i]);
    const double expected = sample_size * (above - below);
    statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  return statistic;
}

TEST_CASE("Draws follow the skew-normal law, and an error of 1 % would show", "[statistical]") {
  // 99 degrees of freedom, false alarm 1e-6 per skewness. Draws whose scale is wrong by d = 1 % add
  // about 2 d^2 n = 320 to the statistic, four times what the bound leaves.
  const double bound = bm::quantile(bm::complement(bm::chi_squared_distribution<>(99.0), 1e-6));
  for (const double skewness : skewnesses) {
    INFO("skewness " << skewness);
    const std::vector<float> z = sample(skewness);
    const SkewNormal law = standardised(skewness);
    CHECK(chi_square(z, law, 1.0) <= bound);
    CHECK(chi_square(z, law, 1.01) > bound);
    CHECK(chi_square(z, law, 0.99) > bound);
    if (skewness != 0.0) CHECK(chi_square(z, standardised(-skewness), 1.0) > bound);
  }
}

TEST_CASE("Twenty quantiles of the draws are where they should be", "[statistical]") {
  // Each count below a quantile is binomial: 5.7 standard deviations, false alarm 1.2e-8 each,
  // 1.2e-6 over all 100.
  for (const double skewness : skewnesses) {
    const std::vector<float> z = sample(skewness);
    const SkewNormal law = standardised(skewness);
    for (const double p : {0.0001, 0.001, 0.005, 0.01, 0.025, 0.05,  0.1,  0.2,   0.3,   0.4,  //
                           0.6,    0.7,   0.8,   0.9,  0.95,  0.975, 0.99, 0.995, 0.999, 0.9999}) {
      const double edge = bm::quantile(law, p);
      const double exact = bm::cdf(law, edge);
      double below = 0.0;
      for (const float value : z) below += static_cast<double>(value) < edge ? 1.0 : 0.0;
      INFO("skewness " << skewness << ", p " << p);
      CHECK(std::abs(below - sample_size * exact) <=
            5.7 * std::sqrt(sample_size * exact * (1.0 - exact)));
    }
  }
}

/// Whether a count of rare events is plausible: 1e-7 in each tail.
bool plausible(double count, double expected) {
  const bm::poisson_distribution<> law(std::max(expected, 1e-300));
  const double up_to = bm::cdf(law, count);
  const double from = count > 0.0 ? bm::cdf(bm::complement(law, count - 1.0)) : 1.0;
  return up_to > 1e-7 && from > 1e-7;
}

TEST_CASE("The tails beyond 3.5, 4 and 5 standard deviations are neither thin nor fat",
          "[statistical]") {
  // 30 counts, each two-sided at 2e-7: false alarm 6e-6 in all. The float32 representation stops
  // near 6.7 standard deviations, where 1.6 million draws expect nothing.
  for (const double skewness : skewnesses) {
    const std::vector<float> z = sample(skewness);
    const SkewNormal law = standardised(skewness);
    for (const double edge : {3.5, 4.0, 5.0}) {
      double above = 0.0;
      double below = 0.0;
      for (const float value : z) {
        above += static_cast<double>(value) > edge ? 1.0 : 0.0;
        below += static_cast<double>(value) < -edge ? 1.0 : 0.0;
        REQUIRE(std::abs(value) < 10.0f);
      }
      const double expected_above = sample_size * bm::cdf(bm::complement(law, edge));
      const double expected_below = sample_size * bm::cdf(law, -edge);
      INFO("skewness " << skewness << ", beyond " << edge << ": " << above << " and " << below
                       << ", expected " << expected_above << " and " << expected_below);
      CHECK(plausible(above, expected_above));
      CHECK(plausible(below, std::max(expected_below, 0.0)));
    }
  }
}

TEST_CASE("The moments of the draws", "[statistical]") {
  // 5.3 standard errors, false alarm 1.2e-7 each. Errors of the mean and of the square: from the
  // law's own fourth moment; of the cube: from the sample's sixth.
  for (const double skewness : skewnesses) {
    double m1 = 0.0, m2 = 0.0, m3 = 0.0, m4 = 0.0, m6 = 0.0;
    for (const float value : sample(skewness)) {
      const auto z = static_cast<double>(value);
      m1 += z / sample_size;
      m2 += z * z / sample_size;
      m3 += z * z * z / sample_size;
      m4 += z * z * z * z / sample_size;
      m6 += std::pow(z, 6) / sample_size;
    }
    INFO("skewness " << skewness);
    const double root = std::sqrt(sample_size);
    const double excess = bm::kurtosis_excess(standardised(skewness));
    CHECK(std::abs(m1) <= 5.3 / root);
    CHECK(std::abs(m2 - 1.0) <= 5.3 * std::sqrt(2.0 + excess) / root);
    CHECK(std::abs(m3 - skewness) <= 5.3 * std::sqrt(m6 - m3 * m3) / root);
    CHECK(m4 == Approx(3.0 + excess).epsilon(0.03));
  }
}

}  // namespace
}  // namespace flopsieve::kernels
