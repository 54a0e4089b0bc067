#include "engine/tilt_io.hpp"

#include <fmt/format.h>

#include <span>
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

void write_tilt_acceptance(H5File& file, const Plan& plan, const Tally& tally) {
  const Dimension year = along(format::acceptance, format::year, plan.year_count());
  for (const auto& field : reports) {
    std::vector<double> values;
    for (const YearTally& each : tally.years) values.push_back(report_tilt(each).*field.member);
    file.write(fmt::format("/acceptance/{}", field.name), values, {{year}, "1", field.meaning});
  }
}

}  // namespace flopsieve::engine
