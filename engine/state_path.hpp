#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

/// Forward paths of yearly quantities that follow local linear trends with uncertain noises (Durbin
/// and Koopman, Time Series Analysis by State Space Methods, 2nd ed., section 3.2):
///   level[t] = level[t-1] + slope[t-1] + level_sd * normal
///   slope[t] = slope[t-1] + slope_sd * normal
/// with independent noises. One number, slope_sd / level_sd, is common to all series.
namespace flopsieve::engine {

/// The series, each on the scale where the trend is linear: log10 FLOP of the year's total; mean
/// log10 FLOP of its models; ln of their standard deviation; atanh(skewness / skewness_limit); ln
/// of their number.
struct StateSeries {
  enum : std::uint32_t { log10_total, mean, ln_sd, atanh_skewness, ln_count };
};
inline constexpr std::uint32_t state_series = 5;
using StateRow = std::array<double, state_series>;

/// The skewness that no skew-normal law reaches.
inline constexpr double skewness_limit = 0.9953;

/// One possible pair of noises of one series, given the ratio of the noises, with what the observed
/// years then say about the last of them: (level, slope) is normal.
struct StatePoint {
  double weight = 0.0;  ///< posterior probability given the ratio; the weights of a series sum to 1
  double level = 0.0;   ///< filtered mean of the level in the last observed year
  double slope = 0.0;   ///< filtered mean of the slope then, per year
  double chol_11 = 0.0;  ///< lower Cholesky factor of the covariance of (level, slope)
  double chol_21 = 0.0;
  double chol_22 = 0.0;
  double level_sd = 0.0;  ///< standard deviation of the level's yearly noise
  double slope_sd = 0.0;  ///< standard deviation of the slope's yearly noise
};

/// The posterior after the observed years, as a grid.
struct StateSpace {
  int last_year = 0;                  ///< the last observed year
  double fitted_mean_sd = 0.0;        ///< standard deviation, OOM, of a year's observed mean about
                                      ///< its level
  std::vector<double> ratio_weights;  ///< posterior probability of each ratio; sums to 1
  std::uint32_t points = 0;           ///< grid points of a series given the ratio
  std::vector<StatePoint> grid;       ///< [ratio, series, point], the point fastest
  std::vector<double> observed;       ///< [series, year] what the posterior was made from, in
                                      ///< consecutive years to last_year; no draw looks at it
  std::vector<double> standard_errors;  ///< [series, year] of `observed`
};

/// The levels of one forward path in each of `years`, which ascend and lie after last_year.
/// `uniform` gives the i-th number in (0, 1) of the path's own stream: 0 the ratio; 1 + 3 s + {0,
/// 1, 2} the point of series s and its state in the last year; 16 + 10 (n - 1) + 2 s + {0, 1} the
/// noises of its level and slope n years later. So a year's row does not depend on the other years
/// asked for.
std::vector<StateRow> draw_state_path(const StateSpace& space,
                                      const std::function<double(std::uint32_t)>& uniform,
                                      const std::vector<int>& years);

/// The quantities of a row on their own scales.
struct StateValues {
  double log10_total = 0.0;  ///< log10 FLOP
  double mean = 0.0;         ///< of log10 FLOP
  double sd = 0.0;           ///< of log10 FLOP
  double skewness = 0.0;     ///< within skewness_limit
  double count = 0.0;        ///< not rounded
};

StateValues state_values(const StateRow& row);

}  // namespace flopsieve::engine
