#pragma once

#include <string>
#include <vector>

#include "jobs/compare.hpp"

namespace flopsieve::jobs {

/// The keys in which resolved jobs (see resolved_job()) differ from the first, each with its value
/// in all of them. An entry of the constraints is called by its name where all jobs have that name
/// in that place, as in `--set constraint.largest_share.max=0.4`.
std::vector<DifferingKey> differing_values(const std::vector<std::string>& resolved_jobs);

}  // namespace flopsieve::jobs
