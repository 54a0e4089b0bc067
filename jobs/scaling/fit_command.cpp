#include "engine/error.hpp"
#include "jobs/console.hpp"
#include "jobs/report.hpp"
#include "jobs/scaling/commands.hpp"
#include "jobs/scaling/fit_content.hpp"
#include "jobs/scaling/fit_file.hpp"
#include "jobs/scaling/fit_report.hpp"
#include "jobs/stop.hpp"

namespace flopsieve::jobs {
namespace {

std::string text_of(const FitContent& content, ReportFormat format) {
  switch (format) {
    case ReportFormat::csv:
      return fit_csv(content);
    case ReportFormat::json:
      return fit_json(content);
    case ReportFormat::table:
      break;
  }
  return fit_text(content);
}

}  // namespace

int scaling_fit(const FitCommand& command) {
  const ReportFormat format =
      parse_report_format(command.format.json ? "json" : command.format.format);
  std::filesystem::path output;
  if (!command.output.empty()) output = fit_output(command.output);
  catch_signals(OnSignal::stop_soon);
  const FitContent content = fit_content(command);
  if (!output.empty()) write_fit_file(output, content, command.command_line);
  print_result(text_of(content, format));
  return static_cast<int>(engine::ExitCode::done);
}

}  // namespace flopsieve::jobs
