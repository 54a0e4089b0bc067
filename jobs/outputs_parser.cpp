#include "jobs/outputs_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace flopsieve::jobs {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Reads the keys of [outputs] into a Plan.
class OutputsParser {
 public:
  OutputsParser(const Calibration& calibration, engine::Plan& plan)
      : calibration_(calibration), plan_(plan) {}

  void parse(TableReader& table) {
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
    parse_cumulative(table);
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

  /// Known models of the years from cumulative_from to the one before the first.
  void parse_cumulative(TableReader& table) {
    engine::Outputs& outputs = plan_.outputs;
    const int first = plan_.years.front();
    outputs.cumulative_from =
        static_cast<int>(table.integer("cumulative_from", std::min(2023, first)));
    if (outputs.cumulative_from > first) {
      table.fail_at("cumulative_from", fmt::format("outputs.cumulative_from must not be after the "
                                                   "first year {}",
                                                   first));
    }
    outputs.cumulative_base.assign(outputs.thresholds.size(), 0);
    if (const Value* base = table.optional_value("cumulative_base")) {
      explicit_base(table, *base);
      return;
    }
    for (int year = outputs.cumulative_from; year < first; ++year) {
      for (std::size_t t = 0; t < outputs.thresholds.size(); ++t) {
        outputs.cumulative_base[t] += calibration_count(table, year, outputs.thresholds[t]);
      }
    }
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
    const CalibrationYear* known = calibration_.find_year(year);
    if (known != nullptr) {
      if (threshold > known->largest) return 0;
      for (std::size_t i = 0; i < calibration_thresholds.size(); ++i) {
        if (calibration_thresholds[i] == threshold) {
          return static_cast<std::uint64_t>(known->count_above[i]);
        }
      }
    }
    table.fail_at(
        "cumulative_from",
        fmt::format("the calibration does not tell how many models of {} are above {} FLOP, "
                    "which cumulative counts from {} need; set outputs.cumulative_from = {} "
                    "or give outputs.cumulative_base",
                    year, threshold, plan_.outputs.cumulative_from, plan_.years.front()));
  }

  const Calibration& calibration_;
  engine::Plan& plan_;
};

}  // namespace

void parse_outputs(TableReader table, const Calibration& calibration, engine::Plan& plan) {
  OutputsParser(calibration, plan).parse(table);
}

}  // namespace flopsieve::jobs
