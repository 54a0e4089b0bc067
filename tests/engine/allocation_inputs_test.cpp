// Largest share, gradient and smallest size of the allocation method, where years share them: drawn
// again until the allocation is possible, and yet at one quantile in all years.

#include <catch2/catch.hpp>
#include <cmath>

#include "engine/inputs.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/support/reference.hpp"

namespace flopsieve::engine {
namespace {

using testing::by_candidate;
using testing::by_trajectory;
using testing::uniform;

constexpr std::uint32_t bins = 19;

/// Whether every bin's compute exceeds its upper edge, in units of the largest model M: the share
/// of the total T = M / s that models up to e M have is e^a.
bool is_feasible(double share, double gradient, double smallest) {
  for (std::uint32_t bin = 0; bin < bins; ++bin) {
    const double lower = std::pow(10.0, smallest * (1.0 - bin / static_cast<double>(bins)));
    const double upper = std::pow(10.0, smallest * (1.0 - (bin + 1) / static_cast<double>(bins)));
    if (!((std::pow(upper, gradient) - std::pow(lower, gradient)) / share > upper)) return false;
  }
  return true;
}

Plan allocation_plan() {
  Plan plan = testing::plain_plan({2025, 2026});
  plan.total.model = TotalModel::table;
  plan.count.model = CountModel::implied;
  plan.count.parameters.clear();
  plan.sizes.family = SizeFamily::allocation;
  plan.sizes.bins = bins;
  plan.sizes.parameters.resize(3);
  plan.matching = {Match::none, 0.0, {}};
  return plan;
}

/// Checks that the allocation is possible, but not with every draw of these ranges.
void check_redrawn(double share_from, double share_to, double gradient_from, double gradient_to,
                   double smallest_from, double smallest_to) {
  test::Splitmix random(5);
  int feasible = 0;
  for (int i = 0; i < 1000; ++i) {
    if (is_feasible(random.uniform(share_from, share_to),
                    random.uniform(gradient_from, gradient_to),
                    random.uniform(smallest_from, smallest_to))) {
      ++feasible;
    }
  }
  CHECK(feasible > 100);
  CHECK(feasible < 900);
}

double fraction(double value, double lower, double upper) {
  return (value - lower) / (upper - lower);
}

TEST_CASE("A largest share that years share keeps its quantile through redraws of the others") {
  check_redrawn(0.08, 0.12, 0.7, 1.0, -3.0, -0.5);
  Plan plan = allocation_plan();
  plan.sizes.parameters[0] = by_trajectory(uniform(0.05, 0.1), 2);
  plan.sizes.parameters[0].years[1] = uniform(0.08, 0.12);
  plan.sizes.parameters[1] = by_trajectory(uniform(0.8, 1.0), 2);
  plan.sizes.parameters[1].years[1] = uniform(0.7, 1.0);
  plan.sizes.parameters[2] = by_candidate(uniform(-3.0, -0.5), 2);
  const InputSampler inputs(plan, Purpose::run);
  for (std::uint64_t i = 0; i < 200; ++i) {
    const Trajectory trajectory = inputs.trajectory(i);
    for (std::uint64_t attempt = 0; attempt < 3; ++attempt) {
      const auto first = inputs.candidate(trajectory, {i, attempt, 0}).parameters;
      const auto second = inputs.candidate(trajectory, {i, attempt + 7, 1}).parameters;
      REQUIRE(is_feasible(first[0], first[1], first[2]));
      REQUIRE(is_feasible(second[0], second[1], second[2]));
      REQUIRE(fraction(first[0], 0.05, 0.1) ==
              Approx(fraction(second[0], 0.08, 0.12)).margin(1e-9));
      REQUIRE(fraction(first[1], 0.8, 1.0) == Approx(fraction(second[1], 0.7, 1.0)).margin(1e-9));
    }
  }
}

TEST_CASE("Inputs of an allocation that years all share are drawn again together") {
  check_redrawn(0.05, 0.4, 0.6, 1.6, -8.0, -2.0);
  Plan plan = allocation_plan();
  plan.sizes.parameters = {by_trajectory(uniform(0.05, 0.4), 2),
                           by_trajectory(uniform(0.6, 1.6), 2),
                           by_trajectory(uniform(-8.0, -2.0), 2)};
  const InputSampler inputs(plan, Purpose::run);
  for (std::uint64_t i = 0; i < 300; ++i) {
    const Trajectory trajectory = inputs.trajectory(i);
    const auto first = inputs.candidate(trajectory, {i, 0, 0}).parameters;
    REQUIRE(is_feasible(first[0], first[1], first[2]));
    REQUIRE(inputs.candidate(trajectory, {i, 0, 1}).parameters == first);
    REQUIRE(inputs.candidate(trajectory, {i, 5, 1}).parameters == first);
  }
}

}  // namespace
}  // namespace flopsieve::engine
