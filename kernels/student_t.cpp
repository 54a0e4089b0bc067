#include "kernels/student_t.hpp"

#include <array>
#include <cmath>

#include "kernels/math.hpp"

namespace flopsieve::kernels {
namespace {

constexpr double one_over_sqrt_pi = 0.56418958354775628695;

/// Gamma(x + 1/2) / Gamma(x) for x >= 1: its asymptotic series, after the recurrence.
double gamma_ratio(double x) {
  constexpr std::array<double, 7> series = {1.0,
                                            -1.0 / 8.0,
                                            1.0 / 128.0,
                                            5.0 / 1024.0,
                                            -21.0 / 32768.0,
                                            -399.0 / 262144.0,
                                            869.0 / 4194304.0};
  double factor = 1.0;
  for (; x < 64.0; x += 1.0) factor *= x / (x + 0.5);
  double sum = series.back();
  for (std::size_t i = series.size() - 1; i-- > 0;) sum = sum / x + series[i];
  return factor * std::sqrt(x) * sum;
}

/// The continued fraction of the incomplete beta function, Abramowitz and Stegun 26.5.8, by the
/// modified method of Lentz; for x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
  double numerator = 1.0;
  double denominator = 1.0 / (1.0 - (a + b) * x / (a + 1.0));
  double value = denominator;
  for (double m = 1.0; m < 10000.0; m += 1.0) {
    const double even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
    denominator = 1.0 / (1.0 + even * denominator);
    numerator = 1.0 + even / numerator;
    value *= denominator * numerator;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
    denominator = 1.0 / (1.0 + odd * denominator);
    numerator = 1.0 + odd / numerator;
    value *= denominator * numerator;
    if (std::abs(denominator * numerator - 1.0) < 1e-16) break;
  }
  return value;
}

}  // namespace

StudentT::StudentT(double degrees_of_freedom)
    : nu_(degrees_of_freedom),
      ratio_(gamma_ratio(0.5 * nu_)),
      peak_(ratio_ * one_over_sqrt_pi / std::sqrt(nu_)) {}

double StudentT::tail(double z) const {
  if (z < 0.0) return 1.0 - tail(-z);
  if (!(z <= 1e150)) return 0.0;
  const double square = z * z;
  const double x = nu_ / (nu_ + square);
  const double a = 0.5 * nu_;
  // x^a (1 - x)^(1/2) / B(a, 1/2)
  const double power = exponential(-a * log_one_plus(square / nu_));
  const double front = power * z / std::sqrt(nu_ + square) * ratio_ * one_over_sqrt_pi;
  if (x < (a + 1.0) / (a + 2.5)) return 0.5 * front * beta_fraction(a, 0.5, x) / a;
  return 0.5 - front * beta_fraction(0.5, a, square / (nu_ + square));
}

double StudentT::density(double z) const {
  if (!(std::abs(z) <= 1e150)) return 0.0;
  return peak_ * exponential(-0.5 * (nu_ + 1.0) * log_one_plus(z * z / nu_));
}

}  // namespace flopsieve::kernels
