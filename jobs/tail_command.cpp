#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/h5.hpp"
#include "engine/merge.hpp"
#include "engine/result_file.hpp"
#include "engine/runner.hpp"
#include "engine/sweep_result.hpp"
#include "jobs/commands.hpp"
#include "jobs/run_watch.hpp"
#include "jobs/screen.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Error;
using engine::ExitCode;

ExitCode exit_code_of(const Watch& watch) {
  if (watch.standing == Standing::stopped) return ExitCode::interrupted;
  if (watch.standing != Standing::failed) return ExitCode::done;
  int code = 0;
  for (const WatchedRun& run : watch.runs) code = std::max(code, run.status.exit_code);
  return static_cast<ExitCode>(code);
}

/// Of an output of which no run tells, and there is no result: complete parts are as good as one.
ExitCode look_at_parts(const std::filesystem::path& output) {
  const std::string folder = engine::parts_folder(output).string();
  if (engine::path_kind(folder) != engine::PathKind::folder) {
    throw Error(ExitCode::bad_input, fmt::format("{}: neither a result nor a run at work that "
                                                 "writes it; run tells the name that it writes to",
                                                 output.string()));
  }
  engine::read_results(output);
  std::fputs(fmt::format("{}: all its batches are sealed in {}; flopsieve merge {} joins them\n",
                         output.string(), folder, output.string())
                 .c_str(),
             stderr);
  return ExitCode::done;
}

/// Until the next look, or until a run takes its status away because it has finished.
void wait(const std::filesystem::path& output, double seconds) {
  constexpr double step = 0.2;
  for (double left = seconds; left > 0.0; left -= step) {
    std::this_thread::sleep_for(std::chrono::duration<double>(std::min(step, left)));
    if (status_paths(output).empty()) return;
  }
}

}  // namespace

int tail(const TailCommand& command) {
  const std::filesystem::path output = engine::follow_links(command.file);
  const bool terminal = stdout_is_terminal();
  const double interval = command.interval > 0.0 ? command.interval : terminal ? 2.0 : 10.0;
  Screen screen(terminal && !command.json);
  while (true) {
    const Watch seen = watch(output);
    if (seen.standing == Standing::nothing) return static_cast<int>(look_at_parts(output));
    if (seen.standing == Standing::finished && !engine::is_sweep_result(output)) {
      engine::open_result_file(output);
    }
    screen.draw(command.json ? watch_json(seen) : watch_text(seen));
    if (seen.standing != Standing::running) return static_cast<int>(exit_code_of(seen));
    if (command.once) return static_cast<int>(ExitCode::done);
    wait(output, interval);
  }
}

}  // namespace flopsieve::jobs
