#include <fmt/format.h>

#include <algorithm>

#include "engine/error.hpp"
#include "engine/format.hpp"
#include "engine/merge.hpp"
#include "engine/plan.hpp"
#include "engine/result_file.hpp"
#include "jobs/sensitivity.hpp"

namespace flopsieve::jobs {
namespace {

namespace format = engine::format;
using engine::H5File;
using engine::Plan;

[[noreturn]] void refuse(const std::string& message) {
  throw engine::Error(engine::ExitCode::bad_input, message);
}

/// A trajectory has one count where a result has quantiles of counts.
void demand_metric_of_trajectories(const Metric& metric, const std::string& file) {
  if (metric.kind == MetricKind::acceptance) {
    refuse(
        fmt::format("{}: {}: a run has one acceptance a year, not one for each trajectory; in a "
                    "sweep it can be looked at",
                    file, metric.text()));
  }
  if (metric.kind == MetricKind::statistic) {
    refuse(
        fmt::format("{}: {}: the statistics of a run's survivors are its inputs; in a sweep it can "
                    "be looked at",
                    file, metric.text()));
  }
  if (metric.names_part) {
    refuse(
        fmt::format("{}: {}: each trajectory of a run has one number, of which there is no "
                    "quantile or mean; leave out the third argument",
                    file, metric.text()));
  }
}

void demand_statistics(const H5File& file, const std::string& name) {
  if (file.exists(format::statistics_by_trajectory)) return;
  refuse(
      fmt::format("{0}: keeps no statistics of single survivors; flopsieve refilter {0} --set "
                  "outputs.keep=statistics gives the same run with them",
                  name));
}

/// The models above the threshold in the year, or up to its end, of every trajectory.
std::vector<double> output_of(const std::vector<std::uint32_t>& counts, const Plan& plan,
                              const Metric& metric, const MetricPlace& place) {
  const engine::Outputs& outputs = plan.outputs;
  std::size_t first_year = place.year;
  double base = 0.0;
  if (metric.kind == MetricKind::cumulative) {
    const bool is_forecast = metric.year >= outputs.forecast_from;
    // Retrodicted years are added up by themselves.
    const int from = is_forecast ? outputs.forecast_from : plan.years.front();
    first_year = static_cast<std::size_t>(std::find(plan.years.begin(), plan.years.end(), from) -
                                          plan.years.begin());
    if (is_forecast) base = static_cast<double>(outputs.cumulative_base[place.threshold]);
  }
  const std::size_t thresholds = outputs.thresholds.size();
  const std::size_t row_size = plan.years.size() * thresholds;
  std::vector<double> output;
  for (std::size_t row = 0; row < counts.size(); row += row_size) {
    double sum = base;
    for (std::size_t year = first_year; year <= place.year; ++year) {
      sum += counts[row + year * thresholds + place.threshold];
    }
    output.push_back(sum);
  }
  return output;
}

/// The statistics of survivors in every year up to the metric's.
void set_inputs(const std::vector<double>& statistics, const Plan& plan, std::size_t last_year,
                Sample& sample) {
  const std::size_t width = plan.outputs.statistics.size();
  const std::size_t row_size = plan.years.size() * width;
  for (std::size_t year = 0; year <= last_year; ++year) {
    for (std::size_t s = 0; s < width; ++s) {
      sample.inputs.push_back(
          fmt::format("{} in {}", plan.outputs.statistics[s].name(), plan.years[year]));
      std::vector<double>& column = sample.columns.emplace_back();
      for (std::size_t row = 0; row < statistics.size(); row += row_size) {
        column.push_back(statistics[row + year * width + s]);
      }
    }
  }
}

}  // namespace

Sample sweep_sample(SweepData& data, const Metric& metric, const std::string& file) {
  Sample sample;
  sample.file = file;
  sample.design = data.design();
  for (const engine::SweptKey& each : data.settings()) {
    if (!each.is_number) {
      sample.texts.push_back(each.name);
      continue;
    }
    sample.inputs.push_back(each.name);
    sample.columns.push_back(each.numbers);
  }
  MetricValues values = data.values(metric);
  sample.output = std::move(values.values);
  sample.errors = std::move(values.errors);
  sample.common_random_numbers = data.common_random_numbers();
  return sample;
}

Sample run_sample(const std::filesystem::path& path, const Metric& metric) {
  engine::demand_result_file(path);
  const H5File file = engine::open_result_file(path);
  const Plan plan = engine::plan_from_json(file.read_attribute_text("/", format::plan));
  Sample sample;
  sample.file = path.string();
  demand_metric_of_trajectories(metric, sample.file);
  const engine::Outputs& outputs = plan.outputs;
  const MetricPlace place =
      place_of(metric, {plan.years, outputs.thresholds, outputs.quantiles}, sample.file);
  demand_statistics(file, sample.file);
  engine::verify_datasets(file, path,
                          {format::counts_by_trajectory, format::statistics_by_trajectory});
  const std::uint64_t stored = file.shape(format::counts_by_trajectory).at(0);
  const std::uint64_t rows = std::min(stored, most_trajectories);
  if (rows < stored) {
    sample.notes.push_back(
        fmt::format("the first {} of {} complete trajectories are looked at", rows, stored));
  }
  sample.output = output_of(file.read_rows<std::uint32_t>(format::counts_by_trajectory, 0, rows),
                            plan, metric, place);
  set_inputs(file.read_rows<double>(format::statistics_by_trajectory, 0, rows), plan, place.year,
             sample);
  return sample;
}

}  // namespace flopsieve::jobs
