#pragma once

#include "engine/plan.hpp"

namespace flopsieve::jobs {

/// Throws Error(infeasible), saying which demands exclude each other and why, where interval
/// arithmetic on the inputs' ranges proves that no candidate of some year can survive. Says nothing
/// about jobs that are merely improbable; those are for the pilot (engine/pilot.hpp). Soft
/// constraints and ratios to the previous year prove nothing.
///
/// Facts used, with k models, total T and sizes x = log10 m, each in its range (input_ranges.hpp):
///  - the natural range of each statistic; counts are whole and at most k; gini <= 1 - 1/k;
///  - smallest <= mean, median <= largest; mean <= log10(T/k), the arithmetic mean of the sizes;
///    sd <= range / 2 (Popoviciu); k 10^smallest <= T <= k 10^largest; a law of sizes with fixed
///    ends bounds smallest and largest;
///  - the largest model is largest_share of T and at least T/k; at most T/t models have t FLOP or
///    more, at most 10^j of class j or larger;
///  - abs(skewness) <= (k - 2) / sqrt(k - 1) and skewness^2 - 2 <= excess_kurtosis <= k - 5 +
///    1/(k - 1) (Wilkins 1944; Pearson 1916); abs(median_skewness) <= 1;
///  - costs follow from FLOP per USD; each class of an allocation must hold its largest model.
void prove_feasible_or_throw(const engine::Plan& plan);

}  // namespace flopsieve::jobs
