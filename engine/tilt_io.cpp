#include "engine/tilt_io.hpp"

#include <utility>
#include <vector>

#include "engine/format.hpp"

namespace flopsieve::engine {
namespace {

constexpr NamedNumber<double, TiltTally> sums[] = {
    {"tilt_total", "sum of estimates of P(total in window)", &TiltTally::total},
    {"tilt_total_square", "sum of their squares", &TiltTally::square_total},
    {"tilt_passes", "sum of estimates of P(constraints)", &TiltTally::passes},
    {"tilt_passes_square", "sum of their squares", &TiltTally::square_passes},
};

constexpr NamedNumber<double, TiltReport> reports[] = {
    {"tilt_total_probability", "P(total in window)", &TiltReport::total_probability},
    {"tilt_total_error", "its standard error", &TiltReport::total_error},
    {"tilt_probability", "P(constraints)", &TiltReport::probability},
    {"tilt_error", "its standard error", &TiltReport::error},
};

}  // namespace

void add_tilt_fields(const Plan& plan, BatchFields& fields) {
  add_year_numbers(plan, sums, &YearTally::tilt, fields.sums);
}

std::vector<ResultTable> tilt_tables(const Plan& plan, const Tally& tally) {
  std::vector<ResultTable> tables;
  for (const auto& field : reports) {
    std::vector<double> values;
    for (const YearTally& each : tally.years) values.push_back(report_tilt(each).*field.member);
    tables.push_back({format::acceptance,
                      field.name,
                      {{format::year, plan.year_count()}},
                      "1",
                      field.meaning,
                      std::move(values)});
  }
  return tables;
}

}  // namespace flopsieve::engine
