#include "kernels/math.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/horner.hpp"
#include "kernels/math_constants.hpp"

// Scalar code; compiled once per target all the same, since most of it is fused multiply-adds,
// which are calls of the C library where the target has no such instruction. Every target gives the
// same bits.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/math.cpp"
#include "hwy/foreach_target.h"  // compiles the next part of this file once per target
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace flopsieve::kernels::HWY_NAMESPACE {

template <std::size_t n>
HWY_INLINE double Horner(const std::array<double, n>& coefficients, double x) {
  double sum = coefficients[n - 1];
  for (std::size_t i = n - 1; i-- > 0;) sum = std::fma(sum, x, coefficients[i]);
  return sum;
}

/// 2^(high + low), where low is what rounding lost in high. Adding `rounding_shift` leaves the
/// nearest whole number in the low bits, from where it moves into the exponent.
HWY_INLINE double PowerOfTwoSum(double high, double low) {
  const double shifted = high + rounding_shift;
  const double fraction = (high - (shifted - rounding_shift)) + low;
  const std::uint64_t exponent = std::bit_cast<std::uint64_t>(shifted) << 52;
  const double mantissa = Horner(exp2_coefficients, fraction);
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(mantissa) + exponent);
}

double PowerOfTwo(double x) {
  return PowerOfTwoSum(x, 0.0);
}

double PowerOfTen(double x) {
  if (!(x >= -307.0)) return 0.0;
  if (x > 308.0) return std::numeric_limits<double>::infinity();
  const double high = x * log2_of_10;
  return PowerOfTwoSum(high, std::fma(x, log2_of_10, -high) + x * log2_of_10_low);
}

double Exponential(double x) {
  if (!(x >= -708.0)) return 0.0;
  if (x > 709.0) return std::numeric_limits<double>::infinity();
  const double high = x * log2_of_e;
  return PowerOfTwoSum(high, std::fma(x, log2_of_e, -high) + x * log2_of_e_low);
}

double NaturalLog(double x) {
  // x = 2^exponent * m with m in [sqrt(1/2), sqrt(2)): the offset moves the cut from 1 to
  // sqrt(1/2).
  const std::uint64_t shifted = std::bit_cast<std::uint64_t>(x) - sqrt_half_bits;
  const auto exponent = static_cast<double>(static_cast<std::int64_t>(shifted) >> 52);
  const double m = std::bit_cast<double>((shifted & mantissa_bits) + sqrt_half_bits);
  const double f = m - 1.0;
  const double s = f / (2.0 + f);
  const double z = s * s;
  const double half_square = 0.5 * f * f;
  const double tail = s * (half_square + z * Horner(log_coefficients, z));
  return exponent * ln2_high - ((half_square - (tail + exponent * ln2_low)) - f);
}

double DecimalLog(double x) {
  const double log = NaturalLog(x);
  return std::fma(log, log10_of_e, log * log10_of_e_low);
}

HWY_INLINE double CentralQuantile(double q) {
  constexpr std::array<double, 8> a = {3.3871328727963666080e0,  1.3314166789178437745e+2,
                                       1.9715909503065514427e+3, 1.3731693765509461125e+4,
                                       4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                       3.3430575583588128105e+4, 2.5090809287301226727e+3};
  constexpr std::array<double, 8> b = {1.0,
                                       4.2313330701600911252e+1,
                                       6.8718700749205790830e+2,
                                       5.3941960214247511077e+3,
                                       2.1213794301586595867e+4,
                                       3.9307895800092710610e+4,
                                       2.8729085735721942674e+4,
                                       5.2264952788528545610e+3};
  const double r = 0.180625 - q * q;
  return q * Horner(a, r) / Horner(b, r);
}

