#include "engine/variant_fold.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/error.hpp"
#include "engine/summary.hpp"

namespace flopsieve::engine {
namespace {

[[noreturn]] void refuse_other_plan(std::uint64_t variant) {
  throw Error(ExitCode::storage,
              fmt::format("variant {}: its batches were computed by plans that differ, perhaps on "
                          "machines whose C libraries do; compute it again with another output",
                          variant));
}

[[noreturn]] void refuse_unequal(std::uint64_t variant, std::uint64_t batch) {
  throw Error(ExitCode::storage,
              fmt::format("variant {}: batch {} stands in two parts, and is not the same in both",
                          variant, batch));
}

}  // namespace

VariantFold::VariantFold(std::shared_ptr<const Plan> plan, Purpose purpose)
    : plan_(std::move(plan)),
      sums_(purpose == Purpose::results || plan_->precision.wanted()),
      rule_(*plan_),
      tally_(*plan_) {}

void VariantFold::add(const Tally& tally) {
  ++next_;
  if (sums_) tally_.add(tally);
  if (auto reason = rule_.add(tally)) status_ = std::move(*reason);
}

void VariantFold::add_histograms(const Tally& histograms) {
  if (sums_) tally_.add(histograms);
}

void VariantFold::judge_precision() {
  precise_ = precise_ || (plan_->precision.wanted() && is_precise(*plan_, tally_));
}

void VariantFold::fail(std::string status) {
  status_ = std::move(status);
}

Cover cover(std::span<const SegmentPlace> segments, std::uint64_t batches) {
  Cover found{std::vector<std::uint32_t>(batches, Cover::nobody), batches};
  std::vector<std::uint32_t> order(segments.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::stable_sort(order, std::greater{},
                           [&](std::uint32_t i) { return segments[i].head.batches.count; });
  for (const std::uint32_t i : order) {
    const BatchRange& range = segments[i].head.batches;
    bool is_free = true;
    for (std::size_t b = 0; b < range.count && is_free; ++b) {
      is_free = found.owner[range.at(b)] == Cover::nobody;
    }
    if (!is_free) continue;
    for (std::size_t b = 0; b < range.count; ++b) found.owner[range.at(b)] = i;
    if (segments[i].head.kind != SegmentKind::batches) {
      found.end = std::min(found.end, range.last() + 1);
    }
  }
  return found;
}

SealedBatches::SealedBatches(std::span<const SegmentPlace> segments, std::uint64_t batches,
                             SegmentReader& reader)
    : segments_(segments), reader_(reader), cover_(cover(segments, batches)) {}

const SegmentContents& SealedBatches::load(std::uint32_t segment) {
  const auto found = loaded_.find(segment);
  if (found != loaded_.end()) return found->second;
  return loaded_.emplace(segment, reader_.read(segments_[segment])).first->second;
}

void SealedBatches::add_to(VariantFold& fold, const std::string& plan_identity) {
  while (!fold.ended() && holds(fold.next())) {
    const std::uint32_t owner = cover_.owner[fold.next()];
    const SegmentHead& head = segments_[owner].head;
    const SegmentContents& segment = load(owner);
    if (!segment.status.empty()) {
      fold.fail(segment.status);
      return;
    }
    if (segment.facts.plan_identity != plan_identity) refuse_other_plan(head.variant);
    const std::uint64_t batch = fold.next();
    fold.add(segment.records[*head.batches.index_of(batch)].tally);
    if (batch != head.batches.last()) continue;
    fold.add_histograms(segment.histograms);
    loaded_.erase(owner);
    if (loaded_.empty()) fold.judge_precision();
  }
}

std::optional<VariantFacts> SealedBatches::facts() {
  if (!holds(0)) return std::nullopt;
  const SegmentContents& segment = load(cover_.owner[0]);
  if (!segment.status.empty()) return std::nullopt;
  return segment.facts;
}

std::string SealedBatches::first_status() {
  return holds(0) ? load(cover_.owner[0]).status : "";
}

void SealedBatches::demand_equal_duplicates(const Plan& plan) {
  loaded_.clear();
  for (std::uint32_t i = 0; i < segments_.size(); ++i) {
    const SegmentHead& head = segments_[i].head;
    if (cover_.uses(i, segments_[i])) continue;
    SegmentContents other = reader_.read(segments_[i]);
    for (std::size_t b = 0; b < head.batches.count; ++b) {
      const std::uint64_t batch = head.batches.at(b);
      const std::uint32_t owner = cover_.owner[batch];
      if (owner == Cover::nobody) continue;
      if (loaded_.count(owner) == 0) loaded_.clear();  // one at a time
      load(owner);
      SegmentContents& segment = loaded_.at(owner);
      if (segment.status != other.status) refuse_unequal(head.variant, batch);
      if (!segment.status.empty()) continue;
      if (segment.facts != other.facts) refuse_other_plan(head.variant);
      BatchRecord& record = segment.records[*segments_[owner].head.batches.index_of(batch)];
      if (!equal_records(plan, record, other.records[b])) refuse_unequal(head.variant, batch);
    }
  }
}

}  // namespace flopsieve::engine
