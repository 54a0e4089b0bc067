#pragma once

#include "engine/plan.hpp"

namespace flopsieve::jobs {

/// Throws Error(infeasible), saying which constraints exclude each other and why, where interval
/// arithmetic on the inputs' ranges proves that no candidate of some year can survive. Says nothing
/// about jobs that are merely improbable; those are for the pilot (engine/pilot.hpp).
///
/// Facts used, with k in [k_min, k_max], T in [T_min, T_max]: the natural range of each statistic;
/// 1/k <= largest_share; abs(skewness) <= (k - 2) / sqrt(k - 1) and skewness^2 - 2 <=
/// excess_kurtosis <= k - 5 + 1/(k - 1) (Wilkins 1944; Pearson 1916); count_above and class counts
/// <= k; the largest model lies between T/k and T and is the largest_share of the total; costs
/// follow from FLOP per USD.
void prove_feasible_or_throw(const engine::Plan& plan);

}  // namespace flopsieve::jobs
