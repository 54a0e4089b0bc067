#include "engine/exhaustion_rule.hpp"

#include <fmt/format.h>

#include <cstddef>

#include "engine/pilot.hpp"

namespace flopsieve::engine {

std::optional<std::string> ExhaustionRule::add(const Tally& tally) {
  if (plan_.attempts == 1 || !plan_.sampling.filtered.empty()) return std::nullopt;
  window_.trajectories += tally.trajectories;
  window_.complete += tally.complete;
  for (std::size_t i = 0; i < window_.years.size(); ++i) window_.years[i].add(tally.years[i]);
  if (window_.trajectories < 16) return std::nullopt;
  if (2 * (window_.trajectories - window_.complete) > window_.trajectories) return reason();
  window_ = Tally(plan_);
  return std::nullopt;
}

std::string ExhaustionRule::reason() const {
  std::size_t worst = 0;
  for (std::size_t i = 1; i < window_.years.size(); ++i) {
    if (window_.years[i].exhausted > window_.years[worst].exhausted) worst = i;
  }
  const YearTally& year = window_.years[worst];
  if (plan_.sampling.method == Method::split) {
    return fmt::format(
        "splitting found no way into the constraints of {} of {} "
        "trajectories, most of them in {}. Widen a constraint",
        window_.trajectories - window_.complete, window_.trajectories, plan_.years[worst]);
  }
  return fmt::format(
      "{} of {} trajectories ran out of their {} attempts, most of them in "
      "{}, where {} of {} candidates survived: {}. Widen a constraint, or "
      "raise attempts",
      window_.trajectories - window_.complete, window_.trajectories, plan_.attempts,
      plan_.years[worst], year.survivors, year.candidates, killer_sentence(plan_, year));
}

}  // namespace flopsieve::engine
