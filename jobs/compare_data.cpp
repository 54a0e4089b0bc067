#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/summary.hpp"
#include "jobs/compare_report.hpp"
#include "jobs/csv_rows.hpp"
#include "jobs/report_words.hpp"

namespace flopsieve::jobs {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> acceptance_keys() {
  return {"first_attempt_pass_rate", "efficiency", "exhausted"};
}

/// Cells of one kind, and the names of what they are of and of the numbers in each.
struct Section {
  const char* kind;   ///< in CSV
  const char* place;  ///< in JSON
  const std::vector<ComparedCell>& cells;
  std::vector<std::string> items;
  std::vector<std::string> measures;  ///< one empty name where there is but one number
};

std::vector<Section> sections(const Comparison& comparison) {
  const std::vector<std::string> thresholds = number_keys(comparison.thresholds);
  const std::vector<std::string> widths = number_keys(comparison.frontier_widths);
  std::vector<std::string> measures = number_keys(comparison.quantiles);
  measures.push_back("mean");
  const auto statistics = statistic_keys(comparison.statistics);
  return {{"count", "/counts/per_year", comparison.counts, thresholds, measures},
          {"cumulative", "/counts/cumulative", comparison.cumulative, thresholds, measures},
          {"frontier_before", "/frontier/before", comparison.frontier_before, widths, measures},
          {"frontier_including", "/frontier/including", comparison.frontier_including, widths,
           measures},
          {"statistic", "/statistics", comparison.statistic_cells, statistics, measures},
          {"acceptance", "/acceptance", comparison.acceptance, acceptance_keys(), {""}}};
}

std::string csv_number(const std::optional<double>& number) {
  return number ? fmt::format("{}", *number) : "";
}

/// What is not known is empty.
std::string csv_number(double number) {
  return std::isnan(number) ? "" : fmt::format("{}", number);
}

std::string csv_difference(const Measure& first, const Measure& other) {
  const Measure change = difference(first, other);
  const char* mark = exceeds(change) ? "1" : "0";
  return fmt::format("{},{},{}", csv_number(change.value), csv_number(change.error),
                     change.error ? mark : "");
}

std::string csv_rows(const Comparison& comparison, const Section& section) {
  std::string text;
  for (const ComparedCell& cell : section.cells) {
    for (std::size_t i = 0; i < section.measures.size(); ++i) {
      for (std::size_t run = 0; run < cell.runs.size(); ++run) {
        const Measure& measure = cell.runs[run][i];
        text += fmt::format(
            "{},{},{},{},{},{},{},{},{}\n", section.kind, cell.year,
            csv_quoted(section.items[cell.of]), section.measures[i],
            csv_quoted(comparison.names[run]), csv_number(measure.value), csv_number(measure.error),
            run == 0 ? ",," : csv_difference(cell.runs[0][i], measure), comparison.classes[run]);
      }
    }
  }
  return text;
}

Json optional_json(const std::optional<double>& number) {
  return number ? Json(*number) : Json();
}

/// [year][item][quantile or "mean"]; of an acceptance [year][item].
Json section_json(const Section& section) {
  Json json = Json::object();
  for (const ComparedCell& cell : section.cells) {
    Json& at = json[std::to_string(cell.year)][section.items[cell.of]];
    for (std::size_t i = 0; i < section.measures.size(); ++i) {
      const std::string& name = section.measures[i];
      (name.empty() ? at : at[name]) = measure_json(cell, i);
    }
  }
  return json;
}

Json files_json(const std::vector<NamedResults>& runs) {
  Json files = Json::array();
  for (const NamedResults& run : runs) {
    files.push_back({{"name", run.name},
                     {"title", run.results.study.plan.title},
                     {"seed", run.results.study.plan.seed},
                     {"trajectories", run.results.tally.trajectories},
                     {"complete_trajectories", run.results.tally.complete},
                     {"result_class", engine::result_class(run.results.study.plan)}});
  }
  return files;
}

}  // namespace

Json measure_json(const ComparedCell& cell, std::size_t i) {
  Json json = {{"values", Json::array()},
               {"errors", Json::array()},
               {"differences", Json::array()},
               {"difference_errors", Json::array()},
               {"exceeds", Json::array()}};
  for (std::size_t run = 0; run < cell.runs.size(); ++run) {
    const Measure& measure = cell.runs[run][i];
    json["values"].push_back(measure.value);
    json["errors"].push_back(optional_json(measure.error));
    if (run == 0) continue;
    const Measure change = difference(cell.runs[0][i], measure);
    json["differences"].push_back(change.value);
    json["difference_errors"].push_back(optional_json(change.error));
    json["exceeds"].push_back(change.error ? Json(exceeds(change)) : Json());
  }
  return json;
}

Json differing_json(const std::vector<DifferingKey>& differing) {
  Json json = Json::object();
  for (const DifferingKey& each : differing) {
    Json& values = json[each.key] = Json::array();
    for (const auto& value : each.values) values.push_back(value ? Json(*value) : Json());
  }
  return json;
}

std::string comparison_csv(const Comparison& comparison) {
  std::string text =
      "kind,year,of,quantile,file,value,error,difference,difference_error,exceeds,class\n";
  for (const Section& section : sections(comparison)) text += csv_rows(comparison, section);
  return text;
}

std::string comparison_json(const Comparison& comparison, const std::vector<NamedResults>& runs) {
  Json json;
  json["files"] = files_json(runs);
  json["differing_keys"] = differing_json(comparison.differing);
  json["left_out"] = comparison.left_out;
  json["shares_seed"] = comparison.shares_seed;
  json["years"] = comparison.years;
  json["thresholds"] = comparison.thresholds;
  json["frontier_widths"] = comparison.frontier_widths;
  json["quantiles"] = comparison.quantiles;
  for (const Section& section : sections(comparison)) {
    json[Json::json_pointer(section.place)] = section_json(section);
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace flopsieve::jobs
