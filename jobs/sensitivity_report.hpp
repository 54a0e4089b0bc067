#pragma once

#include <string>
#include <vector>

#include "jobs/sensitivity.hpp"

namespace flopsieve::jobs {

/// What was looked at.
struct SensitivityContent {
  std::string file;
  std::string design;  ///< empty: a run
  bool common_random_numbers = false;
  std::vector<Sensitivity> metrics;
};

/// For people: a table per metric.
std::string sensitivity_text(const SensitivityContent& content);

/// The same of a sweep, by the measure of its design. Throws as parse_metric(), place_of() and
/// analyse().
std::string sweep_sensitivity_text(SweepData& sweep, const std::vector<std::string>& metrics,
                                   const std::string& file);

/// A row per metric, input and index.
std::string sensitivity_csv(const SensitivityContent& content);

/// The names are fixed, see jobs/SENSITIVITY.md.
std::string sensitivity_json(const SensitivityContent& content);

}  // namespace flopsieve::jobs
