// A year as a split: its probability and survivors against those of the Sieve.
#include "engine/split_year.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "engine/error.hpp"
#include "tests/engine/support/plans.hpp"

using Catch::Matchers::Contains;
using namespace flopsieve;
using namespace flopsieve::engine;
using namespace flopsieve::engine::testing;

namespace {

Plan year_plan(SizeFamily family) {
  Plan plan = plain_plan({2025});
  plan.sizes.family = family;
  plan.matching = {.match = Match::reject, .tolerance = 0.5, .bound = {}};
  total_of(plan) = by_candidate(constant(25.5), 1);
  count_of(plan) = by_candidate(constant(14.0), 1);
  mean_of(plan) = by_candidate(uniform(22.5, 24.5), 1);
  sd_of(plan) = by_candidate(normal(1.0, 0.2), 1);
  sd_of(plan).years[0].lower = 0.8;
  sd_of(plan).years[0].upper = 1.3;
  if (family == SizeFamily::normal) {
    plan.sizes.parameters.resize(2);
  } else {
    skewness_of(plan) = by_candidate(uniform(-0.5, 0.5), 1);
  }
  add_constraint(plan, bounded("skewness", 0.7, 1.1));
  add_constraint(plan, bounded("excess_kurtosis", -0.3, 0.5));
  Constraint soft = bounded("largest_share", 0.0, 1.0);
  soft.lower.clear();
  soft.upper.clear();
  soft.centre = {0.6};
  soft.spread = {0.1};
  soft.address = soft_address(soft);
  add_constraint(plan, soft);
  return plan;
}

struct Values {
  std::vector<std::array<double, 6>> rows;

  void add(const Candidate& c, OrderedSizes& ordered) {
    const auto value = [&](const char* name) {
      return evaluate(parse_statistic(name), c, ordered);
    };
    rows.push_back({c.inputs.parameters[0], c.inputs.parameters[1], value("skewness"),
                    value("excess_kurtosis"), value("largest_share"), value("median")});
  }
  std::vector<double> column(std::size_t i) const {
    std::vector<double> values;
    for (const auto& row : rows) values.push_back(row[i]);
    return values;
  }
};

/// Two-sample Kolmogorov-Smirnov: sqrt(n m / (n + m)) D, above 2.30 with probability 5e-5.
double unlikeness(std::vector<double> a, std::vector<double> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  const auto n = static_cast<double>(a.size());
  const auto m = static_cast<double>(b.size());
  double largest = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto j = std::upper_bound(b.begin(), b.end(), a[i]) - b.begin();
    largest =
        std::max(largest, std::abs(static_cast<double>(i + 1) / n - static_cast<double>(j) / m));
  }
  return std::sqrt(n * m / (n + m)) * largest;
}

/// Survivors of plain rejection; returns the share of candidates that survive.
double reject(const Plan& plan, std::uint64_t candidates, Values& values) {
  Sieve sieve(plan, Purpose::run);
  const Trajectory trajectory = sieve.inputs().trajectory(0);
  std::vector<Trial> kept;
  for (std::uint64_t first = 0; first < candidates; first += 4096) {
    std::vector<Trial> trials;
    for (std::uint64_t i = first; i < first + 4096; ++i) trials.push_back({&trajectory, {0, i, 0}});
    std::vector<Verdict> verdicts(trials.size());
    sieve.judge(trials, verdicts);
    for (std::size_t i = 0; i < trials.size(); ++i) {
      if (verdicts[i].survives) kept.push_back(trials[i]);
    }
  }
  sieve.visit(kept, [&](std::size_t, const Candidate& c, OrderedSizes& o) { values.add(c, o); });
  return static_cast<double>(kept.size()) / static_cast<double>(candidates);
}

TEST_CASE("a split year has the survivors of rejection", "[statistical]") {
  for (const SizeFamily family : {SizeFamily::normal, SizeFamily::skew_normal}) {
    const Plan plan = year_plan(family);
    Values rejected, split_values;
    const double p = reject(plan, 400 * 4096, rejected);
    REQUIRE(rejected.rows.size() > 500);
    const InputSampler sampler(plan, Purpose::run);
    constexpr std::uint64_t runs = 200;
    double mean = 0.0, square = 0.0;
    for (std::uint64_t i = 0; i < runs; ++i) {
      const Trajectory trajectory = sampler.trajectory(i);
      SplitYear year(sampler, trajectory, 0);
      const SplitResult result =
          split(year.problem(), {.population = 256}, sampler.draws(), {i, 0, 0});
      mean += result.probability / runs;
      square += result.probability * result.probability / runs;
      const Candidate& candidate = year.candidate(result.survivor);
      split_values.add(candidate, year.ordered());
    }
    CAPTURE(p, mean, rejected.rows.size());
    const double error = std::sqrt((square - mean * mean) / runs +
                                   p * p / static_cast<double>(rejected.rows.size()));
    // 4 standard errors (6e-5) and a bias of 3 %.
    CHECK(std::abs(mean - p) < 4.0 * error + 0.03 * p);
    for (std::size_t i = 0; i < 6; ++i) {
      CAPTURE(i);
      CHECK(unlikeness(split_values.column(i), rejected.column(i)) < 2.30);
    }
  }
}

TEST_CASE("a year that cannot be split says why") {
  Plan plan = year_plan(SizeFamily::normal);
  CHECK(SplitYear::obstacle(plan, 0).empty());
  count_of(plan) = by_candidate(uniform(3.0, 9.0), 1);
  CHECK_THAT(SplitYear::obstacle(plan, 0), Contains("number of models"));
  plan = year_plan(SizeFamily::normal);
  plan.matching.match = Match::last;
  CHECK_THAT(SplitYear::obstacle(plan, 0), Contains("match"));
  plan = year_plan(SizeFamily::normal);
  total_of(plan) = by_candidate(normal(25.0, 1.0), 1);
  CHECK_THAT(SplitYear::obstacle(plan, 0), Contains("total"));
  const InputSampler sampler(plan, Purpose::run);
  const Trajectory trajectory = sampler.trajectory(0);
  CHECK_THROWS_AS(SplitYear(sampler, trajectory, 0), Error);
}

}  // namespace
