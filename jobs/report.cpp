#include "jobs/report.hpp"

#include <fmt/format.h>

#include "engine/error.hpp"
#include "jobs/embedded.hpp"
#include "jobs/report_content.hpp"
#include "jobs/report_words.hpp"

namespace flopsieve::jobs {

ReportFormat parse_report_format(const std::string& text) {
  if (text == "table") return ReportFormat::table;
  if (text == "csv") return ReportFormat::csv;
  if (text == "json") return ReportFormat::json;
  throw engine::Error(engine::ExitCode::bad_input,
                      fmt::format("--format must be table, csv or json, found \"{}\"", text));
}

std::string report(const engine::Plan& plan, const engine::Tally& tally, ReportFormat format,
                   Convention convention) {
  engine::Summary summary = summarise(plan, tally);
  if (convention == Convention::sum_of_percentiles) {
    summary = by_sum_of_percentiles(plan, tally, std::move(summary));
  }
  const Calibration calibration = parse_calibration(embedded_calibration(), "embedded calibration");
  const ReportContent content{plan, tally, std::move(summary), convention,
                              known_counts(plan, calibration)};
  switch (format) {
    case ReportFormat::csv:
      return csv_report(content);
    case ReportFormat::json:
      return json_report(content);
    case ReportFormat::table:
      break;
  }
  return text_report(content);
}

std::string report_warnings(const engine::Plan& plan, const engine::Tally& tally) {
  if (plan.attempts == 1 || tally.trajectories == 0) return "";
  const std::uint64_t exhausted = tally.trajectories - tally.complete;
  const double share = ratio(exhausted, tally.trajectories);
  if (share <= 0.01) return "";
  return fmt::format(
      "{} of {} trajectories ({:.3g} %) ran out of their {} attempts and were dropped: the prior "
      "of "
      "the trajectory inputs is being reweighted. Raise attempts or widen the constraints.",
      exhausted, tally.trajectories, 100.0 * share, plan.attempts);
}

}  // namespace flopsieve::jobs
