#pragma once

#include "engine/plan.hpp"
#include "jobs/table_reader.hpp"

namespace flopsieve::jobs {

/// Reads models.match and models.tolerance into Plan::matching, and refuses what the laws of the
/// Plan cannot do. Needs everything of the Plan that decides a candidate's inputs.
void parse_match(TableReader& models, engine::Plan& plan);

}  // namespace flopsieve::jobs
