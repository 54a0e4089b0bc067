#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace flopsieve::engine {

/// A number computed from a candidate. Definitions: jobs/REFERENCE.md, "Statistics".
enum class StatisticKind : std::uint8_t {
  count,
  total,
  total_error,
  largest,
  smallest,
  range,
  largest_share,
  mean,
  median,
  sd,
  skewness,
  excess_kurtosis,
  median_skewness,
  allocation_gradient,
  allocation_slope,
  allocation_intercept,
  gini,
  count_above,
  count_within,
  cumulative_share,
  share_within,
  class_count,
  class_share,
  cost_total,
  cost_largest,
  cost_median,
  share_over_budget,
  tokens_largest,
  tokens_total,
  parameters_largest,
  loss_making_share,
  count_above_tokens
};

/// How a histogram of a statistic is laid out. Values beyond its ends fall into the end bins.
struct Grid {
  double lower = 0.0;
  double upper = 1.0;
  std::uint32_t bins = 1;
  enum class Scale : std::uint8_t { linear, log10, whole } scale = Scale::linear;
};

/// What a kind of statistic is: one row of the table in statistic.cpp.
struct StatisticInfo {
  StatisticKind kind;
  std::string_view name;
  std::string_view parameter;  ///< name of its parameter; empty if it takes none
  std::string_view unit;       ///< "1" for pure numbers
  std::string_view meaning;    ///< one line for documentation and long_name
  int cost;                    ///< 0: from the inputs or sums; 1: needs the sizes in order
  Grid grid;
};

const std::vector<StatisticInfo>& statistic_table();

/// A kind with its parameter (a threshold in FLOP or tokens, a width in OOM, a class number, a
/// budget in USD), which is 0 for kinds without one.
struct Statistic {
  StatisticKind kind = StatisticKind::count;
  double parameter = 0.0;

  const StatisticInfo& info() const;

  /// "mean", "class_share(2)", "count_above(1e+25)".
  std::string name() const;

  /// Whether the number is a log10 of FLOP.
  bool is_log10_flop() const { return info().unit == "log10 FLOP"; }

  bool operator==(const Statistic&) const = default;
};

/// Reads "largest_share" or "count_above(1e25)". Throws std::invalid_argument with a message that
/// says what is wrong and what is allowed, without a place.
Statistic parse_statistic(std::string_view text);

}  // namespace flopsieve::engine
