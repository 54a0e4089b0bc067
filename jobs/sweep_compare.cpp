#include "jobs/sweep_compare.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "engine/error.hpp"
#include "jobs/compare.hpp"
#include "jobs/compare_report.hpp"
#include "jobs/csv_rows.hpp"
#include "jobs/differing_values.hpp"
#include "jobs/file_info.hpp"
#include "jobs/sweep_data.hpp"
#include "jobs/sweep_view.hpp"
#include "jobs/text_table.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Error;
using engine::ExitCode;
using Json = nlohmann::ordered_json;

constexpr double normal_975 = 1.959963984540054;

using Settings = std::vector<std::string>;

/// What is compared: rows of variants, which have one number in each file.
struct SweepComparison {
  std::vector<std::string> names;
  std::vector<SweepData> sweeps;
  std::vector<DifferingKey> differing;
  bool shares_seed = false;
  std::vector<std::vector<std::uint64_t>> rows;  ///< [row][file] the variant
  std::vector<Metric> metrics;
  std::vector<std::vector<std::vector<Measure>>> values;  ///< [metric][file][variant]

  ComparedCell cell(std::size_t metric, std::size_t row) const {
    ComparedCell found;
    for (std::size_t file = 0; file < sweeps.size(); ++file) {
      found.runs.push_back({values[metric][file][rows[row][file]]});
    }
    return found;
  }
};

std::set<std::string> key_names(const SweepData& sweep) {
  std::set<std::string> names;
  for (const engine::SweptKey& key : sweep.settings()) names.insert(key.name);
  return names;
}

void demand_same_keys(const SweepComparison& comparison) {
  const std::set<std::string> first = key_names(comparison.sweeps[0]);
  for (std::size_t file = 1; file < comparison.sweeps.size(); ++file) {
    const std::set<std::string> other = key_names(comparison.sweeps[file]);
    if (other == first) continue;
    throw Error(ExitCode::bad_input,
                fmt::format("{} sweeps {}, {} sweeps {}; compare takes sweeps of the same keys",
                            comparison.names[0], fmt::join(first, ", "), comparison.names[file],
                            fmt::join(other, ", ")));
  }
}

/// By names of keys in alphabetical order; the text of a number tells all of its bits.
Settings settings_of(const SweepData& sweep, std::uint64_t variant) {
  std::map<std::string, std::string> settings;
  for (const engine::SweptKey& key : sweep.settings()) {
    settings[key.name] = key.is_number ? exact_number(key.numbers[variant]) : key.texts[variant];
  }
  Settings values;
  for (const auto& [name, value] : settings) values.push_back(value);
  return values;
}

/// In the order of the first file.
std::vector<std::vector<std::uint64_t>> matched_rows(const std::vector<SweepData>& sweeps) {
  std::vector<std::map<Settings, std::vector<std::uint64_t>>> places(sweeps.size());
  for (std::size_t file = 0; file < sweeps.size(); ++file) {
    for (std::uint64_t variant = 0; variant < sweeps[file].variants(); ++variant) {
      places[file][settings_of(sweeps[file], variant)].push_back(variant);
    }
  }
  std::vector<std::vector<std::uint64_t>> rows;
  for (const auto& [settings, variants] : places[0]) {
    for (std::size_t k = 0; k < variants.size(); ++k) {
      std::vector<std::uint64_t> row;
      for (const auto& of_file : places) {
        const auto found = of_file.find(settings);
        if (found != of_file.end() && k < found->second.size()) row.push_back(found->second[k]);
      }
      if (row.size() == sweeps.size()) rows.push_back(std::move(row));
    }
  }
  std::ranges::sort(rows);
  return rows;
}

std::vector<Measure> measures_of(SweepData& sweep, const Metric& metric) {
  const MetricValues found = sweep.values(metric);
  std::vector<Measure> measures(found.values.size());
  for (std::size_t variant = 0; variant < measures.size(); ++variant) {
    measures[variant].value = found.values[variant];
    if (!found.errors.empty() && !std::isnan(found.errors[variant])) {
      measures[variant].error = normal_975 * found.errors[variant];
    }
  }
  return measures;
}

