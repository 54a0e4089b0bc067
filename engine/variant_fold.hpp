#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/exhaustion_rule.hpp"
#include "engine/plan.hpp"
#include "engine/sweep_parts.hpp"
#include "engine/sweep_segment.hpp"
#include "engine/tally.hpp"

namespace flopsieve::engine {

/// Folds the batches of a variant in order, and tells after which of them it ends early: because it
/// gets nowhere (ExhaustionRule), because it is as precise as the job wants, or because a batch
/// cannot be computed. Whoever folds the same batches finds the same end.
class VariantFold {
 public:
  /// What the fold is for: where it ends, or all that it comes to. The Plan may be one of
  /// plan_for_tallies().
  enum class Purpose { end, results };
  VariantFold(std::shared_ptr<const Plan> plan, Purpose purpose);

  /// The next batch, with its histograms or without.
  void add(const Tally& tally);

  /// Of batches that were added without.
  void add_histograms(const Tally& histograms);

  /// Once the histograms of all batches so far are there.
  void judge_precision();

  /// In place of the next batch.
  void fail(std::string status);

  bool ended() const { return precise_ || !status_.empty(); }

  /// Why there is no result; empty if there is one.
  const std::string& status() const { return status_; }

  /// How many batches were added.
  std::uint64_t next() const { return next_; }

  const Tally& tally() const { return tally_; }
  const Plan& plan() const { return *plan_; }

 private:
  std::shared_ptr<const Plan> plan_;
  bool sums_;  ///< whether the tally is wanted
  ExhaustionRule rule_;
  Tally tally_;
  std::uint64_t next_ = 0;
  bool precise_ = false;
  std::string status_;
};

/// Which of a variant's segments gives which batch. No two of them share a batch, since histograms
/// are those of a whole segment: where segments overlap, the longer one is taken.
struct Cover {
  static constexpr std::uint32_t nobody = ~std::uint32_t{0};
  std::vector<std::uint32_t> owner;  ///< [batch] index into the segments
  /// No batch is needed from here on; owner.size() as far as is known.
  std::uint64_t end = 0;

  /// Whether a segment is used.
  bool uses(std::uint32_t segment, const SegmentPlace& place) const {
    return owner[place.head.batches.first] == segment;
  }
};

Cover cover(std::span<const SegmentPlace> segments, std::uint64_t batches);

/// The sealed batches of a variant, for a fold.
class SealedBatches {
 public:
  /// `segments` are those of the variant; they and the reader must outlive this.
  SealedBatches(std::span<const SegmentPlace> segments, std::uint64_t batches,
                SegmentReader& reader);

  /// Adds the batches that follow in order, as far as they are sealed and the fold goes on. Throws
  /// Error(storage) if a part is damaged, or if the variant was computed by another plan.
  void add_to(VariantFold& fold, const std::string& plan_identity);

  /// What the segment that gives batch 0 says; nothing if there is none, or only its status.
  std::optional<VariantFacts> facts();

  /// Why batch 0 cannot be computed; empty if it can.
  std::string first_status();

  bool holds(std::uint64_t batch) const {
    return batch < cover_.owner.size() && cover_.owner[batch] != Cover::nobody;
  }

  /// Throws Error(storage) if a segment that is not used says of a batch what another does not.
  /// After all else.
  void demand_equal_duplicates(const Plan& plan);

 private:
  const SegmentContents& load(std::uint32_t segment);

  std::span<const SegmentPlace> segments_;
  SegmentReader& reader_;
  Cover cover_;
  std::map<std::uint32_t, SegmentContents> loaded_;
};

}  // namespace flopsieve::engine
