#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/pilot.hpp"
#include "engine/plan.hpp"

/// The order in which constraints are looked at. It decides how fast candidates are rejected, never
/// which of them survive, and is fixed in the Plan: by a table of costs and counts of the pilot, so
/// that it hangs on no clock.
namespace flopsieve::engine {

/// What a constraint costs per candidate, in units of a statistic that is made of sums: estimated
/// from the work for 100 sizes. Wrong costs make a run slower, not wrong.
double static_cost(const Constraint& constraint);

/// The share of the audited candidates of the pilot, (r + 1) / (n + 2), that each constraint
/// rejects, whatever the others say; years weighted by the candidates that a trajectory needs.
std::vector<double> rejection_rates(const Plan& plan, const Pilot& pilot);

/// Indices of the constraints in ascending order of cost / rejection rate: the order of least
/// expected cost if they reject independently (W. E. Smith, Naval Research Logistics Quarterly 3
/// (1956) 59: exchange two neighbours). Equal ones in declared order. No rates: by cost.
std::vector<std::uint32_t> cascade_order(std::span<const Constraint> constraints,
                                         std::span<const double> rejection_rates = {});

}  // namespace flopsieve::engine
