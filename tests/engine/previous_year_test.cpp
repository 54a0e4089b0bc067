// Constraints on the ratio of a statistic to that of the year before.

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "tests/engine/support/runs.hpp"

namespace flopsieve::engine {
namespace {

using testing::by_candidate;
using testing::WholeRun;

Constraint ratio(const std::string& statistic, double lower, double upper) {
  Constraint constraint = testing::bounded(statistic, lower, upper, 3);
  constraint.relative_to = RelativeTo::previous_year;
  return constraint;
}

/// The total grows about tenfold a year; the number of models may not shrink, and the largest
/// grows 2 to 30 times a year.
Plan growing_plan(std::uint64_t attempts) {
  Plan plan = testing::plain_plan({2024, 2025, 2026});
  plan.seed = 11;
  plan.attempts = attempts;
  plan.trajectories = 600;
  plan.batch_trajectories = 50;
  testing::total_of(plan).years = {testing::normal(26.0, 0.3), testing::normal(27.0, 0.3),
                                   testing::normal(28.0, 0.3)};
  testing::count_of(plan) = by_candidate(testing::uniform(3.0, 12.0), 3);
  testing::sd_of(plan) = by_candidate(testing::uniform(0.5, 1.5), 3);
  testing::mean_of(plan) = by_candidate(testing::uniform(20.0, 30.0), 3);
  testing::add_constraint(plan, testing::bounded("largest_share", 0.1, 0.8, 3));
  testing::add_constraint(plan, ratio("count", 1.0, 3.0));
  testing::add_constraint(plan, ratio("largest", 2.0, 30.0));
  plan.outputs.statistics = {parse_statistic("count"), parse_statistic("largest"),
                             parse_statistic("largest_share")};
  plan.outputs.keep = Keep::statistics;
  return plan;
}

struct Facts {
  double count = 0.0, largest = 0.0, largest_share = 0.0;
};

bool meets(const Facts& now, const Facts* before) {
  if (now.largest_share < 0.1 || now.largest_share > 0.8) return false;
  if (before == nullptr) return true;
  const double growth = std::pow(10.0, now.largest - before->largest);
  const double more = now.count / before->count;
  return growth >= 2.0 && growth <= 30.0 && more >= 1.0 && more <= 3.0;
}

/// [trajectory, year, attempt] of all candidates, drawn without any constraint.
std::vector<Facts> all_facts(Plan plan) {
  plan.constraints.clear();
  plan.cascade.clear();
  Sieve sieve(plan, Purpose::run);
  testing::Trials trials;
  for (std::uint64_t t = 0; t < plan.trajectories; ++t) {
    for (std::uint32_t year = 0; year < 3; ++year) {
      for (std::uint64_t a = 0; a < plan.attempts; ++a) trials.add(sieve.inputs(), {t, a, year});
    }
  }
  std::vector<Facts> facts(trials.size());
  sieve.visit(trials, [&](std::size_t i, const Candidate& candidate, OrderedSizes& ordered) {
    const auto sizes = ordered.sizes().log10_flop;
    double sum = 0.0;
    for (const double x : sizes) sum += std::pow(10.0, x - sizes.back());
    facts[i] = {static_cast<double>(candidate.inputs.count), sizes.back(), 1.0 / sum};
  });
  return facts;
}

}  // namespace

TEST_CASE("the ratio to the previous year is that to the trajectory's own survivor") {
  const std::uint64_t attempts = GENERATE(1u, 40u);
  CAPTURE(attempts);
  const Plan plan = growing_plan(attempts);
  const WholeRun run = testing::run_all(plan);
  const std::vector<Facts> facts = all_facts(plan);

  std::vector<std::uint64_t> complete, survivor_attempts;
  std::array<std::uint64_t, 3> candidates{};
  for (std::uint64_t t = 0; t < plan.trajectories; ++t) {
    const Facts* before = nullptr;
    std::vector<std::uint64_t> chosen;
    for (std::size_t year = 0; year < 3 && chosen.size() == year; ++year) {
      const Facts* tried = &facts[(t * 3 + year) * attempts];
      for (std::uint64_t a = 0; a < attempts; ++a) {
        ++candidates[year];
        if (!meets(tried[a], before)) continue;
        chosen.push_back(a);
        before = &tried[a];
        break;
      }
    }
    if (chosen.size() < 3) continue;
    complete.push_back(t);
    testing::append(survivor_attempts, chosen);
  }
  CHECK(complete.size() > (attempts == 1 ? 10u : 300u));
  CHECK(run.columns.trajectory == complete);
  CHECK(run.columns.attempt == survivor_attempts);
  for (std::size_t year = 0; year < 3; ++year) {
    CHECK(run.tally.years[year].candidates == candidates[year]);
  }
}

TEST_CASE("stored statistics of survivors meet the ratios, and the first year is free") {
  Plan plan = growing_plan(40);
  plan.constraints[2].active[2] = 0;  // the largest may do what it likes in 2026
  const WholeRun run = testing::run_all(plan);
  REQUIRE(run.rows() > 300);
  bool outside = false;
  for (std::size_t row = 0; row < run.rows(); ++row) {
    const double* s = run.columns.statistics.data() + row * 9;
    for (std::size_t year = 1; year < 3; ++year) {
      const double growth = std::pow(10.0, s[3 * year + 1] - s[3 * year - 2]);
      const double more = s[3 * year] / s[3 * year - 3];
      REQUIRE((more >= 1.0 && more <= 3.0));
      if (year == 1) REQUIRE((growth >= 2.0 * (1.0 - 1e-12) && growth <= 30.0 * (1.0 + 1e-12)));
      if (year == 2) outside = outside || growth < 2.0 || growth > 30.0;
    }
  }
  CHECK(outside);
  const YearTally& first = run.tally.years[0];
  CHECK(first.joint[2 * 4 + 2] == 0);
  CHECK(first.joint[3 * 4 + 3] == 0);
}

TEST_CASE("without a survivor before, nothing is compared") {
  Plan plan = growing_plan(1);
  Sieve sieve(plan, Purpose::run);
  testing::Trials trials;
  for (std::uint64_t t = 0; t < 50; ++t) trials.add(sieve.inputs(), {t, 0, 1});
  // Some survivors of the year before have no value for one of the two.
  const double none = std::numeric_limits<double>::quiet_NaN();
  for (std::size_t t = 25; t < 50; ++t) trials.trajectories[t].previous = {none, none, none};
  std::vector<Verdict> compared(50), free(50);
  sieve.judge(trials, compared);
  plan.constraints.resize(1);
  plan.cascade = {0};
  Sieve plain(plan, Purpose::run);
  plain.judge(trials, free);
  for (std::size_t t = 0; t < 50; ++t) CHECK(compared[t].survives == free[t].survives);
}

}  // namespace flopsieve::engine
