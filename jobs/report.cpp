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

namespace {

std::string exhaustion_warning(const engine::Plan& plan, const engine::Tally& tally) {
  if (plan.attempts == 1 || tally.trajectories == 0) return "";
  const std::uint64_t exhausted = tally.trajectories - tally.complete;
  const double share = ratio(exhausted, tally.trajectories);
  if (share <= 0.01) return "";
  if (plan.sampling.method == engine::Method::split) {
    return fmt::format(
        "{} of {} trajectories ({:.3g} %) were dropped, because splitting found no way into their "
        "constraints: the prior of the trajectory inputs is being reweighted. Widen the "
        "constraints.",
        exhausted, tally.trajectories, 100.0 * share);
  }
  return fmt::format(
      "{} of {} trajectories ({:.3g} %) ran out of their {} attempts and were dropped: the prior "
      "of "
      "the trajectory inputs is being reweighted. Raise attempts or widen the constraints.",
      exhausted, tally.trajectories, 100.0 * share, plan.attempts);
}

/// Years in which independent populations of a trajectory contradict each other.
std::string disagreement_warning(const engine::Plan& plan, const engine::Tally& tally) {
  std::string text;
  for (std::size_t i = 0; i < plan.year_count(); ++i) {
    const engine::SplitTally& split = tally.years[i].split;
    if (split.disagreeing == 0) continue;
    text += fmt::format("{}{} of {} pairs of populations of {}", text.empty() ? "" : ", ",
                        split.disagreeing, split.pairs, plan.years[i]);
  }
  if (text.empty()) return text;
  return text +
         " give probabilities more than 5 standard errors apart: splitting does not reach all "
         "that meets the constraints there, and the results are not to be trusted. Widen a "
         "constraint, or use another method.";
}

}  // namespace

std::string report_warnings(const engine::Plan& plan, const engine::Tally& tally) {
  const std::string exhausted = exhaustion_warning(plan, tally);
  const std::string disagreement = disagreement_warning(plan, tally);
  const bool both = !exhausted.empty() && !disagreement.empty();
  return exhausted + (both ? "\n" : "") + disagreement;
}

}  // namespace flopsieve::jobs
