#include "engine/tilt_io.hpp"

#include <fmt/format.h>

#include <span>
#include <vector>

#include "engine/format.hpp"
#include "engine/tally_io.hpp"

namespace flopsieve::engine {
namespace {

struct SumField {
  const char* name;
  const char* meaning;
  double TiltTally::*member;
};
constexpr SumField sums[] = {
    {"tilt_total", "sum of estimates of P(total in window)", &TiltTally::total},
    {"tilt_total_square", "sum of their squares", &TiltTally::square_total},
    {"tilt_passes", "sum of estimates of P(constraints)", &TiltTally::passes},
    {"tilt_passes_square", "sum of their squares", &TiltTally::square_passes},
};

struct ReportField {
  const char* name;
  const char* meaning;
  double TiltReport::*member;
};
constexpr ReportField reports[] = {
    {"tilt_total_probability", "P(total in window)", &TiltReport::total_probability},
    {"tilt_total_error", "its standard error", &TiltReport::total_error},
    {"tilt_probability", "P(constraints)", &TiltReport::probability},
    {"tilt_error", "its standard error", &TiltReport::error},
};

}  // namespace

void add_tilt_fields(const Plan& plan, BatchFields& fields) {
  const Dimension year = along(format::batches, format::year, plan.year_count());
  for (const SumField& field : sums) {
    fields.sums.push_back({field.name,
                           field.meaning,
                           {year},
                           [member = field.member](BatchRecord& record, std::size_t y) {
                             return std::span(&(record.tally.years[y].tilt.*member), 1);
                           }});
  }
}

void write_tilt_acceptance(H5File& file, const Plan& plan, const Tally& tally) {
  const Dimension year = along(format::acceptance, format::year, plan.year_count());
  for (const ReportField& field : reports) {
    std::vector<double> values;
    for (const YearTally& each : tally.years) values.push_back(report_tilt(each).*field.member);
    file.write(fmt::format("/acceptance/{}", field.name), values, {{year}, "1", field.meaning});
  }
}

}  // namespace flopsieve::engine
