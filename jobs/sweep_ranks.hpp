#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "engine/parts.hpp"
#include "engine/runner.hpp"
#include "engine/sweep.hpp"
#include "jobs/document.hpp"

namespace flopsieve::jobs {

/// Runs a sweep on all ranks of `options`, of which this is the root: each computes its shard as a
/// process of its own would, and the root joins them. `job` is that of the sweep. Throws as
/// run_sweep(), with the number of a rank that has failed; Error(interrupted) if one is lost.
engine::SweepTally run_sweep_on_ranks(const engine::Variants& variants,
                                      const engine::SweepStudy& study, const Document& job,
                                      engine::RunOptions options);

/// What the other ranks do of it: an engine::RankWork.
void compute_sweep_share(const std::string& work, engine::Shard shard,
                         const std::atomic<bool>& stop,
                         const std::function<void(const engine::Progress&)>& tell);

}  // namespace flopsieve::jobs
