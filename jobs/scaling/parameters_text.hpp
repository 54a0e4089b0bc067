#pragma once

#include <string>

#include "jobs/report.hpp"
#include "jobs/scaling/shape_count.hpp"

namespace flopsieve::jobs {

/// What flopsieve scaling parameters prints: jobs/SCALING.md names every field.
struct ParametersContent {
  std::string preset;  ///< "": none
  Shape shape;
  ParameterCount count;
  FlopCount flop;
};
std::string parameters_text(const ParametersContent& content, ReportFormat format);

}  // namespace flopsieve::jobs
