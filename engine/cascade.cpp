#include "engine/cascade.hpp"

#include <algorithm>
#include <numeric>

namespace flopsieve::engine {
namespace {

/// Candidates of a year that a trajectory needs, as far as the pilot tells.
double needed(const Plan& plan, const PilotYear& year) {
  const auto attempts = static_cast<double>(plan.attempts);
  return year.tally.survivors > 0 ? std::min(1.0 / year.pass_rate(), attempts) : attempts;
}

}  // namespace

double static_cost(const Constraint& constraint) {
  using enum StatisticKind;
  const Statistic& statistic = constraint.statistic;
  double cost = 1.0;
  if (statistic.kind == sd || statistic.kind == skewness || statistic.kind == excess_kurtosis) {
    cost = 2.0;
  } else if (statistic.kind == allocation_gradient && !constraint.is_soft()) {
    cost = 20.0;  // sorted and added up in vector lanes
  } else if (statistic.kind == loss_making_share) {
    cost = 300.0;  // a revenue for each model
  } else if (statistic.info().cost > 0) {
    cost = 60.0;  // sorted one by one
  }
  return constraint.centre.empty() ? cost : cost + 10.0;  // needs sums in double precision
}

std::vector<double> rejection_rates(const Plan& plan, const Pilot& pilot) {
  std::vector<double> rates(plan.constraints.size(), 0.0);
  const std::size_t rejectors = plan.constraints.size() + 1;
  double weights = 0.0;
  for (const PilotYear& year : pilot.years) {
    const double weight = needed(plan, year);
    weights += weight;
    for (std::size_t i = 0; i < rates.size(); ++i) {
      const std::size_t diagonal = (i + 1) * rejectors + i + 1;
      rates[i] += weight * (static_cast<double>(year.tally.joint[diagonal]) + 1.0) /
                  (static_cast<double>(year.tally.audited) + 2.0);
    }
  }
  for (double& rate : rates) rate /= weights;
  return rates;
}

std::vector<std::uint32_t> cascade_order(std::span<const Constraint> constraints,
                                         std::span<const double> rejection_rates) {
  std::vector<double> rank(constraints.size());
  for (std::size_t i = 0; i < rank.size(); ++i) {
    rank[i] = static_cost(constraints[i]) / (rejection_rates.empty() ? 1.0 : rejection_rates[i]);
  }
  std::vector<std::uint32_t> order(constraints.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return rank[a] < rank[b]; });
  return order;
}

}  // namespace flopsieve::engine
