#pragma once

#include <cstdint>
#include <vector>

#include "engine/tally.hpp"

/// Scores of forecasts of a whole number, such as models above a threshold, once it is known.
namespace flopsieve::jobs {

/// The forecast of a whole number: the probability of each value 0, 1, 2, ..., which add up to 1
/// but for a rounding error; 0 for values beyond the end. Not empty.
using Shares = std::vector<double>;

/// The shares of the simulated values; at least one value must have been counted.
Shares shares_of(const engine::Histogram& histogram);

/// Poisson with this mean, positive and at most 1e5, up to where less than 1e-12 is left.
Shares poisson_shares(double mean);

/// Smallest value whose cumulative probability is at least q, 0 < q < 1; a rounding error of 1e-12
/// below q counts as q.
std::int64_t share_quantile(const Shares& forecast, double q);

/// Continuous ranked probability score, the integral over x of (P(value <= x) - [observed <= x])^2
/// (Gneiting and Raftery 2007, Journal of the American Statistical Association 102, section 4.2).
/// In models: 0 is perfect, and a forecast of one value for certain scores its absolute error.
double crps(const Shares& forecast, std::int64_t observed);

/// -ln p of the observed value, with p = (n + 1/2) / (N + 1) where n of N simulated values equal
/// it. A value that was never simulated so costs ln(2 N + 2), not infinity.
double log_score_of_histogram(const engine::Histogram& histogram, std::int64_t observed);

/// -ln of the probability of `observed` under the Poisson law with this mean, positive.
double poisson_log_score(double mean, std::int64_t observed);

/// P(value < observed) + uniform * P(value = observed), the randomised probability integral
/// transform (Czado, Gneiting and Held 2009, Biometrics 65): uniform on (0, 1) if observed values
/// are drawn from the forecasts and `uniform`, in (0, 1), is independent of them.
double randomised_pit(const Shares& forecast, std::int64_t observed, double uniform);

}  // namespace flopsieve::jobs
