// The survivors and the probability of a year's split against those of plain rejection, for every
// kind of input and law of sizes. One survivor of each population: they are independent.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <string>

#include "engine/split_year.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/support/kolmogorov.hpp"

using namespace flopsieve;
using namespace flopsieve::engine;
using namespace flopsieve::engine::testing;

namespace {

/// k, the total and all parameters drawn for each candidate; a window on the skewness and a soft
/// constraint on the largest share.
Plan base_plan(SizeFamily family, const std::vector<Distribution>& parameters) {
  Plan plan = plain_plan({2025});
  plan.attempts = 1000;
  plan.matching = {.match = Match::reject, .tolerance = 0.5, .bound = {}};
  total_of(plan) = by_candidate(normal(25.5, 0.4), 1);
  count_of(plan) = by_candidate(constant(14.0), 1);
  plan.sizes.family = family;
  plan.sizes.parameters.clear();
  for (const Distribution& each : parameters) {
    plan.sizes.parameters.push_back(by_candidate(each, 1));
  }
  add_constraint(plan, bounded("skewness", 0.7, 1.1));
  add_constraint(plan, testing::soft("largest_share", 0.6, 0.1));
  return plan;
}

const Distribution some_sd = within(normal(1.0, 0.2), 0.8, 1.3);

std::vector<MixtureInputs> skewed_components() {
  const auto fixed = [](double value) { return by_candidate(constant(value)); };
  return {{by_candidate(uniform(0.1, 1.0)), fixed(0.5), fixed(0.5)},
          {fixed(0.5), fixed(2.0), by_candidate(uniform(0.5, 1.0))}};
}

struct Values {
  std::vector<std::array<double, 7>> rows;

  void add(const Candidate& c, OrderedSizes& ordered) {
    const auto value = [&](const char* name) {
      return evaluate(parse_statistic(name), c, ordered);
    };
    rows.push_back({c.location, c.inputs.parameters[1], static_cast<double>(c.inputs.count),
                    c.inputs.log10_total, value("skewness"), value("largest_share"),
                    value("median")});
  }
  std::vector<double> column(std::size_t i) const {
    std::vector<double> values;
    for (const auto& row : rows) values.push_back(row[i]);
    return values;
  }
};

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

/// p and every marginal of the survivors, of one trajectory.
void compare(const Plan& plan, std::uint64_t runs = 100) {
  Values rejected, split_values;
  const double p = reject(plan, 200 * 4096, rejected);
  REQUIRE(rejected.rows.size() > 150);
  const InputSampler sampler(plan, Purpose::run);
  const Trajectory trajectory = sampler.trajectory(0);
  SplitYear year(sampler, trajectory, 0);
  const auto n = static_cast<double>(runs);
  double mean = 0.0, square = 0.0;
  for (std::uint64_t i = 0; i < runs; ++i) {
    const SplitResult result =
        split(year.problem(), {.population = 256}, sampler.draws(), {i, 0, 0});
    mean += result.probability / n;
    square += result.probability * result.probability / n;
    const Candidate* candidate = year.candidate(result.survivor);
    REQUIRE(candidate != nullptr);
    split_values.add(*candidate, year.ordered());
  }
  CAPTURE(p, mean, rejected.rows.size());
  const double error =
      std::sqrt((square - mean * mean) / n + p * p / static_cast<double>(rejected.rows.size()));
  // 4 standard errors (6e-5) and a bias of 3 %.
  CHECK(std::abs(mean - p) < 4.0 * error + 0.03 * p);
  for (std::size_t i = 0; i < rejected.rows[0].size(); ++i) {
    CAPTURE(i);
    // 16 comparisons of 7 columns: false alarm 6e-3.
    CHECK(test::unlikeness(split_values.column(i), rejected.column(i)) <
          test::kolmogorov_limit(5e-5));
  }
}

TEST_CASE("a split of normal sizes has the survivors of rejection", "[statistical]") {
  Plan plan = base_plan(SizeFamily::normal, {uniform(22.5, 24.5), some_sd});
  total_of(plan) = by_candidate(constant(25.5), 1);
  add_constraint(plan, bounded("excess_kurtosis", -0.3, 0.5));
  compare(plan, 200);
}

TEST_CASE("a split with a random number of models has the survivors of rejection",
          "[statistical]") {
  Plan plan = base_plan(SizeFamily::normal, {uniform(22.5, 24.5), some_sd});
  SECTION("Poisson with a random mean, often 0") {
    plan.count.model = CountModel::poisson;
    count_of(plan) = by_candidate(uniform(0.5, 12.0), 1);
  }
  SECTION("negative binomial") {
    plan.count.model = CountModel::negative_binomial;
    plan.count.parameters = {by_candidate(uniform(5.0, 12.0), 1),
                             by_candidate(uniform(2.0, 5.0), 1)};
  }
  SECTION("a rounded law within bounds") {
    count_of(plan) = by_candidate(within(normal(12.0, 8.0), 4.0, 30.0), 1);
  }
  compare(plan);
}

TEST_CASE("a split moves along a solved location", "[statistical]") {
  Plan plan = base_plan(SizeFamily::skew_normal, {normal(23.3, 0.5), some_sd, uniform(-0.5, 0.5)});
  plan.matching = {.match = Match::shift, .tolerance = 0.0, .bound = {0.8}};  // 1 / (sqrt(2 pi) sd)
  SECTION("with a density everywhere") {}
  SECTION("with a density between bounds that refer to the spread") {
    plan.sizes.parameters[0].years[0] = within(uniform(22.0, 23.0), 22.2, 22.9);
    plan.matching.bound = {1.0};
  }
  SECTION("of a mixture, whose mean is not its location") {
    plan.sizes.family = SizeFamily::mixture;
    plan.sizes.parameters = {by_candidate(normal(22.3, 0.5), 1)};
    plan.sizes.components = skewed_components();
  }
  compare(plan);
}

TEST_CASE("a split of any law of sizes has the survivors of rejection", "[statistical]") {
  SECTION("truncated normal") {
    compare(base_plan(SizeFamily::truncated_normal,
                      {uniform(22.5, 24.5), some_sd, constant(21.0), constant(26.5)}));
  }
  SECTION("uniform") {
    compare(base_plan(SizeFamily::uniform, {uniform(20.0, 22.0), uniform(25.0, 26.0)}));
  }
  SECTION("power law") {
    compare(
        base_plan(SizeFamily::power_law, {uniform(0.6, 1.1), uniform(20.0, 22.0), constant(26.0)}));
  }
  SECTION("grid") {
    compare(base_plan(SizeFamily::grid, {uniform(20.0, 22.0), uniform(25.0, 26.0), constant(0.1)}));
  }
  SECTION("Student's t") {
    compare(base_plan(SizeFamily::student_t, {uniform(22.5, 24.5), some_sd, uniform(4.0, 8.0)}));
  }
  SECTION("mixture") {
    Plan plan = base_plan(SizeFamily::mixture, {uniform(21.5, 23.5)});
    plan.sizes.components = skewed_components();
    compare(plan);
  }
  SECTION("empirical") {
    Plan plan = base_plan(SizeFamily::empirical, {uniform(22.5, 24.5), some_sd});
    plan.sizes.kernel = {{-1.0, 0.2, 0.9}, {0.25, 0.5, 1.0}, 0.4, 0.25, 0.9};
    compare(plan);
  }
}

}  // namespace
