#include <fmt/format.h>

#include "jobs/csv_rows.hpp"
#include "jobs/report_content.hpp"
#include "jobs/report_words.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Plan;

std::string known_rows(const Plan& plan, const char* kind,
                       const std::vector<std::optional<std::uint64_t>>& known,
                       const std::vector<std::string>& thresholds) {
  std::string text;
  for (std::size_t cell = 0; cell < known.size(); ++cell) {
    if (!known[cell]) continue;
    text += fmt::format("{},{},\"{}\",,{},,,\n", kind, plan.years[cell / thresholds.size()],
                        thresholds[cell % thresholds.size()], *known[cell]);
  }
  return text;
}

}  // namespace

std::string csv_report(const ReportContent& content) {
  const Plan& plan = content.plan;
  const auto thresholds = number_keys(plan.outputs.thresholds);
  const auto widths = number_keys(plan.outputs.frontier.widths);
  const bool own = content.convention == Convention::trajectory;
  return quantile_columns +
         quantile_rows(plan, own ? "count" : "interpolated_count", content.summary.counts,
                       thresholds) +
         quantile_rows(plan, own ? "cumulative" : "sum_of_percentiles", content.summary.cumulative,
                       thresholds) +
         quantile_rows(plan, "frontier_before", content.summary.frontier_before, widths) +
         quantile_rows(plan, "frontier_including", content.summary.frontier_including, widths) +
         known_rows(plan, "observed_count", content.known.per_year, thresholds) +
         known_rows(plan, "observed_cumulative", content.known.cumulative, thresholds) +
         quantile_rows(plan, "statistic", content.summary.statistics,
                       statistic_keys(plan.outputs.statistics));
}

}  // namespace flopsieve::jobs
