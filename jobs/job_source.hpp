#pragma once

#include <string>

#include "engine/plan.hpp"
#include "jobs/commands.hpp"

namespace flopsieve::jobs {

/// The Plan that a command line asks for, without the batch size (jobs/planning.hpp).
/// Throws Error(bad_input).
engine::Plan read_plan(const JobOptions& options);

/// Where a run goes if the user does not say: `<job>.h5` in the working folder, or
/// `<job>-<8 hex digits of the identity>.h5` with --set or --seed.
std::string default_output(const JobOptions& options, const engine::Plan& plan);

}  // namespace flopsieve::jobs
