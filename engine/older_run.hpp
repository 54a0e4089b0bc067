#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>

#include "engine/batch_io.hpp"
#include "engine/plan.hpp"
#include "engine/result_columns.hpp"
#include "engine/study.hpp"
#include "engine/tally.hpp"

namespace flopsieve::engine {

/// The whole batches of a finished run, which a longer run of the same study takes over. A last
/// batch that was cut is left out: the longer run computes all of it.
struct OlderRun {
  std::filesystem::path path;
  std::uint64_t batches = 0;   ///< 0 to batches - 1
  std::uint64_t complete = 0;  ///< their complete trajectories
  Tally tally;                 ///< theirs, histograms included
};

/// Reads the result file of a shorter run of `study`. The histograms of a cut batch are taken off
/// by computing that batch once more, as it was, which is checked against what is stored of it.
///
/// Throws as read_result_file() does; Error(bad_input) if it is of another study or not shorter;
/// Error(storage) if the cut batch is not reproduced; Error(interrupted) if `stop` became true.
OlderRun take_over(const std::filesystem::path& path, const Study& study,
                   const std::atomic<bool>* stop);

/// Appends the records and columns of an older run to a new file, having verified the columns.
/// Throws Error(storage) if they are damaged, Error(interrupted) if `stop` becomes true.
void copy_batches(const OlderRun& older, const Plan& plan, BatchWriter& records,
                  ResultColumns& columns, const std::atomic<bool>* stop);

}  // namespace flopsieve::engine
