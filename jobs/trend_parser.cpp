#include "jobs/trend_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "jobs/trend.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Kink;
using engine::TrendFit;

/// Whether a trend is to be fitted: it is called "calibration", which has enough years.
bool is_fitted(const TableReader& reader, const Value& value, const std::string& name,
               const YearlyFigure& figure, std::size_t least_years) {
  if (value.kind != ValueKind::string) return false;
  if (value.text != "calibration") {
    reader.fail(value, fmt::format("{} must be \"calibration\" or written out, found \"{}\"", name,
                                   value.text));
  }
  if (figure.years.size() < least_years) {
    reader.fail(value, fmt::format("{} needs at least {} calibration years, there are {}", name,
                                   least_years, figure.years.size()));
  }
  return true;
}

/// The two members that every written-out fit has.
void parse_residuals(TableReader& table, double& variance, std::uint32_t& degrees_of_freedom) {
  variance = table.number("residual_variance");
  const std::int64_t freedom = table.integer("degrees_of_freedom");
  if (freedom < 1 || freedom > 1000 || !(variance >= 0.0)) {
    table.fail(fmt::format("{} needs 1 to 1000 degrees_of_freedom and residual_variance >= 0",
                           table.path()));
  }
  degrees_of_freedom = static_cast<std::uint32_t>(freedom);
}

/// A standard deviation in units of the residuals'.
double factor(TableReader& table, const char* key) {
  const double found = table.number(key);
  if (found >= 0.0) return found;
  table.fail_at(key, fmt::format("{} must not be negative, found {}", table.name_of(key), found));
}

template <std::size_t n>
std::array<double, n> parse_array(TableReader& table, const char* key) {
  const std::vector<double> found = table.numbers(key);
  if (found.size() != n) {
    table.fail_at(
        key, fmt::format("{} must have {} numbers, found {}", table.name_of(key), n, found.size()));
  }
  std::array<double, n> result{};
  std::copy(found.begin(), found.end(), result.begin());
  return result;
}

Kink parse_kink(const Value& value, const std::string& name) {
  TableReader table(value, name);
  Kink kink;
  kink.weight = table.number("weight");
  if (!(kink.weight >= 0.0)) table.fail_at("weight", fmt::format("{}.weight is negative", name));
  kink.knot = table.number("knot");
  kink.coefficients = parse_array<3>(table, "coefficients");
  kink.factor = parse_array<6>(table, "factor");
  for (const std::size_t diagonal : {0u, 2u, 5u}) {
    if (kink.factor[diagonal] > 0.0) continue;
    table.fail_at("factor", fmt::format("{}.factor needs positive numbers 1, 3 and 6, the diagonal "
                                        "of a Cholesky factor; found {}",
                                        name, kink.factor[diagonal]));
  }
  parse_residuals(table, kink.residual_variance, kink.degrees_of_freedom);
  table.finish();
  return kink;
}

}  // namespace

YearlyFigure figure_of(const Calibration& calibration,
                       const std::function<double(const CalibrationYear&)>& figure) {
  YearlyFigure result;
  for (const CalibrationYear& year : calibration.years) {
    result.years.push_back(year.year);
    result.values.push_back(figure(year));
  }
  return result;
}

TrendFit parse_trend(const TableReader& reader, const Value& value, const std::string& name,
                     const YearlyFigure& figure) {
  if (is_fitted(reader, value, name, figure, 3)) return fit_trend(figure.years, figure.values);
  TableReader table(value, name);
  TrendFit fit;
  fit.centre = table.number("centre");
  fit.intercept = table.number("intercept");
  fit.slope = table.number("slope");
  fit.intercept_factor = factor(table, "intercept_factor");
  fit.slope_factor = factor(table, "slope_factor");
  parse_residuals(table, fit.residual_variance, fit.degrees_of_freedom);
  table.finish();
  return fit;
}

std::vector<Kink> parse_kinks(const TableReader& reader, const Value& value,
                              const std::string& name, const YearlyFigure& figure) {
  if (is_fitted(reader, value, name, figure, 5)) {
    return fit_kinked_trend(figure.years, figure.values);
  }
  if (value.kind != ValueKind::array || value.elements.empty()) {
    reader.fail(value, fmt::format("{} must be \"calibration\" or an array of one table for each "
                                   "knot",
                                   name));
  }
  std::vector<Kink> kinks;
  double sum = 0.0;
  for (const Value& element : value.elements) {
    kinks.push_back(parse_kink(element, fmt::format("{}[{}]", name, kinks.size() + 1)));
    sum += kinks.back().weight;
  }
  if (!(std::abs(sum - 1.0) <= 1e-9)) {
    reader.fail(value, fmt::format("the weights of {} must sum to 1, found {}", name, sum));
  }
  return kinks;
}

}  // namespace flopsieve::jobs
