// method = "truncate" and "tilt" must give the law of method = "reject" where candidates draw their
// number of models and the parameters of their sizes: of these too, not of the sizes alone.

#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "tests/engine/support/plans.hpp"
#include "tests/engine/support/tilt_samples.hpp"

namespace flopsieve::engine {
namespace {

using testing::by_candidate;
using testing::Case;
using testing::constant;
using testing::job;
using testing::uniform;
using testing::within;

/// Poisson numbers of sizes whose mean and sd are drawn too.
Plan random_job(SizeFamily family, double mean_count, double log10_total,
                const std::vector<double>& parameters, const Distribution& mean,
                const Distribution& sd) {
  Plan plan = job(family, 0.0, log10_total, parameters);
  plan.count.model = CountModel::poisson;
  testing::count_of(plan) = by_candidate(constant(mean_count));
  testing::mean_of(plan) = by_candidate(mean);
  testing::sd_of(plan) = by_candidate(sd);
  return plan;
}

/// Windows that select strongly among k, mean and sd, with an acceptance of about 1e-3.
std::vector<Case> cases() {
  const std::vector<double> truncated{23.0, 1.0, 20.0, 26.7};
  const std::vector<double> whole{24.3, 1.0};
  const Distribution some_sd = uniform(0.6, 1.4);
  return {
      {"an sd, above",
       random_job(SizeFamily::truncated_normal, 4.0, 26.2, truncated, constant(23.0), some_sd)},
      {"an sd, below",
       random_job(SizeFamily::truncated_normal, 3.0, 21.6, truncated, constant(23.0), some_sd)},
      {"an sd of a normal law",
       random_job(SizeFamily::normal, 4.0, 27.1, whole, constant(24.3), some_sd)},
      {"a mean", random_job(SizeFamily::truncated_normal, 4.0, 26.2, truncated, uniform(22.5, 23.5),
                            constant(1.0))},
      {"a mean of a normal law",
       random_job(SizeFamily::normal, 4.0, 27.1, whole, testing::normal(24.0, 0.5), constant(0.9))},
      {"both, below", random_job(SizeFamily::truncated_normal, 3.0, 21.6, truncated,
                                 uniform(22.5, 23.5), some_sd)},
      {"both, from unbounded laws",
       random_job(SizeFamily::truncated_normal, 4.0, 26.2, truncated, testing::normal(22.8, 0.4),
                  within(testing::law(kernels::Law::lognormal, std::log(0.8), 0.3), 0.001, 20.0))},
      {"both, of a normal law",
       random_job(SizeFamily::normal, 4.0, 27.1, whole,
                  within(testing::normal(24.0, 0.5), 23.0, 25.5), uniform(0.3, 1.2))}};
}

}  // namespace

// Thinning that is right for one k, mean and sd only, with them drawn from their prior, gives
// another law. Bound 5 standard errors for at most 25 comparisons of each of two methods in eight
// cases: a right build fails with 400 * 5.7e-7 = 2.3e-4.
TEST_CASE("A number, a mean and an sd that candidates draw keep their law given the total",
          "[statistical]") {
  for (const Case& each : cases()) {
    INFO(each.name);
    testing::check_against_reject(each.plan, {Method::truncate, Method::tilt}, 1'000);
  }
}

}  // namespace flopsieve::engine
