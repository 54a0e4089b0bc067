#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/plan.hpp"
#include "jobs/disk.hpp"
#include "jobs/document.hpp"
#include "jobs/sweep_variants.hpp"

namespace flopsieve::jobs {

/// What is to be submitted: a run, or a sweep.
struct Work {
  engine::Plan plan;           ///< with all that a pilot decides; of a sweep that of its base
  std::uint64_t variants = 0;  ///< of a sweep; 0: a run
  std::string identity;
  std::map<std::string, std::string> files;  ///< by name: job.toml and what it names
  DiskNeed disk;
  /// Leaves in the folder of the parts what all tasks are to compute.
  std::function<void(const std::filesystem::path& folder, const std::vector<std::string>& command)>
      agree;

  std::uint64_t batches() const {
    return plan.batch_count() * std::max<std::uint64_t>(variants, 1);
  }
};

/// The work of a job without a sweep, whose result is to be `output`: what shards that are at work
/// there have agreed on, or what a pilot decides. Throws Error(bad_input) if they are of another
/// job, and as complete_plan().
Work run_work(engine::Plan plan, const std::filesystem::path& output, bool force);

/// The same of a job with [sweep], of which `variants` are.
Work sweep_work(const Document& job, JobVariants& variants, const std::filesystem::path& output);

}  // namespace flopsieve::jobs