SweepComparison compare_sweeps(const std::vector<std::string>& files,
                               const std::vector<std::string>& of) {
  SweepComparison comparison;
  comparison.names = short_names(files);
  std::vector<std::string> jobs;
  std::set<std::uint64_t> seeds;
  for (const std::string& file : files) {
    const SweepData& sweep = comparison.sweeps.emplace_back(file);
    jobs.push_back(sweep.job());
    seeds.insert(sweep.base().seed);
  }
  demand_same_keys(comparison);
  comparison.differing = differing_values(jobs);
  comparison.shares_seed = seeds.size() < files.size();
  comparison.rows = matched_rows(comparison.sweeps);
  if (comparison.rows.empty()) {
    throw Error(ExitCode::bad_input,
                fmt::format("{} have no variant of the same settings in common",
                            fmt::join(comparison.names, " and ")));
  }
  for (const std::string& text : of) comparison.metrics.push_back(parse_metric(text));
  if (of.empty()) comparison.metrics = default_metrics(comparison.sweeps[0]);
  for (const Metric& metric : comparison.metrics) {
    auto& values = comparison.values.emplace_back();
    for (SweepData& sweep : comparison.sweeps) values.push_back(measures_of(sweep, metric));
  }
  return comparison;
}

std::string files_table(SweepComparison& comparison) {
  TextTable table({"file", "design", "seed", "variants", "trajectories each", "compared",
                   "without a result", "title"});
  for (std::size_t file = 0; file < comparison.sweeps.size(); ++file) {
    SweepData& sweep = comparison.sweeps[file];
    table.add({comparison.names[file], sweep.design(), std::to_string(sweep.base().seed),
               grouped(sweep.variants()), grouped(sweep.base().trajectories),
               grouped(comparison.rows.size()), grouped(sweep.tally().failed),
               sweep.base().title.empty() ? "-" : sweep.base().title});
  }
  return table.text() + "\n";
}

std::string metric_table(const SweepComparison& comparison, std::size_t metric,
                         std::uint64_t rows) {
  const std::vector<std::string>& names = comparison.names;
  const SweepData& first = comparison.sweeps[0];
  std::vector<std::string> heading{"variant"};
  for (const engine::SweptKey& key : first.settings()) heading.push_back(key.name);
  heading.insert(heading.end(), names.begin(), names.end());
  for (std::size_t file = 1; file < names.size(); ++file) {
    heading.push_back(names[file] + " - " + names[0]);
  }
  TextTable table(heading);
  for (std::size_t row = 0; row < rows; ++row) {
    const std::uint64_t variant = comparison.rows[row][0];
    std::vector<std::string> cells{std::to_string(variant)};
    for (const engine::SweptKey& key : first.settings()) {
      cells.push_back(setting_text(key, variant));
    }
    const ComparedCell cell = comparison.cell(metric, row);
    for (const auto& measures : cell.runs) cells.push_back(short_number(measures[0].value));
    for (std::size_t file = 1; file < names.size(); ++file) {
      cells.push_back(difference_text(difference(cell.runs[0][0], cell.runs[file][0]), short_number,
                                      two_digits));
    }
    table.add(std::move(cells));
  }
  return comparison.metrics[metric].text() + "\n" + table.text() + "\n";
}

std::string text_of(SweepComparison& comparison, std::uint64_t most_rows) {
  const std::uint64_t all = comparison.rows.size();
  const std::uint64_t rows = most_rows > 0 ? std::min(most_rows, all) : all;
  std::string text =
      files_table(comparison) + differing_table(comparison.names, comparison.differing) +
      "A difference is followed by its 95 % Monte Carlo error; * it exceeds that, as by chance one "
      "in twenty does." +
      (comparison.shares_seed
           ? " Files of one seed share their random numbers: errors are an upper end.\n\n"
           : "\n\n");
  for (std::size_t metric = 0; metric < comparison.metrics.size(); ++metric) {
    text += metric_table(comparison, metric, rows);
  }
  text.pop_back();  // the empty line after the last table
  if (rows < all) {
    text += fmt::format("{} of {} variants; --rows 0 shows all\n", grouped(rows), grouped(all));
  }
  return text;
}

