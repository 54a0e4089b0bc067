#include "jobs/export_tables.hpp"

#include <fmt/format.h>

#include <charconv>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/format.hpp"
#include "engine/h5.hpp"
#include "engine/result_file.hpp"
#include "engine/summary.hpp"
#include "jobs/csv_rows.hpp"
#include "jobs/estimates_json.hpp"
#include "jobs/report.hpp"
#include "jobs/report_words.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Error;
using engine::Estimate;
using engine::ExitCode;
using engine::Histogram;
using engine::Plan;
using engine::Summary;
using engine::Tally;
using engine::YearTally;

/// What is counted of [year, inner], with the names of what `inner` stands for.
struct Counted {
  const char* kind;
  const std::vector<Histogram>& histograms;
  const std::vector<Estimate>& estimates;
  std::vector<std::string> inner;
};

std::vector<Counted> counted(const Plan& plan, const Tally& tally, const Summary& summary) {
  const auto thresholds = number_keys(plan.outputs.thresholds);
  const auto widths = number_keys(plan.outputs.frontier.widths);
  return {{"count", tally.counts, summary.counts, thresholds},
          {"cumulative", tally.cumulative, summary.cumulative, thresholds},
          {"frontier_before", tally.frontier_before, summary.frontier_before, widths},
          {"frontier_including", tally.frontier_including, summary.frontier_including, widths}};
}

std::string mean_rows(const Plan& plan, const char* kind, const std::vector<Estimate>& estimates,
                      const std::vector<std::string>& inner) {
  std::string text;
  for (std::size_t cell = 0; cell < estimates.size(); ++cell) {
    text += fmt::format("{},{},{},{},{}\n", kind, plan.years[cell / inner.size()],
                        csv_quoted(inner[cell % inner.size()]), estimates[cell].mean,
                        estimates[cell].standard_error);
  }
  return text;
}

std::string cdf_rows(const Plan& plan, const Counted& what) {
  std::string text;
  for (std::size_t cell = 0; cell < what.histograms.size(); ++cell) {
    for (const CdfStep& step : distribution(what.histograms[cell])) {
      text += fmt::format("{},{},{},{},{},{}\n", what.kind, plan.years[cell / what.inner.size()],
                          csv_quoted(what.inner[cell % what.inner.size()]), step.value,
                          step.trajectories, step.probability);
    }
  }
  return text;
}

std::string acceptance_table(const Plan& plan, const Tally& tally) {
  std::string text =
      "year,candidates,survivors,first_trials,first_passes,exhausted,audited,audited_survivors\n";
  for (std::size_t i = 0; i < plan.year_count(); ++i) {
    const YearTally& year = tally.years[i];
    text += fmt::format("{},{},{},{},{},{},{},{}\n", plan.years[i], year.candidates, year.survivors,
                        year.first_trials, year.first_passes, year.exhausted, year.audited,
                        year.audited_survivors);
  }
  return text;
}

std::string cutflow_table(const Plan& plan, const Tally& tally) {
  std::string text = "year,constraint,killed,alone,without\n";
  for (std::size_t i = 0; i < plan.year_count(); ++i) {
    for (const engine::RejectorReport& each : cutflow(plan, tally.years[i])) {
      text += fmt::format("{},{},{},{},{}\n", plan.years[i], csv_quoted(each.name), each.killed,
                          each.alone, each.without);
    }
  }
  return text;
}

/// [year][of]: parallel lists.
Json cdf_json(const Plan& plan, const Counted& what) {
  Json json = Json::object();
  for (std::size_t cell = 0; cell < what.histograms.size(); ++cell) {
    Json steps = {
        {"value", Json::array()}, {"trajectories", Json::array()}, {"probability", Json::array()}};
    for (const CdfStep& step : distribution(what.histograms[cell])) {
      steps["value"].push_back(step.value);
      steps["trajectories"].push_back(step.trajectories);
      steps["probability"].push_back(step.probability);
    }
    const std::size_t width = what.inner.size();
    json[std::to_string(plan.years[cell / width])][what.inner[cell % width]] = std::move(steps);
  }
  return json;
}

}  // namespace

std::vector<CdfStep> distribution(const Histogram& histogram) {
  std::uint64_t all = 0;
  for (const std::uint64_t each : histogram) all += each;
  std::vector<CdfStep> steps;
  std::uint64_t so_far = 0;
  for (std::size_t value = 0; value < histogram.size() && so_far < all; ++value) {
    so_far += histogram[value];
    steps.push_back({value, histogram[value], ratio(so_far, all)});
  }
  return steps;
}

