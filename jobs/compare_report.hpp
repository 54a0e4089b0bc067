#pragma once

#include <string>
#include <vector>

#include "jobs/compare.hpp"

namespace flopsieve::jobs {

/// A comparison for people.
std::string comparison_text(const Comparison& comparison, const std::vector<NamedResults>& runs);

/// One line for each number of each run.
std::string comparison_csv(const Comparison& comparison);

/// The names are fixed, see jobs/REPORTS.md.
std::string comparison_json(const Comparison& comparison, const std::vector<NamedResults>& runs);

}  // namespace flopsieve::jobs
