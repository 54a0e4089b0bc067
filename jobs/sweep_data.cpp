#include "jobs/sweep_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/format.hpp"

namespace flopsieve::jobs {
namespace {

namespace format = engine::format;
using engine::H5File;

constexpr char kind_sweep[] = "flopsieve sweep";
constexpr double normal_975 = 1.959963984540054;
constexpr std::uint64_t variants_at_once = 4096;

/// What a dataset of results is called whose kind has several.
std::string group_of(MetricKind kind) {
  switch (kind) {
    case MetricKind::counts:
      return "/counts";
    case MetricKind::cumulative:
      return "/cumulative";
    case MetricKind::acceptance:
      break;
  }
  return "/acceptance";
}

}  // namespace

bool is_sweep(const std::filesystem::path& path) {
  if (engine::path_kind(path) != engine::PathKind::file) return false;
  try {
    const H5File file = H5File::open(path);
    return file.has_attribute("/", format::kind) &&
           file.read_attribute_text("/", format::kind) == kind_sweep;
  } catch (const engine::Error&) {
    return false;
  }
}

SweepData::SweepData(const std::filesystem::path& path)
    : name_(path.string()), file_(H5File::open(path)) {
  if (!file_.has_attribute("/", format::complete)) {
    throw engine::Error(engine::ExitCode::bad_input,
                        fmt::format("{}: not the result of a finished flopsieve sweep", name_));
  }
  design_ = file_.read_attribute_text("/", "design");
  common_random_numbers_ = file_.read_attribute<std::int32_t>("/", "common_random_numbers") != 0;
  status_ = file_.read_strings("/status");
  const auto years = file_.read<std::int32_t>("/year");
  axes_.years.assign(years.begin(), years.end());
  axes_.thresholds = file_.read<double>("/threshold");
  axes_.quantiles = file_.read<double>("/quantile");
  read_settings();
}

void SweepData::read_settings() {
  for (const std::string& path : file_.datasets()) {
    if (!file_.has_attribute(path, "key")) continue;
    Setting setting;
    setting.name = file_.read_attribute_text(path, "key");
    try {
      setting.numbers = file_.read<double>(path);
    } catch (const engine::Error&) {
      setting.is_number = false;
      setting.texts = file_.read_strings(path);
    }
    settings_.push_back(std::move(setting));
  }
}

std::vector<double> SweepData::column(const std::string& dataset,
                                      const std::vector<std::size_t>& place) const {
  const std::vector<std::uint64_t> shape = file_.shape(dataset);
  std::uint64_t width = 1;
  std::uint64_t at = 0;
  for (std::size_t i = 1; i < shape.size(); ++i) {
    width *= shape[i];
    at = at * shape[i] + place.at(i - 1);
  }
  std::vector<double> result;
  for (std::uint64_t first = 0; first < shape.at(0); first += variants_at_once) {
    const std::uint64_t count = std::min(variants_at_once, shape[0] - first);
    const auto rows = file_.read_rows<double>(dataset, first, count);
    for (std::uint64_t row = 0; row < count; ++row) result.push_back(rows[row * width + at]);
  }
  return result;
}

/// Of a mean and of an acceptance the standard error; of a quantile the half-width of its 95 %
/// interval as if that were of a normal law.
void SweepData::set_errors(const std::string& group, const MetricPlace& place,
                           MetricValues& result) const {
  const bool is_acceptance = group == group_of(MetricKind::acceptance);
  if (is_acceptance || !place.quantile) {
    const std::string path = group + (is_acceptance ? "_probability_error" : "_standard_error");
    if (file_.exists(path)) result.errors = column(path, {place.year, place.threshold});
    return;
  }
  const std::string path = group + "_bounds";
  if (!file_.exists(path)) return;
  result.errors = column(path, {place.year, place.threshold, *place.quantile, 1});
  const auto lower = column(path, {place.year, place.threshold, *place.quantile, 0});
  for (std::size_t v = 0; v < lower.size(); ++v) {
    result.errors[v] = (result.errors[v] - lower[v]) / (2.0 * normal_975);
  }
}

MetricValues SweepData::values(const Metric& metric) const {
  const MetricPlace place = place_of(metric, axes_, name_);
  const std::string group = group_of(metric.kind);
  MetricValues result;
  if (metric.kind == MetricKind::acceptance) {
    result.values = column(group + "_probability", {place.year});
  } else if (place.quantile) {
    result.values = column(group + "_quantiles", {place.year, place.threshold, *place.quantile});
  } else {
    result.values = column(group + "_mean", {place.year, place.threshold});
  }
  set_errors(group, place, result);
  for (std::size_t v = 0; v < status_.size(); ++v) {
    if (status_[v] != "ok") result.values[v] = std::numeric_limits<double>::quiet_NaN();
  }
  return result;
}

}  // namespace flopsieve::jobs
