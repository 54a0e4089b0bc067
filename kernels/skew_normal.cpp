#include "kernels/skew_normal.hpp"

#include <cmath>

#include "kernels/math.hpp"

namespace flopsieve::kernels {

SkewNormalShape skew_normal_shape(double skewness) {
  if (skewness == 0.0) return {};
  constexpr double half_pi = 1.57079632679489661923;
  constexpr double two_over_pi = 0.63661977236758134308;
  // delta^2 = pi/2 * r / (r + ((4 - pi) / 2)^(2/3)) with r = |skewness|^(2/3).
  constexpr double offset = 0.56899565941192449;  // ((4 - pi) / 2)^(2/3)
  const double r = exponential(natural_log(std::abs(skewness)) * (2.0 / 3.0));
  const double delta_squared = half_pi * r / (r + offset);
  const double delta = skewness < 0.0 ? -std::sqrt(delta_squared) : std::sqrt(delta_squared);
  const double mean_of_absolute = std::sqrt(two_over_pi);
  const double sd = std::sqrt(1.0 - two_over_pi * delta_squared);
  return {delta / sd, std::sqrt(1.0 - delta_squared) / sd, -delta * mean_of_absolute / sd};
}

}  // namespace flopsieve::kernels
