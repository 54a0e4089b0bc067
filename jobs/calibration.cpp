#include "jobs/calibration.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>

#include "engine/sha256.hpp"
#include "jobs/table_reader.hpp"
#include "jobs/toml_text.hpp"

namespace flopsieve::jobs {
namespace {

/// The figures of a year that are plain doubles, in the order in which they are written.
struct Figure {
  const char* name;
  double CalibrationYear::*member;
  double min;
  double max;
};

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double smallest_positive = std::numeric_limits<double>::min();

constexpr Figure figures[] = {
    {"log10_total", &CalibrationYear::log10_total, 0.0, 300.0},
    {"largest", &CalibrationYear::largest, smallest_positive, infinity},
    {"largest_share", &CalibrationYear::largest_share, smallest_positive, 1.0},
    {"mean", &CalibrationYear::mean, -infinity, infinity},
    {"median", &CalibrationYear::median, -infinity, infinity},
    {"sd", &CalibrationYear::sd, smallest_positive, infinity},
    {"skewness", &CalibrationYear::skewness, -infinity, infinity},
    {"excess_kurtosis", &CalibrationYear::excess_kurtosis, -2.0, infinity},
    {"median_skewness", &CalibrationYear::median_skewness, -1.0, 1.0},
    {"allocation_gradient", &CalibrationYear::allocation_gradient, -infinity, infinity},
    {"allocation_slope", &CalibrationYear::allocation_slope, -infinity, infinity},
    {"allocation_intercept", &CalibrationYear::allocation_intercept, -infinity, infinity},
    {"histogram_start", &CalibrationYear::histogram_start, -infinity, infinity},
};

std::string provenance_toml(const Provenance& provenance) {
  std::vector<std::string> dropped;
  for (const std::string& name : provenance.dropped) dropped.push_back(toml_string(name));
  return fmt::format(
      "[provenance]\n"
      "source = {}\n"
      "sha256 = {}\n"
      "created = {}\n"
      "tool_version = {}\n"
      "years = [{}, {}]\n"
      "filters = {}\n"
      "dropped = [{}]\n",
      toml_string(provenance.source), toml_string(provenance.sha256),
      toml_string(provenance.created), toml_string(provenance.tool_version), provenance.first_year,
      provenance.last_year, toml_string(provenance.filters), fmt::join(dropped, ", "));
}

std::string year_toml(const CalibrationYear& year) {
  std::string text = fmt::format("\n[[year]]\nyear = {}\ncount = {}\n", year.year, year.count);
  for (const Figure& figure : figures) {
    text += fmt::format("{} = {}\n", figure.name, year.*figure.member);
  }
  text += fmt::format("histogram = [{}]\n", fmt::join(year.histogram, ", "));
  text += fmt::format("count_above = [{}]\n", fmt::join(year.count_above, ", "));
  text += fmt::format("frontier_counts = [{}]\n", fmt::join(year.frontier_counts, ", "));
  return text;
}

std::int64_t as_count(const TableReader& reader, std::string_view key, std::int64_t value,
                      std::int64_t max) {
  if (value < 0 || value > max) {
    reader.fail_at(
        key, fmt::format("{} must be between 0 and {}, found {}", reader.name_of(key), max, value));
  }
  return value;
}

template <std::size_t size>
void read_counts(TableReader& reader, std::string_view key, std::int64_t max,
                 std::array<std::int64_t, size>& counts) {
  const std::vector<std::int64_t> values = reader.integers(key);
  if (values.size() != size) {
    reader.fail_at(key, fmt::format("{} must have {} numbers, found {}", reader.name_of(key), size,
                                    values.size()));
  }
  for (std::size_t i = 0; i < size; ++i) counts[i] = as_count(reader, key, values[i], max);
}

/// Refuses a file made for other thresholds, widths or bins than this program's.
void check_constants(TableReader& reader, std::string_view key, std::span<const double> expected) {
  const std::vector<double> found = reader.numbers(key);
  if (!std::equal(found.begin(), found.end(), expected.begin(), expected.end())) {
    reader.fail_at(key, fmt::format("{} must be [{}]", key, fmt::join(expected, ", ")));
  }
}

Provenance read_provenance(TableReader reader) {
  Provenance provenance;
  provenance.source = reader.string("source");
  provenance.sha256 = reader.string("sha256");
  provenance.created = reader.string("created");
  provenance.tool_version = reader.string("tool_version");
  const std::vector<std::int64_t> years = reader.integers("years");
  if (years.size() != 2 || years[0] < 1900 || years[1] > 9999 || years[0] > years[1]) {
    reader.fail_at("years", "provenance.years must be [first, last] with 1900 <= first <= last");
  }
  provenance.first_year = static_cast<int>(years[0]);
  provenance.last_year = static_cast<int>(years[1]);
  provenance.filters = reader.string("filters");
  provenance.dropped = reader.strings("dropped");
  reader.finish();
  return provenance;
}

void read_histogram(TableReader& reader, CalibrationYear& year) {
  std::int64_t sum = 0;
  for (const std::int64_t value : reader.integers("histogram")) {
    year.histogram.push_back(as_count(reader, "histogram", value, year.count));
    sum += value;
  }
  if (sum != year.count) {
    reader.fail_at(
        "histogram",
        fmt::format("the counts of histogram add up to {}, not to count = {}", sum, year.count));
  }
}

CalibrationYear read_year(TableReader& reader, int expected_year) {
  CalibrationYear year;
  year.year = expected_year;
  if (reader.integer("year") != expected_year) {
    reader.fail_at("year", fmt::format("the years must be those of provenance.years, ascending and "
                                       "without gaps: expected {}",
                                       expected_year));
  }
  year.count = reader.integer("count");
  if (year.count < 3 || year.count > 1'000'000) {
    reader.fail_at("count", "count must be between 3 and 1000000");
  }
  for (const Figure& figure : figures) {
    const double value = reader.number(figure.name);
    if (value < figure.min || value > figure.max) {
      reader.fail_at(figure.name, fmt::format("{} must be between {} and {}, found {}", figure.name,
                                              figure.min, figure.max, value));
    }
    year.*figure.member = value;
  }
  read_histogram(reader, year);
  read_counts(reader, "count_above", year.count, year.count_above);
  if (!std::is_sorted(year.count_above.rbegin(), year.count_above.rend())) {
    reader.fail_at("count_above",
                   "count_above must not ascend: no more models are above a higher threshold");
  }
  read_counts(reader, "frontier_counts", year.count, year.frontier_counts);
  if (!std::is_sorted(year.frontier_counts.begin(), year.frontier_counts.end())) {
    reader.fail_at("frontier_counts",
                   "frontier_counts must not descend: a larger width holds no fewer models");
  }
  reader.finish();
  return year;
}

}  // namespace

const CalibrationYear* Calibration::find_year(int year) const {
  const auto found = std::find_if(years.begin(), years.end(),
                                  [&](const CalibrationYear& each) { return each.year == year; });
  return found == years.end() ? nullptr : &*found;
}

std::optional<std::int64_t> Calibration::count_above(int year, double threshold) const {
  const CalibrationYear* known = find_year(year);
  if (known == nullptr) return std::nullopt;
  if (threshold > known->largest) return 0;
  const auto* found =
      std::find(calibration_thresholds.begin(), calibration_thresholds.end(), threshold);
  if (found == calibration_thresholds.end()) return std::nullopt;
  return known->count_above[static_cast<std::size_t>(found - calibration_thresholds.begin())];
}

Calibration calibration_until(const Calibration& calibration, int last_year) {
  Calibration result = calibration;
  if (last_year == calibration.years.back().year) return result;
  std::erase_if(result.years, [&](const CalibrationYear& year) { return year.year > last_year; });
  result.provenance.last_year = last_year;
  result.frontier_start = 0.0;
  for (const CalibrationYear& year : result.years) {
    result.frontier_start = std::max(result.frontier_start, year.largest);
  }
  return result;
}

std::string calibration_toml(const Calibration& calibration) {
  std::string text = fmt::format(
      "# Figures of notable AI models by year, made by `flopsieve calibrate`.\n"
      "# Sizes are log10 FLOP; moments divide by the count; a histogram bin is [start + i w,\n"
      "# start + (i + 1) w); count_above: models of at least each threshold; frontier_counts:\n"
      "# models within each width below the largest model dated before their quarter.\n\n"
      "thresholds = [{}]\n"
      "frontier_widths = [{}]\n"
      "histogram_bin_width = {}\n"
      "frontier_start = {}\n\n",
      fmt::join(calibration_thresholds, ", "), fmt::join(calibration_widths, ", "),
      calibration_bin_width, calibration.frontier_start);
  text += provenance_toml(calibration.provenance);
  for (const CalibrationYear& year : calibration.years) text += year_toml(year);
  return text;
}

Calibration parse_calibration(std::string_view text, const std::string& source_name) {
  const Document document = parse_toml(text, source_name);
  TableReader reader(document);
  Calibration calibration;
  calibration.text = {source_name, engine::sha256_hex(text)};
  check_constants(reader, "thresholds", calibration_thresholds);
  check_constants(reader, "frontier_widths", calibration_widths);
  if (reader.number("histogram_bin_width") != calibration_bin_width) {
    reader.fail_at("histogram_bin_width",
                   fmt::format("histogram_bin_width must be {}", calibration_bin_width));
  }
  calibration.frontier_start = reader.number("frontier_start");
  if (calibration.frontier_start <= 0) {
    reader.fail_at("frontier_start", "frontier_start must be positive, in FLOP");
  }
  calibration.provenance = read_provenance(reader.table("provenance"));
  std::vector<TableReader> years = reader.tables("year");
  reader.finish();
  const int first = calibration.provenance.first_year;
  const int expected = calibration.provenance.last_year - first + 1;
  if (years.size() != static_cast<std::size_t>(expected)) {
    reader.fail(
        fmt::format("{} [[year]] tables where provenance.years says {}", years.size(), expected));
  }
  for (TableReader& year : years) {
    calibration.years.push_back(
        read_year(year, first + static_cast<int>(calibration.years.size())));
  }
  return calibration;
}

std::string calibration_json(const Calibration& calibration) {
  const Provenance& from = calibration.provenance;
  nlohmann::ordered_json json;
  json["provenance"] = {{"source", from.source},
                        {"sha256", from.sha256},
                        {"created", from.created},
                        {"tool_version", from.tool_version},
                        {"years", {from.first_year, from.last_year}},
                        {"filters", from.filters},
                        {"dropped", from.dropped}};
  json["thresholds"] = calibration_thresholds;
  json["frontier_widths"] = calibration_widths;
  json["histogram_bin_width"] = calibration_bin_width;
  json["frontier_start"] = calibration.frontier_start;
  json["years"] = nlohmann::ordered_json::object();
  for (const CalibrationYear& year : calibration.years) {
    nlohmann::ordered_json& entry = json["years"][std::to_string(year.year)];
    entry["count"] = year.count;
    for (const Figure& figure : figures) entry[figure.name] = year.*figure.member;
    entry["histogram"] = year.histogram;
    entry["count_above"] = year.count_above;
    entry["frontier_counts"] = year.frontier_counts;
  }
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace flopsieve::jobs
