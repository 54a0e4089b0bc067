#pragma once

#include <cstdint>

#include "engine/plan.hpp"
#include "engine/streams.hpp"

/// Uncertain ceilings of soft constraints (Constraint::ceiling): log10 of the ceiling is normal
/// with the 5 % and 95 % points of the year; of a statistic in log10 FLOP the ceiling itself is.
namespace flopsieve::engine {

/// Decides on the ceiling of a candidate, in (0, 1): that of its trajectory, or its own.
double ceiling_uniform(const Constraint& constraint, const Draws& draws, const Address& candidate);

/// The ceiling that is exceeded with probability u, in the unit of the statistic.
double ceiling_at(const Constraint& constraint, std::uint32_t year_index, double u);

/// By how many standard deviations of the ceiling's normal law a value lies above its median;
/// -infinity for what is not positive where that is the law of a logarithm.
double above_median(const Constraint& constraint, std::uint32_t year_index, double value);

/// P(ceiling >= value). A value below ceiling_at(u) has more than u.
double chance_below(const Constraint& constraint, std::uint32_t year_index, double value);

}  // namespace flopsieve::engine
