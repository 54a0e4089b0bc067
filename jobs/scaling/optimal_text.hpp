#pragma once

#include <optional>
#include <string>
#include <vector>

#include "jobs/report.hpp"
#include "jobs/scaling/law_intervals.hpp"
#include "jobs/scaling/token_budget.hpp"

namespace flopsieve::jobs {

/// A law's answer.
struct LawOptimum {
  ScalingLaw law;
  Optimum optimum;
  std::optional<OptimumInterval> interval;
};

/// What flopsieve scaling optimal has found.
struct OptimalContent {
  Budget budget;  ///< as asked for: of tokens, those that there are
  TokenBudget data;
  double probability = 0.9;  ///< of intervals
  std::vector<LawOptimum> laws;
  std::vector<std::string> left_out;  ///< laws that have no such optimum, and why
};

/// A table for people; one row per law as CSV; or JSON.
std::string optimal_text(const OptimalContent& content, ReportFormat format);

}  // namespace flopsieve::jobs