HWY_INLINE double OuterQuantile(double r) {
  constexpr std::array<double, 8> c = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                       5.76949722146069140550e0,  3.64784832476320460504e0,
                                       1.27045825245236838258e0,  2.41780725177450611770e-1,
                                       2.27238449892691845833e-2, 7.74545014278341407640e-4};
  constexpr std::array<double, 8> d = {1.0,
                                       2.05319162663775882187e0,
                                       1.67638483018380384940e0,
                                       6.89767334985100004550e-1,
                                       1.48103976427480074590e-1,
                                       1.51986665636164571966e-2,
                                       5.47593808499534494600e-4,
                                       1.05075007164441684324e-9};
  constexpr std::array<double, 8> e = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                       1.78482653991729133580e0,  2.96560571828504891230e-1,
                                       2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                       2.71155556874348757815e-5, 2.01033439929228813265e-7};
  constexpr std::array<double, 8> f = {1.0,
                                       5.99832206555887937690e-1,
                                       1.36929880922735805310e-1,
                                       1.48753612908506148525e-2,
                                       7.86869131145613259100e-4,
                                       1.84631831751005468180e-5,
                                       1.42151175831644588870e-7,
                                       2.04426310338993978564e-15};
  if (r <= 5.0) return Horner(c, r - 1.6) / Horner(d, r - 1.6);
  return Horner(e, r - 5.0) / Horner(f, r - 5.0);
}

double NormalQuantile(double p) {
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) return CentralQuantile(q);
  const double tail = q < 0.0 ? p : 1.0 - p;
  const double value = OuterQuantile(std::sqrt(-NaturalLog(tail)));
  return q < 0.0 ? -value : value;
}

}  // namespace flopsieve::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace flopsieve::kernels {

HWY_EXPORT(PowerOfTwo);
HWY_EXPORT(PowerOfTen);
HWY_EXPORT(Exponential);
HWY_EXPORT(NaturalLog);
HWY_EXPORT(DecimalLog);
HWY_EXPORT(NormalQuantile);

double power_of_two(double x) {
  return HWY_DYNAMIC_DISPATCH(PowerOfTwo)(x);
}

double power_of_ten(double x) {
  return HWY_DYNAMIC_DISPATCH(PowerOfTen)(x);
}

double exponential(double x) {
  return HWY_DYNAMIC_DISPATCH(Exponential)(x);
}

double natural_log(double x) {
  return HWY_DYNAMIC_DISPATCH(NaturalLog)(x);
}

double decimal_log(double x) {
  return HWY_DYNAMIC_DISPATCH(DecimalLog)(x);
}

double normal_quantile(double p) {
  return HWY_DYNAMIC_DISPATCH(NormalQuantile)(p);
}

double exponential_minus_one(double x) {
  // The rounding of e^x cancels between the difference and the logarithm: W. Kahan; N. J. Higham,
  // "Accuracy and Stability of Numerical Algorithms" (2002), section 1.14.1.
  const double power = exponential(x);
  if (power == 1.0) return x;
  if (power < 0x1p-55) return -1.0;
  if (std::abs(x) > 1.0) return power - 1.0;
  return (power - 1.0) * x / natural_log(power);
}

double log_one_plus(double x) {
  const double sum = 1.0 + x;  // the same device
  if (sum == 1.0) return x;
  return natural_log(sum) * x / (sum - 1.0);
}

double log_factorial(double n) {
  if (n < 16.0) {
    double product = 1.0;
    for (double i = 2.0; i <= n; i += 1.0) product *= i;
    return natural_log(product);
  }
  // Stirling's series: Abramowitz and Stegun 6.1.41 at n + 1.
  const double x = n + 1.0;
  const double y = 1.0 / (x * x);
  constexpr std::array<double, 6> series = {1.0 / 12.0,    -1.0 / 360.0, 1.0 / 1260.0,
                                            -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360360.0};
  constexpr double half_log_two_pi = 0.91893853320467274178;
  return (x - 0.5) * natural_log(x) - x + half_log_two_pi + horner(series, y) / x;
}

}  // namespace flopsieve::kernels
#endif
