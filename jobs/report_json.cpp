#include "engine/parameters.hpp"
#include "jobs/estimates_json.hpp"
#include "jobs/report_content.hpp"
#include "jobs/report_words.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Plan;
using engine::YearTally;

Json split_json(const YearTally& year) {
  const engine::SplitTally& tally = year.split;
  const engine::SplitReport report = engine::report_split(year);
  return {{"probability", report.probability},
          {"standard_error", report.error},
          {"levels", report.levels},
          {"moves_accepted", report.acceptance},
          {"pairs", tally.pairs},
          {"disagreeing_pairs", tally.disagreeing}};
}

Json tilt_json(const YearTally& year) {
  const engine::TiltReport report = engine::report_tilt(year);
  return {{"total_probability", report.total_probability},
          {"total_standard_error", report.total_error},
          {"probability", report.probability},
          {"standard_error", report.error}};
}

Json acceptance_json(const Plan& plan, const YearTally& year) {
  Json constraints = Json::object();
  const std::vector<engine::RejectorReport> reports = cutflow(plan, year);
  for (std::size_t i = 0; i < reports.size(); ++i) {
    Json joint = Json::object();
    for (std::size_t j = 0; j < reports.size(); ++j) {
      if (j != i) joint[reports[j].name] = year.joint[i * reports.size() + j];
    }
    constraints[reports[i].name] = {{"killed", reports[i].killed},
                                    {"alone", reports[i].alone},
                                    {"without", reports[i].without},
                                    {"joint", joint}};
  }
  const bool split = plan.sampling.method == engine::Method::split;
  const bool tilted = engine::is_tilted(plan.sampling.method);
  Json json = {{"candidates", year.candidates},
               {"survivors", year.survivors},
               {"first_attempt_pass_rate",
                split || tilted ? Json() : Json(ratio(year.first_passes, year.first_trials))},
               {"first_trials", year.first_trials},
               {"exhausted", year.exhausted},
               {"audited", year.audited},
               {"audited_survivors", year.audited_survivors},
               {"constraints", constraints}};
  if (split) json["split"] = split_json(year);
  if (tilted) json["tilt"] = tilt_json(year);
  return json;
}

/// [year][threshold], only what is known.
Json known_json(const Plan& plan, const std::vector<std::optional<std::uint64_t>>& known,
                const std::vector<std::string>& thresholds) {
  Json result = Json::object();
  for (std::size_t cell = 0; cell < known.size(); ++cell) {
    if (!known[cell]) continue;
    const std::string year = std::to_string(plan.years[cell / thresholds.size()]);
    result[year][thresholds[cell % thresholds.size()]] = *known[cell];
  }
  return result;
}

Json counts_json(const ReportContent& content) {
  const Plan& plan = content.plan;
  const engine::Summary& summary = content.summary;
  const std::vector<std::string> thresholds = number_keys(plan.outputs.thresholds);
  return {{"convention", convention_name(content.convention)},
          {"per_year", whole_json(plan, summary.counts, thresholds)},
          {"per_year_error", bounds_json(plan, summary.counts, thresholds)},
          {"cumulative", whole_json(plan, summary.cumulative, thresholds)},
          {"cumulative_error", bounds_json(plan, summary.cumulative, thresholds)},
          {"cumulative_from", plan.outputs.cumulative_from},
          {"cumulative_base", plan.outputs.cumulative_base},
          {"observed",
           {{"per_year", known_json(plan, content.known.per_year, thresholds)},
            {"cumulative", known_json(plan, content.known.cumulative, thresholds)}}}};
}

}  // namespace

std::string json_report(const ReportContent& content) {
  const Plan& plan = content.plan;
  Json json;
  json["title"] = plan.title;
  json["years"] = plan.years;
  json["thresholds"] = plan.outputs.thresholds;
  json["quantiles"] = plan.outputs.quantiles;
  json["counts"] = counts_json(content);
  const std::vector<std::string> widths = number_keys(plan.outputs.frontier.widths);
  json["frontier"] = {{"before", whole_json(plan, content.summary.frontier_before, widths)},
                      {"including", whole_json(plan, content.summary.frontier_including, widths)}};
  json["statistics"] =
      values_json(plan, content.summary.statistics, statistic_keys(plan.outputs.statistics));
  json["acceptance"] = Json::object();
  for (std::size_t i = 0; i < plan.year_count(); ++i) {
    json["acceptance"][std::to_string(plan.years[i])] =
        acceptance_json(plan, content.tally.years[i]);
  }
  json["trajectories"] = content.tally.trajectories;
  json["complete_trajectories"] = content.tally.complete;
  json["result_class"] = engine::result_class(plan);
  json["method"] = engine::name(plan.sampling.method);
  json["method_is_automatic"] = plan.sampling.automatic;
  json["method_reason"] = plan.sampling.reason;
  json["stopped_early"] = engine::stopped_early(plan, content.tally);
  json["seed"] = plan.seed;
  return json.dump(2) + "\n";
}

}  // namespace flopsieve::jobs
