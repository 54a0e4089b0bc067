#include "kernels/normal.hpp"

#include <boost/math/special_functions/erf.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "tests/support/reference.hpp"

namespace flopsieve::kernels {
namespace {

using Real = long double;
constexpr double infinity = std::numeric_limits<double>::infinity();

/// P(X > x) by Boost.Math in extended precision.
Real exact_tail(Real x) {
  return boost::math::erfc(x / std::sqrt(Real{2})) / 2;
}

Real exact_density(Real x) {
  return std::exp(-x * x / 2) / std::sqrt(2 * std::acos(Real{-1}));
}

void check_relative(double value, Real exact, double tolerance) {
  REQUIRE(std::abs(static_cast<Real>(value) - exact) <= static_cast<Real>(tolerance) * exact);
}

TEST_CASE("The normal law agrees with Boost.Math over all of its range") {
  test::Splitmix random(21);
  for (int i = 0; i < 40000; ++i) {
    const double x = i < 75 ? i * 0.5 : random.uniform(0.0, 37.0);
    INFO("x = " << x);
    check_relative(normal_tail(x), exact_tail(x), 3e-15);
    check_relative(normal_cdf(-x), exact_tail(x), 3e-15);
    check_relative(normal_tail(-x), exact_tail(-x), 1e-15);
    check_relative(normal_cdf(x), exact_tail(-x), 1e-15);
    check_relative(normal_density(x), exact_density(x), 1e-15);
    REQUIRE(normal_density(-x) == normal_density(x));
  }
}

TEST_CASE("The normal law at its ends") {
  CHECK(normal_tail(0.0) == 0.5);
  CHECK(normal_tail(infinity) == 0.0);
  CHECK(normal_tail(-infinity) == 1.0);
  CHECK(normal_cdf(infinity) == 1.0);
  CHECK(normal_cdf(-infinity) == 0.0);
  CHECK(normal_tail(38.0) == 0.0);
  CHECK(normal_density(infinity) == 0.0);
  CHECK(normal_between(-infinity, infinity) == 1.0);
}

TEST_CASE("The probability between two points keeps its digits in both tails") {
  for (const double low : {-30.0, -8.0, -1.0, -0.1, 0.0, 0.5, 3.0, 9.0, 25.0}) {
    for (const double width : {0.01, 0.5, 2.0}) {
      const double high = low + width;
      INFO(low << " to " << high);
      const Real exact =
          low >= 0.0 ? exact_tail(low) - exact_tail(high) : exact_tail(-high) - exact_tail(-low);
      check_relative(normal_between(low, high), exact, 1e-12);
    }
  }
  CHECK(normal_between(1.0, 1.0) == 0.0);
}

TEST_CASE("The tail does not increase") {
  double previous = 1.0;
  for (double x = -9.0; x < 38.0; x += 0.0009765625) {
    REQUIRE(normal_tail(x) <= previous);
    previous = normal_tail(x);
  }
}

/// The fraction of the probability of [low, high] that lies below x.
Real exact_fraction(double low, double x, double high) {
  if (low < 0.0 && high > 0.0) {
    return (exact_tail(-Real{x}) - exact_tail(-Real{low})) /
           (exact_tail(-Real{high}) - exact_tail(-Real{low}));
  }
  const Real sign = high <= 0.0 ? -1 : 1;
  return (exact_tail(sign * low) - exact_tail(sign * x)) /
         (exact_tail(sign * low) - exact_tail(sign * high));
}

TEST_CASE("A quantile between two points divides the probability between them") {
  struct Bounds {
    double low, high;
  };
  for (const auto [low, high] :
       {Bounds{-infinity, infinity}, Bounds{-1.0, 2.0}, Bounds{-3.0, 8.0}, Bounds{-8.0, 0.5},
        Bounds{0.0, 1.0}, Bounds{1.5, 1.6}, Bounds{-1.6, -1.5}, Bounds{8.0, 9.0},
        Bounds{-9.0, -8.0}, Bounds{8.5, infinity}, Bounds{-infinity, -8.5}, Bounds{25.0, 26.0},
        Bounds{-36.5, -30.0}}) {
    for (const double u : {1e-15, 1e-6, 0.01, 0.3, 0.5, 0.77, 0.99, 1.0 - 1e-6, 1.0 - 0x1p-53}) {
      const double x = normal_quantile_between(low, high, u);
      INFO(low << " to " << high << ", u = " << u << ": " << x);
      REQUIRE((x >= low && x <= high));
      REQUIRE(std::isfinite(x));
      // Within 1e-12 of u; above the mean, 1 - u is rounded too.
      REQUIRE(std::abs(static_cast<double>(exact_fraction(low, x, high)) - u) <= 1e-12);
    }
  }
}

TEST_CASE("Bounds that nothing lies beyond leave the law as it is") {
  for (const double u : {0x1p-54, 0x1p-53, 1e-9, 0.3, 0.5, 1.0 - 0x1p-53}) {
    const double all = normal_quantile_between(-infinity, infinity, u);
    CHECK(normal_quantile_between(-12.0, 12.0, u) == all);
    CHECK(normal_quantile_between(-13.0, 20.0, u) == all);
    CHECK(normal_quantile_between(-11.99, 11.99, u) == Approx(all).epsilon(1e-14));
  }
}

TEST_CASE("Bounds beyond 37 standard deviations give the one nearer to the mean") {
  for (const double u : {1e-12, 0.5, 1.0 - 1e-12}) {
    CHECK(normal_quantile_between(38.0, 40.0, u) == 38.0);
    CHECK(normal_quantile_between(-40.0, -38.0, u) == -38.0);
    CHECK(normal_quantile_between(37.7, infinity, u) == 37.7);
    CHECK(normal_quantile_between(-infinity, -37.7, u) == -37.7);
  }
}

}  // namespace
}  // namespace flopsieve::kernels
