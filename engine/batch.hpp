#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/known_survivors.hpp"
#include "engine/plan.hpp"
#include "engine/tally.hpp"

namespace flopsieve::engine {

/// What a batch keeps of each complete trajectory, in order of trajectory; row-major. Nothing with
/// Keep::summary.
struct Columns {
  std::vector<std::uint64_t> trajectory;  ///< [complete]
  std::vector<std::uint64_t> attempt;     ///< [complete, year] attempt of the survivor
  std::vector<std::uint32_t> counts;      ///< [complete, year, threshold] models above it
  std::vector<double> statistics;         ///< [complete, year, statistic]; if keeps_statistics()
  std::vector<std::uint64_t> row_size;    ///< [kept complete, year] number of sizes
  std::vector<double> location;           ///< [kept complete, year] log10 FLOP
  std::vector<double> scale;              ///< [kept complete, year] OOM per unit of z
  std::vector<float> z;  ///< all sizes of the kept, ascending within a candidate, standardised
};

/// The sizes of the first `sets` [kept complete, year] in log10 FLOP, location + scale z: what a
/// result file holds. Until then they are kept as z, which takes half the room. Overwrites `sizes`,
/// in memory used again.
void to_log10_flop(const Columns& columns, std::size_t sets, std::vector<double>& sizes);

struct BatchResult {
  std::uint64_t batch = 0;
  Tally tally;
  Columns columns;
};

/// How a batch is computed; none of it changes a result.
struct BatchOptions {
  std::size_t tile = 4096;                     ///< candidates judged at a time
  const std::atomic<bool>* abandon = nullptr;  ///< looked at between tiles
  /// Survivors of a run that rejects no candidate which this Plan takes, and draws the same ones:
  /// the attempts before them are rejected here too and not drawn, but for those that a tally
  /// looks at. Where Sampling::filtered is set, the survivors that are judged. Not with
  /// Method::split.
  const KnownSurvivors* known = nullptr;
};

/// Batch `batch` of the Plan: trajectories [batch * batch_trajectories, ...) below
/// plan.trajectories. A pure function of the Plan and the index. Empty if it was abandoned.
/// Throws as InputSampler does; Error(storage) if options.known contradicts the Plan.
std::optional<BatchResult> run_batch(const Plan& plan, std::uint64_t batch,
                                     const BatchOptions& options = {});

}  // namespace flopsieve::engine
