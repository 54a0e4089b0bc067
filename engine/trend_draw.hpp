#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

/// Draws of a fitted trend from its standard posterior under the prior 1 / sigma^2 (Gelman et al.,
/// Bayesian Data Analysis, 3rd ed., section 14.2): sigma^2 ~ dof s^2 / chi^2(dof), coefficients
/// normal given sigma. With a residual sigma * normal the value in a year is Student t.
namespace flopsieve::engine {

/// Ordinary least squares of y on the year, with the year centred so that intercept and slope
/// are independent.
struct TrendFit {
  double centre = 0.0;             ///< mean of the fitted years
  double intercept = 0.0;          ///< y at the centre
  double slope = 0.0;              ///< per year
  double residual_variance = 0.0;  ///< s^2 with dof degrees of freedom
  double intercept_factor = 0.0;   ///< sd of the intercept / sigma: 1 / sqrt(n)
  double slope_factor = 0.0;       ///< sd of the slope / sigma: 1 / sqrt(sum (year - centre)^2)
  std::uint32_t degrees_of_freedom = 0;
};

/// Least squares of a line that is continuous and changes its slope at one knot.
struct Kink {
  double weight = 0.0;                   ///< probability of this knot; all sum to 1
  double knot = 0.0;                     ///< a year
  std::array<double, 3> coefficients{};  ///< value at the knot; slope before, slope after, per year
  std::array<double, 6> factor{};        ///< lower Cholesky factor of (X'X)^-1, row by row
  double residual_variance = 0.0;        ///< s^2
  std::uint32_t degrees_of_freedom = 0;
};

/// A line with at most one kink, and the standard deviation of a year's residual about it.
struct TrendDraw {
  double knot = 0.0;   ///< a year
  double value = 0.0;  ///< at the knot
  double slope_before = 0.0;
  double slope_after = 0.0;
  double sigma = 0.0;

  double mean(double year) const {
    return value + (year < knot ? slope_before : slope_after) * (year - knot);
  }
};

/// A straight line. `uniform` gives the i-th number in (0, 1) of the trajectory's stream: 0 the
/// intercept, 1 the slope, 2... the normals whose squares sum to the chi-square.
TrendDraw draw_trend(const TrendFit& fit, const std::function<double(std::uint32_t)>& uniform);

/// A kinked line; kinks not empty. uniform: 0 the knot, 1 to 3 the coefficients, 4... the
/// chi-square.
TrendDraw draw_kinked(const std::vector<Kink>& kinks,
                      const std::function<double(std::uint32_t)>& uniform);

}  // namespace flopsieve::engine
