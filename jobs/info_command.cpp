#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/error.hpp"
#include "engine/merge.hpp"
#include "engine/sweep_result.hpp"
#include "jobs/commands.hpp"
#include "jobs/file_info.hpp"
#include "jobs/report.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Error;
using engine::ExitCode;

std::string text_of(const InfoCommand& command, const FileInfo& info, ReportFormat format) {
  if (command.job) return info.job;
  if (command.plan) return info.plan + "\n";
  return format == ReportFormat::json ? info_json(info) : info_text(info);
}

}  // namespace

int info(const InfoCommand& command) {
  const ReportFormat format = parse_report_format(command.format);
  if (format == ReportFormat::csv) {
    throw Error(ExitCode::bad_input, "info: --format must be table or json");
  }
  if (!engine::is_sweep_result(command.file)) engine::demand_result_file(command.file);
  const FileInfo found = read_info(command.file, command.verify ? Verify::yes : Verify::no);
  print_result(text_of(command, found, format));
  const std::vector<std::string> damaged = found.damaged();
  if (!damaged.empty()) {
    throw Error(ExitCode::storage, fmt::format("{}: damaged, not what was written: {}", found.file,
                                               fmt::join(damaged, ", ")));
  }
  return static_cast<int>(ExitCode::done);
}

}  // namespace flopsieve::jobs
