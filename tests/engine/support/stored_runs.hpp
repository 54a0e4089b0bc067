#pragma once

#include <filesystem>

#include "engine/runner.hpp"
#include "tests/engine/support/folder.hpp"
#include "tests/engine/support/plans.hpp"

/// Runs that end in a file.
namespace flopsieve::engine::testing {

inline RunOptions serial_to(const std::filesystem::path& output) {
  RunOptions options;
  options.output = output;
  options.backend = Backend::serial;
  return options;
}

/// The datasets of an undisturbed serial run.
inline Fingerprint undisturbed(const Plan& plan) {
  const ScratchFolder folder;
  run_study(study_of(plan), serial_to(folder / "run.h5"));
  return fingerprint(folder / "run.h5");
}

}  // namespace flopsieve::engine::testing
