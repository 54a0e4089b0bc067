#include "jobs/sweep_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "engine/error.hpp"
#include "jobs/csv_rows.hpp"
#include "jobs/sweep_condition.hpp"
#include "jobs/text_table.hpp"

namespace flopsieve::jobs {
namespace {

using Json = nlohmann::ordered_json;

struct Column {
  std::string name;
  std::vector<double> values;  ///< [variant]
};

std::vector<Column> columns_of(SweepData& sweep, const SweepView& view) {
  std::vector<Metric> metrics;
  for (const std::string& text : view.of) metrics.push_back(parse_metric(text));
  if (metrics.empty()) metrics = default_metrics(sweep);
  if (!view.best.empty()) {
    const Metric best = parse_metric(view.best);
    const bool shown = std::any_of(metrics.begin(), metrics.end(), [&](const Metric& metric) {
      return metric.text() == best.text();
    });
    if (!shown) metrics.insert(metrics.begin(), best);
  }
  std::vector<Column> columns;
  for (const Metric& metric : metrics) {
    columns.push_back({metric.text(), sweep.values(metric).values});
  }
  return columns;
}

std::string head_line(SweepData& sweep) {
  const engine::SweepTally tally = sweep.tally();
  std::string text = fmt::format(
      "sweep: {}, {} variants, {} without a result; {} of {} trajectories complete, from {} "
      "candidates\n\n",
      sweep.design(), grouped(tally.variants), grouped(tally.failed), grouped(tally.complete),
      grouped(tally.trajectories), grouped(tally.candidates));
  const std::string& title = sweep.base().title;
  return title.empty() ? text : title + "\n" + text;
}

std::string table_text(SweepData& sweep, const std::vector<std::uint64_t>& variants,
                       const std::vector<Column>& columns, std::uint64_t all) {
  std::vector<std::string> heading{"variant"};
  for (const engine::SweptKey& key : sweep.settings()) heading.push_back(key.name);
  for (const Column& column : columns) heading.push_back(column.name);
  TextTable table(heading);
  std::string failures;
  for (const std::uint64_t variant : variants) {
    std::vector<std::string> row{std::to_string(variant)};
    for (const engine::SweptKey& key : sweep.settings()) row.push_back(setting_text(key, variant));
    for (const Column& column : columns) row.push_back(short_number(column.values[variant]));
    table.add(std::move(row));
    const std::string& status = sweep.status()[variant];
    if (status != engine::status_ok) failures += fmt::format("variant {}: {}\n", variant, status);
  }
  std::string text = head_line(sweep) + table.text();
  if (variants.size() < all) {
    text += fmt::format("{} of {} variants; --rows 0 shows all\n", grouped(variants.size()),
                        grouped(all));
  }
  return failures.empty() ? text : text + "\n" + failures;
}

std::string csv_text(const SweepData& sweep, const std::vector<std::uint64_t>& variants,
                     const std::vector<Column>& columns) {
  std::string text = "variant";
  for (const engine::SweptKey& key : sweep.settings()) text += "," + csv_quoted(key.name);
  for (const Column& column : columns) text += "," + csv_quoted(column.name);
  text += ",status\n";
  for (const std::uint64_t variant : variants) {
    text += std::to_string(variant);
    for (const engine::SweptKey& key : sweep.settings()) {
      text += "," +
              (key.is_number ? exact_number(key.numbers[variant]) : csv_quoted(key.texts[variant]));
    }
    for (const Column& column : columns) text += "," + exact_number(column.values[variant]);
    text += "," + csv_quoted(sweep.status()[variant]) + "\n";
  }
  return text;
}

std::string json_text(SweepData& sweep, const std::vector<std::uint64_t>& variants,
                      const std::vector<Column>& columns, const std::string& file) {
  Json rows = Json::array();
  for (const std::uint64_t variant : variants) {
    Json settings = Json::object(), results = Json::object();
    for (const engine::SweptKey& key : sweep.settings()) {
      settings[key.name] =
          key.is_number ? number_or_null(key.numbers[variant]) : Json(key.texts[variant]);
    }
    for (const Column& column : columns) {
      results[column.name] = number_or_null(column.values[variant]);
    }
    rows.push_back({{"variant", variant},
                    {"settings", std::move(settings)},
                    {"results", std::move(results)},
                    {"status", sweep.status()[variant]}});
  }
  const engine::SweepTally tally = sweep.tally();
  return Json{{"file", file},
              {"title", sweep.base().title},
              {"design", sweep.design()},
              {"common_random_numbers", sweep.common_random_numbers()},
              {"variants", tally.variants},
              {"without_result", tally.failed},
              {"trajectories", tally.trajectories},
              {"complete", tally.complete},
              {"candidates", tally.candidates},
              {"rows", std::move(rows)}}
             .dump(2) +
         "\n";
}

}  // namespace

std::string short_number(double value) {
  if (std::isnan(value)) return "-";
  return value == std::floor(value) && std::abs(value) < 1e15 ? fmt::format("{:.0f}", value)
                                                              : fmt::format("{:.4g}", value);
}

std::string exact_number(double value) {
  return std::isnan(value) ? "" : fmt::format("{}", value);
}

std::string setting_text(const engine::SweptKey& key, std::uint64_t variant) {
  if (!key.is_number) return key.texts[variant];
  return std::isnan(key.numbers[variant]) ? "-" : fmt::format("{:.6g}", key.numbers[variant]);
}

Json number_or_null(double value) {
  return std::isnan(value) ? Json(nullptr) : Json(value);
}

std::vector<Metric> default_metrics(const SweepData& sweep) {
  std::vector<Metric> metrics;
  for (const double threshold : sweep.axes().thresholds) {
    Metric metric;
    metric.kind = MetricKind::cumulative;
    metric.year = sweep.axes().years.back();
    metric.threshold = threshold;
    metrics.push_back(metric);
  }
  const auto& quantiles = sweep.axes().quantiles;
  if (std::find(quantiles.begin(), quantiles.end(), 0.5) == quantiles.end()) {
    for (Metric& metric : metrics) {
      metric.quantile.reset();
      metric.names_part = true;
    }
  }
  return metrics;
}

std::vector<std::string> all_metrics(const SweepData& sweep) {
  std::vector<std::string> texts;
  const MetricAxes& axes = sweep.axes();
  const auto add_parts = [&](Metric metric) {
    for (const double quantile : axes.quantiles) {
      metric.quantile = quantile;
      texts.push_back(metric.text());
    }
    metric.quantile.reset();
    texts.push_back(metric.text());
  };
  for (const int year : axes.years) {
    Metric metric;
    metric.year = year;
    metric.names_part = true;
    for (const MetricKind kind : {MetricKind::counts, MetricKind::cumulative}) {
      metric.kind = kind;
      for (const double threshold : axes.thresholds) {
        metric.threshold = threshold;
        add_parts(metric);
      }
    }
    metric.kind = MetricKind::statistic;
    for (const engine::Statistic& statistic : axes.statistics) {
      metric.statistic = statistic;
      add_parts(metric);
    }
    metric.kind = MetricKind::acceptance;
    texts.push_back(metric.text());
  }
  return texts;
}

std::vector<std::uint64_t> chosen_variants(SweepData& sweep, const SweepView& view) {
  std::vector<std::uint64_t> variants(sweep.variants());
  std::iota(variants.begin(), variants.end(), std::uint64_t{0});
  for (const std::string& condition : view.where) {
    const std::vector<bool> met = meets(sweep, condition);
    std::erase_if(variants, [&](std::uint64_t variant) { return !met[variant]; });
  }
  if (view.best.empty()) return variants;
  const std::vector<double> values = sweep.values(parse_metric(view.best)).values;
  std::stable_sort(variants.begin(), variants.end(), [&](std::uint64_t a, std::uint64_t b) {
    if (std::isnan(values[a]) || std::isnan(values[b])) return !std::isnan(values[a]);
    return values[a] > values[b];
  });
  return variants;
}

std::string sweep_report(SweepData& sweep, const SweepView& view, ReportFormat format,
                         const std::string& file) {
  const std::vector<Column> columns = columns_of(sweep, view);
  std::vector<std::uint64_t> variants = chosen_variants(sweep, view);
  const std::uint64_t all = variants.size();
  if (view.rows > 0 && variants.size() > view.rows) variants.resize(view.rows);
  if (format == ReportFormat::csv) return csv_text(sweep, variants, columns);
  if (format == ReportFormat::json) return json_text(sweep, variants, columns, file);
  return table_text(sweep, variants, columns, all);
}

}  // namespace flopsieve::jobs
