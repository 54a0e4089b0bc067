#include "jobs/outputs_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "jobs/constraint_parser.hpp"
#include "jobs/input_parser.hpp"
#include "jobs/observed_parser.hpp"

namespace flopsieve::jobs {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Reads the keys of [outputs] into a Plan.
class OutputsParser {
 public:
  OutputsParser(const Calibration& calibration, engine::Plan& plan)
      : calibration_(calibration), plan_(plan) {}

  void parse(TableReader& table, std::optional<TableReader>& observed) {
    engine::Outputs& outputs = plan_.outputs;
    outputs.thresholds = table.numbers("thresholds");
    ascending(table, "thresholds", outputs.thresholds, 0.0, infinity);
    outputs.quantiles = {0.05, 0.5, 0.95};
    if (table.has("quantiles")) outputs.quantiles = table.numbers("quantiles");
    ascending(table, "quantiles", outputs.quantiles, 0.0, 1.0);
    std::vector<std::string> statistics{"count", "largest_share", "mean", "sd", "skewness"};
    if (table.has("statistics")) statistics = table.strings("statistics");
    for (const std::string& text : statistics) parse_output_statistic(table, text);
    parse_keep(table);
    parse_periods(table);
    ObservedCounts known;
    if (observed) {
      known = parse_observed(*observed, outputs.thresholds, outputs.cumulative_from,
                             plan_.years.back());
    }
    parse_base(table, known);
    replace_counts(known);
    if (auto frontier = table.optional_table("frontier")) parse_frontier(*frontier);
    table.finish();
  }

 private:
  void parse_output_statistic(TableReader& table, const std::string& text) {
    std::vector<engine::Statistic>& statistics = plan_.outputs.statistics;
    try {
      statistics.push_back(engine::parse_statistic(text));
    } catch (const std::invalid_argument& error) {
      table.fail_at("statistics", error.what());
    }
    demand_revenue(table, "statistics", statistics.back(), plan_);
    if (std::count(statistics.begin(), statistics.end(), statistics.back()) > 1) {
      table.fail_at("statistics",
                    fmt::format("outputs.statistics names {} twice", statistics.back().name()));
    }
  }

  static void ascending(TableReader& table, const char* key, const std::vector<double>& values,
                        double above, double below) {
    bool good = !values.empty();
    for (std::size_t i = 0; i < values.size(); ++i) {
      good =
          good && values[i] > above && values[i] < below && (i == 0 || values[i - 1] < values[i]);
    }
    if (!good) {
      table.fail_at(key,
                    fmt::format("{} must be a list of ascending numbers {}", table.name_of(key),
                                below == 1.0 ? "between 0 and 1" : "above 0"));
    }
  }

  void parse_keep(TableReader& table) {
    engine::Outputs& outputs = plan_.outputs;
    const std::string keep = table.string("keep", "index");
    if (keep == "summary") {
      outputs.keep = engine::Keep::summary;
    } else if (keep == "index") {
      outputs.keep = engine::Keep::index;
    } else if (keep == "statistics") {
      outputs.keep = engine::Keep::statistics;
    } else if (keep == "samples") {
      outputs.keep = engine::Keep::samples;
      outputs.keep_samples = engine::address_limit;
    } else if (const auto number = samples_number(keep)) {
      outputs.keep = engine::Keep::samples;
      outputs.keep_samples = *number;
    } else {
      table.fail_at("keep",
                    fmt::format("outputs.keep must be \"summary\", \"index\", \"statistics\", "
                                "\"samples\" or \"samples:N\" with N >= 1, found \"{}\"",
                                keep));
    }
  }

  static std::optional<std::uint64_t> samples_number(const std::string& keep) {
    const std::string prefix = "samples:";
    if (!keep.starts_with(prefix) || keep.size() > prefix.size() + 12) return std::nullopt;
    std::uint64_t number = 0;
    for (const char c : keep.substr(prefix.size())) {
      if (c < '0' || c > '9') return std::nullopt;
      number = 10 * number + static_cast<std::uint64_t>(c - '0');
    }
    if (number == 0) return std::nullopt;
    return number;
  }

  void parse_periods(TableReader& table) {
    engine::Outputs& outputs = plan_.outputs;
    const int first = plan_.years.front();
    outputs.forecast_from = table.year("forecast_from", first);
    if (outputs.forecast_from < first || outputs.forecast_from > plan_.years.back()) {
      table.fail_at("forecast_from", fmt::format("outputs.forecast_from must be a year of the job, "
                                                 "{} to {}, found {}",
                                                 first, plan_.years.back(), outputs.forecast_from));
    }
    outputs.cumulative_from = table.year("cumulative_from", std::min(2023, outputs.forecast_from));
    if (outputs.cumulative_from > outputs.forecast_from) {
      table.fail_at("cumulative_from", fmt::format("outputs.cumulative_from must not be after the "
                                                   "first year of the forecast, {}",
                                                   outputs.forecast_from));
    }
  }

