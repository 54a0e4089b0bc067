#include "jobs/constraint_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <stdexcept>

#include "jobs/input_parser.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Constraint;
using engine::StatisticKind;

constexpr double infinity = std::numeric_limits<double>::infinity();

struct CalibratedStatistic {
  StatisticKind kind;
  double CalibrationYear::*figure;
};
constexpr CalibratedStatistic calibrated[] = {
    {StatisticKind::largest_share, &CalibrationYear::largest_share},
    {StatisticKind::mean, &CalibrationYear::mean},
    {StatisticKind::median, &CalibrationYear::median},
    {StatisticKind::sd, &CalibrationYear::sd},
    {StatisticKind::skewness, &CalibrationYear::skewness},
    {StatisticKind::excess_kurtosis, &CalibrationYear::excess_kurtosis},
    {StatisticKind::median_skewness, &CalibrationYear::median_skewness},
    {StatisticKind::allocation_gradient, &CalibrationYear::allocation_gradient},
    {StatisticKind::allocation_slope, &CalibrationYear::allocation_slope},
    {StatisticKind::allocation_intercept, &CalibrationYear::allocation_intercept},
};

void take_calibration_range(TableReader& table, const Calibration& calibration,
                            Constraint& constraint) {
  if (table.string("from") != "calibration") table.fail_at("from", "from must be \"calibration\"");
  if (table.has("min") || table.has("max")) {
    table.fail_at("from", "a constraint has either from = \"calibration\" or min and max");
  }
  const auto row = std::find_if(
      std::begin(calibrated), std::end(calibrated),
      [&](const CalibratedStatistic& each) { return each.kind == constraint.statistic.kind; });
  if (row == std::end(calibrated)) {
    table.fail_at("statistic", fmt::format("the calibration has no range of {}; give min and max",
                                           constraint.statistic.name()));
  }
  const auto [low, high] = calibration_range(calibration, row->figure);
  constraint.lower.assign(constraint.lower.size(), low);
  constraint.upper.assign(constraint.upper.size(), high);
}

void take_bounds(TableReader& table, const std::vector<int>& years, Constraint& constraint) {
  const Value* low = table.optional_value("min");
  const Value* high = table.optional_value("max");
  if (low == nullptr && high == nullptr) {
    table.fail("a constraint needs min, max or from = \"calibration\"");
  }
  if (low != nullptr)
    constraint.lower = parse_yearly_numbers(table, *low, table.name_of("min"), years);
  if (high != nullptr)
    constraint.upper = parse_yearly_numbers(table, *high, table.name_of("max"), years);
  for (std::size_t i = 0; i < years.size(); ++i) {
    if (constraint.lower[i] <= constraint.upper[i]) continue;
    table.fail(*high,
               fmt::format("{}: min {} is above max {}, so no candidate can pass",
                           constraint.statistic.name(), constraint.lower[i], constraint.upper[i]));
  }
}

}  // namespace

Constraint parse_constraint(TableReader& table, const std::vector<int>& years,
                            const Calibration& calibration) {
  Constraint constraint;
  const std::string text = table.string("statistic");
  try {
    constraint.statistic = engine::parse_statistic(text);
  } catch (const std::invalid_argument& error) {
    table.fail_at("statistic", error.what());
  }
  constraint.name = table.label("name", constraint.statistic.name());
  constraint.lower.assign(years.size(), -infinity);
  constraint.upper.assign(years.size(), infinity);
  if (table.has("from")) {
    take_calibration_range(table, calibration, constraint);
  } else {
    take_bounds(table, years, constraint);
  }
  std::pair<int, int> range{years.front(), years.back()};
  if (const auto only = table.optional_string("years")) {
    range = parse_year_range(*only,
                             [&](const std::string& message) { table.fail_at("years", message); });
    if (range.first < years.front() || range.second > years.back()) {
      table.fail_at("years", fmt::format("the years {} are not all years of the job", *only));
    }
  }
  for (const int year : years) {
    constraint.active.push_back(year >= range.first && year <= range.second ? 1 : 0);
  }
  table.finish();
  return constraint;
}

std::pair<double, double> calibration_range(const Calibration& calibration,
                                            double CalibrationYear::*figure) {
  std::pair<double, double> range{infinity, -infinity};
  for (const CalibrationYear& year : calibration.years) {
    range.first = std::min(range.first, year.*figure);
    range.second = std::max(range.second, year.*figure);
  }
  return range;
}

std::vector<std::uint32_t> cascade_order(const std::vector<Constraint>& constraints) {
  std::vector<std::uint32_t> order(constraints.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return constraints[a].statistic.info().cost < constraints[b].statistic.info().cost;
  });
  return order;
}

}  // namespace flopsieve::jobs
