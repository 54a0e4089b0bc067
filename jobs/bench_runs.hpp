#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/executor.hpp"
#include "engine/plan.hpp"
#include "engine/tally.hpp"
#include "jobs/bench_parts.hpp"

/// Whole jobs as they are timed: one list for `flopsieve bench` and for benchmarks/.
namespace flopsieve::jobs {

/// A job cut to batches that take a fraction of a second.
struct Workload {
  std::string name;
  engine::Plan plan;
  std::string unit;             ///< of an item: "candidates" or "trajectory-years"
  double draws_per_item = 0.0;  ///< mean number of sizes of a candidate
  /// The kernel (bench_kernels.hpp) that draws and sums these sizes, or "parts/" and the name.
  std::string limit;
  /// Of the first batch, where the limit is that of the parts.
  std::shared_ptr<const PartCounts> parts = {};

  /// Items of the limit that an item takes.
  double demand() const { return parts ? 1.0 : draws_per_item; }
};

enum class BenchLength { full, quick };

/// total: benchmarks/jobs/total.toml; default: the default forecast; published: the published
/// forecast, with frontier counts, and published_counts without; tilt: benchmarks/jobs/tilt.toml.
/// Batches are smaller for `quick`.
std::vector<Workload> workloads(BenchLength length);

/// Computes the first `batches` batches, throws the results away but for the tally.
engine::Tally run_batches(const engine::Plan& plan, engine::Backend backend, int threads,
                          std::uint64_t batches);

/// Items of the workload in a tally: candidates up to each survivor, or complete trajectories times
/// years.
double items_of(const Workload& workload, const engine::Tally& tally);

/// Runs the plan with all sizes kept into a result file in `folder`, removes the file, and returns
/// how many bytes it had.
double run_to_file(const engine::Plan& plan, int threads, const std::filesystem::path& folder);

/// Writes as many bytes to a file in `folder`, durably (fsync), removes it: the disk's own speed.
double write_bytes(std::size_t bytes, const std::filesystem::path& folder);

}  // namespace flopsieve::jobs
