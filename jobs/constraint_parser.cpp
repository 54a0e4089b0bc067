#include "jobs/constraint_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

#include "engine/cascade.hpp"
#include "jobs/yearly.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Constraint;
using engine::Match;
using engine::RelativeTo;
using engine::StatisticKind;

constexpr double infinity = std::numeric_limits<double>::infinity();

struct CalibratedStatistic {
  StatisticKind kind;
  double CalibrationYear::*figure;
};
constexpr CalibratedStatistic calibrated_statistics[] = {
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

/// Reads one [[constraint]].
class ConstraintParser {
 public:
  ConstraintParser(TableReader& table, const Calibration& calibration, const engine::Plan& plan)
      : table_(table), calibration_(calibration), plan_(plan), years_(plan.years) {}

  Constraint parse() {
    parse_statistic();
    constraint_.name = table_.label("name", constraint_.statistic.name());
    constraint_.lower.assign(years_.size(), -infinity);
    constraint_.upper.assign(years_.size(), infinity);
    parse_years();
    parse_demand();
    table_.finish();
    if (constraint_.is_soft()) constraint_.address = engine::soft_address(constraint_);
    return constraint_;
  }

 private:
  void parse_statistic() {
    try {
      constraint_.statistic = engine::parse_statistic(table_.string("statistic"));
    } catch (const std::invalid_argument& error) {
      table_.fail_at("statistic", error.what());
    }
    demand_revenue(table_, "statistic", constraint_.statistic, plan_);
  }

  void parse_years() {
    std::pair<int, int> range{years_.front(), years_.back()};
    if (const auto only = table_.optional_string("years")) {
      range = parse_year_range(
          *only, [&](const std::string& message) { table_.fail_at("years", message); });
      if (range.first < years_.front() || range.second > years_.back()) {
        table_.fail_at("years", fmt::format("the years {} are not all years of the job", *only));
      }
    }
    for (const int year : years_) {
      constraint_.active.push_back(year >= range.first && year <= range.second ? 1 : 0);
    }
  }

  void parse_demand() {
    const Value* ratio = table_.optional_value("ratio_to_previous_year");
    const Value* soft = table_.optional_value("soft");
    const bool calibrated = table_.has("from");
    const bool has_max = table_.has("max");
    const bool bounded = table_.has("min") || has_max;
    const bool relative = table_.has("relative_to");
    const int demands = (ratio != nullptr) + (soft != nullptr) + calibrated + bounded;
    if (demands == 0) {
      table_.finish();
      table_.fail(
          "a constraint needs min or max, from = \"calibration\", ratio_to_previous_year, or "
          "soft");
    }
    if (demands > 1) {
      table_.fail_at(calibrated         ? "from"
                     : ratio != nullptr ? "ratio_to_previous_year"
                                        : "soft",
                     "a constraint has either min and max, or from, or ratio_to_previous_year, or "
                     "soft");
    }
    if (relative) {
      if (ratio != nullptr || calibrated) {
        table_.fail_at("relative_to", "relative_to belongs to min and max or to soft");
      }
      parse_relative_to();
    }
    if (calibrated) take_calibration_range();
    if (bounded) take_bounds(table_);
    if (soft != nullptr) take_soft(*soft);
    if (ratio != nullptr) take_ratio(*ratio);
  }

  void parse_relative_to() {
    const std::string what = table_.string("relative_to");
    const std::string statistic = constraint_.statistic.name();
    if (what == "total") {
      constraint_.relative_to = RelativeTo::total;
      if (constraint_.statistic.is_log10_flop()) return;
      table_.fail_at("relative_to", fmt::format("only statistics in log10 FLOP can be relative to "
                                                "the total, not {}",
                                                statistic));
    }
    if (what == "count") {
      constraint_.relative_to = RelativeTo::count;
      if (!constraint_.statistic.is_log10_flop()) return;
      table_.fail_at("relative_to", fmt::format("{} is a logarithm, which cannot be divided by the "
                                                "number of models",
                                                statistic));
    }
    table_.fail_at("relative_to",
                   fmt::format("relative_to must be \"total\" or \"count\", found \"{}\"", what));
  }

  void take_calibration_range() {
    if (table_.string("from") != "calibration") {
      table_.fail_at("from", "from must be \"calibration\"");
    }
    const auto row = std::find_if(
        std::begin(calibrated_statistics), std::end(calibrated_statistics),
        [&](const CalibratedStatistic& each) { return each.kind == constraint_.statistic.kind; });
    if (row == std::end(calibrated_statistics)) {
      table_.fail_at("statistic",
                     fmt::format("the calibration has no range of {}; give min and max",
                                 constraint_.statistic.name()));
    }
    const auto [low, high] = calibration_range(calibration_, row->figure);
    constraint_.lower.assign(years_.size(), low);
    constraint_.upper.assign(years_.size(), high);
  }

  /// A number, or one for each year in which the constraint is active.
  std::vector<double> numbers(const TableReader& table, const Value& value, const char* key) const {
    return parse_yearly_numbers(table, value, table.name_of(key), years_, constraint_.active);
  }

  /// `min` and `max` of the constraint or of its ratio.
  void take_bounds(TableReader& table) {
    const Value* low = table.optional_value("min");
    const Value* high = table.optional_value("max");
    if (low != nullptr) constraint_.lower = numbers(table, *low, "min");
    if (high != nullptr) constraint_.upper = numbers(table, *high, "max");
    for (std::size_t i = 0; i < years_.size(); ++i) {
      if (constraint_.active[i] == 0 || constraint_.lower[i] <= constraint_.upper[i]) continue;
      table.fail(*high, fmt::format("{}: min {} is above max {}, so no candidate can pass",
                                    constraint_.statistic.name(), constraint_.lower[i],
                                    constraint_.upper[i]));
    }
  }

  void take_ratio(const Value& value) {
    TableReader table(value, table_.name_of("ratio_to_previous_year"));
    take_bounds(table);
    table.finish();
    if (!table.has("min") && !table.has("max")) {
      table.fail("ratio_to_previous_year needs min, max or both");
    }
    constraint_.relative_to = RelativeTo::previous_year;
    if (std::find(constraint_.active.begin() + 1, constraint_.active.end(), 1) ==
        constraint_.active.end()) {
      table_.fail_at("ratio_to_previous_year",
                     fmt::format("ratio_to_previous_year would never act: {}, the first year of "
                                 "the job, has no year before it",
                                 years_.front()));
    }
  }

  void take_soft(const Value& value) {
    TableReader table(value, table_.name_of("soft"));
    const Value* normal = table.optional_value("normal");
    const Value* below = table.optional_value("below");
    const bool has_scope = table.has("scope");
    table.finish();
    if ((normal == nullptr) == (below == nullptr)) {
      table.fail(
          "soft takes one of normal = [centre, standard deviation] and below = [5 % point, 95 % "
          "point]");
    }
    if (below != nullptr) {
      take_ceiling(table, *below);
      return;
    }
    if (has_scope) table.fail_at("scope", "scope belongs to soft.below");
    take_normal(table, *normal);
  }

  void take_normal(const TableReader& table, const Value& normal) {
    if (normal.kind != ValueKind::array || normal.elements.size() != 2) {
      table.fail(normal, "soft.normal must be [centre, standard deviation]");
    }
    constraint_.centre = numbers(table, normal.elements[0], "normal");
    constraint_.spread = numbers(table, normal.elements[1], "normal");
    for (const double spread : constraint_.spread) {
      if (spread > 0.0) continue;
      table.fail(normal,
                 fmt::format("soft.normal needs a positive standard deviation, found {}", spread));
    }
  }

  void take_ceiling(TableReader& table, const Value& below) {
    if (below.kind != ValueKind::array || below.elements.size() != 2) {
      table.fail(below, "soft.below must be [5 % point, 95 % point] of the ceiling");
    }
    engine::Ceiling& ceiling = constraint_.ceiling;
    ceiling.low = numbers(table, below.elements[0], "below");
    ceiling.high = numbers(table, below.elements[1], "below");
    const bool needs_positive = !constraint_.statistic.is_log10_flop();
    for (std::size_t i = 0; i < years_.size(); ++i) {
      if (constraint_.active[i] == 0) continue;
      if (needs_positive && !(ceiling.low[i] > 0.0)) {
        table.fail(below, fmt::format("soft.below needs positive points, found {}; the law of the "
                                      "ceiling is log-normal",
                                      ceiling.low[i]));
      }
      if (ceiling.low[i] < ceiling.high[i]) continue;
      table.fail(below, fmt::format("soft.below: the 5 % point {} must be below the 95 % point {}; "
                                    "a ceiling that is known is max",
                                    ceiling.low[i], ceiling.high[i]));
    }
    ceiling.scope = parse_scope(table);
  }

  static engine::Scope parse_scope(TableReader& table) {
    const std::string scope = table.string("scope", "trajectory");
    if (scope == "trajectory") return engine::Scope::trajectory;
    if (scope == "candidate") return engine::Scope::candidate;
    table.fail_at(
        "scope", fmt::format("scope must be \"candidate\" or \"trajectory\", found \"{}\"", scope));
  }

  TableReader& table_;
  const Calibration& calibration_;
  const engine::Plan& plan_;
  const std::vector<int>& years_;
  Constraint constraint_;
};

/// What two constraints must not share: a name, or for soft ones what they say.
void refuse_twins(const TableReader& table, const Constraint& constraint,
                  const engine::Plan& plan) {
  const auto named = [&](std::string_view name) { return name == constraint.name; };
  for (const Match match : {Match::reject, Match::shift, Match::last}) {
    if (!named(engine::matching_name(match))) continue;
    table.fail_at("name", fmt::format("\"{}\" is what reports call the match of the total; choose "
                                      "another name",
                                      constraint.name));
  }
  if (std::any_of(plan.constraints.begin(), plan.constraints.end(),
                  [&](const Constraint& other) { return named(other.name); })) {
    table.fail(
        fmt::format("two constraints are called \"{}\"; give one of them a name = \"...\" of "
                    "its own",
                    constraint.name));
  }
  for (const Constraint& other : plan.constraints) {
    if (!constraint.is_soft() || !other.is_soft() || other.address != constraint.address) continue;
    table.fail(fmt::format(
        "the soft constraints \"{}\" and \"{}\" say the same; change {} of one instead", other.name,
        constraint.name, constraint.has_ceiling() ? "the points" : "the standard deviation"));
  }
}

}  // namespace

void parse_constraints(std::vector<TableReader>& tables, const Calibration& calibration,
                       engine::Plan& plan) {
  for (TableReader& table : tables) {
    const Constraint constraint = ConstraintParser(table, calibration, plan).parse();
    refuse_twins(table, constraint, plan);
    plan.constraints.push_back(constraint);
    if (plan.constraints.size() > engine::most_constraints) {
      table.fail(fmt::format("at most {} constraints are allowed", engine::most_constraints));
    }
  }
  plan.cascade = engine::cascade_order(plan.constraints);
}

void demand_revenue(const TableReader& table, const char* key, const engine::Statistic& statistic,
                    const engine::Plan& plan) {
  if (statistic.kind != StatisticKind::loss_making_share || !plan.money.revenue.empty()) return;
  table.fail_at(key, "loss_making_share needs the revenue of a model: money.revenue");
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

}  // namespace flopsieve::jobs
