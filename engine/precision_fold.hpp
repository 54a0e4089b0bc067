#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/parts.hpp"
#include "engine/plan.hpp"
#include "engine/tally.hpp"

namespace flopsieve::engine {

/// Of parts in order of their first batch, those that neither interleave nor overlap: only these
/// can be folded in order, because histograms are stored part by part. Parts of a job with a
/// precision are of this kind (PartWriter), but for copies of one another.
std::vector<Part> successive_parts(std::vector<Part> parts);

/// Folds batches in order, those that stand in parts among those that are computed, and tells after
/// which of them the results are as precise as the job wants (is_precise() in summary.hpp).
class PrecisionFold {
 public:
  /// `sealed` are successive_parts(). `begun`, of the first `batches` batches, is what an older run
  /// has folded.
  PrecisionFold(const Plan& plan, std::vector<Part> sealed, const Tally& begun,
                std::uint64_t batches);

  /// Adds the next batch.
  void add(const Tally& tally);

  /// Whether the next batch stands in a part.
  bool is_sealed_next() const;

  /// Adds the batches of parts as far as they follow on. Calls HDF5. Throws Error(storage).
  void add_sealed();

  /// How many batches suffice; nothing as long as those that were added do not.
  std::optional<std::uint64_t> met() const { return met_; }

  /// How many were added.
  std::uint64_t next() const { return next_; }

 private:
  void judge();

  const Plan& plan_;
  std::vector<Part> sealed_;
  std::size_t place_ = 0;  ///< in sealed_
  Tally tally_;
  std::uint64_t next_ = 0;
  std::optional<std::uint64_t> met_;
};

}  // namespace flopsieve::engine
