#pragma once

/// The skew-normal law of Azzalini (Scandinavian Journal of Statistics 12 (1985) 171),
/// standardised to mean 0 and standard deviation 1 and given by its skewness.
namespace flopsieve::kernels {

/// The skewness cannot reach (4 - pi) / 2 * (2 / (pi - 2))^(3/2) = 0.99527... in magnitude.
inline constexpr double skew_normal_limit = 0.9952717464311563;

/// A draw is absolute * |u| + normal * v + constant with u, v independent standard normals.
struct SkewNormalShape {
  double absolute = 0.0;
  double normal = 1.0;
  double constant = 0.0;
};

/// The shape of a skewness with abs(skewness) < skew_normal_limit.
SkewNormalShape skew_normal_shape(double skewness);

}  // namespace flopsieve::kernels
