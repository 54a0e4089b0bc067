#pragma once

#include "engine/plan.hpp"
#include "jobs/calibration.hpp"
#include "jobs/document.hpp"
#include "jobs/support.hpp"

namespace flopsieve::jobs {

/// Reads models.count into Plan::count. Needs Plan::years and the family of the sizes: with an
/// allocation the count is implied, and only there.
void parse_count(TableReader& models, const Calibration& calibration, engine::Plan& plan);

/// The least and the largest number of models that the job allows in a year.
Support count_support(const engine::Plan& plan, std::size_t year);

}  // namespace flopsieve::jobs
