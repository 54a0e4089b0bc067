#include "kernels/normal.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/horner.hpp"
#include "kernels/math.hpp"

namespace flopsieve::kernels {
namespace {

constexpr double limit = 37.6;  // beyond, exp(-x^2 / 2) leaves the range of exponential()

/// exp(-x^2 / 2) for abs(x) <= limit. x^2 reaches 1400, so what its rounding loses counts.
double gaussian(double x) {
  const double square = x * x;
  const double lost = std::fma(x, x, -square);
  return exponential(-0.5 * square) * (1.0 - 0.5 * lost);
}

/// (1 + x) P(X > x) exp(x^2 / 2) as a polynomial in t = (x - 4) / (x + 4), lowest power first: the
/// truncated Chebyshev series, whose first neglected term is 3e-18.
constexpr std::array<double, 25> tail_coefficients = {
    0x1.e361ea6fba141p-2,  -0x1.8c18f2086e360p-4,  0x1.cabd72a60f83ep-7,   0x1.d4969f10e2407p-6,
    -0x1.07c3c2582b3fap-5, 0x1.25dd7205bc25ep-6,   -0x1.47d5fc75010e9p-8,  -0x1.2b7f5d11bb32cp-12,
    0x1.6c53834d294f8p-11, -0x1.8c11ce0ec53c6p-14, -0x1.707bc44ead834p-14, 0x1.6485f969f139ap-16,
    0x1.c9426f2524a1ep-17, -0x1.ccd1c56638e97p-19, -0x1.5ee6730f3029ep-19, 0x1.b4b599b972448p-22,
    0x1.29dfcf879fee4p-21, -0x1.5410edc535520p-30, -0x1.eba37460ba14ap-24, -0x1.34124e653b714p-26,
    0x1.5c06298ad0543p-26, 0x1.783817c1587dbp-28,  -0x1.67d1e9c212fe9p-29, -0x1.73d08626c4921p-31,
    0x1.890b1d4ff2a34p-33};

/// P(X > x) for x >= 0.
double upper_tail(double x) {
  if (x > limit) return 0.0;
  const double t = (x - 4.0) / (x + 4.0);
  return gaussian(x) * horner(tail_coefficients, t) / (1.0 + x);
}

}  // namespace

double normal_density(double x) {
  constexpr double one_over_sqrt_two_pi = 0.39894228040143267794;
  return std::abs(x) > limit ? 0.0 : one_over_sqrt_two_pi * gaussian(x);
}

double normal_tail(double x) {
  return x >= 0.0 ? upper_tail(x) : 1.0 - upper_tail(-x);
}

double normal_cdf(double x) {
  return normal_tail(-x);
}

double normal_between(double low, double high) {
  if (low >= 0.0) return upper_tail(low) - upper_tail(high);
  if (high <= 0.0) return upper_tail(-high) - upper_tail(-low);
  return 1.0 - upper_tail(-low) - upper_tail(high);
}

double normal_quantile_between(double low, double high, double u) {
  // In the lower tail small probabilities keep their digits.
  if (low > 0.0) return -normal_quantile_between(-high, -low, 1.0 - u);
  // Beyond 12 on both sides nothing is lost that a u of at least 2^-54 would show: p is u.
  const bool all = low <= -12.0 && high >= 12.0 && u >= 0x1p-54;
  const double p = all ? u : normal_cdf(low) + u * normal_between(low, high);
  if (!(p > 1e-300)) return high;
  return std::clamp(normal_quantile(std::min(p, 1.0 - 0x1p-53)), low, high);
}

}  // namespace flopsieve::kernels
