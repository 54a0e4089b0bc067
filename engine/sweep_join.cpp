#include "engine/sweep_join.hpp"

#include <fmt/format.h>

#include "engine/error.hpp"
#include "engine/sweep_positions.hpp"

namespace flopsieve::engine {

JoinedVariants::JoinedVariants(const SweepStudy& study, const SweepParts& parts)
    : study_(study), parts_(parts), reader_(parts, study.base) {}

std::shared_ptr<const Plan> JoinedVariants::plan_of(const VariantFacts& facts) {
  VariantFacts known = facts;
  known.plan_identity.clear();
  if (!facts_ || *facts_ != known) {
    plan_ = std::make_shared<const Plan>(plan_for_tallies(study_.base, known));
    facts_ = known;
  }
  return plan_;
}

void JoinedVariants::refuse_missing(std::uint64_t variant, std::uint64_t batch) const {
  std::string whose;
  if (parts_.splits.size() == 1 && parts_.splits[0] > 1) {
    const std::uint64_t shards = parts_.splits[0];
    whose = fmt::format(" of shard {}/{}", owner_of(study_, {variant, batch}, shards), shards);
  }
  throw Error(
      ExitCode::storage,
      fmt::format("batch {} of variant {} is missing among the parts; run the sweep{} again, "
                  "which computes what is missing",
                  batch, variant, whose));
}

std::optional<JoinedVariant> JoinedVariants::next() {
  if (next_ >= study_.variants) return std::nullopt;
  JoinedVariant joined;
  joined.variant = next_++;
  SealedBatches sealed(parts_.of(joined.variant), study_.batches(), reader_);
  if (!sealed.holds(0)) refuse_missing(joined.variant, 0);
  const std::optional<VariantFacts> facts = sealed.facts();
  if (!facts) {
    joined.status = sealed.first_status();
    return joined;
  }
  joined.plan = plan_of(*facts);
  VariantFold fold(joined.plan, VariantFold::Purpose::results);
  sealed.add_to(fold, facts->plan_identity);
  if (!fold.ended() && fold.next() < study_.batches()) refuse_missing(joined.variant, fold.next());
  sealed.demand_equal_duplicates(*joined.plan);
  joined.batches = fold.next();
  if (!fold.status().empty()) {
    joined.status = fold.status();
  } else if (fold.tally().complete == 0) {
    joined.status = fmt::format(
        "none of {} trajectories is complete, so there is nothing to count; raise attempts or "
        "trajectories, or widen a constraint",
        fold.tally().trajectories);
  } else {
    joined.tally = fold.tally();
  }
  return joined;
}

}  // namespace flopsieve::engine
