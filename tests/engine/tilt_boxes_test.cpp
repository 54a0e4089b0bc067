// The boxes that the priors of mean and sd are cut into.

#include "engine/tilt_boxes.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>

#include "engine/batch.hpp"
#include "engine/pilot.hpp"
#include "engine/tilt_mix.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/engine/support/tilts.hpp"

namespace flopsieve::engine {
namespace {

using Catch::Matchers::Contains;
using testing::by_candidate;
using testing::uniform;

constexpr double count = 40.0;
constexpr double log10_total = 26.4;

Plan plan_with(const Distribution& mean, const Distribution& sd) {
  Plan plan = testing::with_method(
      testing::job(SizeFamily::truncated_normal, count, log10_total, {23.0, 1.0, 20.0, 26.7}),
      Method::tilt);
  testing::mean_of(plan) = by_candidate(mean);
  testing::sd_of(plan) = by_candidate(sd);
  return plan;
}

CandidateInputs inputs_at(double mean, double sd) {
  CandidateInputs inputs;
  inputs.log10_total = log10_total;
  inputs.count = static_cast<std::uint32_t>(count);
  inputs.parameters = {mean, sd, 20.0, 26.7};
  return inputs;
}

std::vector<TiltBox> boxes_of(const Plan& plan) {
  const TiltPriors priors = tilt_priors(plan, 0);
  const LogMoment log_moment = [](double log_constant) { return count * log_constant; };
  return TiltBoxes(plan, inputs_at(23.0, 1.0), priors, {}, log_moment).make();
}

/// The largest ln of f(x) exp(theta m) / (C q(x)) at an end of the strata; 0 or less, or candidates
/// would have to be kept with a probability above 1.
double largest_excess(const TiltBox& box) {
  const TiltTable& table = *box.tilt.table;
  const TiltBase& base = table.base();
  REQUIRE(table.alias() != nullptr);
  double largest = -1e9;
  for (const double mean : {box.strata[0].low, box.strata[0].high}) {
    for (const double sd : {box.strata[1].low, box.strata[1].high}) {
      const CandidateInputs inputs = inputs_at(mean, sd);
      LawStorage storage;
      const kernels::SizeLaw law = base.law(inputs, storage);
      for (int i = 0; i < 500; ++i) {
        const float z = static_cast<float>(i) / 500.0f;
        const double above = (static_cast<double>(z) - 1.0) * base.frame().scale;
        largest = std::max(
            largest, table.log_share(inputs, law, z) + table.strength() * std::pow(10.0, above));
      }
    }
  }
  return largest;
}

TEST_CASE("Boxes are the prior, cut, and each has a table that bounds all its laws") {
  const std::vector<TiltBox> boxes = boxes_of(plan_with(uniform(22.5, 23.5), uniform(0.6, 1.4)));
  CHECK(boxes.size() > 100);
  double prior = 0.0, area = 0.0;
  bool all_apart = true;
  for (const TiltBox& box : boxes) {
    const Stratum& mean = box.strata[0];
    const Stratum& sd = box.strata[1];
    prior += std::exp(box.log_prior);
    area += (mean.high - mean.low) * (sd.high - sd.low);
    // Both laws are uniform.
    CHECK(box.log_prior ==
          Approx(std::log((mean.high - mean.low) * (sd.high - sd.low) / 0.8)).margin(1e-9));
    CHECK(box.log_weight ==
          Approx(box.log_prior + count * box.tilt.log_constant() - box.tilt.log_edge));
    CHECK(largest_excess(box) <= 1e-12);
    for (const TiltBox& other : boxes) {
      if (&other == &box) break;
      all_apart =
          all_apart && (other.strata[0].high <= mean.low || other.strata[0].low >= mean.high ||
                        other.strata[1].high <= sd.low || other.strata[1].low >= sd.high);
    }
  }
  CHECK(all_apart);
  CHECK(prior == Approx(1.0).epsilon(1e-9));
  CHECK(area == Approx(0.8).epsilon(1e-9));
}

TEST_CASE("A constant is a box without a width") {
  const std::vector<TiltBox> one =
      boxes_of(plan_with(testing::constant(23.0), testing::constant(1.0)));
  REQUIRE(one.size() == 1);
  CHECK(one[0].log_prior == 0.0);
  CHECK(one[0].strata.empty());
  for (const TiltBox& box : boxes_of(plan_with(testing::constant(23.0), uniform(0.6, 1.4)))) {
    CHECK(box.strata.size() == 1);
  }
}

TEST_CASE("A prior of which rounding leaves a few steps of probability is cut no further") {
  // Between 8.12 and 10 standard deviations above the mean.
  const Distribution tail = testing::within(testing::normal(19.0, 0.5), 23.06, 24.0);
  const std::vector<TiltBox> boxes = boxes_of(plan_with(tail, testing::constant(1.0)));
  CHECK(boxes.size() >= 1);
  CHECK(boxes.size() <= 8);
}

Plan too_wide() {
  return plan_with(testing::normal(23.0, 2.0),
                   testing::within(testing::law(kernels::Law::lognormal, 0.0, 1.0), 1e-3, 20.0));
}

TEST_CASE("Priors that are too wide for boxes are named") {
  const Plan plan = too_wide();
  const TiltPriors priors = tilt_priors(plan, 0);
  const auto count_law = std::make_shared<TiltCount>(static_cast<std::uint32_t>(count));
  const TiltMix mix(plan, inputs_at(23.0, 1.0), count_law, priors, {});
  CHECK_THAT(mix.obstacle(), Contains("too wide to tilt") && Contains("mean from ") &&
                                 Contains("with sd from ") && Contains("give them bounds"));
  const Plan narrow = plan_with(uniform(22.5, 23.5), uniform(0.6, 1.4));
  const TiltPriors bounded = tilt_priors(narrow, 0);
  CHECK(TiltMix(narrow, inputs_at(23.0, 1.0), count_law, bounded, {}).obstacle() == "");
}

TEST_CASE("A pilot refuses priors that are too wide; a run goes on") {
  Plan plan = too_wide();
  const Pilot pilot = run_pilot(plan);
  CHECK(pilot.years[0].tally.candidates == 4096);
  CHECK_THROWS_WITH(demand_survivors(plan, pilot),
                    Contains("2024: the laws of the parameters") && Contains("too wide to tilt"));
  plan.trajectories = 2;
  plan.attempts = 100;
  CHECK(run_batch(plan, 0)->tally.years[0].exhausted == 2);
}

// Boxes of 5,000 sizes: the moment of the number of models is beyond all bounds.
TEST_CASE("Where a box has a weight without bounds nothing is kept") {
  Plan plan = too_wide();
  plan.count.model = CountModel::poisson;
  const auto count_law =
      std::make_shared<TiltCount>(plan.count, 0, std::array<double, 2>{5000.0, 0.0});
  const TiltPriors priors = tilt_priors(plan, 0);
  const TiltMix mix(plan, inputs_at(23.0, 1.0), count_law, priors, {});
  CHECK(mix.log_constant() == testing::infinity);
  CHECK_THAT(mix.obstacle(), Contains("too wide to tilt"));
  const InputSampler sampler(plan, Purpose::run);
  for (std::uint64_t attempt = 0; attempt < 100; ++attempt) {
    CandidateInputs inputs = inputs_at(23.0, 1.0);
    const Tilt& tilt = mix.draw(sampler.draws(), {0, attempt, 0}, inputs);
    const float z = 0.5f;
    REQUIRE(inputs.count == 1);
    REQUIRE(tilt.table->alias() != nullptr);
    CHECK(tilt.log_keep(inputs, &z, 1) == -testing::infinity);
  }
}

}  // namespace
}  // namespace flopsieve::engine
