#pragma once

/// The standard normal law, with the same bits on every machine as all of math.hpp (where its
/// quantile is).
namespace flopsieve::kernels {

/// exp(-x^2 / 2) / sqrt(2 pi); 0 where abs(x) > 37.6. Relative error below 5e-16.
double normal_density(double x);

/// P(X > x), also for infinite x; 0 above x = 37.6. Relative error below 7e-16 for 0 <= x <= 37.6
/// and 4e-16 for x < 0 (against GNU MPFR, accuracy_test.cpp): the method of Shepherd and
/// Laframboise, Mathematics of Computation 36 (1981) 249, with a polynomial of degree 24 of our
/// own.
double normal_tail(double x);

/// P(X <= x) = normal_tail(-x).
double normal_cdf(double x);

/// P(low < X <= high) for low <= high, taken in the nearer tail, so that a small probability far
/// out keeps its digits.
double normal_between(double low, double high);

/// The x of [low, high] below which the fraction u (0 < u < 1) of the probability between them
/// lies: a draw from the law within these bounds. The bound nearer to 0 where both are beyond 37 on
/// one side.
double normal_quantile_between(double low, double high, double u);

}  // namespace flopsieve::kernels
