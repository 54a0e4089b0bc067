#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/plan.hpp"

namespace flopsieve::jobs {

enum class MetricKind : std::uint8_t { counts, cumulative, statistic, acceptance };

/// One number of a result by its name, the same in every command that takes one:
///
///     counts(1e26, 2028)           models at or above the threshold in the year: the median
///     cumulative(1e26, 2028, 0.9)  models up to the year's end: the 90 % quantile
///     cumulative(1e26, 2028, mean)
///     statistic(sd, 2028)          a statistic of the job's outputs in the year: likewise
///     acceptance(2028)             P(constraints) of the year
struct Metric {
  MetricKind kind = MetricKind::counts;
  int year = 0;
  double threshold = 0.0;                ///< FLOP; of counts
  engine::Statistic statistic = {};      ///< of a statistic
  std::optional<double> quantile = 0.5;  ///< none: the mean
  bool names_part = false;               ///< whether the text says which quantile, or mean

  /// As it would be typed: parse_metric() gives the same metric.
  std::string text() const;
};

/// Throws Error(bad_input) that says what is wrong and what is allowed.
Metric parse_metric(const std::string& text);

/// What a result has numbers for, in the order of its arrays.
struct MetricAxes {
  std::vector<int> years;
  std::vector<double> thresholds;
  std::vector<double> quantiles;
  std::vector<engine::Statistic> statistics = {};
};

MetricAxes axes_of(const engine::Plan& plan);

/// Where in such arrays a metric stands.
struct MetricPlace {
  std::size_t year = 0;
  std::size_t threshold = 0;            ///< or the place of the statistic
  std::optional<std::size_t> quantile;  ///< none: the mean
};

/// Throws Error(bad_input) naming what `file` has, if that is not there.
MetricPlace place_of(const Metric& metric, const MetricAxes& axes, const std::string& file);

}  // namespace flopsieve::jobs
