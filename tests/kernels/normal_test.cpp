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

}  // namespace
}  // namespace flopsieve::kernels
