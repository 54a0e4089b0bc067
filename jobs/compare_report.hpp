#pragma once

#include <functional>
#include <nlohmann/json.hpp>
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

// What comparisons of runs and of sweeps share.

using NumberText = std::function<std::string(double)>;

/// A difference(): "+12±3*"; "+12" without an error.
std::string difference_text(const Measure& change, const NumberText& value,
                            const NumberText& error);

/// An error, in two digits.
std::string two_digits(double error);

/// The keys of the resolved jobs that differ, with the values in each file.
std::string differing_table(const std::vector<std::string>& names,
                            const std::vector<DifferingKey>& differing);
nlohmann::ordered_json differing_json(const std::vector<DifferingKey>& differing);

/// Measure `i` of every file, and the differences to the first.
nlohmann::ordered_json measure_json(const ComparedCell& cell, std::size_t i);

}  // namespace flopsieve::jobs
