#include "jobs/state_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "jobs/state_space.hpp"

namespace flopsieve::jobs {
namespace {

/// In the order of engine::StateSeries.
constexpr std::array<const char*, engine::state_series> series_names{"log10_total", "mean", "ln_sd",
                                                                     "atanh_skewness", "ln_count"};

Series parse_series(TableReader table) {
  Series series;
  series.values = table.numbers("observed");
  series.noise_sd = table.numbers("standard_error");
  table.finish();
  if (series.values.size() < 3 || series.noise_sd.size() != series.values.size()) {
    table.fail(fmt::format("{} needs observed and standard_error of the same 3 or more years",
                           table.path()));
  }
  for (const double each : series.noise_sd) {
    if (!(each > 0.0)) {
      table.fail_at("standard_error", fmt::format("{}.standard_error must be positive, found {}",
                                                  table.path(), each));
    }
  }
  return series;
}

StateData parse_data(TableReader table) {
  StateData data;
  data.last_year = table.year("last_year");
  for (std::size_t s = 0; s < series_names.size(); ++s) {
    data.series[s] = parse_series(table.table(series_names[s]));
    if (data.series[s].values.size() != data.series[0].values.size()) {
      table.fail_at(series_names[s],
                    fmt::format("{} and {} need the same number of years",
                                table.name_of(series_names[0]), table.name_of(series_names[s])));
    }
  }
  table.finish();
  return data;
}

bool refers_to_state(const engine::Argument& argument) {
  return argument.reference == engine::Reference::state_mean ||
         argument.reference == engine::Reference::state_sd ||
         argument.reference == engine::Reference::state_skewness;
}

bool refers_to_state(const engine::Input& input) {
  return std::any_of(input.years.begin(), input.years.end(), [](const auto& year) {
    return std::any_of(year.arguments.begin(), year.arguments.end(),
                       [](const engine::Argument& each) { return refers_to_state(each); });
  });
}

}  // namespace

StateSource::StateSource(const std::optional<TableReader>& table, const Calibration& calibration,
                         const engine::StateSpace* fitted)
    : table_(table), calibration_(&calibration) {
  if (fitted != nullptr) space_ = *fitted;
  // A table is read even if nothing refers to it, for its mistakes.
  if (table_) static_cast<void>(parse_data(*table_));
}

const engine::StateSpace& StateSource::space() {
  if (space_) return *space_;
  const StateData data = table_ ? parse_data(*table_) : state_data(*calibration_);
  space_ = fit_state_space(data);
  for (const Series& series : data.series) {
    space_->observed.insert(space_->observed.end(), series.values.begin(), series.values.end());
    space_->standard_errors.insert(space_->standard_errors.end(), series.noise_sd.begin(),
                                   series.noise_sd.end());
  }
  return *space_;
}

bool refers_to_state(const engine::Plan& plan) {
  if (plan.total.model == engine::TotalModel::state_space) return true;
  if (plan.count.model == engine::CountModel::state_space) return true;
  return std::any_of(plan.sizes.parameters.begin(), plan.sizes.parameters.end(),
                     [](const engine::Input& input) { return refers_to_state(input); });
}

std::string_view series_name(std::size_t series) {
  return series_names[series];
}

}  // namespace flopsieve::jobs
