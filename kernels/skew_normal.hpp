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

/// The shape of Azzalini's parameter alpha in place of a skewness, with location 0 and scale 1:
/// mean and standard deviation follow from alpha. abs(alpha) <= 1e6.
SkewNormalShape skew_normal_direct_shape(double alpha);

/// Owen's function T(h, a) = 1 / (2 pi) * integral of exp(-h^2 (1 + x^2) / 2) / (1 + x^2) over x
/// from 0 to a (Ann. Math. Statist. 27 (1956) 1075), by Gauss and Legendre's rule with 20 points.
/// Absolute error below 1e-15.
double owens_t(double h, double a);

/// P(X <= z), P(X > z) and the density of the law of a shape with normal > 0. Absolute error of the
/// probabilities below 1e-14; the tail towards which the law is skewed keeps its digits.
double skew_normal_cumulative(const SkewNormalShape& shape, double z);
double skew_normal_tail(const SkewNormalShape& shape, double z);
double skew_normal_density(const SkewNormalShape& shape, double z);

/// The largest value of the density.
double skew_normal_peak(const SkewNormalShape& shape);

}  // namespace flopsieve::kernels
