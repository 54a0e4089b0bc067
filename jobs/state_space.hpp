#pragma once

#include <array>

#include "engine/state_path.hpp"
#include "jobs/calibration.hpp"
#include "jobs/kalman.hpp"

/// The posterior of five local linear trends, one for each engine::StateSeries, from the yearly
/// figures of a calibration. The series share one unknown, the ratio of slope noise to level noise;
/// given it they are independent. Seven years cannot tell noises from one another: their likelihood
/// is often largest at zero, and forecasts with fitted noises are too narrow. So the noises are
/// averaged over their posterior, on a grid.
namespace flopsieve::jobs {

/// Weakly informative priors of a series. The first level's prior is centred at the first
/// observation and so wide that its place does not matter.
struct StatePrior {
  double level_noise;  ///< level_sd is half-normal with this scale: of the size of the changes from
                       ///< year to year that the notable models of 2017-2023 show
  double first_level_sd;
  double first_slope_sd;  ///< the first slope is normal about 0: no growth is a guess, and growth
                          ///< two of these either way is still likely
};

/// Per year, on the scales of engine::StateSeries: totals and means in orders of magnitude, the
/// others in natural units of their transformed scales.
inline constexpr std::array<StatePrior, engine::state_series> state_priors{{
    {0.5, 10.0, 1.0},   // log10_total
    {0.5, 10.0, 1.0},   // mean
    {0.15, 10.0, 0.2},  // ln_sd
    {0.3, 10.0, 0.3},   // atanh_skewness
    {0.3, 10.0, 0.5},   // ln_count
}};

/// The ratio slope_sd / level_sd is log-uniform between these, so the signal-to-noise ratio of the
/// variances is its square. At the lower end a trend keeps its slope for decades; at the upper end
/// the slope is as restless as the level and gives 6/7 of the variance of a forecast five years on.
inline constexpr double smallest_noise_ratio = 0.02;
inline constexpr double largest_noise_ratio = 1.0;

/// The grid: middles of cells of equal prior probability.
inline constexpr std::size_t noise_ratios = 6;
inline constexpr std::size_t level_noises = 12;

/// Largest absolute skewness that is transformed; larger ones count as this.
inline constexpr double largest_observed_skewness = 0.99;

/// Yearly values with their standard errors, per engine::StateSeries.
struct StateData {
  int last_year = 0;
  std::array<Series, engine::state_series> series;
};

/// The figures of a calibration. Standard errors: of ln k, 1 / sqrt(k) (Poisson); of the others the
/// standard deviation over 1,000 bootstrap samples of k models from the year's histogram, each
/// model uniform in its bin. The samples are a pure function of the year and its histogram.
/// Throws engine::Error(bad_input) naming a year of which one of them is 0 or undefined, as with 1
/// or 2 models.
StateData state_data(const Calibration& calibration);

/// The posterior. fitted_mean_sd is the root mean square of the standard errors of the mean.
/// Proper for any number of years; at least 3 are needed to say anything about a trend.
engine::StateSpace fit_state_space(const StateData& data);

}  // namespace flopsieve::jobs