  /// Known models of the years from cumulative_from to the one before forecast_from.
  void parse_base(TableReader& table, const ObservedCounts& known) {
    engine::Outputs& outputs = plan_.outputs;
    outputs.cumulative_base.assign(outputs.thresholds.size(), 0);
    if (const Value* base = table.optional_value("cumulative_base")) {
      explicit_base(table, *base);
      if (known.empty() || known.begin()->first >= outputs.forecast_from) return;
      table.fail(*base, fmt::format("outputs.cumulative_base and [observed] both tell of {}",
                                    known.begin()->first));
    }
    for (int year = outputs.cumulative_from; year < outputs.forecast_from; ++year) {
      const auto observed = known.find(year);
      for (std::size_t t = 0; t < outputs.thresholds.size(); ++t) {
        const std::int64_t count = observed == known.end() ? -1 : observed->second[t];
        outputs.cumulative_base[t] += count >= 0
                                          ? static_cast<std::uint64_t>(count)
                                          : calibration_count(table, year, outputs.thresholds[t]);
      }
    }
  }

  void replace_counts(const ObservedCounts& known) {
    engine::Outputs& outputs = plan_.outputs;
    const std::size_t thresholds = outputs.thresholds.size();
    for (auto year = known.lower_bound(outputs.forecast_from); year != known.end(); ++year) {
      outputs.observed.resize(plan_.year_count() * thresholds, -1);
      std::copy(year->second.begin(), year->second.end(),
                outputs.observed.begin() +
                    (year->first - plan_.years.front()) * static_cast<std::ptrdiff_t>(thresholds));
    }
  }

  void parse_frontier(TableReader& table) {
    engine::Frontier& frontier = plan_.outputs.frontier;
    frontier.widths = table.numbers("widths");
    ascending(table, "widths", frontier.widths, 0.0, infinity);
    const std::int64_t periods = table.integer("periods", 4);
    if (periods < 1 || periods > 366) {
      table.fail_at("periods", fmt::format("outputs.frontier.periods must be from 1 to 366, found "
                                           "{}",
                                           periods));
    }
    frontier.periods = static_cast<std::uint32_t>(periods);
    const Value* start = table.optional_value("start");
    if (start != nullptr && start->kind != ValueKind::string) {
      frontier.log10_start = std::log10(positive_number(table, "start"));
    } else {
      frontier.log10_start = named_start(table, table.string("start", default_start()));
    }
    table.finish();
  }

  /// What the calibration knows is of use to years after it.
  std::string default_start() const {
    return calibration_.years.back().year < plan_.years.front() ? "calibration" : "none";
  }

  double named_start(TableReader& table, const std::string& name) const {
    if (name == "none") return -infinity;
    if (name != "calibration") {
      table.fail_at("start", fmt::format("outputs.frontier.start must be \"calibration\", \"none\" "
                                         "or a size in FLOP, found \"{}\"",
                                         name));
    }
    const int last = calibration_.years.back().year;
    if (last >= plan_.years.front()) {
      table.fail_at("start", fmt::format("outputs.frontier: the calibration knows the frontier at "
                                         "the end of {}, not before {}, where the job begins; "
                                         "write start = \"none\" or a size in FLOP",
                                         last, plan_.years.front()));
    }
    return std::log10(calibration_.frontier_start);
  }

  void explicit_base(TableReader& table, const Value& value) {
    const std::vector<double> numbers = table.as_numbers(value, "outputs.cumulative_base");
    bool good = numbers.size() == plan_.outputs.thresholds.size();
    for (const double number : numbers) {
      good = good && number >= 0.0 && number <= 1e6 && number == std::floor(number);
    }
    if (!good) {
      table.fail(value,
                 "outputs.cumulative_base must be one whole number up to 1,000,000 per threshold");
    }
    for (std::size_t t = 0; t < numbers.size(); ++t) {
      plan_.outputs.cumulative_base[t] = static_cast<std::uint64_t>(numbers[t]);
    }
  }

  std::uint64_t calibration_count(TableReader& table, int year, double threshold) const {
    const auto known = calibration_.count_above(year, threshold);
    if (known) return static_cast<std::uint64_t>(*known);
    table.fail_at(
        "cumulative_from",
        fmt::format("the calibration does not tell how many models of {} are above {} FLOP, "
                    "which cumulative counts from {} need; set outputs.cumulative_from = {}, "
                    "or give outputs.cumulative_base or [observed]",
                    year, threshold, plan_.outputs.cumulative_from, plan_.outputs.forecast_from));
  }

  const Calibration& calibration_;
  engine::Plan& plan_;
};

}  // namespace

void parse_outputs(TableReader table, std::optional<TableReader> observed,
                   const Calibration& calibration, engine::Plan& plan) {
  OutputsParser(calibration, plan).parse(table, observed);
}

void parse_precision(TableReader& table, engine::Plan& plan) {
  for (const auto& [key, value] : {std::pair{"absolute", &plan.precision.absolute},
                                   std::pair{"relative", &plan.precision.relative}}) {
    *value = table.number(key, 0.0);
    if (*value < 0.0) {
      table.fail_at(key, fmt::format("precision.{} must not be negative, found {}", key, *value));
    }
  }
  table.finish();
  if (!plan.precision.wanted()) {
    table.fail("precision needs absolute, relative or both, one of them positive");
  }
}

}  // namespace flopsieve::jobs
