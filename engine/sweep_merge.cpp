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
#include "engine/sweep_run.hpp"
#include "engine/sweep_study.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;

/// What all folders agree on.
SweepStudy common_study(const std::vector<fs::path>& folders) {
  std::optional<SweepStudy> common;
  for (const fs::path& folder : folders) {
    std::optional<SweepStudy> found = stored_sweep(folder);
    if (!found) {
      throw Error(ExitCode::bad_input,
                  fmt::format("{}: no parts of a sweep, which stand beside a file study.h5",
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

}  // namespace

SweepTally merge_sweep(const MergeOptions& options,
                       std::vector<std::pair<std::string, std::string>> provenance) {
  std::vector<FileLock> locks = lock_outputs(options.output, options.folders);
  SweepStudy study = common_study(options.folders);
  study.provenance = std::move(provenance);
  if (fs::exists(options.output)) {
    throw Error(ExitCode::bad_input,
                fmt::format("{}: exists already; look at it with show, or choose another output",
                            options.output.string()));
  }
  const SweepParts parts = survey_sweep_parts(options.folders, study);
  if (!parts.foreign.empty()) throw Error(ExitCode::bad_input, parts.foreign.front().reason);
  set_damaged_aside(parts.damaged, "", [&](const std::string& message) {
    if (options.warn) options.warn(message);
  });
  const SweepTally tally = write_sweep_file(options.output, study, parts, options.stop);
  settle_parts(options, parts.paths);
  for (FileLock& lock : locks) lock.remove_file();
  return tally;
}

}  // namespace flopsieve::engine