std::vector<CsvFile> csv_tables(const Plan& plan, const Tally& tally) {
  const Summary summary = summarise(plan, tally);
  const std::vector<Counted> all = counted(plan, tally, summary);
  const auto statistics = statistic_keys(plan.outputs.statistics);
  const auto rows = [&](std::size_t i) {
    return quantile_rows(plan, all[i].kind, all[i].estimates, all[i].inner);
  };
  std::string means = "kind,year,of,mean,standard_error\n";
  std::string cdf = "kind,year,of,value,trajectories,probability\n";
  for (const Counted& each : all) {
    means += mean_rows(plan, each.kind, each.estimates, each.inner);
    cdf += cdf_rows(plan, each);
  }
  means += mean_rows(plan, "statistic", summary.statistics, statistics);
  const std::vector<CsvFile> files = {
      {"counts.csv", quantile_columns + rows(0)},
      {"cumulative.csv", quantile_columns + rows(1)},
      {"frontier.csv", quantile_columns + rows(2) + rows(3)},
      {"statistics.csv",
       quantile_columns + quantile_rows(plan, "statistic", summary.statistics, statistics)},
      {"means.csv", std::move(means)},
      {"cdf.csv", std::move(cdf)},
      {"acceptance.csv", acceptance_table(plan, tally)},
      {"cutflow.csv", cutflow_table(plan, tally)}};
  std::vector<CsvFile> filled;
  for (const CsvFile& file : files) {
    if (file.text.find('\n') + 1 < file.text.size()) filled.push_back(file);
  }
  return filled;
}

std::string export_json(const Plan& plan, const Tally& tally) {
  const Summary none;
  Json json = Json::parse(report(plan, tally, ReportFormat::json));
  json["cdf"] = Json::object();
  for (const Counted& each : counted(plan, tally, none)) {
    json["cdf"][each.kind] = cdf_json(plan, each);
  }
  return json.dump(2) + "\n";
}

void write_trajectories(const std::filesystem::path& result, const Plan& plan,
                        const std::filesystem::path& csv) {
  constexpr std::uint64_t rows_at_once = 4096;
  const engine::H5File file = engine::open_result_file(result);
  const char* counts = engine::format::counts_by_trajectory;
  if (!file.exists(counts)) {
    throw Error(ExitCode::bad_input,
                fmt::format("{}: keeps no counts of single trajectories (outputs.keep = "
                            "\"summary\"); run it with keep = \"index\" or more",
                            result.string()));
  }
  engine::verify_datasets(file, result, {counts, engine::format::root_trajectory});
  const auto thresholds = number_keys(plan.outputs.thresholds);
  engine::TemporaryFile out(csv);
  std::string text = "trajectory,year,of,count\n";
  const std::uint64_t rows = file.shape(counts).at(0);
  for (std::uint64_t first = 0; first < rows; first += rows_at_once) {
    const std::uint64_t number = std::min(rows_at_once, rows - first);
    const auto indices =
        file.read_rows<std::uint64_t>(engine::format::root_trajectory, first, number);
    const auto values = file.read_rows<std::uint32_t>(counts, first, number);
    std::size_t at = 0;
    for (const std::uint64_t trajectory : indices) {
      for (const int year : plan.years) {
        for (const std::string& threshold : thresholds) {
          text += fmt::format("{},{},\"{}\",{}\n", trajectory, year, threshold, values.at(at++));
        }
      }
    }
    out.write(std::as_bytes(std::span(text)));
    text.clear();
  }
  out.write(std::as_bytes(std::span(text)));
  out.commit();
}

std::vector<double> parse_quantiles(const std::string& text) {
  std::vector<double> quantiles;
  const char* at = text.data();
  const char* end = at + text.size();
  while (true) {
    double number = 0.0;
    const auto [stop, error] = std::from_chars(at, end, number);
    const bool fits = error == std::errc() && number > 0.0 && number < 1.0 &&
                      (quantiles.empty() || number > quantiles.back());
    if (!fits || (stop != end && *stop != ',')) {
      throw Error(ExitCode::bad_input,
                  fmt::format("--quantiles {}: must be ascending numbers between 0 and 1, such as "
                              "0.01,0.5,0.99",
                              text));
    }
    quantiles.push_back(number);
    if (stop == end) return quantiles;
    at = stop + 1;
  }
}

}  // namespace flopsieve::jobs
