// match = "rescale" meets the total by the location alone and ignores what the job says of it.

#include <catch2/catch.hpp>
#include <cmath>

#include "tests/engine/support/plans.hpp"
#include "tests/engine/support/samples.hpp"

namespace flopsieve::engine {
namespace {

using testing::by_candidate;
using testing::draw_survivors;

/// Three normal sizes, sd random, whose mean a prior holds near 24; the total asks for more.
Plan job(Match match, const Distribution& mean, double bound) {
  Plan plan = testing::plain_plan({2024});
  plan.seed = match == Match::shift ? 71 : 72;
  testing::total_of(plan) = by_candidate(testing::uniform(25.5, 26.0));
  testing::count_of(plan) = by_candidate(testing::constant(3.0));
  plan.sizes.family = SizeFamily::normal;
  plan.sizes.parameters = {by_candidate(mean), by_candidate(testing::uniform(0.3, 1.5))};
  plan.matching = {match, 0.0, {bound}};
  for (const char* statistic : {"mean", "sd", "total_error"}) {
    plan.outputs.statistics.push_back(parse_statistic(statistic));
  }
  return plan;
}

}  // namespace

TEST_CASE("rescale meets the total exactly, for every family that it may serve") {
  for (const SizeFamily family : {SizeFamily::normal, SizeFamily::uniform, SizeFamily::power_law}) {
    Plan plan = job(Match::rescale, testing::constant(24.6), 0.0);
    plan.sizes.family = family;
    if (family == SizeFamily::uniform) {
      plan.sizes.parameters[1] = by_candidate(testing::constant(26.0));
    }
    if (family == SizeFamily::power_law) {
      plan.sizes.parameters = {by_candidate(testing::constant(0.9)),
                               by_candidate(testing::constant(23.0)),
                               by_candidate(testing::constant(26.0))};
    }
    const testing::Survivors sample = draw_survivors(plan, 1000);
    CHECK(sample.size() == sample.candidates);
    for (const double error : sample.statistics[2]) REQUIRE(std::abs(error) < 1e-12);
  }
}

// Bound 5 standard errors for 8 comparisons: false alarm 8 * 5.7e-7 = 4.6e-6.
TEST_CASE("rescale is shift without the prior of the mean", "[statistical]") {
  const Distribution prior = testing::normal(24.0, 0.3);
  const testing::Survivors rescale = draw_survivors(job(Match::rescale, prior, 0.0), 40'000);
  const testing::Survivors flat =
      draw_survivors(job(Match::shift, testing::uniform(10.0, 40.0), 1.0 / 30.0), 40'000);
  for (const std::size_t output : {0u, 1u}) {
    CHECK(testing::largest_difference(rescale.statistics[output], flat.statistics[output]) < 5.0);
  }
  // Where the prior matters the two differ: sets of a large sd need a lower mean.
  const testing::Survivors shift =
      draw_survivors(job(Match::shift, prior, 0.3989422804014327 / 0.3), 40'000);
  for (const std::size_t output : {0u, 1u}) {
    CHECK(testing::mean_difference(rescale.statistics[output], shift.statistics[output]) > 20.0);
  }
}

}  // namespace flopsieve::engine
