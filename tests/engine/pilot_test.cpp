#include "engine/pilot.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "engine/error.hpp"
#include "engine/sieve.hpp"
#include "tests/engine/support/folder.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/engine/support/tilts.hpp"

namespace flopsieve::engine {

using testing::add_constraint;
using testing::bounded;
using testing::by_candidate;
using testing::plain_plan;
using testing::uniform;

namespace {

/// Only the second of its years is impossible.
Plan impossible_plan() {
  Plan plan = plain_plan({2024, 2025});
  testing::count_of(plan) = by_candidate(uniform(0.5, 4.5), 2);
  add_constraint(plan, bounded("largest", 0.0, 100.0, 2));
  add_constraint(plan, bounded("smallest", 40.0, 50.0, 2));
  plan.constraints[1].active[0] = 0;
  return plan;
}

}  // namespace

TEST_CASE("a job that can never accept is refused with the constraint that kills it") {
  const Plan plan = impossible_plan();
  Sieve sieve(plan, Purpose::pilot);
  Pilot pilot;
  for (const std::uint32_t year : {0u, 1u}) {
    pilot.years.push_back(pilot_year(plan, sieve, year, {.most = 10'000}));
  }
  CHECK(pilot.years[0].tally.survivors >= 256);
  CHECK(pilot.years[1].tally.survivors == 0);
  CHECK(pilot.years[1].tally.candidates == 10'000);
  const Error error = testing::error_of([&] { demand_survivors(plan, pilot); });
  CHECK(error.code() == ExitCode::budget);
  CHECK_THAT(error.what(), Catch::Contains("smallest rejects 100 %") && Catch::Contains("2025") &&
                               Catch::Contains("10000 "));
}

TEST_CASE("a pilot tries ten million candidates of a year that never accepts", "[slow]") {
  const Pilot pilot = run_pilot(impossible_plan());
  REQUIRE(pilot.years.size() == 2);
  CHECK(pilot.years[0].tally.survivors >= 256);
  CHECK(pilot.years[0].tally.candidates == 4096);
  CHECK(pilot.years[1].tally.survivors == 0);
  CHECK(pilot.years[1].tally.candidates == 10'000'000);
}

TEST_CASE("the pilot estimates the pass rate and the work") {
  Plan plan = plain_plan({2024});
  // k = 1, 2, 3 or 4 with probability 1/4 each.
  testing::count_of(plan) = by_candidate(uniform(0.5, 4.5));
  add_constraint(plan, bounded("count", 2.0, 2.0));
  plan.attempts = 1000;
  const Pilot pilot = run_pilot(plan);
  demand_survivors(plan, pilot);
  const PilotYear& year = pilot.years[0];
  // One tile of 4096 has about 1024 survivors: standard errors .0068 and .017, bounds of 5.
  CHECK(year.tally.candidates == 4096);
  CHECK(std::abs(year.pass_rate() - 0.25) < 0.034);
  CHECK(std::abs(year.draws_per_candidate - 2.5) < 0.088);
  CHECK(pilot.candidates_per_trajectory(plan) == Approx(1.0 / year.pass_rate()));
  CHECK(pilot.draws_per_trajectory(plan) == Approx(year.draws_per_candidate / year.pass_rate()));
  plan.attempts = 2;
  CHECK(pilot.candidates_per_trajectory(plan) == Approx(2.0));
}

TEST_CASE("the size of a batch is a power of two of at most about 1e8 draws") {
  Plan plan = plain_plan({2024});
  Pilot pilot;
  pilot.years.resize(1);
  pilot.years[0].tally.candidates = 100;
  pilot.years[0].tally.survivors = 10;
  plan.attempts = 1000;
  const auto size = [&](double draws) {
    pilot.years[0].draws_per_candidate = draws;
    return choose_batch_size(plan, pilot);
  };
  CHECK(size(1.0) == 4096);
  CHECK(size(1e4) == 512);  // 1e5 draws a trajectory: 1000 fit
  CHECK(size(1e7) == 1);    // 1e8
  CHECK(size(1e9) == 1);    // more than a batch should hold
  const std::uint64_t before = size(1e4);
  plan.trajectories *= 1000;
  CHECK(size(1e4) == before);
}

// Which addresses, told by what became of the candidates there: numbers of models among it, which
// differ from candidate to candidate.
TEST_CASE("a pilot judges the attempts of its trajectories in the order that its method has") {
  constexpr std::uint64_t candidates = 64 * 64 + 200;
  const auto found = [&](const Plan& plan) {
    Sieve sieve(plan, Purpose::pilot);
    return pilot_year(plan, sieve, 0, {.survivors = candidates + 1, .most = candidates});
  };
  const auto check = [&](const Plan& plan, const std::vector<Address>& order) {
    Sieve sieve(plan, Purpose::pilot);
    testing::Trials trials;
    for (const Address& each : order) trials.add(sieve.inputs(), each);
    REQUIRE(trials.size() == candidates);
    std::vector<Verdict> verdicts(trials.size());
    const auto draws = static_cast<double>(sieve.judge(trials, verdicts));
    const auto survivors =
        std::count_if(verdicts.begin(), verdicts.end(), [](const auto& v) { return v.survives; });
    CHECK(survivors > 100);
    const PilotYear year = found(plan);
    CHECK(year.tally.candidates == candidates);
    CHECK(year.tally.survivors == static_cast<std::uint64_t>(survivors));
    CHECK(year.draws_per_candidate == Approx(draws / candidates).epsilon(1e-12));
  };
  Plan plan = testing::job(SizeFamily::truncated_normal, 0.0, 24.8, {23.0, 1.0, 20.0, 26.7});
  plan.count.model = CountModel::poisson;
  testing::count_of(plan) = by_candidate(testing::constant(8.0));
  plan.matching.tolerance = 0.5;
  std::vector<Address> order;
  SECTION("rejection: the first attempts of all trajectories") {
    for (std::uint64_t i = 0; i < candidates; ++i) order.push_back({i, 0, 0});
    check(plan, order);
  }
  plan.sampling.method = Method::tilt;
  testing::mean_of(plan) = by_candidate(uniform(22.8, 23.2));
  SECTION("one parameter is drawn: 64 attempts of each trajectory") {
    for (std::uint64_t i = 0; i < candidates; ++i) order.push_back({i / 64, i % 64, 0});
    check(plan, order);
  }
  SECTION("two: 64 trajectories, then more attempts of them") {
    testing::sd_of(plan) = by_candidate(uniform(0.9, 1.1));
    for (std::uint64_t from = 0; from < 128; from += 64) {
      for (std::uint64_t trajectory = 0; trajectory < 64; ++trajectory) {
        for (std::uint64_t i = 0; i < 64; ++i) order.push_back({trajectory, from + i, 0});
      }
    }
    order.resize(candidates);
    check(plan, order);
  }
}

// Totals from far below what 40 sizes can reach, where the prior stands in the way, to above it,
// where nothing does.
TEST_CASE("a tilted year is given up where most of the first 16 trajectories are hopeless") {
  Plan plan = testing::with_method(
      testing::job(SizeFamily::truncated_normal, 40.0, 26.0, {23.0, 1.0, 20.0, 26.7}),
      Method::tilt);
  testing::mean_of(plan) = by_candidate(testing::normal(23.0, 4.0));
  std::vector<int> seen;
  for (const double middle : {28.5, 26.9}) {
    testing::total_of(plan) = testing::by_trajectory(uniform(middle - 2.0, middle + 2.0));
    Sieve sieve(plan, Purpose::pilot);
    int hopeless = 0;
    for (std::uint64_t i = 0; i < 16; ++i) {
      if (!sieve.tilt_obstacle(sieve.inputs().trajectory(i), 0).empty()) ++hopeless;
    }
    seen.push_back(hopeless);
    CHECK(pilot_year(plan, sieve, 0, {.most = 64}).why.empty() == (hopeless <= 8));
  }
  // Some on either side of the half, and never all or none.
  CHECK(seen[0] >= 1);
  CHECK(seen[0] <= 8);
  CHECK(seen[1] >= 9);
  CHECK(seen[1] <= 15);
}

TEST_CASE("the pilot looks at none of the run's draws") {
  const Draws run(7, Purpose::run);
  const Draws pilot(7, Purpose::pilot);
  for (const Stream stream : {Stream::growth_noise, Stream::count, Stream::sizes}) {
    const Address address{3, 5, 1};
    CHECK(run.counter(stream, address) != pilot.counter(stream, address));
    CHECK(run.uniform(stream, address, 0) != pilot.uniform(stream, address, 0));
  }
}

}  // namespace flopsieve::engine
