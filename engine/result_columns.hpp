#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/h5.hpp"
#include "engine/plan.hpp"

namespace flopsieve::engine {

/// Values of successive complete trajectories; row-major as in Columns (batch.hpp).
struct Rows {
  std::span<const std::uint64_t> trajectory;
  std::span<const std::uint64_t> attempt;
  std::span<const std::uint32_t> counts;
  std::span<const double> statistics;  ///< empty unless keeps_statistics()
};

/// The sizes of successive candidates: of each complete trajectory all years.
struct SampleSets {
  std::vector<std::uint64_t> trajectory;    ///< [set]
  std::vector<std::int32_t> year;           ///< [set]
  std::span<const std::uint64_t> row_size;  ///< [set] number of sizes
  std::vector<double> log10_flop;           ///< all of them, one candidate after the other
};

/// Fills the datasets of a result file that have one row per complete trajectory, and those of the
/// sizes of the first ones (FORMAT.md). Does nothing with Keep::summary.
class ResultColumns {
 public:
  /// For `complete` trajectories.
  ResultColumns(H5File& file, const Plan& plan, std::uint64_t complete);

  void append(const Rows& rows);

  /// How many of the next `sets` are wanted: parts may hold more.
  std::size_t wanted_sets(std::size_t sets) const;

  /// No more than are wanted. Takes log10_flop, and gives memory back in its place.
  void append(SampleSets& sets);

  /// Once, after as many rows as were announced.
  void finish(H5File& file);

 private:
  void add_samples(H5File& file, const Plan& plan, std::uint64_t complete);

  std::uint64_t sets_wanted_ = 0;
  std::optional<RowWriter<std::uint64_t>> trajectory_, attempt_, set_trajectory_, row_size_;
  std::optional<RowWriter<std::uint32_t>> counts_;
  std::optional<RowWriter<std::int32_t>> set_year_;
  std::optional<RowWriter<double>> statistics_, log10_flop_;
};

}  // namespace flopsieve::engine
