#include "engine/group.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/sieve.hpp"
#include "tests/engine/support/plans.hpp"

namespace flopsieve::engine {
namespace {

using testing::by_candidate;
using testing::constant;
using testing::count_of;
using testing::mean_of;
using testing::sd_of;
using testing::skewness_of;
using testing::uniform;

/// First attempts that are not audited, so that a clear miss of the window ends them.
testing::Trials trials_of(const Plan& plan) {
  const InputSampler inputs(plan, Purpose::run);
  testing::Trials trials;
  for (std::uint64_t i = 1; i < 64; ++i) trials.add(inputs, {i, 0, 0});
  return trials;
}

/// A statistic of each trial in double precision.
std::vector<double> values_of(const Plan& plan, const std::string& statistic) {
  const testing::Trials trials = trials_of(plan);
  std::vector<double> values(trials.size());
  Sieve(plan, Purpose::run)
      .visit(trials, [&](std::size_t i, const Candidate& candidate, OrderedSizes& ordered) {
        values[i] = evaluate(parse_statistic(statistic), candidate, ordered);
      });
  return values;
}

bool survives(const Plan& plan, std::size_t trial) {
  const testing::Trials trials = trials_of(plan);
  std::vector<Verdict> verdicts(trials.size());
  Sieve(plan, Purpose::run).judge(trials, verdicts);
  return verdicts[trial].survives;
}

Plan wide_plan() {
  Plan plan = testing::plain_plan({2024});
  plan.attempts = 10;
  sd_of(plan) = by_candidate(constant(1.3));
  count_of(plan) = by_candidate(uniform(20.0, 90.0));
  skewness_of(plan) = by_candidate(constant(-0.5));
  return plan;
}

}  // namespace

TEST_CASE("the window of the total is that of double precision at its very edge") {
  Plan plan = wide_plan();
  plan.matching = {Match::reject, 0.5, {}};
  mean_of(plan) = by_candidate(constant(23.3));
  const std::vector<double> errors = values_of(plan, "total_error");
  std::size_t probed = 0;
  for (std::size_t i = 0; i < errors.size(); ++i) {
    const double edge = std::abs(errors[i]);
    if (!(edge < 0.99)) continue;
    CAPTURE(i, edge);
    plan.matching.tolerance = edge;
    CHECK(survives(plan, i));
    plan.matching.tolerance = std::nextafter(edge, 0.0);
    CHECK_FALSE(survives(plan, i));
    ++probed;
  }
  CHECK(probed > 20);
}

TEST_CASE("the prior of the location is that of double precision at its very edge") {
  Plan plan = wide_plan();
  for (std::size_t i = 0; i < 63; ++i) {
    CAPTURE(i);
    plan.matching.bound = {0.1};
    mean_of(plan) = by_candidate(uniform(20.0, 30.0));
    REQUIRE(survives(plan, i));
    double location = 0.0;
    Sieve(plan, Purpose::run)
        .visit(trials_of(plan), [&](std::size_t trial, const Candidate& candidate, OrderedSizes&) {
          if (trial == i) location = candidate.location;
        });
    const auto with_prior = [&](double low, double high) {
      mean_of(plan) = by_candidate(uniform(low, high));
      plan.matching.bound = {kernels::largest_density(kernels::Law::uniform, {low, high, 0.0})};
      return survives(plan, i);
    };
    constexpr double infinity = std::numeric_limits<double>::infinity();
    CHECK(with_prior(location, 30.0));
    CHECK_FALSE(with_prior(std::nextafter(location, infinity), 30.0));
    CHECK(with_prior(20.0, location));
    CHECK_FALSE(with_prior(20.0, std::nextafter(location, -infinity)));
  }
}

}  // namespace flopsieve::engine
