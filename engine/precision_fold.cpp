#include "engine/precision_fold.hpp"

#include <utility>

#include "engine/summary.hpp"

namespace flopsieve::engine {

std::vector<Part> successive_parts(std::vector<Part> parts) {
  std::uint64_t next = 0;
  std::erase_if(parts, [&](const Part& part) {
    const bool interleaves = part.batches.count > 1 && part.batches.step > 1;
    if (interleaves || part.batches.first < next) return true;
    next = part.batches.last() + 1;
    return false;
  });
  return parts;
}

PrecisionFold::PrecisionFold(const Plan& plan, std::vector<Part> sealed, const Tally& begun,
                             std::uint64_t batches)
    : plan_(plan), sealed_(std::move(sealed)), tally_(begun), next_(batches) {
  if (batches > 0) judge();
}

void PrecisionFold::judge() {
  if (is_precise(plan_, tally_)) met_ = next_;
}

void PrecisionFold::add(const Tally& tally) {
  tally_.add(tally);
  ++next_;
  judge();
}

bool PrecisionFold::is_sealed_next() const {
  std::size_t place = place_;
  while (place < sealed_.size() && sealed_[place].batches.first < next_) ++place;
  return place < sealed_.size() && sealed_[place].batches.first == next_;
}

void PrecisionFold::add_sealed() {
  while (!met_ && is_sealed_next()) {
    while (sealed_[place_].batches.first < next_) ++place_;
    const Part& part = sealed_[place_];
    PartContents contents = read_part(part.path, plan_);
    for (const BatchRecord& record : contents.batches) tally_.add(record.tally);
    tally_.add(contents.histograms);
    next_ = part.batches.last() + 1;
    judge();
  }
}

}  // namespace flopsieve::engine
