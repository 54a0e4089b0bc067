#pragma once

#include <vector>

#include "engine/plan.hpp"

namespace flopsieve::jobs {

/// Ordinary least squares of y on the year, centred; at least 3 points in different years. The
/// result has what the posterior of intercept, slope and variance needs (engine/plan.hpp).
engine::TrendFit fit_trend(const std::vector<double>& years, const std::vector<double>& y);

/// The fitted line at a year.
double trend_at(const engine::TrendFit& fit, double year);

}  // namespace flopsieve::jobs
