#pragma once

#include "engine/plan.hpp"

/// models.method = "auto": which method samples a job, from counts alone, so that every machine
/// takes the same.
namespace flopsieve::engine {

/// Decides on the method of a Plan, with the pilot's random numbers:
///   reject  if each year has 100 survivors among its first 100,000 candidates, or 16 among the
///           first million and attempts for 30 times as many as a survivor needs, and attempts
///           will do for three quarters of the trajectories in all years together, by these pass
///           rates and, where trajectories have numbers of their own, by how many of 64 have a
///           survivor (a million candidates decide; one that has none then, after n attempts, is
///           taken for one that needs 2n); with attempts = 1 whatever they leave;
///   tilt    otherwise, if it can draw the Plan's candidates, what rejects most of them is the
///           matching of the total or a window that it tilts to (tilt_window.hpp), and its own
///           candidates pass like that;
///   split   otherwise, if it can draw them and leads trial trajectories into the constraints of
///           the rarest year; the class of the result is then "correlated";
///   reject  where neither can: run_pilot() and demand_survivors() then say what is the matter.
/// The reason is one sentence with the counts of the rarest year.
Sampling decide_method(const Plan& plan);

}  // namespace flopsieve::engine
