#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/trend_draw.hpp"
#include "jobs/calibration.hpp"
#include "jobs/table_reader.hpp"

/// Trends over the years: fitted to the calibration, or written out.
namespace flopsieve::jobs {

/// A figure of each calibration year.
struct YearlyFigure {
  std::vector<double> years;
  std::vector<double> values;
};
YearlyFigure figure_of(const Calibration& calibration,
                       const std::function<double(const CalibrationYear&)>& figure);

/// `"calibration"`, a fit of `figure` (3 years at least), or a table of the members of TrendFit.
engine::TrendFit parse_trend(const TableReader& reader, const Value& value, const std::string& name,
                             const YearlyFigure& figure);

/// `"calibration"` (5 years at least), or an array of tables of the members of Kink.
std::vector<engine::Kink> parse_kinks(const TableReader& reader, const Value& value,
                                      const std::string& name, const YearlyFigure& figure);

}  // namespace flopsieve::jobs
