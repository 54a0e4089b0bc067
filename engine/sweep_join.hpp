#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/plan.hpp"
#include "engine/sweep.hpp"
#include "engine/sweep_parts.hpp"
#include "engine/tally.hpp"
#include "engine/variant_fold.hpp"

namespace flopsieve::engine {

/// What came of one variant.
struct JoinedVariant {
  std::uint64_t variant = 0;
  std::string status = status_ok;
  std::uint64_t batches = 0;
  /// plan_for_tallies(); nothing where no batch could be computed.
  std::shared_ptr<const Plan> plan;
  Tally tally;  ///< of the base's shape; empty unless the status is ok

  bool ok() const { return status == status_ok; }
};

/// Hands over the variants of a sweep in order, one of them in memory at a time.
class JoinedVariants {
 public:
  /// Both must outlive this.
  JoinedVariants(const SweepStudy& study, const SweepParts& parts);

  /// Whether a variant was sampled by a method that `is` accepts.
  template <class Is>
  bool any_method(const Is& is) const {
    for (const SegmentPlace& place : parts_.places) {
      const bool tells = place.head.kind != SegmentKind::status && place.head.batches.first == 0;
      if (tells && is(place.head.method)) return true;
    }
    return false;
  }

  /// The next variant; nothing at the end. Throws Error(storage) if batches that it needs are
  /// missing; Error(storage) if a part is damaged, or two parts say different things of a batch.
  std::optional<JoinedVariant> next();

 private:
  std::shared_ptr<const Plan> plan_of(const VariantFacts& facts);
  [[noreturn]] void refuse_missing(std::uint64_t variant, std::uint64_t batch) const;

  const SweepStudy& study_;
  const SweepParts& parts_;
  SegmentReader reader_;
  std::uint64_t next_ = 0;
  std::optional<VariantFacts> facts_;  ///< of plan_
  std::shared_ptr<const Plan> plan_;   ///< mostly that of the next variant too
};

}  // namespace flopsieve::engine
