#include "kernels/distributions.hpp"

#include <algorithm>
#include <boost/math/distributions/lognormal.hpp>
#include <boost/math/distributions/negative_binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/poisson.hpp>
#include <boost/math/distributions/triangular.hpp>
#include <boost/math/distributions/uniform.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/reference.hpp"

namespace flopsieve::kernels {
namespace {

namespace bm = boost::math;
using Real = long double;

/// A law with its quantile and density by Boost.Math (log-uniform: by its definition).
struct Case {
  std::string name;
  Law law;
  Parameters parameters;
  std::function<Real(Real)> exact_quantile;
  std::function<Real(Real)> exact_density;
};

template <class Distribution>
Case boost_case(std::string name, Law law, Parameters parameters, Distribution distribution) {
  return {std::move(name), law, parameters, [=](Real p) { return bm::quantile(distribution, p); },
          [=](Real x) { return bm::pdf(distribution, x); }};
}

Case uniform_case(double a, double b) {
  return boost_case("uniform", Law::uniform, {a, b, 0.0}, bm::uniform_distribution<Real>(a, b));
}

Case loguniform_case(double a, double b) {
  const Real lower = a;
  const Real ratio = static_cast<Real>(b) / lower;
  return {"loguniform",
          Law::loguniform,
          {a, b, 0.0},
          [=](Real p) { return lower * std::pow(ratio, p); },
          [=](Real x) { return 1.0L / (x * std::log(ratio)); }};
}

Case normal_case(double a, double b) {
  return boost_case("normal", Law::normal, {a, b, 0.0}, bm::normal_distribution<Real>(a, b));
}

Case lognormal_case(double a, double b) {
  return boost_case("lognormal", Law::lognormal, {a, b, 0.0},
                    bm::lognormal_distribution<Real>(a, b));
}

Case triangular_case(double a, double b, double c) {
  return boost_case("triangular", Law::triangular, {a, b, c},
                    bm::triangular_distribution<Real>(a, b, c));
}

std::vector<Case> cases() {
  return {uniform_case(0.0, 1.0),
          uniform_case(-3.0, 4.5),
          loguniform_case(0.05, 0.5),
          loguniform_case(1e20, 1e28),
          normal_case(0.0, 1.0),
          normal_case(24.0, 0.3),
          lognormal_case(0.0, 1.0),
          lognormal_case(-1.84, 0.5756),  // the published law of the largest share: about .05 to .5
          lognormal_case(57.0, 0.1),
          triangular_case(-1.0, 0.25, 2.0),
          triangular_case(1.0, 1.0, 3.0),
          triangular_case(1.0, 3.0, 3.0)};
}

std::vector<double> probabilities() {
  std::vector<double> ps = {1e-12, 1e-6, 1.0 - 1e-6, 1.0 - 1e-12};
  for (int i = 1; i < 400; ++i) ps.push_back(i / 400.0);
  return ps;
}

TEST_CASE("Quantiles agree with Boost.Math") {
  for (const Case& c : cases()) {
    // Errors relative to the value and to the width of the law (its middle half).
    const double width = static_cast<double>(c.exact_quantile(0.75L) - c.exact_quantile(0.25L));
    for (const double p : probabilities()) {
      INFO(c.name << "(" << c.parameters.a << ", " << c.parameters.b << ") at " << p);
      const auto exact = static_cast<double>(c.exact_quantile(p));
      const double tolerance = 1e-13 * std::max(std::abs(exact), width);
      REQUIRE(std::abs(quantile(c.law, c.parameters, p) - exact) <= tolerance);
    }
  }
}

TEST_CASE("A constant has one quantile") {
  CHECK(quantile(Law::constant, {2.5, 0.0, 0.0}, 1e-9) == 2.5);
  CHECK(quantile(Law::constant, {2.5, 0.0, 0.0}, 0.7) == 2.5);
}

TEST_CASE("Quantiles do not decrease and stay within bounded supports") {
  for (const Case& c : cases()) {
    INFO(c.name);
    double previous = quantile(c.law, c.parameters, 0x1p-54);
    const double lowest = previous;
    for (int i = 1; i < 100000; ++i) {
      const double x = quantile(c.law, c.parameters, i / 100000.0);
      REQUIRE(x >= previous);
      previous = x;
    }
    if (c.law == Law::normal || c.law == Law::lognormal) continue;
    const double upper = c.law == Law::triangular ? c.parameters.c : c.parameters.b;
    CHECK(lowest >= c.parameters.a * (c.parameters.a > 0 ? 1.0 - 1e-15 : 1.0));
    CHECK(quantile(c.law, c.parameters, 1.0 - 0x1p-53) <= upper * (1.0 + 1e-15));
  }
}

TEST_CASE("Densities agree with Boost.Math") {
  for (const Case& c : cases()) {
    for (const double p : probabilities()) {
      const auto x = static_cast<double>(c.exact_quantile(p));
      INFO(c.name << "(" << c.parameters.a << ", " << c.parameters.b << ") at " << x);
      // The density of a triangle's foot is a difference: compared on the scale of the peak.
      const auto exact = static_cast<double>(c.exact_density(x));
      const auto middle = static_cast<double>(c.exact_density(c.exact_quantile(0.5L)));
      REQUIRE(density(c.law, c.parameters, x) ==
              Approx(exact).epsilon(1e-12).margin(1e-14 * middle));
    }
  }
}

TEST_CASE("The density is zero outside the support") {
  CHECK(density(Law::uniform, {0.0, 1.0, 0.0}, -1e-9) == 0.0);
  CHECK(density(Law::uniform, {0.0, 1.0, 0.0}, 1.0 + 1e-9) == 0.0);
  CHECK(density(Law::loguniform, {0.05, 0.5, 0.0}, 0.0499) == 0.0);
  CHECK(density(Law::loguniform, {0.05, 0.5, 0.0}, 0.501) == 0.0);
  CHECK(density(Law::lognormal, {0.0, 1.0, 0.0}, 0.0) == 0.0);
  CHECK(density(Law::lognormal, {0.0, 1.0, 0.0}, -1.0) == 0.0);
  CHECK(density(Law::triangular, {0.0, 0.5, 1.0}, -1e-9) == 0.0);
  CHECK(density(Law::triangular, {0.0, 0.5, 1.0}, 1.0 + 1e-9) == 0.0);
}

TEST_CASE("Cumulative probabilities are the inverse of Boost.Math's quantiles") {
  for (const Case& c : cases()) {
    const auto width = static_cast<double>(c.exact_quantile(0.75L) - c.exact_quantile(0.25L));
    for (const double p : probabilities()) {
      const auto x = static_cast<double>(c.exact_quantile(p));
      INFO(c.name << "(" << c.parameters.a << ", " << c.parameters.b << ") at " << x);
      // The rounding of x itself moves the probability by its density.
      const double rounding = 4e-16 * std::max(std::abs(x), width) *
                              static_cast<double>(c.exact_density(static_cast<Real>(x)));
      const double value = cumulative(c.law, c.parameters, x);
      REQUIRE(std::abs(value - p) <= 1e-13 * std::max(p, 1e-2) + rounding);
    }
  }
}

TEST_CASE("Cumulative probabilities are 0 and 1 outside the support") {
  CHECK(cumulative(Law::uniform, {0.0, 1.0, 0.0}, -1e-9) == 0.0);
  CHECK(cumulative(Law::uniform, {0.0, 1.0, 0.0}, 2.0) == 1.0);
  CHECK(cumulative(Law::loguniform, {0.05, 0.5, 0.0}, -1.0) == 0.0);
  CHECK(cumulative(Law::loguniform, {0.05, 0.5, 0.0}, 0.6) == 1.0);
  CHECK(cumulative(Law::lognormal, {0.0, 1.0, 0.0}, 0.0) == 0.0);
  CHECK(cumulative(Law::triangular, {0.0, 0.5, 1.0}, -1e-9) == 0.0);
  CHECK(cumulative(Law::triangular, {0.0, 0.5, 1.0}, 1.5) == 1.0);
  CHECK(cumulative(Law::constant, {2.0, 0.0, 0.0}, 1.999) == 0.0);
  CHECK(cumulative(Law::constant, {2.0, 0.0, 0.0}, 2.0) == 1.0);
}

/// Integral of the density from `from` to `to` by Simpson's rule.
double mass(const Case& c, double from, double to) {
  constexpr int panels = 400;
  const double step = (to - from) / panels;
  double sum = 0.0;
  for (int i = 0; i <= panels; ++i) {
    const double weight = i == 0 || i == panels ? 1.0 : i % 2 == 1 ? 4.0 : 2.0;
    // The ends belong to the support although rounding may put them outside.
    const double x = std::clamp(from + i * step, from, to);
    sum += weight * density(c.law, c.parameters, x);
  }
  return sum * step / 3.0;
}

/// Probabilities from 1e-9 to 1 - 1e-9, closer together in the tails.
std::vector<double> integration_grid() {
  std::vector<double> ps;
  for (double p = 1e-9; p < 0.009; p *= 2.0) {
    ps.push_back(p);
    ps.push_back(1.0 - p);
  }
  for (int i = 1; i < 100; ++i) ps.push_back(i / 100.0);
  std::sort(ps.begin(), ps.end());
  return ps;
}

TEST_CASE("The density integrates to the probability between two quantiles") {
  const std::vector<double> ps = integration_grid();
  for (const Case& c : cases()) {
    double total = 0.0;
    for (std::size_t i = 1; i < ps.size(); ++i) {
      const double part =
          mass(c, quantile(c.law, c.parameters, ps[i - 1]), quantile(c.law, c.parameters, ps[i]));
      INFO(c.name << "(" << c.parameters.a << ", " << c.parameters.b << ") up to " << ps[i]);
      // The kink of a triangle costs Simpson's rule its order in one piece.
      REQUIRE(part == Approx(ps[i] - ps[i - 1]).epsilon(1e-5));
      total += part;
    }
    CHECK(total == Approx(1.0).epsilon(1e-7));
  }
}

TEST_CASE("largest_density is the maximum of the density") {
  for (const Case& c : cases()) {
    INFO(c.name << "(" << c.parameters.a << ", " << c.parameters.b << ")");
    const double bound = largest_density(c.law, c.parameters);
    double highest = 0.0;
    for (int i = 1; i < 200000; ++i) {
      const double x = quantile(c.law, c.parameters, i / 200000.0);
      highest = std::max(highest, density(c.law, c.parameters, x));
    }
    CHECK(highest <= bound * (1.0 + 1e-14));
    CHECK(highest >= bound * 0.99);
  }
}

void check_poisson_quantile(double mean, double p) {
  const double n = poisson_quantile(mean, p);
  INFO("mean " << mean << ", p " << p << ", n " << n);
  REQUIRE(n >= 0.0);
  REQUIRE(n == std::floor(n));
  // P(X <= n) = Q(n + 1, mean); what rounding may move is far below the smallest p and 1 - p.
  const Real tolerance = 1e-13L;
  REQUIRE(bm::gamma_q(static_cast<Real>(n) + 1.0L, static_cast<Real>(mean)) >= p - tolerance);
  if (n > 0.0) {
    REQUIRE(bm::gamma_q(static_cast<Real>(n), static_cast<Real>(mean)) < p + tolerance);
  }
}

TEST_CASE("poisson_quantile is the smallest count with that probability") {
  test::Splitmix random(12);
  std::vector<double> ps = {1e-12, 1e-9, 1e-6, 1e-3, 0.5, 1 - 1e-3, 1 - 1e-6, 1 - 1e-9, 1 - 1e-12};
  for (int i = 0; i < 200; ++i) ps.push_back(random.uniform(0.0, 1.0));
  for (const double mean : {0.01, 0.3, 1.0, 2.5, 9.0, 70.0, 71.0, 89.0, 150.0, 1000.0, 12345.6}) {
    for (const double p : ps) check_poisson_quantile(mean, p);
  }
}

TEST_CASE("poisson_quantile holds for large means") {
  for (const double mean : {1e5, 1e6}) {
    for (const double p : {1e-12, 1e-9, 1e-3, 0.25, 0.5, 0.9, 1 - 1e-6, 1 - 1e-9, 1 - 1e-12}) {
      check_poisson_quantile(mean, p);
    }
  }
}

TEST_CASE("poisson_quantile agrees with Boost.Math's own quantile") {
  using UpToInteger =
      bm::policies::policy<bm::policies::discrete_quantile<bm::policies::integer_round_up>>;
  for (const double mean : {0.7, 89.0, 3000.0}) {
    const bm::poisson_distribution<double, UpToInteger> poisson(mean);
    for (int i = 1; i < 200; ++i) {
      REQUIRE(poisson_quantile(mean, i / 200.0) == bm::quantile(poisson, i / 200.0));
    }
  }
}

void check_negative_binomial_quantile(double mean, double size, double p) {
  const double n = negative_binomial_quantile(mean, size, p);
  INFO("mean " << mean << ", size " << size << ", p " << p << ", n " << n);
  REQUIRE(n >= 0.0);
  REQUIRE(n == std::floor(n));
  const bm::negative_binomial_distribution<Real> law(size, static_cast<Real>(size) / (size + mean));
  const Real tolerance = 2e-12L;
  if (n < largest_negative_binomial) REQUIRE(bm::cdf(law, n) >= p - tolerance);
  if (n > 0.0) REQUIRE(bm::cdf(law, n - 1.0L) < p + tolerance);
}

TEST_CASE("negative_binomial_quantile is the smallest count with that probability") {
  test::Splitmix random(13);
  std::vector<double> ps = {1e-9, 1e-6, 1e-3, 0.5, 1 - 1e-3, 1 - 1e-6, 1 - 1e-9};
  for (int i = 0; i < 20; ++i) ps.push_back(random.uniform(0.0, 1.0));
  for (const double mean : {0.01, 0.7, 9.0, 89.0, 1000.0}) {
    for (const double size : {0.3, 1.0, 2.5, 20.0, 500.0, 1e6}) {
      for (const double p : ps) check_negative_binomial_quantile(mean, size, p);
    }
  }
}

TEST_CASE("negative_binomial_quantile holds for large means and stops in endless tails") {
  for (const double size : {0.5, 10.0, 1e5}) {
    for (const double p : {1e-9, 1e-3, 0.5, 1 - 1e-6}) {
      check_negative_binomial_quantile(2e5, size, p);
    }
  }
  CHECK(negative_binomial_quantile(2e5, 0.01, 1.0 - 1e-9) == largest_negative_binomial);
}

TEST_CASE("A negative binomial of immense size is Poisson") {
  for (int i = 1; i < 100; ++i) {
    REQUIRE(negative_binomial_quantile(89.0, 1e15, i / 100.0) == poisson_quantile(89.0, i / 100.0));
  }
}

}  // namespace
}  // namespace flopsieve::kernels
