#include "kernels/math.hpp"

#include <bit>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "kernels/sizes.hpp"
#include "tests/support/reference.hpp"
#include "tests/support/targets.hpp"

namespace flopsieve::kernels {
namespace {

using Exact = std::function<long double(long double)>;
using Function = double (*)(double);

constexpr int points = 50000;

/// The largest error in ulp over `xs`.
double worst_error(Function function, const Exact& exact, const std::vector<double>& xs) {
  double worst = 0.0;
  for (const double x : xs) {
    const double error = test::error_in_ulp(function(x), exact(static_cast<long double>(x)));
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

std::vector<double> uniform_points(double lower, double upper, std::uint64_t seed) {
  test::Splitmix random(seed);
  std::vector<double> xs = {lower, upper};
  for (int i = 0; i < points; ++i) xs.push_back(random.uniform(lower, upper));
  return xs;
}

/// Whole and half numbers, where the argument is cut into exponent and fraction, and their
/// neighbours.
std::vector<double> cut_points(double lower, double upper) {
  std::vector<double> xs;
  for (double x = std::ceil(lower) + 0.5; x < upper; x += 0.5) {
    xs.push_back(x);
    xs.push_back(std::nextafter(x, lower));
    xs.push_back(std::nextafter(x, upper));
  }
  return xs;
}

/// Positive numbers over all binades, and many close to 1.
std::vector<double> positive_points() {
  std::vector<double> xs = {std::numeric_limits<double>::min(),
                            std::numeric_limits<double>::max(),
                            1.0,
                            2.0,
                            10.0,
                            0.1,
                            std::sqrt(0.5),
                            std::nextafter(std::sqrt(0.5), 0.0),
                            std::sqrt(2.0)};
  test::Splitmix random(3);
  for (int i = 0; i < points; ++i) {
    const double m = random.uniform(0.5, 1.0);
    xs.push_back(std::ldexp(m, i % 2045 - 1020));
    xs.push_back(1.0 + std::ldexp(m - 0.75, -i % 52));
  }
  return xs;
}

TEST_CASE("power_of_two is within 2 ulp") {
  const Exact exact = [](long double x) { return std::exp2(x); };
  CHECK(worst_error(power_of_two, exact, uniform_points(-1022.0, 1023.0, 1)) <= 2.0);
  CHECK(worst_error(power_of_two, exact, uniform_points(-1.0, 1.0, 2)) <= 2.0);
  CHECK(worst_error(power_of_two, exact, cut_points(-1022.0, 1023.0)) <= 2.0);
}

TEST_CASE("power_of_two is exact at whole numbers") {
  for (int n = -1022; n <= 1023; ++n) REQUIRE(power_of_two(n) == std::ldexp(1.0, n));
}

TEST_CASE("power_of_ten is within 2 ulp") {
  const Exact exact = [](long double x) { return std::pow(10.0L, x); };
  CHECK(worst_error(power_of_ten, exact, uniform_points(-307.0, 308.0, 4)) <= 2.0);
  CHECK(worst_error(power_of_ten, exact, uniform_points(-10.0, 30.0, 5)) <= 2.0);
  CHECK(worst_error(power_of_ten, exact, cut_points(-307.0, 308.0)) <= 2.0);
  CHECK(power_of_ten(0.0) == 1.0);
}

TEST_CASE("exponential_minus_one and log_one_plus are within 4 ulp") {
  std::vector<double> small;
  test::Splitmix random(14);
  for (int i = 0; i < points; ++i)
    small.push_back(std::ldexp(random.uniform(-0.75, 0.75), -i % 60));
  const Exact expm1 = [](long double x) { return std::expm1(x); };
  CHECK(worst_error(exponential_minus_one, expm1, small) <= 4.0);
  CHECK(worst_error(exponential_minus_one, expm1, uniform_points(-60.0, 700.0, 15)) <= 4.0);
  CHECK(exponential_minus_one(-1000.0) == -1.0);
  CHECK(exponential_minus_one(0.0) == 0.0);
  const Exact log1p = [](long double x) { return std::log1p(x); };
  CHECK(worst_error(log_one_plus, log1p, small) <= 4.0);
  CHECK(worst_error(log_one_plus, log1p, uniform_points(-0.999, 50.0, 16)) <= 4.0);
  CHECK(log_one_plus(0.0) == 0.0);
}

TEST_CASE("exponential is within 2 ulp, and 0 below its range") {
  const Exact exact = [](long double x) { return std::exp(x); };
  CHECK(worst_error(exponential, exact, uniform_points(-708.0, 709.0, 6)) <= 2.0);
  CHECK(worst_error(exponential, exact, uniform_points(-1.0, 1.0, 7)) <= 2.0);
  CHECK(worst_error(exponential, exact, cut_points(-708.0, 709.0)) <= 2.0);
  CHECK(exponential(0.0) == 1.0);
  CHECK(exponential(-708.0) > 0.0);
  CHECK(exponential(-708.1) == 0.0);
  CHECK(exponential(-1e300) == 0.0);
}

TEST_CASE("natural_log and decimal_log are within 2 ulp") {
  const Exact natural = [](long double x) { return std::log(x); };
  const Exact decimal = [](long double x) { return std::log10(x); };
  CHECK(worst_error(natural_log, natural, positive_points()) <= 2.0);
  CHECK(worst_error(decimal_log, decimal, positive_points()) <= 2.0);
  CHECK(natural_log(1.0) == 0.0);
  CHECK(decimal_log(1.0) == 0.0);
}

TEST_CASE("log_factorial is within 4 ulp") {
  const Exact exact = [](long double n) { return boost::math::lgamma(n + 1.0L); };
  std::vector<double> ns;
  for (double n = 2.0; n <= 3000.0; n += 1.0) ns.push_back(n);
  for (double n = 3001.0; n <= 1e15; n = std::floor(n * 1.01)) ns.push_back(n);
  CHECK(worst_error(log_factorial, exact, ns) <= 4.0);
  CHECK(log_factorial(0.0) == 0.0);
  CHECK(log_factorial(1.0) == 0.0);
}

TEST_CASE("normal_quantile is within 8 ulp") {
  const boost::math::normal_distribution<long double> normal;
  const Exact exact = [&](long double p) { return boost::math::quantile(normal, p); };
  test::Splitmix random(8);
  std::vector<double> ps = {0.075,
                            0.925,
                            std::nextafter(0.075, 0.0),
                            std::nextafter(0.925, 1.0),
                            1e-300,
                            0x1p-54,
                            1.0 - 0x1p-53,
                            std::exp(-25.0)};
  for (int i = 0; i < 20000; ++i) {
    ps.push_back(random.uniform(0.0, 1.0));
    ps.push_back(std::exp(random.uniform(-700.0, -0.7)));
    ps.push_back(0.5 + std::ldexp(random.uniform(-0.5, 0.5), -i % 40));
    ps.push_back(1.0 - std::exp(random.uniform(-36.0, -0.7)));
  }
  CHECK(worst_error(normal_quantile, exact, ps) <= 8.0);
  CHECK(normal_quantile(0.5) == 0.0);
}

TEST_CASE("normal_quantile is antisymmetric") {
  for (int i = 1; i < 1024; ++i) {
    REQUIRE(normal_quantile(i / 1024.0) == -normal_quantile(1.0 - i / 1024.0));
  }
}

/// Compares the vector version of a function with the scalar one at every length up to 70, in
/// place and out of place, and at one large length.
void check_same_bits(void (*vector)(std::span<const double>, std::span<double>), Function scalar,
                     const std::vector<double>& xs) {
  const test::RestoreTarget restore;
  for (const Target target : test::targets_to_test()) {
    REQUIRE(force_target(target));
    INFO(name(target));
    for (std::size_t size = 0; size <= 71; ++size) {
      const std::size_t length = size == 71 ? xs.size() : size;
      const auto input = std::span(xs).last(length);
      std::vector<double> out(length + 1, -7.0);
      vector(input, std::span(out).first(length));
      std::vector<double> in_place(input.begin(), input.end());
      vector(in_place, in_place);
      std::size_t different = 0;
      for (std::size_t i = 0; i < length; ++i) {
        const auto expected = std::bit_cast<std::uint64_t>(scalar(input[i]));
        if (std::bit_cast<std::uint64_t>(out[i]) != expected) ++different;
        if (std::bit_cast<std::uint64_t>(in_place[i]) != expected) ++different;
      }
      REQUIRE(different == 0);
      REQUIRE(out[length] == -7.0);
    }
  }
}

TEST_CASE("powers_of_ten has the bits of power_of_ten on every target") {
  auto xs = cut_points(-307.0, 308.0);
  for (const double x : uniform_points(-307.0, 308.0, 9)) xs.push_back(x);
  check_same_bits(powers_of_ten, power_of_ten, xs);
}

TEST_CASE("decimal_logs has the bits of decimal_log on every target") {
  check_same_bits(decimal_logs, decimal_log, positive_points());
}

TEST_CASE("scalar functions have the same bits on every target") {
  const test::RestoreTarget restore;
  const std::vector<double> xs = uniform_points(-300.0, 300.0, 10);
  const std::vector<double> positive = positive_points();
  const std::vector<double> ps = uniform_points(0x1p-60, 1.0 - 0x1p-53, 11);
  const auto all_bits = [&] {
    std::vector<std::uint64_t> bits;
    const auto add = [&](Function function, const std::vector<double>& arguments) {
      for (const double x : arguments) bits.push_back(std::bit_cast<std::uint64_t>(function(x)));
    };
    for (const Function function : {power_of_two, power_of_ten, exponential}) add(function, xs);
    for (const Function function : {natural_log, decimal_log}) add(function, positive);
    add(normal_quantile, ps);
    return bits;
  };
  REQUIRE(force_target(Target::scalar));
  const std::vector<std::uint64_t> expected = all_bits();
  for (const Target target : test::targets_to_test()) {
    REQUIRE(force_target(target));
    INFO(name(target));
    REQUIRE((all_bits() == expected));
  }
}

}  // namespace
}  // namespace flopsieve::kernels
