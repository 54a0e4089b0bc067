#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/pilot.hpp"
#include "engine/plan.hpp"
#include "engine/study.hpp"
#include "jobs/document.hpp"

namespace flopsieve::jobs {

enum class Force { no, yes };

/// Makes a Plan ready to run: proves what can be proved, decides on the method (engine/method.hpp)
/// and chooses the batch size, unless the job states them, and runs the pilot, which also decides
/// on the order of the constraints (engine/cascade.hpp). Throws Error(infeasible), Error(bad_input)
/// for more than a million batches, or TooWide or Error(budget), which `force` avoids but for a
/// split.
engine::Pilot complete_plan(engine::Plan& plan, Force force);

/// Throws Error(bad_input) for more than a million batches.
void demand_few_batches(const engine::Plan& plan);

/// Attributes of a result that say who made it when, where and how; `ranks` have computed it.
std::vector<std::pair<std::string, std::string>> provenance_of(
    const std::vector<std::string>& command_line, int ranks = 1);

/// The study of a finished plan with the provenance that this program knows; `ranks` compute it.
engine::Study make_study(const engine::Plan& plan, const std::vector<std::string>& command_line,
                         int ranks = 1);

}  // namespace flopsieve::jobs
