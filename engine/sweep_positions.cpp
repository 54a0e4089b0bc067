#include "engine/sweep_positions.hpp"

#include <algorithm>

#include "engine/variant_fold.hpp"

namespace flopsieve::engine {
namespace {

/// The batches of a variant that a shard computes; count 0 if there are none.
BatchRange own_batches(const SweepStudy& study, std::uint64_t variant, Shard shard) {
  const std::uint64_t batches = study.batches();
  if (shares_variants(study.variants, shard.count)) {
    return {0, variant % shard.count == shard.index ? batches : 0, 1};
  }
  const std::uint64_t begins_with = variant * batches % shard.count;
  const std::uint64_t first = (shard.index + shard.count - begins_with) % shard.count;
  return {first, first < batches ? (batches - 1 - first) / shard.count + 1 : 0, shard.count};
}

}  // namespace

bool shares_variants(std::uint64_t variants, std::uint64_t shards) {
  return variants / 4 >= shards;
}

std::uint64_t owner_of(const SweepStudy& study, Position position, std::uint64_t shards) {
  if (shares_variants(study.variants, shards)) return position.variant % shards;
  return (position.variant * study.batches() + position.batch) % shards;
}

void Positions::add(std::uint64_t variant, const BatchRange& batches) {
  if (batches.count == 0) return;
  const std::uint64_t first = variant * batches_ + batches.first;
  if (!runs_.empty()) {
    Run& last = runs_.back();
    const std::uint64_t gap = first - (last.first + (last.count - 1) * last.step);
    // A run of one takes whatever step comes.
    const bool fits =
        (last.count == 1 || gap == last.step) && (batches.count == 1 || gap == batches.step);
    if (fits) {
      last.step = gap;
      last.count += batches.count;
      count_ += batches.count;
      return;
    }
  }
  runs_.push_back({first, batches.step, batches.count, count_});
  count_ += batches.count;
}

Position Positions::at(std::uint64_t index) const {
  const auto after = std::ranges::upper_bound(runs_, index, {}, &Run::before);
  const Run& run = *std::prev(after);
  const std::uint64_t position = run.first + (index - run.before) * run.step;
  return {position / batches_, position % batches_};
}

LeftToDo left_to_do(const SweepStudy& study, const SweepParts& parts, Shard shard) {
  LeftToDo left{Positions(study.batches()), 0, 0, 0};
  for (std::uint64_t variant = 0; variant < study.variants; ++variant) {
    const BatchRange own = own_batches(study, variant, shard);
    left.own += own.count;
    if (own.count == 0) continue;
    ++left.variants;
    const auto segments = parts.of(variant);
    if (segments.empty()) {
      left.positions.add(variant, own);
      continue;
    }
    const std::uint64_t before = left.positions.count();
    const Cover sealed = cover(segments, study.batches());
    for (std::uint64_t i = 0; i < own.count && own.at(i) < sealed.end; ++i) {
      if (sealed.owner[own.at(i)] == Cover::nobody) {
        left.positions.add(variant, {own.at(i), 1, own.step});
      }
    }
    if (left.positions.count() == before) ++left.finished;
  }
  return left;
}

std::vector<ShardCount> count_sealed(const SweepStudy& study, const SweepParts& parts,
                                     std::uint64_t shards) {
  std::vector<ShardCount> counts(shards);
  for (std::uint64_t index = 0; index < shards; ++index) {
    const LeftToDo left = left_to_do(study, parts, {index, shards});
    counts[index] = {left.own, left.own - left.positions.count()};
  }
  return counts;
}

}  // namespace flopsieve::engine
