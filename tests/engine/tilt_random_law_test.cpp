// method = "truncate" and "tilt" must give the law of method = "reject" where candidates draw their
// number of models and the parameters of their sizes: of these too, not of the sizes alone.

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "engine/tilt.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/engine/support/samples.hpp"
#include "tests/engine/support/tilts.hpp"

namespace flopsieve::engine {
namespace {

using testing::by_candidate;
using testing::Case;
using testing::constant;
using testing::estimate;
using testing::job;
using testing::Share;
using testing::uniform;
using testing::with_method;
using testing::within;

/// Survivors among the attempts of one trajectory.
struct Sample {
  static constexpr std::array<const char*, 6> names{
      "count", "mean of the law", "sd of the law", "mean", "sd", "largest share"};
  std::array<std::vector<double>, names.size()> columns;
  double candidates = 0.0;

  double size() const { return static_cast<double>(columns[0].size()); }
  double p() const { return size() / candidates; }

  void add(const Candidate& c, OrderedSizes& ordered) {
    const auto value = [&](const char* name) {
      return evaluate(parse_statistic(name), c, ordered);
    };
    const std::array<double, names.size()> row{static_cast<double>(c.inputs.count),
                                               c.inputs.parameters[0],
                                               c.inputs.parameters[1],
                                               value("mean"),
                                               value("sd"),
                                               value("largest_share")};
    for (std::size_t i = 0; i < row.size(); ++i) columns[i].push_back(row[i]);
  }
};

Sample sample(const Plan& plan, std::size_t wanted) {
  Sieve sieve(plan, Purpose::run);
  const Trajectory trajectory = sieve.inputs().trajectory(0);
  Sample found;
  for (std::uint64_t first = 0; found.columns[0].size() < wanted; first += 4096) {
    std::vector<Trial> trials, kept;
    for (std::uint64_t i = first; i < first + 4096; ++i) trials.push_back({&trajectory, {0, i, 0}});
    std::vector<Verdict> verdicts(trials.size());
    sieve.judge(trials, verdicts);
    for (std::size_t i = 0; i < trials.size(); ++i) {
      if (verdicts[i].survives) kept.push_back(trials[i]);
    }
    sieve.visit(kept, [&](std::size_t, const Candidate& c, OrderedSizes& o) { found.add(c, o); });
    found.candidates += 4096.0;
  }
  return found;
}

bool is_constant(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [&](double each) { return each == values[0]; });
}

/// P(total in window) and all columns against brute force.
void check_against_reject(Plan plan, std::size_t survivors) {
  REQUIRE(tilt_refusal(plan) == "");
  plan.seed = 51;
  const Sample reject = sample(plan, survivors);
  CAPTURE(reject.p());
  for (const Method method : {Method::truncate, Method::tilt}) {
    Plan tilted = with_method(plan, method);
    tilted.seed = 52;
    const Sample found = sample(tilted, survivors);
    const Share p = estimate(tilted, static_cast<std::uint64_t>(found.candidates));
    CAPTURE(name(method), found.p(), p.p, p.error);
    const double error = std::hypot(p.error, reject.p() / std::sqrt(reject.size()));
    CHECK(std::abs(p.p - reject.p()) < 5.0 * error);
    for (std::size_t i = 0; i < reject.columns.size(); ++i) {
      if (is_constant(reject.columns[i])) continue;
      CAPTURE(Sample::names[i]);
      CHECK(testing::largest_difference(testing::rounded(found.columns[i]),
                                        testing::rounded(reject.columns[i])) < 5.0);
    }
  }
}

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
    check_against_reject(each.plan, 1'000);
  }
}

}  // namespace flopsieve::engine
