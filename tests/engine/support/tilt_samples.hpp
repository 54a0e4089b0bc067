#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "engine/tilt.hpp"
#include "engine/tilt_parameters.hpp"
#include "tests/engine/support/tilts.hpp"

/// Whether tilted candidates have the law of rejection where they draw k and parameters themselves.
namespace flopsieve::engine::testing {

/// Survivors among the attempts of one trajectory: k, all parameters of the law of sizes, and some
/// statistics.
struct ParameterSample {
  struct Column {
    std::string name;
    std::vector<double> values;
  };
  std::vector<Column> columns;
  double candidates = 0.0;

  explicit ParameterSample(const Sizes& sizes) {
    columns.push_back({"count", {}});
    for (std::size_t i = 0; i < size_parameters(sizes); ++i) {
      columns.push_back({size_parameter_name(sizes, i) + " of the law", {}});
    }
    for (const char* statistic : {"mean", "sd", "largest_share"}) {
      columns.push_back({statistic, {}});
    }
  }

  double size() const { return static_cast<double>(columns[0].values.size()); }
  double p() const { return size() / candidates; }

  void add(const Sizes& sizes, const Candidate& candidate, OrderedSizes& ordered) {
    std::size_t column = 0;
    const auto put = [&](double value) { columns[column++].values.push_back(value); };
    put(static_cast<double>(candidate.inputs.count));
    for (std::size_t i = 0; i < size_parameters(sizes); ++i) {
      put(size_parameter(sizes, candidate.inputs, i));
    }
    while (column < columns.size()) {
      put(evaluate(parse_statistic(columns[column].name), candidate, ordered));
    }
  }
};

inline ParameterSample sample_parameters(const Plan& plan, std::size_t wanted) {
  Sieve sieve(plan, Purpose::run);
  const Trajectory trajectory = sieve.inputs().trajectory(0);
  ParameterSample found(plan.sizes);
  for (std::uint64_t first = 0; found.columns[0].values.size() < wanted; first += 4096) {
    std::vector<Trial> trials, kept;
    for (std::uint64_t i = first; i < first + 4096; ++i) trials.push_back({&trajectory, {0, i, 0}});
    std::vector<Verdict> verdicts(trials.size());
    sieve.judge(trials, verdicts);
    for (std::size_t i = 0; i < trials.size(); ++i) {
      if (verdicts[i].survives) kept.push_back(trials[i]);
    }
    sieve.visit(kept, [&](std::size_t, const Candidate& candidate, OrderedSizes& ordered) {
      found.add(plan.sizes, candidate, ordered);
    });
    found.candidates += 4096.0;
  }
  return found;
}

inline bool is_constant(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [&](double each) { return each == values[0]; });
}

/// P(total in window) and all columns against brute force, within 5 standard errors.
inline void check_against_reject(Plan plan, const std::vector<Method>& methods,
                                 std::size_t survivors) {
  REQUIRE(tilt_refusal(plan) == "");
  plan.seed = 51;
  const ParameterSample reject = sample_parameters(plan, survivors);
  CAPTURE(reject.p());
  for (const Method method : methods) {
    Plan tilted = with_method(plan, method);
    tilted.seed = 52;
    const ParameterSample found = sample_parameters(tilted, survivors);
    const Share p = estimate(tilted, static_cast<std::uint64_t>(found.candidates));
    CAPTURE(name(method), found.p(), p.p, p.error);
    const double error = std::hypot(p.error, reject.p() / std::sqrt(reject.size()));
    CHECK(std::abs(p.p - reject.p()) < 5.0 * error);
    for (std::size_t i = 0; i < reject.columns.size(); ++i) {
      const auto& [column, values] = reject.columns[i];
      if (is_constant(values)) continue;
      CAPTURE(column);
      CHECK(largest_difference(rounded(found.columns[i].values), rounded(values)) < 5.0);
    }
  }
}

}  // namespace flopsieve::engine::testing
