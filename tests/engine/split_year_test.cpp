// Which years can be split, and which numbers of a point are which.
#include "engine/split_year.hpp"

#include <array>
#include <boost/math/special_functions/erf.hpp>
#include <catch2/catch.hpp>
#include <cmath>

#include "engine/error.hpp"
#include "engine/split_latent.hpp"
#include "engine/split_run.hpp"
#include "engine/summary.hpp"
#include "tests/engine/support/plans.hpp"

using Catch::Matchers::Contains;
using namespace flopsieve;
using namespace flopsieve::engine;
using namespace flopsieve::engine::testing;

namespace {

Plan year_plan() {
  Plan plan = plain_plan({2025});
  plan.attempts = 1000;
  plan.sizes.family = SizeFamily::normal;
  plan.sizes.parameters.resize(2);
  plan.matching = {.match = Match::reject, .tolerance = 0.5, .bound = {}};
  add_constraint(plan, bounded("skewness", 0.7, 1.1));
  return plan;
}

TEST_CASE("a plan that cannot be split says why") {
  Plan plan = year_plan();
  CHECK(split_refusal(plan).empty());
  plan.matching.match = Match::last;
  CHECK_THAT(split_refusal(plan), Contains("match = \"last\""));
  plan = year_plan();
  plan.sizes.family = SizeFamily::allocation;
  CHECK_THAT(split_refusal(plan), Contains("allocations"));
  plan = year_plan();
  plan.attempts = 1;
  CHECK_THAT(split_refusal(plan), Contains("attempts above 1"));
  plan = year_plan();
  add_constraint(plan, bounded("loss_making_share", 0.0, 0.05));
  CHECK_THAT(split_refusal(plan), Contains("revenues"));
}

TEST_CASE("only what is drawn for a candidate has a normal of its own") {
  Plan plan = year_plan();
  plan.sizes.parameters = {by_candidate(constant(24.0)), by_trajectory(uniform(1.0, 2.0))};
  CHECK(SplitLatent(plan, 0).size() == 0);
  plan.sizes.parameters[1].scope = Scope::candidate;
  CHECK(SplitLatent(plan, 0).size() == 1);
  plan.count.model = CountModel::poisson;
  CHECK(SplitLatent(plan, 0).size() == 2);
  plan.constraints[0].centre = {0.9};
  plan.constraints[0].spread = {0.1};
  CHECK(SplitLatent(plan, 0).size() == 3);
  plan.constraints[0].active = {0};
  CHECK(SplitLatent(plan, 0).size() == 2);
  plan.constraints[0].active = {1};
  plan.constraints[0].centre = {};
  plan.constraints[0].ceiling = {{0.8}, {1.0}, Scope::trajectory};
  CHECK(SplitLatent(plan, 0).size() == 2);
  plan.constraints[0].ceiling.scope = Scope::candidate;
  CHECK(SplitLatent(plan, 0).size() == 3);
  plan.constraints[0].active = {0};
  plan.matching.match = Match::shift;
  CHECK(SplitLatent(plan, 0).size() == 3);
}

TEST_CASE("the uniform of a normal is its probability") {
  for (double z = -8.0; z <= 8.0; z += 0.125) {
    CHECK(uniform_of_normal(z) == Approx(0.5 * std::erfc(-z / std::sqrt(2.0))).epsilon(1e-12));
  }
  CHECK(uniform_of_normal(-60.0) > 0.0);
  CHECK(uniform_of_normal(60.0) < 1.0);
}

TEST_CASE("a number of models from a normal is never 0, and its mean keeps its law") {
  Plan plan = year_plan();
  plan.count.model = CountModel::poisson;
  count_of(plan) = by_candidate(uniform(0.01, 0.5));
  plan.sizes.parameters = {by_candidate(constant(24.0)), by_candidate(constant(1.0))};
  const InputSampler sampler(plan, Purpose::run);
  const Trajectory trajectory = sampler.trajectory(0);
  SplitLatent latent(plan, 0);
  REQUIRE(latent.size() == 2);
  const InputSampler inputs(plan, Purpose::run, &latent);
  for (const double mean_z : {-3.0, 0.0, 3.0}) {
    const double u = 0.5 * std::erfc(-mean_z / std::sqrt(2.0));
    const double mean = 0.01 + 0.49 * u;
    // P(k = 1 | k > 0) = mean / (exp(mean) - 1): k is 1 below it and 2 above.
    const double one = mean / std::expm1(mean);
    for (const double share : {1e-6, 0.5, 0.999, 1.001}) {
      const double at = std::min(share * one, 1.0 - 1e-9);
      const double draw = -std::sqrt(2.0) * boost::math::erfc_inv(2.0 * at);
      const std::array<double, 2> point{mean_z, draw};
      latent.set(point);
      CHECK(inputs.candidate(trajectory, {0, 0, 0}).count == (share < 1.0 ? 1 : 2));
    }
  }
}

TEST_CASE("the inputs of a point are the quantiles at its normals") {
  Plan plan = year_plan();
  total_of(plan) = by_candidate(normal(26.0, 0.5));
  plan.sizes.parameters = {by_candidate(uniform(22.0, 24.0)),
                           by_candidate(within(uniform(0.0, 2.0), 1.0, 3.0))};
  const InputSampler sampler(plan, Purpose::run);
  const Trajectory trajectory = sampler.trajectory(0);
  SplitYear year(sampler, trajectory, 0);
  std::vector<double> point(13, 0.25);
  point[0] = 1.5;                  // the total
  point[1] = -0.6744897501960817;  // the mean, at its first quartile
  point[2] = 0.6744897501960817;   // the sd, at the third quartile of uniform(1, 2)
  const Candidate* candidate = year.candidate(point);
  REQUIRE(candidate != nullptr);
  CHECK(candidate->inputs.log10_total == Approx(26.75).epsilon(1e-14));
  CHECK(candidate->inputs.parameters[0] == Approx(22.5).epsilon(1e-14));
  CHECK(candidate->inputs.parameters[1] == Approx(1.75).epsilon(1e-14));
  CHECK(candidate->inputs.count == 10);
  CHECK(candidate->log10_sum() == Approx(22.5 + 0.25 * 1.75 + 1.0).epsilon(1e-14));
}

TEST_CASE("a year without a bound on its models cannot be split") {
  Plan plan = year_plan();
  count_of(plan) = by_candidate(law(kernels::Law::lognormal, 6.0, 1.0));
  const InputSampler sampler(plan, Purpose::run);
  const Trajectory trajectory = sampler.trajectory(0);
  CHECK_THROWS_WITH(SplitYear(sampler, trajectory, 0), Contains("bound their number"));
}

TEST_CASE("a trajectory that nothing leads into its constraints is exhausted") {
  Plan plan = year_plan();
  plan.constraints[0] = bounded("count", 20.0, 30.0);
  const InputSampler sampler(plan, Purpose::run);
  const Trajectory trajectory = sampler.trajectory(0);
  YearTally tally;
  std::string why;
  CHECK_FALSE(split_survivor(sampler, trajectory, 0, tally, &why));
  CHECK(tally.exhausted == 1);
  CHECK(tally.split.populations == 0);
  CHECK_THAT(why, Contains("equally far"));
}

TEST_CASE("a trajectory without an estimate counts as probability 0") {
  YearTally year;
  year.first_trials = 4;
  year.split.populations = 3;
  year.split.probability = 0.6;
  year.split.variance = 0.01;
  CHECK(report_split(year).probability == Approx(0.15));
  CHECK(report_split(year).error == Approx(0.025));
}

TEST_CASE("probabilities that differ between trajectories add to the error of their mean") {
  YearTally year;
  year.first_trials = 4;
  year.split.populations = 4;
  for (const double p : {0.1, 0.2, 0.3, 0.6}) {
    year.split.probability += p;
    year.split.square_probability += p * p;
    year.split.variance += 1e-4;
  }
  CHECK(report_split(year).probability == Approx(0.3));
  // The sample's standard deviation, sqrt(0.14 / 3), over sqrt(4).
  CHECK(report_split(year).error == Approx(0.5 * std::sqrt(0.14 / 3.0)));
}

}  // namespace
