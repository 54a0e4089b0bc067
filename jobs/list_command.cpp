#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <set>
#include <thread>

#include "engine/error.hpp"
#include "jobs/commands.hpp"
#include "jobs/report.hpp"
#include "jobs/run_list.hpp"
#include "jobs/screen.hpp"

namespace flopsieve::jobs {
namespace {

constexpr auto between_looks = std::chrono::seconds(2);

std::string text_of(const RunList& list, ReportFormat format) {
  switch (format) {
    case ReportFormat::csv:
      return list_csv(list);
    case ReportFormat::json:
      return list_json(list);
    case ReportFormat::table:
      break;
  }
  return list_text(list);
}

std::string line_of(const ListedRun& run, ReportFormat format) {
  switch (format) {
    case ReportFormat::csv:
      return line_csv(run);
    case ReportFormat::json:
      return line_json(run);
    case ReportFormat::table:
      break;
  }
  return line_text(run);
}

/// Table and JSON say what is left out; CSV has no place for it.
void warn_of_left_out(const RunList& list) {
  for (const LeftOut& each : list.left_out) {
    std::fputs(fmt::format("warning: left out: {}: {}\n", each.name, each.reason).c_str(), stderr);
  }
}

/// The lines of finished runs that were not printed before.
class Growing {
 public:
  explicit Growing(ReportFormat format) : format_(format) {}

  std::string more(const RunList& list) {
    std::string text = format_ == ReportFormat::csv && printed_.empty() ? csv_heading() : "";
    printed_.insert("");  // the heading
    for (const ListedRun& run : list.runs) {
      if (run.state != "finished") continue;
      if (printed_.insert(run.name + " " + run.overview.created).second) {
        text += line_of(run, format_);
      }
    }
    return text;
  }

 private:
  ReportFormat format_;
  std::set<std::string> printed_;
};

[[noreturn]] void list_for_ever(RunLister& lister, ReportFormat format) {
  const bool redraws = stdout_is_terminal() && format == ReportFormat::table;
  Screen screen(redraws);
  Growing growing(format);
  while (true) {
    const RunList list = lister.look();
    const std::string text = redraws ? text_of(list, format) : growing.more(list);
    if (!text.empty()) screen.draw(text);
    std::this_thread::sleep_for(between_looks);
  }
}

}  // namespace

int list(const ListCommand& command) {
  const ReportFormat format = parse_report_format(command.format);
  RunLister lister(command.folder);
  if (command.watch) list_for_ever(lister, format);
  const RunList found = lister.look();
  print_result(text_of(found, format));
  if (format == ReportFormat::csv) warn_of_left_out(found);
  return static_cast<int>(engine::ExitCode::done);
}

}  // namespace flopsieve::jobs
