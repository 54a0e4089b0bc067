#include "jobs/sweep_data.hpp"

#include <limits>

namespace flopsieve::jobs {
namespace {

constexpr double normal_975 = 1.959963984540054;

/// What the names of a metric's variables begin with.
std::string group_of(MetricKind kind) {
  switch (kind) {
    case MetricKind::counts:
      return "counts";
    case MetricKind::cumulative:
      return "cumulative";
    case MetricKind::statistic:
      return "statistics";
    case MetricKind::acceptance:
      break;
  }
  return "acceptance";
}

}  // namespace

SweepData::SweepData(const std::filesystem::path& path)
    : name_(path.string()),
      result_(engine::open_sweep(path)),
      axes_(axes_of(result_.study().base)) {}

/// Of a mean its standard error; of a quantile the half-width of its 95 % interval as if that were
/// of a normal law.
std::vector<double> SweepData::errors_of(const std::string& group, const MetricPlace& place) {
  if (!place.quantile) {
    return result_.values(group + "_standard_error", {place.year, place.threshold});
  }
  const std::string bounds = group + "_bounds";
  const auto lower = result_.values(bounds, {place.year, place.threshold, *place.quantile, 0});
  std::vector<double> errors =
      result_.values(bounds, {place.year, place.threshold, *place.quantile, 1});
  for (std::size_t v = 0; v < errors.size(); ++v) {
    errors[v] = (errors[v] - lower[v]) / (2.0 * normal_975);
  }
  return errors;
}

MetricValues SweepData::values(const Metric& metric) {
  const MetricPlace place = place_of(metric, axes_, name_);
  const std::string group = group_of(metric.kind);
  MetricValues found;
  if (metric.kind == MetricKind::acceptance) {
    found.values = result_.values(group + "_probability", {place.year});
    found.errors = result_.values(group + "_probability_error", {place.year});
  } else if (place.quantile) {
    found.values =
        result_.values(group + "_quantiles", {place.year, place.threshold, *place.quantile});
    found.errors = errors_of(group, place);
  } else {
    found.values = result_.values(group + "_mean", {place.year, place.threshold});
    found.errors = errors_of(group, place);
  }
  for (std::size_t v = 0; v < found.values.size(); ++v) {
    if (!result_.ok(v)) found.values[v] = std::numeric_limits<double>::quiet_NaN();
  }
  return found;
}

}  // namespace flopsieve::jobs
