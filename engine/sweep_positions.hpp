#pragma once

#include <cstdint>
#include <vector>

#include "engine/parts.hpp"
#include "engine/sweep.hpp"
#include "engine/sweep_parts.hpp"

// A sweep is one list of batches, those of variant 0, of variant 1, ...: position = variant *
// batches of each + batch.

namespace flopsieve::engine {

struct Position {
  std::uint64_t variant = 0;
  std::uint64_t batch = 0;

  bool operator==(const Position&) const = default;
};

/// Whether shards share out whole variants, or, where these are too few for so many shards,
/// batches.
bool shares_variants(std::uint64_t variants, std::uint64_t shards);

/// Which of so many shards computes a batch.
std::uint64_t owner_of(const SweepStudy& study, Position position, std::uint64_t shards);

/// Positions in ascending order, however many there are, in little memory.
class Positions {
 public:
  explicit Positions(std::uint64_t batches) : batches_(batches) {}

  /// Those of one variant, in equal steps; after all that were added before.
  void add(std::uint64_t variant, const BatchRange& batches);

  std::uint64_t count() const { return count_; }

  /// Any number of threads.
  Position at(std::uint64_t index) const;

 private:
  /// Successive ones in equal steps of the flat list.
  struct Run {
    std::uint64_t first, step, count;
    std::uint64_t before;  ///< how many come before these
  };

  std::uint64_t batches_;
  std::uint64_t count_ = 0;
  std::vector<Run> runs_;
};

/// What a shard has still to compute.
struct LeftToDo {
  Positions positions;
  std::uint64_t own = 0;       ///< all positions of the shard
  std::uint64_t variants = 0;  ///< of which it computes batches
  std::uint64_t finished = 0;  ///< of these, nothing is left to do
};

LeftToDo left_to_do(const SweepStudy& study, const SweepParts& parts, Shard shard);

/// How far a shard has come.
struct ShardCount {
  std::uint64_t own = 0;     ///< its batches
  std::uint64_t sealed = 0;  ///< of these, with those that need not be computed
};

/// [shard] of so many.
std::vector<ShardCount> count_sealed(const SweepStudy& study, const SweepParts& parts,
                                     std::uint64_t shards);

}  // namespace flopsieve::engine
