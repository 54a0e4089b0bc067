#pragma once

#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "engine/sieve.hpp"
#include "engine/tally.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/engine/support/samples.hpp"

/// Jobs whose law does not hang on the method, and comparisons of what methods make of them.
namespace flopsieve::engine::testing {

inline Plan job(SizeFamily family, double count, double log10_total,
                const std::vector<double>& parameters) {
  Plan plan = plain_plan({2024});
  plan.attempts = 1'000'000;
  total_of(plan) = by_trajectory(constant(log10_total));
  count_of(plan) = by_candidate(constant(count));
  plan.sizes.family = family;
  plan.sizes.parameters.clear();
  for (const double each : parameters)
    plan.sizes.parameters.push_back(by_candidate(constant(each)));
  for (const char* statistic :
       {"mean", "sd", "largest_share", "total_error", "count", "smallest"}) {
    plan.outputs.statistics.push_back(parse_statistic(statistic));
  }
  plan.matching = {Match::reject, 0.05, {}};
  return plan;
}

inline Plan with_method(Plan plan, Method method) {
  plan.sampling.method = method;
  return plan;
}

struct Case {
  std::string name;
  Plan plan;
};

struct Share {
  double p;      ///< P(constraints), estimated
  double error;  ///< its standard error
};

/// As YearTally takes it from first attempts.
inline Share estimate(const Plan& plan, std::uint64_t candidates) {
  Sieve sieve(plan, Purpose::run);
  const Trajectory trajectory = sieve.inputs().trajectory(0);
  std::vector<Trial> trials;
  for (std::uint64_t i = 0; i < candidates; ++i) trials.push_back({&trajectory, {0, i, 0}});
  std::vector<Verdict> verdicts(trials.size());
  sieve.judge(trials, verdicts);
  YearTally tally;
  tally.resize(plan.constraints.size() + 1);
  for (const Verdict& each : verdicts) tally.add_verdict(each, 0);
  const TiltReport report = report_tilt(tally);
  CHECK(report.total_probability == report.probability);
  return {report.total_probability, report.total_error};
}

/// Without the rounding of the largest share of a single size, which is 1.
inline std::vector<double> rounded(std::vector<double> values) {
  for (double& each : values) each = std::round(each * 1e9) / 1e9;
  return values;
}

/// The largest difference of any output, in standard errors.
inline double disagreement(const Survivors& a, const Survivors& b) {
  double largest = 0.0;
  for (std::size_t s = 0; s < a.statistics.size(); ++s) {
    if (a.statistics[s] == b.statistics[s]) continue;
    const double z = largest_difference(rounded(a.statistics[s]), rounded(b.statistics[s]));
    UNSCOPED_INFO("output " << s << ": " << z << " standard errors");
    largest = std::max(largest, z);
  }
  return largest;
}

inline double acceptance(const Survivors& sample) {
  return static_cast<double>(sample.size()) / static_cast<double>(sample.candidates);
}

}  // namespace flopsieve::engine::testing
