#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/error.hpp"
#include "engine/run_lock.hpp"
#include "engine/sweep_file.hpp"
#include "engine/sweep_parts.hpp"
#include "engine/sweep_result.hpp"
#include "engine/sweep_run.hpp"
#include "engine/sweep_study.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;

}  // namespace

SweepStudy common_sweep(const std::vector<fs::path>& folders) {
  std::optional<SweepStudy> common;
  for (const fs::path& folder : folders) {
    std::optional<SweepStudy> found = stored_sweep(folder);
    if (!found) {
      throw Error(ExitCode::bad_input,
                  fmt::format("{}: no parts of a sweep beside a file study.h5, which run leaves "
                              "there; any of its shards does so again",
                              folder.string()));
    }
    if (common && (found->identity != common->identity ||
                   found->base.trajectories != common->base.trajectories)) {
      throw Error(ExitCode::bad_input, fmt::format("{} and {}: parts of different sweeps",
                                                   folders.front().string(), folder.string()));
    }
    if (!common) common = std::move(found);
  }
  return std::move(common).value();
}

SweepTally merge_sweep(const SweepStudy& study, const MergeOptions& options) {
  std::vector<FileLock> locks = lock_outputs(options.output, options.folders);
  const SweepParts parts = survey_sweep_parts(options.folders, study);
  SweepTally tally;
  if (fs::exists(options.output)) {
    SweepResult result = open_sweep(options.output);
    if (!result.is_of(study)) {
      throw Error(
          ExitCode::bad_input,
          fmt::format("{} belongs to another sweep; choose another name", options.output.string()));
    }
    tally = result.tally();
  } else {
    if (!parts.foreign.empty()) throw Error(ExitCode::bad_input, parts.foreign.front().reason);
    set_damaged_aside(parts.damaged, "", [&](const std::string& message) {
      if (options.warn) options.warn(message);
    });
    tally = write_sweep_file(options.output, study, parts, options.stop);
  }
  settle_parts(options, parts.paths);
  for (FileLock& lock : locks) lock.remove_file();
  return tally;
}

}  // namespace flopsieve::engine
