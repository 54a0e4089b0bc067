// What `attempts` means, on an example that is solved by hand.
//
// Each trajectory has k = 1 or 2 models, with probability 1/2 each, in both of its years. A size is
// 24 or 25 (log10 FLOP), with probability 1/2 each. The largest must be 25. So a candidate passes
// with probability p = 1/2 if k = 1 and 3/4 if k = 2; n of its models are of size 25: n = 1 if
// k = 1, and n = 1 or 2 with probability 2/3 and 1/3 if k = 2.
//
// With a attempts a trajectory gets a survivor in a year with probability w = 1 - (1 - p)^a, so
// P(k | complete) is proportional to w^2: (1/4, 9/16) for a = 1, that is joint conditioning, and
// (1, 1) for a -> infinity: the prior of k. The law of n given k is the same for all a.

#include <array>
#include <catch2/catch.hpp>
#include <cmath>

#include "tests/engine/support/runs.hpp"

namespace flopsieve::engine {
namespace {

using testing::errors_from;
using testing::fit_p_value;
using testing::WholeRun;

Plan coin_plan(std::uint64_t attempts) {
  Plan plan = testing::plain_plan({2024, 2025});
  plan.seed = 5;
  plan.attempts = attempts;
  plan.trajectories = 40'000;
  plan.batch_trajectories = 4'000;
  testing::set_no_total(plan);
  testing::set_sizes(plan, SizeFamily::grid, {24.0, 25.0, 1.0});
  testing::count_of(plan) = testing::by_trajectory(testing::uniform(0.5, 2.5), 2);
  testing::add_constraint(plan, testing::bounded("largest", 25.0, 25.0, 2));
  plan.outputs.thresholds = {1e25};
  plan.outputs.cumulative_base = {0};
  plan.outputs.statistics = {parse_statistic("count")};
  plan.outputs.keep = Keep::statistics;
  return plan;
}

/// (k; n of the first year, n of the second): (1; 1, 1), (2; 1, 1), (2; 1, 2), (2; 2, 1), (2; 2,
/// 2).
using Cells = std::array<std::uint64_t, 5>;
using Law = std::array<double, 5>;

Cells cells_of(const WholeRun& run) {
  Cells cells{};
  for (std::size_t row = 0; row < run.rows(); ++row) {
    const double k = run.columns.statistics[2 * row];
    REQUIRE(run.columns.statistics[2 * row + 1] == k);
    const std::uint32_t first = run.columns.counts[2 * row] - 1;
    const std::uint32_t second = run.columns.counts[2 * row + 1] - 1;
    REQUIRE((first <= 1 && second <= 1));
    ++cells[k == 1.0 ? 0 : 1 + 2 * first + second];
  }
  return cells;
}

/// P(a survivor in a year | k).
std::array<double, 2> success(std::uint64_t attempts) {
  const auto a = static_cast<double>(attempts);
  return {1.0 - std::pow(0.5, a), 1.0 - std::pow(0.25, a)};
}

Law law_of_complete(std::uint64_t attempts) {
  const auto [one, two] = success(attempts);
  const double share_one = one * one / (one * one + two * two);
  const double share_two = 1.0 - share_one;
  return {share_one, share_two * 4.0 / 9.0, share_two * 2.0 / 9.0, share_two * 2.0 / 9.0,
          share_two / 9.0};
}

}  // namespace

// Chi-square p-values above 1e-6 and bounds of 5 standard errors: false alarm 4e-6 for all three
// runs. Seed fixed beforehand.
TEST_CASE("one attempt gives the joint law, many the conditional law, two a law between",
          "[statistical]") {
  const std::uint64_t attempts = GENERATE(1u, 2u, 1000u);
  CAPTURE(attempts);
  const Plan plan = coin_plan(attempts);
  const WholeRun run = testing::run_all(plan);
  const Cells found = cells_of(run);
  CHECK(fit_p_value(found, law_of_complete(attempts)) > 1e-6);
  for (const std::uint64_t other : {1u, 2u, 1000u}) {
    if (other != attempts) CHECK(fit_p_value(found, law_of_complete(other)) < 1e-20);
  }

  const auto [one, two] = success(attempts);
  const double first = 0.5 * (one + two);
  const double both = 0.5 * (one * one + two * two);
  const std::uint64_t n = plan.trajectories;
  const auto& years = run.tally.years;
  CHECK(run.tally.complete + years[0].exhausted + years[1].exhausted == n);
  if (attempts == 1000) {
    CHECK(run.tally.complete == n);
  } else {
    CHECK(std::abs(errors_from(years[0].exhausted, n, 1.0 - first)) < 5.0);
    CHECK(std::abs(errors_from(years[1].exhausted, n, first - both)) < 5.0);
  }
}

// The pass rate among first attempts is P(largest = 25) = 5/8, over all trajectories that reach the
// year; the efficiency counts all candidates. With many attempts a trajectory needs 1 / p of them:
// 5/3 on average. The variance of their number, 2 for k = 1 and 4/9 for k = 2 about means that are
// 2/3 apart, is 4/3. Four bounds of 5 standard errors: false alarm 2e-6.
TEST_CASE("efficiency and the pass rate of first attempts are counted apart", "[statistical]") {
  const auto n = static_cast<double>(coin_plan(1).trajectories);
  for (const YearTally& year : testing::run_all(coin_plan(1000)).tally.years) {
    CHECK(year.first_trials == 40'000);
    CHECK(year.survivors == 40'000);
    CHECK(std::abs(errors_from(year.first_passes, year.first_trials, 5.0 / 8.0)) < 5.0);
    CHECK(std::abs(static_cast<double>(year.candidates) / n - 5.0 / 3.0) <
          5.0 * std::sqrt(4.0 / 3.0 / n));
  }
  // With one attempt each they are the same, and the second year is reached by those that passed
  // the first: P = (13/32) / (5/8) = 13/20.
  const auto years = testing::run_all(coin_plan(1)).tally.years;
  for (const YearTally& year : years) {
    CHECK(year.candidates == year.first_trials);
    CHECK(year.survivors == year.first_passes);
  }
  CHECK(std::abs(errors_from(years[0].survivors, years[0].candidates, 5.0 / 8.0)) < 5.0);
  CHECK(std::abs(errors_from(years[1].survivors, years[1].candidates, 13.0 / 20.0)) < 5.0);
}

TEST_CASE("exhausted trajectories, survivors and candidates of a year add up") {
  const Plan plan = coin_plan(2);
  const Tally tally = testing::run_all(plan).tally;
  for (const YearTally& year : tally.years) {
    CHECK(year.exhausted > 0);
    CHECK(year.survivors + year.exhausted == year.first_trials);
    CHECK(year.first_passes < year.survivors);
    CHECK(year.candidates == 2 * year.first_trials - year.first_passes);
  }
  CHECK(tally.years[1].first_trials == tally.years[0].survivors);
  CHECK(tally.complete == tally.years[1].survivors);
}

}  // namespace flopsieve::engine