std::string csv_of(const SweepComparison& comparison) {
  const SweepData& first = comparison.sweeps[0];
  std::string text;
  for (const engine::SweptKey& key : first.settings()) text += csv_quoted(key.name) + ",";
  text += "number,file,variant,value,error,difference,difference_error,exceeds\n";
  const auto optional = [](const std::optional<double>& value) {
    return value ? exact_number(*value) : std::string();
  };
  for (std::size_t row = 0; row < comparison.rows.size(); ++row) {
    std::string settings;
    for (const engine::SweptKey& key : first.settings()) {
      const std::uint64_t variant = comparison.rows[row][0];
      settings +=
          (key.is_number ? exact_number(key.numbers[variant]) : csv_quoted(key.texts[variant])) +
          ",";
    }
    for (std::size_t metric = 0; metric < comparison.metrics.size(); ++metric) {
      const ComparedCell cell = comparison.cell(metric, row);
      for (std::size_t file = 0; file < cell.runs.size(); ++file) {
        const Measure& measure = cell.runs[file][0];
        text += settings + csv_quoted(comparison.metrics[metric].text()) + "," +
                csv_quoted(comparison.names[file]) +
                fmt::format(",{},{},{}", comparison.rows[row][file], exact_number(measure.value),
                            optional(measure.error));
        if (file == 0) {
          text += ",,,\n";
          continue;
        }
        const Measure change = difference(cell.runs[0][0], measure);
        text += fmt::format(",{},{},{}\n", exact_number(change.value), optional(change.error),
                            change.error ? fmt::format("{}", exceeds(change)) : "");
      }
    }
  }
  return text;
}

std::string json_of(SweepComparison& comparison) {
  Json files = Json::array(), rows = Json::array();
  for (std::size_t file = 0; file < comparison.sweeps.size(); ++file) {
    SweepData& sweep = comparison.sweeps[file];
    files.push_back({{"name", comparison.names[file]},
                     {"title", sweep.base().title},
                     {"design", sweep.design()},
                     {"seed", sweep.base().seed},
                     {"variants", sweep.variants()},
                     {"trajectories", sweep.base().trajectories},
                     {"without_result", sweep.tally().failed}});
  }
  for (std::size_t row = 0; row < comparison.rows.size(); ++row) {
    Json settings = Json::object(), numbers = Json::object();
    for (const engine::SweptKey& key : comparison.sweeps[0].settings()) {
      const std::uint64_t variant = comparison.rows[row][0];
      settings[key.name] =
          key.is_number ? number_or_null(key.numbers[variant]) : Json(key.texts[variant]);
    }
    for (std::size_t metric = 0; metric < comparison.metrics.size(); ++metric) {
      numbers[comparison.metrics[metric].text()] = measure_json(comparison.cell(metric, row), 0);
    }
    rows.push_back({{"variants", comparison.rows[row]},
                    {"settings", std::move(settings)},
                    {"numbers", std::move(numbers)}});
  }
  return Json{{"files", std::move(files)},
              {"differing_keys", differing_json(comparison.differing)},
              {"shares_seed", comparison.shares_seed},
              {"rows", std::move(rows)}}
             .dump(2, ' ', false, Json::error_handler_t::replace) +
         "\n";
}

}  // namespace

std::string sweep_comparison(const std::vector<std::string>& files,
                             const std::vector<std::string>& of, std::uint64_t rows,
                             ReportFormat format) {
  SweepComparison comparison = compare_sweeps(files, of);
  if (format == ReportFormat::csv) return csv_of(comparison);
  if (format == ReportFormat::json) return json_of(comparison);
  return text_of(comparison, rows);
}

}  // namespace flopsieve::jobs
