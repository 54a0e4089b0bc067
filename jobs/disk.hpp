#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "engine/plan.hpp"

namespace flopsieve::jobs {

/// Bytes that the files of a run are expected to take.
struct DiskNeed {
  std::uint64_t parts = 0;   ///< of all shards together, all of them sealed
  std::uint64_t result = 0;  ///< the result file

  /// While the result is written, the parts are still there.
  std::uint64_t most() const { return parts + result; }
};

/// Of a Plan with its batch size. What is kept of a trajectory is known to the byte, but for the
/// number of models, of which 256 candidates of each year tell the mean; the rest are measured
/// figures: fixed tables (0.5 MB in each part, 0.6 MB in the result), a part for 4 batches of
/// automatic size, 64 of others, and counts and attempts compressed to a quarter, statistics and
/// sizes not at all. With a margin of 5 %. A run that ends early by its precision needs less.
///
/// Expected / found, parts and result together, of forecast, published and skew with 20,000
/// trajectories: 1.0 to 1.2 for `keep` = statistics and samples above 20 MB, up to 1.4 for index,
/// up to 2.5 for summary (fixed tables alone).
DiskNeed expected_disk_need(const engine::Plan& plan);

/// The same of a sweep with so many variants, of its base with its batch size. The rows of the
/// result are known to the byte. In the parts a variant has its histograms once, or once for each 4
/// batches of automatic size, 64 of others: as measured, 10 bytes times the root of its
/// trajectories each, at most 800. Expected / found, both together, of three shipped sweeps with
/// 100, 2,000 and 20,000 trajectories: 1.0 to 2.2.
DiskNeed expected_sweep_need(const engine::Plan& base, std::uint64_t variants);

/// The bytes of the files in a folder, without those in folders of it; 0 if it is not there.
std::uint64_t bytes_in(const std::filesystem::path& folder);

/// The full name of the folder in which an output stands.
std::filesystem::path folder_of(const std::filesystem::path& output);

/// "730 kB", "12.3 MB", "4.5 GB".
std::string size_words(std::uint64_t bytes);

}  // namespace flopsieve::jobs
