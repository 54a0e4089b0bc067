#include <optional>
#include <utility>

#include "engine/error.hpp"
#include "jobs/commands.hpp"
#include "jobs/report.hpp"
#include "jobs/sensitivity_report.hpp"

namespace flopsieve::jobs {
namespace {

std::string text_of(const SensitivityContent& content, ReportFormat format) {
  switch (format) {
    case ReportFormat::csv:
      return sensitivity_csv(content);
    case ReportFormat::json:
      return sensitivity_json(content);
    case ReportFormat::table:
      break;
  }
  return sensitivity_text(content);
}

void add(SensitivityContent& content, const Sample& sample, const Metric& metric,
         std::optional<SensitivityMeasure> wanted) {
  content.design = sample.design;
  content.common_random_numbers = sample.common_random_numbers;
  content.metrics.push_back(analyse(sample, metric, wanted));
}

}  // namespace

std::string sweep_sensitivity_text(SweepData& sweep, const std::vector<std::string>& metrics,
                                   const std::string& file) {
  SensitivityContent content;
  content.file = file;
  for (const std::string& text : metrics) {
    const Metric metric = parse_metric(text);
    add(content, sweep_sample(sweep, metric, file), metric, {});
  }
  return sensitivity_text(content);
}

int sensitivity(const SensitivityCommand& command) {
  const ReportFormat format = parse_report_format(command.json ? "json" : command.format);
  std::optional<SensitivityMeasure> wanted;
  if (!command.measure.empty()) wanted = parse_measure(command.measure);
  std::vector<Metric> metrics;
  for (const std::string& text : command.of) metrics.push_back(parse_metric(text));

  SensitivityContent content;
  content.file = command.file;
  std::optional<SweepData> sweep;
  if (engine::is_sweep_result(command.file)) sweep.emplace(command.file);
  for (const Metric& metric : metrics) {
    add(content,
        sweep ? sweep_sample(*sweep, metric, command.file) : run_sample(command.file, metric),
        metric, wanted);
  }
  print_result(text_of(content, format));
  return static_cast<int>(engine::ExitCode::done);
}

}  // namespace flopsieve::jobs
