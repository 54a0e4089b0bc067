#pragma once

#include <vector>

#include "engine/trend_draw.hpp"

namespace flopsieve::jobs {

/// Ordinary least squares of y on the year, centred; at least 3 points in different years. The
/// result has what the posterior of intercept, slope and variance needs (engine/trend_draw.hpp).
engine::TrendFit fit_trend(const std::vector<double>& years, const std::vector<double>& y);

/// The fitted line at a year.
double trend_at(const engine::TrendFit& fit, double year);

/// Least squares of y on a continuous line with one knot, for each of the interior years as the
/// knot; at least 5 points, in ascending years. Given its knot a line has n - 3 degrees of freedom.
/// The weight of a knot is proportional to exp(-SSE / (2 s^2)), with SSE its sum of squared
/// residuals and s^2 the residual variance, SSE / (n - 3), of the best knot.
std::vector<engine::Kink> fit_kinked_trend(const std::vector<double>& years,
                                           const std::vector<double>& y);

}  // namespace flopsieve::jobs
