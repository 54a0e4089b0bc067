#include "engine/sweep_window.hpp"

#include "engine/error.hpp"

namespace flopsieve::engine {

std::shared_ptr<ActiveVariant> SweepWindow::at(std::uint64_t variant) {
  std::shared_ptr<ActiveVariant> active;
  {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<ActiveVariant>& place = active_[variant];
    if (!place) place = std::make_shared<ActiveVariant>();
    active = place;
  }
  if (!active->ended) {
    const std::lock_guard lock(active->planning);
    if (!active->planned) make_plan(variant, *active);
    active->planned = true;
  }
  return active;
}

void SweepWindow::make_plan(std::uint64_t variant, ActiveVariant& active) const {
  try {
    const auto plan = std::make_shared<const Plan>(variants_.plan(variant));
    demand_same_axes(variants_.base(), *plan, variant);
    active.facts = facts_of(*plan);
    active.plan = plan;
  } catch (const Error& error) {
    if (!is_no_result(error)) throw;
    active.status = error.what();
  }
}

void SweepWindow::drop(std::uint64_t variant) {
  const std::lock_guard lock(mutex_);
  active_.erase(variant);
}

}  // namespace flopsieve::engine
