#include "engine/cascade.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <vector>

#include "engine/sieve.hpp"
#include "tests/engine/support/plans.hpp"

namespace flopsieve::engine {
namespace {

using testing::bounded;
using testing::infinity;

using Order = std::vector<std::uint32_t>;

std::vector<Constraint> some_constraints() {
  return {bounded("gini", 0.1, 0.9), bounded("mean", 20.0, 30.0),
          bounded("allocation_gradient", 0.5, 1.5), bounded("skewness", -1.0, 1.0)};
}

/// Cost of an order if constraints reject independently: those before it must have passed.
double expected_cost(std::span<const Constraint> constraints, std::span<const double> rates,
                     const Order& order) {
  double cost = 0.0;
  double reached = 1.0;
  for (const std::uint32_t each : order) {
    cost += reached * static_cost(constraints[each]);
    reached *= 1.0 - rates[each];
  }
  return cost;
}

/// One year of a pilot: 100 candidates, all audited, of which constraint i rejects rejected[i].
Pilot pilot_of(const std::vector<std::uint64_t>& rejected, std::uint64_t survivors) {
  PilotYear year;
  year.tally.resize(rejected.size() + 1);
  year.tally.candidates = 100;
  year.tally.audited = 100;
  year.tally.survivors = survivors;
  for (std::size_t i = 0; i < rejected.size(); ++i) {
    year.tally.joint[(i + 1) * (rejected.size() + 1) + i + 1] = rejected[i];
  }
  return {{year}};
}

}  // namespace

TEST_CASE("without a pilot constraints come by cost, then as declared") {
  CHECK(cascade_order(some_constraints()) == Order{1, 3, 2, 0});
  Constraint soft = bounded("mean", -infinity, infinity);
  soft.centre = {24.0};
  soft.spread = {1.0};
  CHECK(static_cost(soft) > static_cost(bounded("mean", 0.0, 1.0)));
}

TEST_CASE("the order of the cascade has the least expected cost") {
  const std::vector<Constraint> constraints = some_constraints();
  for (const std::vector<double>& rates : std::vector<std::vector<double>>{
           {0.99, 0.01, 0.5, 0.4}, {0.5, 0.001, 0.9, 0.9}, {0.01, 0.02, 0.03, 0.04}}) {
    const double least =
        expected_cost(constraints, rates, cascade_order(constraints, rates)) * (1.0 - 1e-12);
    Order order(constraints.size());
    std::iota(order.begin(), order.end(), 0u);
    do {
      CHECK(expected_cost(constraints, rates, order) >= least);
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEST_CASE("rejection rates are those of the audited candidates") {
  Plan plan = testing::plain_plan({2024});
  for (const Constraint& each : some_constraints()) testing::add_constraint(plan, each);
  const auto rates = rejection_rates(plan, pilot_of({1, 50, 99, 0}, 10));
  REQUIRE(rates.size() == 4);
  CHECK(rates[0] == Approx(2.0 / 102.0));
  CHECK(rates[1] == Approx(51.0 / 102.0));
  CHECK(rates[2] == Approx(100.0 / 102.0));
  CHECK(rates[3] == Approx(1.0 / 102.0));
  // Two years: that which needs more candidates counts for more.
  Pilot two = pilot_of({0, 0, 0, 0}, 50);
  two.years.push_back(pilot_of({98, 0, 0, 0}, 1).years[0]);
  plan.attempts = 1000;
  CHECK(rejection_rates(plan, two)[0] ==
        Approx((2.0 * 1.0 / 102.0 + 100.0 * 99.0 / 102.0) / 102.0));
  plan.attempts = 6;  // no trajectory makes more of them
  CHECK(rejection_rates(plan, two)[0] == Approx((2.0 * 1.0 + 6.0 * 99.0) / 102.0 / 8.0));
  // Few candidates are audited; the others tell no rate.
  two.years.pop_back();
  two.years[0].tally.candidates = 4000;
  CHECK(rejection_rates(plan, two)[0] == Approx(1.0 / 102.0));
}

TEST_CASE("no order of the cascade changes a verdict but the rejector that is found first") {
  Plan plan = testing::uneven_plan(Keep::index);
  testing::add_constraint(plan, bounded("skewness", -0.8, 0.3, 2));
  testing::add_constraint(plan, bounded("median", 22.5, 26.0, 2));
  const InputSampler inputs(plan, Purpose::run);
  testing::Trials trials;
  for (std::uint64_t i = 0; i < 300; ++i) trials.add(inputs, {i / 3, i % 3, i % 2 == 0 ? 0u : 1u});
  std::vector<Verdict> first(trials.size());
  Sieve(plan, Purpose::run).judge(trials, first);
  REQUIRE(std::any_of(first.begin(), first.end(), [](const Verdict& v) { return v.survives; }));
  std::sort(plan.cascade.begin(), plan.cascade.end());
  do {
    std::vector<Verdict> again(trials.size());
    Sieve(plan, Purpose::run).judge(trials, again);
    for (std::size_t i = 0; i < again.size(); ++i) {
      REQUIRE(again[i].survives == first[i].survives);
      REQUIRE((!again[i].audited || again[i].rejections == first[i].rejections));
    }
  } while (std::next_permutation(plan.cascade.begin(), plan.cascade.end()));
}

}  // namespace flopsieve::engine
