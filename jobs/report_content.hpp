#pragma once

#include <string>

#include "engine/plan.hpp"
#include "engine/summary.hpp"
#include "engine/tally.hpp"
#include "jobs/convention.hpp"
#include "jobs/known_counts.hpp"

namespace flopsieve::jobs {

/// What a report is made of, the same in every format.
struct ReportContent {
  const engine::Plan& plan;
  const engine::Tally& tally;
  engine::Summary summary;  ///< by the convention
  Convention convention = Convention::trajectory;
  KnownCounts known;
};

std::string text_report(const ReportContent& content);
std::string csv_report(const ReportContent& content);
std::string json_report(const ReportContent& content);

}  // namespace flopsieve::jobs
