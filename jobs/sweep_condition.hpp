#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "jobs/sweep_data.hpp"

namespace flopsieve::jobs {

/// Whether a condition of SweepView::where holds for each variant. A variant without a value meets
/// no condition on it but `!=`. Throws Error(bad_input) that says what is wrong and what is
/// allowed.
std::vector<bool> meets(SweepData& sweep, const std::string& condition);

}  // namespace flopsieve::jobs
