#include "engine/tilt_io.hpp"

#include <fmt/format.h>

#include <string>

#include "engine/format.hpp"

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

std::string in_batches(const char* name) {
  return fmt::format("/batches/{}", name);
}

}  // namespace

void write_tilt_batches(H5File& file, const Plan& plan, const std::vector<BatchRecord>& batches) {
  const Dimension batch = along(format::batches, format::batch, batches.size());
  const Dimension year = along(format::batches, format::year, plan.year_count());
  for (const SumField& field : sums) {
    std::vector<double> values;
    for (const BatchRecord& record : batches) {
      for (const YearTally& each : record.tally.years) values.push_back(each.tilt.*field.member);
    }
    file.write(in_batches(field.name), values, {{batch, year}, "1", field.meaning});
  }
}

void read_tilt_batches(const H5File& file, std::vector<BatchRecord>& batches) {
  for (const SumField& field : sums) {
    const auto values = file.read<double>(in_batches(field.name));
    std::size_t at = 0;
    for (BatchRecord& record : batches) {
      for (YearTally& year : record.tally.years) year.tilt.*field.member = values.at(at++);
    }
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
