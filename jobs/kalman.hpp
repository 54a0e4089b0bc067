#pragma once

#include <vector>

/// Kalman filter and smoother of one series that follows a local linear trend and is observed with
/// known noise (Durbin and Koopman, Time Series Analysis by State Space Methods, 2nd ed., sections
/// 3.2, 4.3 and 4.4):
///   y[t] = level[t] + noise_sd[t] * normal
///   level[t] = level[t-1] + slope[t-1] + level_sd * normal
///   slope[t] = slope[t-1] + slope_sd * normal
namespace flopsieve::jobs {

/// y and its noise; of the same, positive length.
struct Series {
  std::vector<double> values;
  std::vector<double> noise_sd;  ///< positive
};

/// The noises, and the independent normal prior of the first year's level and slope. All standard
/// deviations positive.
struct LocalTrend {
  double level_sd = 0.0;
  double slope_sd = 0.0;
  double first_level = 0.0;
  double first_level_sd = 0.0;
  double first_slope = 0.0;
  double first_slope_sd = 0.0;
};

/// Mean and covariance of (level, slope) in one year.
struct StateMoments {
  double level = 0.0;
  double slope = 0.0;
  double level_variance = 0.0;
  double covariance = 0.0;
  double slope_variance = 0.0;
};

struct Filtered {
  double log_likelihood = 0.0;       ///< ln of the density of all values
  std::vector<StateMoments> states;  ///< per year, given the values up to that year
};

Filtered kalman_filter(const Series& series, const LocalTrend& trend);

/// Per year, given all values (Rauch, Tung and Striebel's backward recursion).
std::vector<StateMoments> kalman_smoother(const Series& series, const LocalTrend& trend);

}  // namespace flopsieve::jobs
