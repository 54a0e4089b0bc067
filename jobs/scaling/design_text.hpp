#pragma once

#include <optional>
#include <string>

#include "jobs/report.hpp"
#include "jobs/scaling/design.hpp"
#include "jobs/scaling/laws.hpp"

namespace flopsieve::jobs {

/// Where the target comes from, if not given as parameters.
struct DesignLaw {
  ScalingLaw law;
  Optimum optimum;
};

/// What flopsieve scaling design prints: jobs/SCALING.md names every field.
struct DesignContent {
  DesignTask task;
  std::string option = "--parameters";  ///< that gives the target
  bool is_default_vocabulary = false;
  bool has_unknown_entry = false;
  std::optional<DesignLaw> law;
  DesignResult result;
};

std::string design_text(const DesignContent& content, ReportFormat format);

/// One line, where even the smallest shape of the grid is too large: what is too large, and what
/// fits.
std::string too_large_text(const DesignContent& content);

}  // namespace flopsieve::jobs
