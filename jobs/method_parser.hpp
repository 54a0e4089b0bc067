#pragma once

#include "engine/plan.hpp"
#include "jobs/table_reader.hpp"

namespace flopsieve::jobs {

/// Reads models.method (default "auto") into Plan::sampling. Refuses a method that the matching of
/// the total does not allow, or that this version does not have. Needs Plan::matching.
void parse_method(TableReader& models, engine::Plan& plan);

}  // namespace flopsieve::jobs
