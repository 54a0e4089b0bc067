#include "jobs/calibrate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>

#include "engine/error.hpp"
#include "jobs/suggest.hpp"

namespace flopsieve::jobs {

const std::vector<std::string> default_drops{"AlphaGo Zero", "AlphaZero", "AlphaGo Master"};

namespace {

constexpr std::int64_t fewest_models = 3;

/// One kept row.
struct Model {
  int year = 0;
  int quarter = 0;  ///< 0 to 3
  double flop = 0.0;
};

[[noreturn]] void fail(const CsvTable& table, int line, const std::string& message) {
  throw engine::Error(engine::ExitCode::bad_input,
                      fmt::format("{}:{}: {}", table.source_name, line, message));
}

[[noreturn]] void fail(const CsvTable& table, const std::string& message) {
  throw engine::Error(engine::ExitCode::bad_input,
                      fmt::format("{}: {}", table.source_name, message));
}

double rounded(double value) {
  double result = value;
  const std::string text = fmt::format("{:.12g}", value);
  std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

template <typename Number>
bool parse_whole(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

double parse_flop(const CsvTable& table, int line, const std::string& text) {
  double flop = 0.0;
  if (!parse_whole(text, flop) || !std::isfinite(flop) || flop <= 0.0) {
    fail(table, line,
         fmt::format("Training compute (FLOP) is \"{}\"; a positive number is needed, or nothing",
                     text));
  }
  return flop;
}

bool is_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Year and quarter of a date YYYY-MM-DD.
Model parse_date(const CsvTable& table, int line, const std::string& text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  const std::string_view view = text;
  const bool shaped = view.size() == 10 && view[4] == '-' && view[7] == '-' &&
                      is_digits(view.substr(0, 4)) && is_digits(view.substr(5, 2)) &&
                      is_digits(view.substr(8, 2)) && parse_whole(view.substr(0, 4), year) &&
                      parse_whole(view.substr(5, 2), month) && parse_whole(view.substr(8, 2), day);
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!shaped || !date.ok()) {
    fail(table, line, fmt::format("Publication date is \"{}\"; YYYY-MM-DD is needed", text));
  }
  return {year, static_cast<int>((month - 1) / 3), 0.0};
}

/// Names to leave out. An extra name that is not in the table is an error, a default one is not.
std::vector<std::string> find_drops(const CsvTable& table, std::size_t name_column,
                                    const std::vector<std::string>& extra) {
  std::vector<std::string> names;
  for (const CsvRecord& record : table.records) names.push_back(record.fields[name_column]);
  std::vector<std::string> wanted = default_drops;
  for (const std::string& name : extra) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      fail(table, fmt::format("no model is called \"{}\", so it cannot be dropped{}", name,
                              did_you_mean(name, names)));
    }
    if (std::find(wanted.begin(), wanted.end(), name) == wanted.end()) wanted.push_back(name);
  }
  std::erase_if(wanted, [&](const std::string& name) {
    return std::find(names.begin(), names.end(), name) == names.end();
  });
  return wanted;
}

std::vector<Model> keep_models(const CsvTable& table, std::size_t name_column,
                               const std::vector<std::string>& drops) {
  const std::size_t date_column = table.column("Publication date");
  const std::size_t flop_column = table.column("Training compute (FLOP)");
  const std::size_t notability_column = table.column("Notability criteria");
  std::vector<Model> models;
  for (const CsvRecord& record : table.records) {
    if (record.fields[flop_column].empty()) continue;
    const double flop = parse_flop(table, record.line, record.fields[flop_column]);
    if (record.fields[notability_column].empty()) continue;
    if (std::find(drops.begin(), drops.end(), record.fields[name_column]) != drops.end()) continue;
    Model model = parse_date(table, record.line, record.fields[date_column]);
    model.flop = flop;
    models.push_back(model);
  }
  return models;
}

void set_moments(std::span<const double> x, CalibrationYear& year) {
  const double n = static_cast<double>(x.size());
  double sum = 0.0;
  for (const double value : x) sum += value;
  const double mean = sum / n;
  double m2 = 0.0;
  double m3 = 0.0;
  double m4 = 0.0;
  for (const double value : x) {
    const double d = value - mean;
    m2 += d * d;
    m3 += d * d * d;
    m4 += d * d * d * d;
  }
  const double variance = m2 / n;
  const double sd = std::sqrt(variance);
  const double median = 0.5 * (x[(x.size() - 1) / 2] + x[x.size() / 2]);
  year.mean = mean;
  year.median = median;
  year.sd = sd;
  year.skewness = m3 / n / (variance * sd);
  year.excess_kurtosis = m4 / n / (variance * variance) - 3.0;
  year.median_skewness = (mean - median) / sd;
}

/// Regressions of the logarithm of the cumulative share on the logarithm of the size, ascending.
/// The total must be the sum in the same order, so that the last share is exactly 1.
void set_allocation(std::span<const double> flop, double total, CalibrationYear& year) {
  const double n = static_cast<double>(flop.size());
  double cumulative = 0.0;
  double origin_xy = 0.0;
  double origin_xx = 0.0;
  double sum_x = 0.0;
  double sum_y = 0.0;
  double sum_xx = 0.0;
  double sum_xy = 0.0;
  for (const double m : flop) {
    cumulative += m;
    const double share = std::log10(cumulative / total);
    const double to_largest = std::log10(m / flop.back());
    const double to_total = std::log10(m / total);
    origin_xy += to_largest * share;
    origin_xx += to_largest * to_largest;
    sum_x += to_total;
    sum_y += share;
    sum_xx += to_total * to_total;
    sum_xy += to_total * share;
  }
  year.allocation_gradient = origin_xy / origin_xx;
  year.allocation_slope = (n * sum_xy - sum_x * sum_y) / (n * sum_xx - sum_x * sum_x);
  year.allocation_intercept = (sum_y - year.allocation_slope * sum_x) / n;
}

void set_histogram(std::span<const double> x, CalibrationYear& year) {
  const double first = std::floor(x.front() / calibration_bin_width);
  const double last = std::floor(x.back() / calibration_bin_width);
  year.histogram_start = first * calibration_bin_width;
  year.histogram.assign(static_cast<std::size_t>(last - first) + 1, 0);
  for (const double value : x) {
    const double bin = std::floor(value / calibration_bin_width) - first;
    ++year.histogram[static_cast<std::size_t>(bin)];
  }
}

/// The largest model dated before the quarter began, or nothing.
std::optional<double> frontier_before(std::span<const Model> models, int year, int quarter) {
  std::optional<double> frontier;
  for (const Model& model : models) {
    const bool earlier = model.year < year || (model.year == year && model.quarter < quarter);
    if (earlier && (!frontier || model.flop > *frontier)) frontier = model.flop;
  }
  return frontier;
}

void set_frontier_counts(std::span<const Model> models, CalibrationYear& year) {
  for (int quarter = 0; quarter < 4; ++quarter) {
    const std::optional<double> frontier = frontier_before(models, year.year, quarter);
    if (!frontier) continue;
    for (const Model& model : models) {
      if (model.year != year.year || model.quarter != quarter) continue;
      for (std::size_t w = 0; w < calibration_widths.size(); ++w) {
        const double limit = *frontier * std::pow(10.0, -calibration_widths[w]);
        if (model.flop >= limit) ++year.frontier_counts[w];
      }
    }
  }
}

void round_figures(CalibrationYear& year) {
  for (double* value :
       {&year.log10_total, &year.largest_share, &year.mean, &year.median, &year.sd, &year.skewness,
        &year.excess_kurtosis, &year.median_skewness, &year.allocation_gradient,
        &year.allocation_slope, &year.allocation_intercept}) {
    *value = rounded(*value);
  }
}

CalibrationYear year_figures(const CsvTable& table, std::span<const Model> models, int number) {
  CalibrationYear year;
  year.year = number;
  std::vector<double> flop;
  for (const Model& model : models) {
    if (model.year == number) flop.push_back(model.flop);
  }
  std::sort(flop.begin(), flop.end());
  year.count = static_cast<std::int64_t>(flop.size());
  if (year.count < fewest_models) {
    fail(table, fmt::format("{} models of {} are left by the filters; at least {} are needed",
                            year.count, number, fewest_models));
  }
  if (flop.front() == flop.back()) {
    fail(table, fmt::format("all models of {} are of one size, so they have no skewness", number));
  }
  std::vector<double> x;
  double total = 0.0;
  for (const double m : flop) {
    x.push_back(std::log10(m));
    total += m;
    for (std::size_t t = 0; t < calibration_thresholds.size(); ++t) {
      if (m >= calibration_thresholds[t]) ++year.count_above[t];
    }
  }
  year.log10_total = std::log10(total);
  year.largest = flop.back();
  year.largest_share = year.largest / total;
  set_moments(x, year);
  set_allocation(flop, total, year);
  set_histogram(x, year);
  set_frontier_counts(models, year);
  round_figures(year);
  return year;
}

}  // namespace

Calibration calibrate(const CsvTable& table, const CalibrateOptions& options) {
  if (options.first_year > options.last_year) {
    fail(table, fmt::format("years {}-{} are reversed; the first year comes first",
                            options.first_year, options.last_year));
  }
  const std::size_t name_column = table.column("Model");
  const std::vector<std::string> drops = find_drops(table, name_column, options.extra_drops);
  const std::vector<Model> models = keep_models(table, name_column, drops);
  Calibration calibration;
  calibration.provenance = {
      std::filesystem::path(table.source_name).filename().string(),
      table.sha256,
      options.created,
      options.first_year,
      options.last_year,
      "rows with a notability criterion and a training compute, without the dropped models",
      drops,
      options.tool_version};
  for (int year = options.first_year; year <= options.last_year; ++year) {
    calibration.years.push_back(year_figures(table, models, year));
  }
  calibration.frontier_start = *frontier_before(models, options.last_year + 1, 0);
  return calibration;
}

}  // namespace flopsieve::jobs
