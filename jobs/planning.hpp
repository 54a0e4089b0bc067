#pragma once

#include "engine/pilot.hpp"
#include "engine/plan.hpp"
#include "engine/study.hpp"
#include "jobs/document.hpp"

namespace flopsieve::jobs {

enum class Force { no, yes };

/// Makes a Plan ready to run: proves what can be proved, runs the pilot and chooses the batch size
/// unless the job states one. Throws Error(infeasible) or, without `force`, Error(budget).
engine::Pilot complete_plan(engine::Plan& plan, Force force);

/// The study of a finished plan with the provenance that this program knows.
engine::Study make_study(const engine::Plan& plan, const std::vector<std::string>& command_line);

}  // namespace flopsieve::jobs
