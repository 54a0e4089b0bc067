// The errors that math.hpp, normal.hpp and normal_pair.hpp state, against MPFR. Each bound is the
// figure of the header; the grids are dense and reach both ends of the range.

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "kernels/math.hpp"
#include "kernels/normal.hpp"
#include "tests/support/mpfr.hpp"
#include "tests/support/reference.hpp"

namespace flopsieve::kernels {
namespace {

using test::ExactFunction;
using test::worst_error;
using test::WorstError;
using Points = std::vector<double>;

constexpr int points = 20000;

/// Random points in [lower, upper], the two ends and their inner neighbours.
Points range(double lower, double upper, std::uint64_t seed, int count = points) {
  test::Splitmix random(seed);
  Points xs = {lower, std::nextafter(lower, upper), upper, std::nextafter(upper, lower)};
  for (int i = 0; i < count; ++i) xs.push_back(random.uniform(lower, upper));
  return xs;
}

/// sign * m * 2^e with m random in [1/2, 1): all binades from 2^lowest to 2^highest.
Points binades(int lowest, int highest, double sign, std::uint64_t seed) {
  test::Splitmix random(seed);
  Points xs;
  for (int i = 0; i < points; ++i) {
    xs.push_back(sign * std::ldexp(random.uniform(0.5, 1.0), lowest + i % (highest - lowest + 1)));
  }
  return xs;
}

/// Next to c * (n + 1/2), where an argument is cut into exponent and fraction.
Points cuts(double c, double lower, double upper) {
  Points xs;
  for (double n = std::ceil(lower / c); n * c < upper; n += 1.0) {
    const double x = (n + 0.5) * c;
    if (x < upper) xs.insert(xs.end(), {x, std::nextafter(x, lower), std::nextafter(x, upper)});
  }
  return xs;
}

Points joined(std::initializer_list<Points> parts) {
  Points all;
  for (const Points& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// Both signs of x around 0 and `offset` above them.
Points around(double offset, std::uint64_t seed) {
  Points xs;
  for (const double sign : {-1.0, 1.0}) {
    for (const double x : binades(-52, -1, sign, seed)) xs.push_back(offset + x);
  }
  return xs;
}

/// What was measured on the points of this file: the largest error and the mean error with its
/// sign, in units of the last place. A function that errs otherwise, be it less, has changed.
struct Measured {
  double largest;
  double mean;
};

void check_measured(const WorstError& worst, const Measured& measured) {
  CHECK(std::abs(worst.ulp - measured.largest) <= 0.001);
  CHECK(std::abs(worst.mean() - measured.mean) <= 1e-4);
}

/// `bound` is the figure of the header.
void check_ulp(const std::string& name, const WorstError& worst, double bound,
               const Measured& measured) {
  INFO(name << ": {" << worst.ulp << ", " << worst.mean() << "} ulp, the largest at " << worst.at);
  CHECK(worst.ulp <= bound);
  CHECK(worst.ulp >= 0.7 * bound);  // the header does not exaggerate either
  check_measured(worst, measured);
}

TEST_CASE("Powers are as accurate as math.hpp says", "[slow]") {
  const ExactFunction exp2 = [](mpfr_ptr x) { mpfr_exp2(x, x, MPFR_RNDN); };
  const ExactFunction exp10 = [](mpfr_ptr x) { mpfr_exp10(x, x, MPFR_RNDN); };
  const ExactFunction exp = [](mpfr_ptr x) { mpfr_exp(x, x, MPFR_RNDN); };
  const ExactFunction expm1 = [](mpfr_ptr x) { mpfr_expm1(x, x, MPFR_RNDN); };
  check_ulp("power_of_two",
            worst_error(power_of_two, exp2,
                        joined({range(-1022, 1023, 1), around(0.0, 2), cuts(1.0, -1022, 1023)})),
            1.01, {1.0, -0.020459});
  check_ulp("power_of_ten",
            worst_error(power_of_ten, exp10,
                        joined({range(-307, 308, 3), around(0.0, 4), range(20, 30, 5),
                                cuts(std::log10(2.0), -307, 308)})),
            0.98, {0.920552, 0.0124105});
  check_ulp("exponential",
            worst_error(exponential, exp,
                        joined({range(-708, 709, 6), around(0.0, 7), range(-40, 0, 8),
                                cuts(std::log(2.0), -708, 709)})),
            1.02, {1.00689, 0.0154162});
  check_ulp("exponential_minus_one",
            worst_error(exponential_minus_one, expm1,
                        joined({range(-60, 709, 9), range(-2, 2, 10), around(0.0, 11)})),
            2.5, {1.996, 0.0141629});
}

TEST_CASE("Logarithms are as accurate as math.hpp says", "[slow]") {
  const ExactFunction log = [](mpfr_ptr x) { mpfr_log(x, x, MPFR_RNDN); };
  const ExactFunction log10 = [](mpfr_ptr x) { mpfr_log10(x, x, MPFR_RNDN); };
  const ExactFunction log1p = [](mpfr_ptr x) { mpfr_log1p(x, x, MPFR_RNDN); };
  constexpr double smallest = std::numeric_limits<double>::min();
  constexpr double largest = std::numeric_limits<double>::max();
  const Points positive = joined({{smallest, largest},
                                  binades(-1021, 1024, 1.0, 12),
                                  around(1.0, 13),
                                  range(0.7, 1.5, 14),
                                  range(smallest, 1.0, 15)});
  check_ulp("natural_log", worst_error(natural_log, log, positive), 0.82, {0.806083, -0.000708116});
  check_ulp("decimal_log", worst_error(decimal_log, log10, positive), 1.65, {1.58373, -0.0056397});
  check_ulp("log_one_plus",
            worst_error(log_one_plus, log1p,
                        joined({around(0.0, 16),
                                range(-0.999, 2, 17),
                                binades(0, 1000, 1.0, 18),
                                {-1.0 + 0x1p-53, -0.5, -0.3, 0.41}})),
            2.2, {1.79849, -0.00638536});
  const ExactFunction lngamma = [](mpfr_ptr x) {
    mpfr_add_ui(x, x, 1, MPFR_RNDN);
    mpfr_lngamma(x, x, MPFR_RNDN);
  };
  Points whole;
  for (double n = 2.0; n <= 3000.0; n += 1.0) whole.push_back(n);
  for (double n = 3001.0; n <= 1e15; n = std::floor(n * 1.01)) whole.push_back(n);
  check_ulp("log_factorial", worst_error(log_factorial, lngamma, whole), 2.5,
            {2.10699, -0.0512892});
}

/// P(X > x).
void exact_tail(mpfr_ptr x) {
  test::Mpfr root;
  mpfr_sqrt_ui(root, 2, MPFR_RNDN);
  mpfr_div(x, x, root, MPFR_RNDN);
  mpfr_erfc(x, x, MPFR_RNDN);
  mpfr_div_ui(x, x, 2, MPFR_RNDN);
}

void exact_density(mpfr_ptr x) {
  test::Mpfr scale;
  mpfr_sqr(x, x, MPFR_RNDN);
  mpfr_div_si(x, x, -2, MPFR_RNDN);
  mpfr_exp(x, x, MPFR_RNDN);
  mpfr_const_pi(scale, MPFR_RNDN);
  mpfr_mul_ui(scale, scale, 2, MPFR_RNDN);
  mpfr_rec_sqrt(scale, scale, MPFR_RNDN);
  mpfr_mul(x, x, scale, MPFR_RNDN);
}

TEST_CASE("The normal law is as accurate as normal.hpp says", "[slow]") {
  constexpr int count = 6000;  // an exact tail takes tens of microseconds
  const Points upper = joined({range(0.0, 37.6, 19, count), range(0.0, 1.0, 20, count)});
  const Points lower = range(-9.0, 0.0, 21, count);
  const WorstError far = worst_error(normal_tail, exact_tail, upper);
  INFO("relative error of the tail " << far.relative << ", {" << far.ulp << ", " << far.mean()
                                     << "} ulp");
  CHECK(far.relative <= 7e-16);
  CHECK(far.relative >= 0.7 * 7e-16);
  check_measured(far, {3.70082, -0.189232});
  const WorstError near = worst_error(normal_tail, exact_tail, lower);
  INFO("below the mean " << near.relative << ", {" << near.ulp << ", " << near.mean() << "} ulp");
  CHECK(near.relative <= 4e-16);
  check_measured(near, {1.54503, 0.016281});
  const WorstError density = worst_error(normal_density, exact_density, upper);
  INFO("relative error of the density " << density.relative << ", {" << density.ulp << ", "
                                        << density.mean() << "} ulp");
  CHECK(density.relative <= 5e-16);
  CHECK(density.relative >= 0.7 * 5e-16);
  check_measured(density, {2.88053, 0.423199});
}

/// The error in ulp of a quantile z of p: the exact P(X <= z) - p over the density. What a second
/// step of Newton's method would add is 1e-13 of that.
void add_quantile_error(double p, WorstError& worst) {
  const double z = normal_quantile(p);
  test::Mpfr excess, slope;
  mpfr_set_d(excess, -z, MPFR_RNDN);
  exact_tail(excess);
  mpfr_sub_d(excess, excess, p, MPFR_RNDN);
  mpfr_set_d(slope, z, MPFR_RNDN);
  exact_density(slope);
  mpfr_div(excess, excess, slope, MPFR_RNDN);
  mpfr_d_sub(excess, z, excess, MPFR_RNDN);  // the exact quantile
  worst.add(p, z, excess);
}

TEST_CASE("The normal quantile is as accurate as math.hpp says", "[slow]") {
  WorstError worst;
  constexpr int count = 6000;
  Points ps = joined({range(1e-300, 1.0, 22, count),
                      {0x1p-53, 1e-300, 1.0 - 0x1p-53, 0.075, std::nextafter(0.075, 0.0), 0.925,
                       std::nextafter(0.925, 1.0), std::exp(-25.0)}});
  for (const double x : range(-700.0, -0.7, 23, count)) ps.push_back(std::exp(x));
  for (const double x : range(-36.0, -0.7, 24, count)) ps.push_back(1.0 - std::exp(x));
  for (std::size_t i = 0; i < count; ++i) {
    ps.push_back(0.5 + std::ldexp(i % 2 == 0 ? 0.3 : -0.3, -static_cast<int>(i % 40)) * ps[i]);
  }
  for (const double p : ps) {
    if (p > 0.0 && p < 1.0) add_quantile_error(p, worst);
  }
  check_ulp("normal_quantile", worst, 5.5, {5.00598, -0.0489915});
}

}  // namespace
}  // namespace flopsieve::kernels
