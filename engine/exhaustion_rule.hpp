#pragma once

#include <optional>
#include <string>

#include "engine/plan.hpp"
#include "engine/tally.hpp"

namespace flopsieve::engine {

/// Watches the ordered stream of batches for a job that gets nowhere: one in which more than half
/// of at least 16 successive trajectories run out of their attempts. Not for attempts = 1, where
/// that is plain rejection.
class ExhaustionRule {
 public:
  /// The Plan must outlive the rule.
  explicit ExhaustionRule(const Plan& plan) : plan_(plan), window_(plan) {}

  /// Adds the next batch, whose histograms are not looked at. Returns why the job is to be given
  /// up, if it is.
  std::optional<std::string> add(const Tally& tally);

 private:
  std::string reason() const;

  const Plan& plan_;
  Tally window_;
};

}  // namespace flopsieve::engine
