#include "jobs/kalman.hpp"

#include <cmath>
#include <cstddef>
#include <numbers>

namespace flopsieve::jobs {
namespace {

StateMoments first_state(const LocalTrend& trend) {
  return {trend.first_level, trend.first_slope, trend.first_level_sd * trend.first_level_sd, 0.0,
          trend.first_slope_sd * trend.first_slope_sd};
}

StateMoments next_year(const StateMoments& now, const LocalTrend& trend) {
  return {now.level + now.slope, now.slope,
          now.level_variance + 2.0 * now.covariance + now.slope_variance +
              trend.level_sd * trend.level_sd,
          now.covariance + now.slope_variance,
          now.slope_variance + trend.slope_sd * trend.slope_sd};
}

/// The state given one more value; adds the ln of the value's density to log_likelihood.
StateMoments observe(const StateMoments& prior, double value, double noise_sd,
                     double& log_likelihood) {
  const double noise_variance = noise_sd * noise_sd;
  const double variance = prior.level_variance + noise_variance;
  const double surprise = value - prior.level;
  log_likelihood -=
      0.5 * (std::log(2.0 * std::numbers::pi * variance) + surprise * surprise / variance);
  const double level_gain = prior.level_variance / variance;
  const double slope_gain = prior.covariance / variance;
  const double kept = noise_variance / variance;  // 1 - level_gain without the cancellation
  return {prior.level + level_gain * surprise, prior.slope + slope_gain * surprise,
          prior.level_variance * kept, prior.covariance * kept,
          prior.slope_variance - slope_gain * prior.covariance};
}

/// `now`, given the values up to now, corrected by what later values say about the next year.
StateMoments smooth(const StateMoments& now, const StateMoments& next, const LocalTrend& trend) {
  const StateMoments ahead = next_year(now, trend);
  // gain = (covariance of now with the next year) (covariance of the next year)^-1
  const double determinant =
      ahead.level_variance * ahead.slope_variance - ahead.covariance * ahead.covariance;
  const double level_with_level = now.level_variance + now.covariance;
  const double slope_with_level = now.covariance + now.slope_variance;
  const auto gain = [&](double with_level, double with_slope, double& of_level, double& of_slope) {
    of_level = (with_level * ahead.slope_variance - with_slope * ahead.covariance) / determinant;
    of_slope = (with_slope * ahead.level_variance - with_level * ahead.covariance) / determinant;
  };
  double g11 = 0.0, g12 = 0.0, g21 = 0.0, g22 = 0.0;
  gain(level_with_level, now.covariance, g11, g12);
  gain(slope_with_level, now.slope_variance, g21, g22);
  const double d_level = next.level - ahead.level;
  const double d_slope = next.slope - ahead.slope;
  const double d11 = next.level_variance - ahead.level_variance;
  const double d21 = next.covariance - ahead.covariance;
  const double d22 = next.slope_variance - ahead.slope_variance;
  return {now.level + g11 * d_level + g12 * d_slope, now.slope + g21 * d_level + g22 * d_slope,
          now.level_variance + g11 * g11 * d11 + 2.0 * g11 * g12 * d21 + g12 * g12 * d22,
          now.covariance + g11 * g21 * d11 + (g11 * g22 + g12 * g21) * d21 + g12 * g22 * d22,
          now.slope_variance + g21 * g21 * d11 + 2.0 * g21 * g22 * d21 + g22 * g22 * d22};
}

}  // namespace

Filtered kalman_filter(const Series& series, const LocalTrend& trend) {
  Filtered filtered;
  StateMoments state = first_state(trend);
  for (std::size_t t = 0; t < series.values.size(); ++t) {
    if (t > 0) state = next_year(state, trend);
    state = observe(state, series.values[t], series.noise_sd[t], filtered.log_likelihood);
    filtered.states.push_back(state);
  }
  return filtered;
}

std::vector<StateMoments> kalman_smoother(const Series& series, const LocalTrend& trend) {
  std::vector<StateMoments> states = kalman_filter(series, trend).states;
  for (std::size_t t = states.size() - 1; t-- > 0;) {
    states[t] = smooth(states[t], states[t + 1], trend);
  }
  return states;
}

}  // namespace flopsieve::jobs
