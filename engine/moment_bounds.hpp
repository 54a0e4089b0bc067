#pragma once

#include <cmath>

/// Central moments of sizes whose power sums were taken in single precision (kernels::add_sizes),
/// with bounds of their errors: screen.hpp says where these come from.
namespace flopsieve::engine {

inline constexpr double single_unit_roundoff = 0x1p-24;
/// For second-order terms and for bounds that are computed from the rounded values themselves.
inline constexpr double bound_margin = 1.1;

struct Moments {
  double mean_error;
  double variance;
  double least_variance;  ///< 0 where nothing is known
  double most_variance;
  double central_3, error_3;
  double central_4, error_4;
};

/// Of n >= 1 sizes from the sums of their first four powers about an origin.
inline Moments moments_of(double n, double power_1, double power_2, double power_3,
                          double power_4) {
  constexpr double unit = 40.0 * single_unit_roundoff * bound_margin;
  const double per_size = 1.0 / n;
  const double mean = power_1 * per_size;
  const double m1 = std::abs(mean);
  const double m2 = power_2 * per_size;
  const double m3 = power_3 * per_size;
  const double m4 = power_4 * per_size;
  const double d1 = unit * std::sqrt(m2);
  const double d2 = unit * m2;
  const double d3 = unit * std::sqrt(m2 * m4);
  const double d4 = unit * m4;
  const double top = m1 + d1;  // the largest possible abs(mean)
  const double variance_error = d2 + top * top - m1 * m1;
  Moments out;
  out.mean_error = d1;
  out.variance = m2 - m1 * m1;
  const double least = out.variance - variance_error;
  out.least_variance = least > 0.01 * m2 && m2 > 0x1p-50 ? least : 0.0;
  out.most_variance = out.variance + variance_error;
  out.central_3 = m3 - 3.0 * mean * m2 + 2.0 * mean * m1 * m1;
  out.error_3 = d3 + 3.0 * (top * (m2 + d2) - m1 * m2) + 2.0 * (top * top * top - m1 * m1 * m1);
  out.central_4 = m4 - 4.0 * mean * m3 + 6.0 * m1 * m1 * m2 - 3.0 * m1 * m1 * m1 * m1;
  out.error_4 = d4 + 4.0 * (top * (std::abs(m3) + d3) - m1 * std::abs(m3)) +
                6.0 * (top * top * (m2 + d2) - m1 * m1 * m2) +
                3.0 * (top * top * top * top - m1 * m1 * m1 * m1);
  return out;
}

/// Bound of the error of the skewness, for a least variance above 0.
inline double skewness_error(const Moments& m) {
  const double over_least = 1.0 / (m.least_variance * std::sqrt(m.least_variance));
  const double over_most = 1.0 / (m.most_variance * std::sqrt(m.most_variance));
  return m.error_3 * over_least + std::abs(m.central_3) * (over_least - over_most);
}

/// Bound of the error of the kurtosis, for a least variance above 0.
inline double kurtosis_error(const Moments& m) {
  const double over_least = 1.0 / (m.least_variance * m.least_variance);
  const double over_most = 1.0 / (m.most_variance * m.most_variance);
  return m.error_4 * over_least + std::abs(m.central_4) * (over_least - over_most);
}

/// What rounding in double precision adds to a statistic of n sizes.
inline double double_rounding(double n, double value) {
  return 1e-11 * n * (1.0 + std::abs(value));
}

}  // namespace flopsieve::engine
