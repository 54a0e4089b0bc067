#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/batch.hpp"
#include "engine/batch_io.hpp"
#include "engine/error.hpp"
#include "engine/parts.hpp"
#include "engine/plan.hpp"
#include "engine/tally.hpp"
#include "engine/tally_bytes.hpp"

// A segment is what one part of a sweep holds of one variant: successive batches, or that it cannot
// be computed.

namespace flopsieve::engine {

/// What of a variant's Plan decides what its tallies come to; with the base, which has the rest.
struct VariantFacts {
  std::string plan_identity;
  Method method = Method::reject;
  std::uint64_t attempts = 1;
  Precision precision;
  std::vector<std::uint64_t> cumulative_base;

  bool operator==(const VariantFacts&) const = default;
};

VariantFacts facts_of(const Plan& plan);

/// The base with these: not for sampling, but for all that is made of tallies.
Plan plan_for_tallies(const Plan& base, const VariantFacts& facts);

/// Throws Error(bug) if a variant has other axes than the base, or keeps more than summaries.
void demand_same_axes(const Plan& base, const Plan& plan, std::uint64_t variant);

/// Whether what was thrown says that a variant cannot be computed, rather than that the sweep
/// fails.
bool is_no_result(const Error& error);

enum class SegmentKind : std::uint8_t {
  batches,
  last_batches,  ///< after which the variant ended, by rules that need all batches before them
  status         ///< in place of a batch: why it, and so the variant, has no result
};

struct SegmentHead {
  std::uint64_t variant = 0;
  BatchRange batches;  ///< one if there is a status
  SegmentKind kind = SegmentKind::batches;
  Method method = Method::reject;  ///< of batches
};

struct SegmentContents {
  std::string status;  ///< empty if it holds batches
  VariantFacts facts;
  std::vector<BatchRecord> records;
  Tally histograms;  ///< of all its batches together
};

/// Packs a segment batch after batch.
class OpenSegment {
 public:
  OpenSegment(std::uint64_t variant, const Plan& plan, VariantFacts facts, std::uint64_t step);

  /// Whether this batch is the next one of the segment.
  bool takes(std::uint64_t variant, std::uint64_t batch) const;
  void add(BatchResult result);

  /// Of its records; the histograms are packed at the end.
  std::size_t bytes() const { return records_.bytes().size(); }
  const SegmentHead& head() const { return head_; }

  std::vector<std::byte> take();

 private:
  SegmentHead head_;
  VariantFacts facts_;
  TallyWriter records_;
  Tally histograms_;
};

std::vector<std::byte> pack_status(const std::string& status);

/// `base` has the axes. Throws DamagedPart, with the path of the part, for bytes that are no such
/// segment of such a sweep.
SegmentContents unpack_segment(std::span<const std::byte> bytes, const SegmentHead& head,
                               const Plan& base, const std::filesystem::path& path);

}  // namespace flopsieve::engine
