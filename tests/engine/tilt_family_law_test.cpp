// Candidates that draw parameters of any bounded law of sizes: tilting must give the law of
// rejection, of these parameters too.

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/engine/support/plans.hpp"
#include "tests/engine/support/tilt_samples.hpp"

namespace flopsieve::engine {
namespace {

using testing::by_candidate;
using testing::Case;
using testing::constant;
using testing::uniform;

/// Poisson numbers of sizes, with a law for each parameter.
Plan family_job(SizeFamily family, double mean_count, double log10_total,
                const std::vector<Distribution>& parameters) {
  Plan plan = testing::job(family, 0.0, log10_total, {});
  plan.count.model = CountModel::poisson;
  testing::count_of(plan) = by_candidate(constant(mean_count));
  for (const Distribution& each : parameters) {
    plan.sizes.parameters.push_back(by_candidate(each));
  }
  return plan;
}

Plan mixture_job(double log10_total) {
  Plan plan = family_job(SizeFamily::mixture, 4.0, log10_total, {uniform(23.8, 24.1)});
  plan.sizes.components = {
      {by_candidate(uniform(0.2, 0.6)), by_candidate(uniform(-1.2, -0.6)),
       by_candidate(constant(0.7))},
      {by_candidate(constant(0.6)), by_candidate(constant(0.4)), by_candidate(uniform(0.4, 0.8))}};
  return plan;
}

Plan empirical_job(double log10_total) {
  Plan plan =
      family_job(SizeFamily::empirical, 4.0, log10_total, {uniform(23.8, 24.1), uniform(0.7, 1.1)});
  plan.sizes.kernel = {{22.5, 24.0, 25.1, 25.5}, {0.2, 0.7, 0.8, 1.0}, 0.3, 24.07, 1.05};
  return plan;
}

/// Windows with an acceptance of about 1e-3.
std::vector<Case> cases() {
  return {{"skew-normal, above",
           family_job(SizeFamily::skew_normal, 4.0, 26.4,
                      {uniform(23.7, 24.2), uniform(0.7, 1.1), uniform(-0.95, 0.2)})},
          {"skew-normal, below", family_job(SizeFamily::skew_normal, 3.0, 22.6,
                                            {constant(24.0), constant(1.0), uniform(-0.5, 0.9)})},
          {"skew-normal by its shape",
           family_job(SizeFamily::skew_normal_direct, 4.0, 27.0,
                      {uniform(23.7, 24.0), uniform(0.9, 1.2), uniform(-1.0, 4.0)})},
          {"truncated normal, its ends", family_job(SizeFamily::truncated_normal, 4.0, 26.0,
                                                    {uniform(22.8, 23.2), constant(1.1),
                                                     uniform(20.0, 22.0), uniform(25.5, 27.0)})},
          {"uniform, above",
           family_job(SizeFamily::uniform, 4.0, 26.4, {uniform(20.0, 22.0), uniform(25.4, 26.4)})},
          {"uniform, below",
           family_job(SizeFamily::uniform, 4.0, 21.9, {uniform(20.0, 22.0), uniform(25.4, 26.4)})},
          {"power law", family_job(SizeFamily::power_law, 4.0, 26.5,
                                   {uniform(0.6, 1.2), uniform(20.0, 21.0), uniform(25.4, 26.4)})},
          {"mixture", mixture_job(26.2)},
          {"empirical", empirical_job(26.2)}};
}

}  // namespace

// Bound 5 standard errors for at most 11 comparisons in nine cases: a right build fails with
// 99 * 5.7e-7 = 5.7e-5.
TEST_CASE("Parameters that candidates draw keep their law given the total, whatever the family",
          "[statistical]") {
  for (const Case& each : cases()) {
    INFO(each.name);
    testing::check_against_reject(each.plan, {Method::tilt}, 1'000);
  }
}

}  // namespace flopsieve::engine
