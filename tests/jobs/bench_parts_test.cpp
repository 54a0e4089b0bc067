#include "jobs/bench_parts.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "engine/batch.hpp"
#include "engine/sieve.hpp"
#include "tests/engine/support/plans.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Plan;

/// One batch in which some trajectories run out of attempts.
Plan uneven() {
  Plan plan = engine::testing::uneven_plan(engine::Keep::summary);
  plan.trajectories = 60;
  plan.batch_trajectories = 60;
  return plan;
}

/// Counts of all attempts of the plan that were judged, in double precision: a trajectory stops at
/// its first survivor, and for good in a year without one.
PartCounts brute_force(const Plan& plan) {
  PartCounts counts;
  engine::Sieve sieve(plan, engine::Purpose::run);
  for (std::uint64_t index = 0; index < plan.trajectories; ++index) {
    const engine::Trajectory trajectory = sieve.inputs().trajectory(index);
    std::vector<std::uint32_t> survivors;
    for (std::uint32_t year = 0; year < plan.year_count() && survivors.size() == year; ++year) {
      bool survives = false;
      for (std::uint64_t attempt = 0; attempt < plan.attempts && !survives; ++attempt) {
        const engine::Trial trial{&trajectory, {index, attempt, year}};
        sieve.visit(std::span(&trial, 1), [&](std::size_t, const engine::Candidate& candidate,
                                              engine::OrderedSizes& ordered) {
          const auto meets = [&](const engine::Constraint& rule) {
            const double value = evaluate(rule.statistic, candidate, ordered);
            return value >= rule.lower[year] && value <= rule.upper[year];
          };
          // Uniform from 22 to 25, and no density is less than its bound.
          const bool placed = candidate.location >= 22.0 && candidate.location <= 25.0;
          counts.drawn.push_back(candidate.inputs.count);
          if (!placed || !meets(plan.constraints[0])) return;
          counts.ordered.push_back(candidate.inputs.count);
          survives = meets(plan.constraints[1]);
          if (survives) survivors.push_back(candidate.inputs.count);
        });
      }
    }
    if (survivors.size() < plan.year_count()) continue;
    counts.recorded.insert(counts.recorded.end(), survivors.begin(), survivors.end());
  }
  for (auto* each : {&counts.drawn, &counts.ordered, &counts.recorded}) {
    std::sort(each->begin(), each->end());
  }
  return counts;
}

TEST_CASE("parts are those of all candidates that count, also of years without a survivor") {
  const Plan plan = uneven();
  const PartCounts counts = count_parts(plan);
  const PartCounts expected = brute_force(plan);
  CHECK(counts.drawn == expected.drawn);
  CHECK(counts.ordered == expected.ordered);
  CHECK(counts.recorded == expected.recorded);

  std::uint64_t candidates = 0;
  std::uint64_t exhausted = 0;
  const auto batch = engine::run_batch(plan, 0);
  for (const engine::YearTally& year : batch->tally.years) {
    candidates += year.candidates;
    exhausted += year.exhausted;
  }
  CHECK(counts.drawn.size() == candidates);
  CHECK(exhausted > 0);
  CHECK_FALSE(counts.recorded.empty());
}

TEST_CASE("parts of no candidates, and of one, can be run") {
  PartCounts counts;
  Parts(counts).run();
  counts.drawn = counts.ordered = counts.recorded = {5};
  Parts(counts).run();
  CHECK(counts.draws_per_candidate() == 5.0);
}

}  // namespace
}  // namespace flopsieve::jobs
