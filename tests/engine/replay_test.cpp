// Candidates drawn again one by one, against whole runs and against statistics from the definition.

#include "engine/replay.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>

#include "tests/engine/support/folder.hpp"
#include "tests/engine/support/runs.hpp"
#include "tests/engine/support/tilts.hpp"

namespace flopsieve::engine {
namespace {

using testing::error_of;
using testing::WholeRun;

/// With the sizes and statistics of all survivors.
Plan keeping_all(Plan plan) {
  plan.outputs.keep = Keep::samples;
  plan.outputs.keep_samples = address_limit;
  return plan;
}

Constraint ratio(const std::string& statistic, double lower, double upper, std::size_t years) {
  Constraint constraint = testing::bounded(statistic, lower, upper, years);
  constraint.relative_to = RelativeTo::previous_year;
  return constraint;
}

Constraint ceiling(const std::string& statistic, double low, double high, Scope scope,
                   std::size_t years) {
  Constraint constraint = testing::bounded(statistic, -testing::infinity, testing::infinity, years);
  constraint.name = statistic + " below";
  constraint.ceiling = {std::vector(years, low), std::vector(years, high), scope};
  constraint.address = soft_address(constraint);
  return constraint;
}

/// The count may not shrink, so that 2025 hangs on the survivor of 2024.
Plan previous_year_plan() {
  Plan plan = keeping_all(testing::uneven_plan(Keep::statistics));
  plan.attempts = 60;
  testing::add_constraint(plan, ratio("count", 1.0, 5.0, 2));
  return plan;
}

/// Replays of all survivors are what the run has stored of them.
void check_survivors(const Plan& plan, bool attempts_are_known) {
  const WholeRun run = testing::run_all(plan);
  REQUIRE(run.rows() > 10);
  const std::size_t years = plan.year_count();
  const std::size_t statistics = plan.outputs.statistics.size();
  std::vector<double> sizes = testing::log10_flop(run.columns);
  std::size_t first = 0;
  for (std::size_t set = 0; set < run.rows() * years; ++set) {
    const std::size_t row = set / years;
    ReplayRequest request{run.columns.trajectory[row], static_cast<std::uint32_t>(set % years)};
    const auto known = run.columns.attempt.begin() + static_cast<std::ptrdiff_t>(row * years);
    if (attempts_are_known) {
      request.survivors.assign(known, known + static_cast<std::ptrdiff_t>(years));
    }
    const Replay found = replay(plan, request);
    REQUIRE(found.survives);
    REQUIRE(found.matches);
    REQUIRE(found.address.attempt == run.columns.attempt[set]);
    for (std::size_t s = 0; s < statistics; ++s) {
      REQUIRE(found.outputs[s] == run.columns.statistics[set * statistics + s]);
    }
    const std::size_t count = run.columns.row_size[set];
    REQUIRE(found.log10_flop.size() == count);
    REQUIRE(std::equal(found.log10_flop.rbegin(), found.log10_flop.rend(), sizes.data() + first));
    first += count;
  }
}

double share_of_largest(const std::vector<double>& log10_flop) {
  double sum = 0.0;
  for (const double x : log10_flop) sum += std::pow(10.0, x - log10_flop.front());
  return 1.0 / sum;
}

}  // namespace

TEST_CASE("replayed survivors are those of the run, bit for bit") {
  const bool known = GENERATE(false, true);
  CAPTURE(known);
  SECTION("total met by shifting") {
    check_survivors(keeping_all(testing::uneven_plan(Keep::samples)), known);
  }
  SECTION("uncertain ceilings, with tilted sizes too") {
    Plan plan = testing::uneven_plan(Keep::samples);
    testing::add_constraint(plan, ceiling("count", 60.0, 400.0, Scope::trajectory, 2));
    testing::add_constraint(plan, ceiling("largest_share", 0.1, 0.4, Scope::candidate, 2));
    check_survivors(keeping_all(plan), known);
    Plan tilted = testing::job(SizeFamily::skew_normal, 12.0, 26.0, {25.0, 0.8, 0.3});
    tilted.outputs.statistics = {parse_statistic("sd"), parse_statistic("largest")};
    testing::add_constraint(tilted, ceiling("sd", 0.5, 0.9, Scope::trajectory, 1));
    testing::add_constraint(tilted, ceiling("largest", 25.4, 26.2, Scope::candidate, 1));
    tilted.attempts = 3'000;
    check_survivors(keeping_all(testing::with_method(tilted, Method::tilt)), known);
  }
  SECTION("a constraint relative to the year before") {
    check_survivors(previous_year_plan(), known);
  }
  SECTION("tilted sizes") {
    for (const Method method : {Method::truncate, Method::tilt}) {
      Plan plan = testing::job(SizeFamily::skew_normal, 12.0, 26.0, {25.0, 0.8, 0.3});
      plan.outputs.statistics = {parse_statistic("sd"), parse_statistic("largest")};
      testing::add_constraint(plan, testing::bounded("sd", 0.5, 0.9, 1));
      plan.attempts = 300;
      plan = keeping_all(testing::with_method(plan, method));
      check_survivors(plan, known);
    }
  }
  SECTION("largest pays") {
    Plan plan = keeping_all(testing::job(SizeFamily::normal, 12.0, 26.0, {25.0, 0.8}));
    plan.attempts = 300;
    plan.matching = {Match::last, 0.1, {0.0}};
    testing::add_constraint(plan, testing::bounded("largest_share", 0.1, 0.9, 1));
    check_survivors(plan, known);
  }
}

TEST_CASE("a run by splitting is replayed by its populations") {
  Plan plan = keeping_all(testing::uneven_plan(Keep::samples));
  plan.trajectories = 12;
  testing::count_of(plan) = testing::by_candidate(testing::uniform(4.0, 9.0), 2);
  plan.sampling.method = Method::split;
  check_survivors(plan, false);
  SECTION("with uncertain ceilings") {
    testing::add_constraint(plan, ceiling("range", 2.0, 5.0, Scope::trajectory, 2));
    testing::add_constraint(plan, ceiling("sd", 0.8, 1.6, Scope::candidate, 2));
    check_survivors(plan, false);
    const Replay shown = replay(plan, {3, 1});
    CHECK(shown.constraints[2].value <= shown.constraints[2].ceiling);
    CHECK(shown.constraints[2].uniform < shown.constraints[2].probability);
    CHECK(std::isnan(shown.constraints[3].ceiling));  // its uniform was of the population
    CHECK(std::isnan(shown.constraints[3].uniform));
  }
  const Replay found = replay(plan, {3, 1});
  const Error error = error_of([&] { replay(plan, {3, 1, found.address.attempt + 1}); });
  CHECK(error.code() == ExitCode::bad_input);
  CHECK_THAT(error.what(), Catch::Contains("only the survivor's"));
}

TEST_CASE("verdicts of a replay follow from its sizes") {
  Plan plan = testing::uneven_plan(Keep::index);
  plan.constraints[0].active = {1, 0};
  testing::add_constraint(plan, testing::bounded("sd", 0.9, 1.5, 2));
  std::size_t survivors = 0, rejected = 0, unmatched = 0;
  for (std::uint64_t i = 0; i < 400; ++i) {
    const std::uint64_t trajectory = i / 8;
    const auto year = static_cast<std::uint32_t>(i % 2);
    const Replay found = replay(plan, {trajectory, year, i % 8});
    const double share = share_of_largest(found.log10_flop);
    double sum = 0.0, squares = 0.0;
    for (const double x : found.log10_flop) sum += x;
    const auto n = static_cast<double>(found.log10_flop.size());
    for (const double x : found.log10_flop) squares += std::pow(x - sum / n, 2.0);
    const double sd = std::sqrt(squares / n);
    REQUIRE(found.inputs.count == found.log10_flop.size());
    REQUIRE(found.constraints[0].statistic == Approx(share).epsilon(1e-6));
    REQUIRE(found.constraints[0].active == (year == 0));
    REQUIRE(found.constraints[0].passes == (year == 1 || (share >= 0.05 && share <= 0.6)));
    REQUIRE(found.constraints[2].value == Approx(sd).epsilon(1e-6));
    REQUIRE(found.constraints[2].passes == (sd >= 0.9 && sd <= 1.5));
    // The prior of the location is uniform, and its bound its density.
    REQUIRE(found.matches == (found.location >= 22.0 && found.location <= 25.0));
    REQUIRE(found.total_error == Approx(0.0).margin(1e-9));
    const bool survives = found.matches && found.constraints[0].passes &&
                          found.constraints[1].passes && found.constraints[2].passes;
    REQUIRE(found.survives == survives);
    survivors += survives ? 1 : 0;
    rejected += survives ? 0 : 1;
    unmatched += found.matches ? 0 : 1;
  }
  CHECK(survivors > 5);
  CHECK(rejected > 50);
  CHECK(unmatched > 20);
}

TEST_CASE("a replay says what a soft constraint and one on the year before compare") {
  Plan plan = previous_year_plan();
  testing::add_constraint(plan, testing::soft("count", 100.0, 80.0, 2));
  plan.constraints.back().name = "soft";
  const WholeRun run = testing::run_all(plan);
  REQUIRE(run.rows() > 5);
  const std::uint64_t trajectory = run.columns.trajectory[3];
  const Replay before = replay(plan, {trajectory, 0});
  CHECK(std::isnan(before.constraints[2].previous));
  CHECK(std::isnan(before.constraints[2].value));
  CHECK(before.constraints[2].passes);
  std::size_t accepted = 0, refused = 0;
  for (std::uint64_t attempt = 0; attempt < 30; ++attempt) {
    const Replay now = replay(plan, {trajectory, 1, attempt});
    const double count = static_cast<double>(now.inputs.count);
    const double earlier = static_cast<double>(before.inputs.count);
    CHECK(now.constraints[2].previous == earlier);
    CHECK(now.constraints[2].value == count / earlier);
    CHECK(now.constraints[2].passes == (count >= earlier && count <= 5.0 * earlier));
    const ReplayedConstraint& asked = now.constraints[3];
    CHECK(asked.probability == Approx(std::exp(-std::pow((count - 100.0) / 80.0, 2.0) / 2.0)));
    CHECK(asked.passes == (asked.uniform < asked.probability));
    (asked.passes ? accepted : refused) += 1;
  }
  CHECK(accepted > 3);
  CHECK(refused > 3);
}

TEST_CASE("candidates that no run would come to are replayed too") {
  const Plan plan = testing::uneven_plan(Keep::index);
  const std::uint64_t last = address_limit - 1;
  const Replay far = replay(plan, {last, 1, last});
  CHECK(far.address.trajectory == last);
  CHECK(far.address.attempt == last);
  CHECK(far.log10_flop.size() == far.inputs.count);
  CHECK(replay(plan, {last - 1, 1, last}).log10_flop != far.log10_flop);
}

TEST_CASE("what cannot be replayed is said") {
  Plan plan = testing::uneven_plan(Keep::index);
  const auto message = [&](const ReplayRequest& request) {
    const Error error = error_of([&] { replay(plan, request); });
    CHECK(error.code() == ExitCode::bad_input);
    return std::string(error.what());
  };
  CHECK_THAT(message({address_limit, 0}), Catch::Contains("below 2^40"));
  CHECK_THAT(message({0, 0, address_limit}), Catch::Contains("below 2^40"));
  CHECK_THAT(message({0, 2}), Catch::Contains("2 years"));
  const WholeRun run = testing::run_all(plan);
  std::uint64_t incomplete = 0;
  while (std::count(run.columns.trajectory.begin(), run.columns.trajectory.end(), incomplete) > 0) {
    ++incomplete;
  }
  REQUIRE(incomplete < plan.trajectories);
  CHECK_THAT(message({incomplete, 1}), Catch::Contains("12 attempts ran out"));
}

}  // namespace flopsieve::engine
