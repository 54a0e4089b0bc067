#include "engine/batch.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/error.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/support/targets.hpp"

namespace flopsieve::engine {
namespace {

using testing::add_constraint;
using testing::bounded;
using testing::by_candidate;
using testing::by_trajectory;
using testing::constant;
using testing::plain_plan;
using testing::uneven_plan;
using testing::uniform;

std::vector<BatchResult> all_batches(const Plan& plan, const BatchOptions& options = {}) {
  std::vector<BatchResult> results;
  for (std::uint64_t batch = 0; batch < plan.batch_count(); ++batch) {
    results.push_back(*run_batch(plan, batch, options));
  }
  return results;
}

Tally folded(const std::vector<BatchResult>& results, const Plan& plan) {
  Tally tally(plan);
  for (const BatchResult& result : results) tally.add(result.tally);
  return tally;
}

/// Attempts of the survivors by trajectory, one row each.
struct Survivors {
  std::vector<std::uint64_t> trajectory, attempt;
  std::vector<std::uint32_t> counts;
  bool operator==(const Survivors&) const = default;
};

template <class T>
void append(std::vector<T>& into, const std::vector<T>& from) {
  into.insert(into.end(), from.begin(), from.end());
}

Survivors survivors(const std::vector<BatchResult>& results) {
  Survivors all;
  for (const BatchResult& result : results) {
    append(all.trajectory, result.columns.trajectory);
    append(all.attempt, result.columns.attempt);
    append(all.counts, result.columns.counts);
  }
  return all;
}

void check_same(const BatchResult& a, const BatchResult& b) {
  CHECK(a.tally.complete == b.tally.complete);
  for (std::size_t year = 0; year < a.tally.years.size(); ++year) {
    const YearTally& x = a.tally.years[year];
    const YearTally& y = b.tally.years[year];
    CHECK(std::array{x.candidates, x.survivors, x.first_trials, x.first_passes, x.exhausted,
                     x.audited, x.audited_survivors} ==
          std::array{y.candidates, y.survivors, y.first_trials, y.first_passes, y.exhausted,
                     y.audited, y.audited_survivors});
    CHECK(x.killed == y.killed);
    CHECK(x.without == y.without);
    CHECK(x.joint == y.joint);
  }
  CHECK(a.tally.counts == b.tally.counts);
  CHECK(a.tally.cumulative == b.tally.cumulative);
  CHECK(a.tally.statistics == b.tally.statistics);
  CHECK(a.tally.sums == b.tally.sums);
  CHECK(a.tally.square_sums == b.tally.square_sums);
  CHECK(a.columns.attempt == b.columns.attempt);
  CHECK(a.columns.counts == b.columns.counts);
  CHECK(a.columns.statistics == b.columns.statistics);
  CHECK(a.columns.row_size == b.columns.row_size);
  CHECK(a.columns.location == b.columns.location);
  CHECK(a.columns.scale == b.columns.scale);
  CHECK(a.columns.z == b.columns.z);
}

double normal_cdf(double x) {
  return 0.5 * std::erfc(-x / std::sqrt(2.0));
}

double normal_density(double x) {
  return std::exp(-0.5 * x * x) / std::sqrt(2.0 * 3.14159265358979323846);
}

/// Simpson's rule with 2,000 steps.
template <class Function>
double integral(double from, double to, const Function& f) {
  constexpr int steps = 2000;
  const double h = (to - from) / steps;
  double sum = f(from) + f(to);
  for (int i = 1; i < steps; ++i) sum += (i % 2 == 0 ? 2.0 : 4.0) * f(from + i * h);
  return sum * h / 3.0;
}

/// One model a year, so that its size is the total T; log10 T uniform on [22, 27], one latent
/// number per trajectory; the mean, T - z with z standard normal, has a uniform prior on [24, 26].
Plan solved_plan(std::uint64_t attempts) {
  Plan plan = plain_plan({2024});
  plan.attempts = attempts;
  plan.trajectories = attempts == 1 ? 200'000 : 40'000;
  plan.batch_trajectories = 10'000;
  testing::total_of(plan) = by_trajectory(uniform(22.0, 27.0));
  testing::count_of(plan) = by_candidate(constant(1.0));
  testing::mean_of(plan) = by_candidate(uniform(24.0, 26.0));
  plan.matching.bound = {0.5};
  plan.seed = 77;
  return plan;
}

/// P(accept | log10 T = t), by hand.
double acceptance(double t) {
  return normal_cdf(t - 24.0) - normal_cdf(t - 26.0);
}

/// E[mean | t, accepted]: a normal law about t cut to [24, 26].
double mean_given(double t) {
  return t + (normal_density(24.0 - t) - normal_density(26.0 - t)) / acceptance(t);
}

struct Moments {
  double mean = 0.0;
  double error = 0.0;
};

Moments moments(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0.0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean, std::sqrt(squares / n / n)};
}

struct Solved {
  Moments total, mean;
  Tally tally;
};

Solved run_solved(const Plan& plan) {
  Sieve sieve(plan, Purpose::run);
  std::vector<double> totals, means;
  Solved solved;
  solved.tally = Tally(plan);
  for (const BatchResult& result : all_batches(plan)) {
    solved.tally.add(result.tally);
    testing::Trials trials;
    for (std::size_t row = 0; row < result.columns.trajectory.size(); ++row) {
      const std::uint64_t index = result.columns.trajectory[row];
      trials.add(sieve.inputs(), {index, result.columns.attempt[row], 0});
    }
    sieve.visit(trials, [&](std::size_t, const Candidate& candidate, OrderedSizes&) {
      totals.push_back(candidate.log10_sum());
      means.push_back(candidate.location);
    });
  }
  solved.total = moments(totals);
  solved.mean = moments(means);
  return solved;
}

double standard_errors(const Moments& found, double expected) {
  return std::abs(found.mean - expected) / found.error;
}

}  // namespace

// Bounds of 5 standard errors, five of them: false alarm 3e-6. Seed fixed beforehand.
TEST_CASE("one attempt gives the joint law, many the conditional law", "[statistical]") {
  const double share = integral(22.0, 27.0, acceptance) / 5.0;
  const double joint_total =
      integral(22.0, 27.0, [](double t) { return t * acceptance(t); }) / (5.0 * share);
  const double joint_mean =
      integral(22.0, 27.0, [](double t) { return mean_given(t) * acceptance(t); }) / (5.0 * share);
  const double conditional_mean = integral(22.0, 27.0, mean_given) / 5.0;

  const Solved one = run_solved(solved_plan(1));
  const auto trials = static_cast<double>(one.tally.trajectories);
  CHECK(std::abs(static_cast<double>(one.tally.complete) - share * trials) <
        5.0 * std::sqrt(trials * share * (1.0 - share)));
  CHECK(standard_errors(one.total, joint_total) < 5.0);
  CHECK(standard_errors(one.mean, joint_mean) < 5.0);

  const Solved many = run_solved(solved_plan(100'000));
  CHECK(many.tally.complete == many.tally.trajectories);
  CHECK(standard_errors(many.total, 24.5) < 5.0);
  CHECK(standard_errors(many.mean, conditional_mean) < 5.0);

  // The two laws differ, and these samples tell them apart.
  CHECK(standard_errors(one.total, 24.5) > 20.0);
  CHECK(standard_errors(many.total, joint_total) > 20.0);
}

TEST_CASE("an exhausted trajectory is counted, and no further year of it is drawn") {
  Plan plan = plain_plan({2024, 2025, 2026});
  plan.trajectories = 1000;
  plan.batch_trajectories = 100;
  plan.attempts = 7;
  plan.outputs.keep = Keep::statistics;
  plan.outputs.statistics = {parse_statistic("total")};
  // One latent number per trajectory: T is U(25, 27) in all years.
  testing::total_of(plan) = by_trajectory(uniform(25.0, 27.0), 3);
  add_constraint(plan, bounded("total", 25.5, 26.5, 3));
  plan.constraints[0].active[0] = 0;
  plan.constraints[0].lower[2] = 26.0;
  const std::vector<BatchResult> results = all_batches(plan);
  const Tally tally = folded(results, plan);

  std::array<std::uint64_t, 2> reached{};  // in the years 2025 and 2026
  const InputSampler inputs(plan, Purpose::run);
  std::vector<std::uint64_t> expected;
  for (std::uint64_t i = 0; i < plan.trajectories; ++i) {
    const double total = inputs.candidate(inputs.trajectory(i), {i, 0, 0}).log10_total;
    ++reached[0];
    if (total < 25.5 || total > 26.5) continue;
    ++reached[1];
    if (total >= 26.0) expected.push_back(i);
  }
  const auto& years = tally.years;
  CHECK(years[0].exhausted == 0);
  CHECK(years[0].candidates == 1000);
  CHECK(years[1].first_trials == reached[0]);
  CHECK(years[1].exhausted == reached[0] - reached[1]);
  CHECK(years[1].candidates == 7 * years[1].exhausted + reached[1]);
  CHECK(years[2].first_trials == reached[1]);
  CHECK(years[2].exhausted == reached[1] - expected.size());
  CHECK(years[2].candidates == 7 * years[2].exhausted + expected.size());
  CHECK(tally.complete == expected.size());
  CHECK(survivors(results).trajectory == expected);
  for (const BatchResult& result : results) {
    CHECK(result.columns.statistics.size() == 3 * result.columns.trajectory.size());
  }
}

TEST_CASE("a batch does not depend on the tile or the target") {
  const Plan plan = uneven_plan(Keep::samples);
  const std::vector<BatchResult> expected = all_batches(plan);
  const auto check = [&](std::size_t tile) {
    CAPTURE(kernels::name(kernels::active_target()), tile);
    const std::vector<BatchResult> found = all_batches(plan, {tile, nullptr});
    for (std::size_t i = 0; i < found.size(); ++i) check_same(found[i], expected[i]);
  };
  // One by one costs a whole group for each candidate: on the fastest target only.
  for (const std::size_t tile : {1u, 64u}) check(tile);
  const test::RestoreTarget restore;
  for (const auto target : test::targets_to_test()) {
    REQUIRE(kernels::force_target(target));
    for (const std::size_t tile : {7u, 4096u}) check(tile);
  }
}

TEST_CASE("trajectories do not depend on how many share a batch or how many there are") {
  Plan plan = uneven_plan(Keep::index);
  const Survivors expected = survivors(all_batches(plan));
  for (const std::uint64_t size : {1u, 50u, 1000u}) {
    plan.batch_trajectories = size;
    CHECK(survivors(all_batches(plan)) == expected);
  }
  plan.trajectories *= 2;
  Survivors longer = survivors(all_batches(plan));
  REQUIRE(longer.trajectory.size() > expected.trajectory.size());
  longer.trajectory.resize(expected.trajectory.size());
  longer.attempt.resize(expected.attempt.size());
  longer.counts.resize(expected.counts.size());
  CHECK(longer == expected);
}

TEST_CASE("the order of the constraints changes no survivor") {
  Plan plan = uneven_plan(Keep::index);
  add_constraint(plan, bounded("skewness", -1.0, 0.4, 2));
  const std::vector<BatchResult> expected = all_batches(plan);
  REQUIRE(survivors(expected).trajectory.size() > 20);

  Plan evaluated_backwards = plan;
  std::reverse(evaluated_backwards.cascade.begin(), evaluated_backwards.cascade.end());
  const std::vector<BatchResult> found = all_batches(evaluated_backwards);
  for (std::size_t i = 0; i < found.size(); ++i) check_same(found[i], expected[i]);

  Plan declared_backwards = plan;
  std::reverse(declared_backwards.constraints.begin(), declared_backwards.constraints.end());
  CHECK(survivors(all_batches(declared_backwards)) == survivors(expected));
}

TEST_CASE("the cutflow adds up") {
  Plan plan = uneven_plan(Keep::summary);
  plan.trajectories = 4000;
  plan.batch_trajectories = 500;
  const Tally tally = folded(all_batches(plan), plan);
  const std::size_t rejectors = plan.constraints.size() + 1;
  for (const YearTally& year : tally.years) {
    const auto sum = std::accumulate(year.killed.begin(), year.killed.end(), std::uint64_t{0});
    CHECK(sum + year.audited_survivors == year.audited);
    CHECK(year.killed[0] == year.joint[0]);  // the first declared kills whatever it rejects
    for (std::size_t i = 0; i < rejectors; ++i) {
      const std::uint64_t alone = year.joint[i * rejectors + i];
      CHECK(year.killed[i] <= alone);
      CHECK(year.without[i] <= alone);
      for (std::size_t j = 0; j < rejectors; ++j) {
        CHECK(year.joint[i * rejectors + j] == year.joint[j * rejectors + i]);
        CHECK(year.joint[i * rejectors + j] <= alone);
        if (i != j) CHECK(year.joint[i * rejectors + j] + year.without[i] <= alone);
      }
    }
    CHECK(year.survivors + year.exhausted == year.first_trials);
    // One candidate in 64 by address: within 5 standard errors of a fair choice.
    const auto n = static_cast<double>(year.candidates);
    CHECK(std::abs(static_cast<double>(year.audited) - n / 64.0) < 5.0 * std::sqrt(n / 64.0));
  }
}

TEST_CASE("cumulative counts add the years of one trajectory to the known models") {
  const Plan plan = uneven_plan(Keep::index);
  const std::vector<BatchResult> results = all_batches(plan);
  const Tally tally = folded(results, plan);
  const Survivors rows = survivors(results);
  for (std::size_t t = 0; t < 3; ++t) {
    Histogram first(4000, 0), both(4000, 0);
    for (std::size_t row = 0; row < rows.trajectory.size(); ++row) {
      const std::uint64_t one = plan.outputs.cumulative_base[t] + rows.counts[row * 6 + t];
      ++first[one];
      ++both[one + rows.counts[row * 6 + 3 + t]];
    }
    Histogram found_first = tally.cumulative[t];
    Histogram found_both = tally.cumulative[3 + t];
    found_first.resize(4000, 0);
    found_both.resize(4000, 0);
    CHECK(found_first == first);
    CHECK(found_both == both);
  }
}

TEST_CASE("an abandoned batch gives nothing") {
  std::atomic<bool> stop{true};
  CHECK_FALSE(run_batch(uneven_plan(Keep::index), 0, {64, &stop}));
}

TEST_CASE("an input that its bounds never let through is an error") {
  Plan plan = plain_plan({2024});
  testing::sd_of(plan) = by_candidate(testing::within(uniform(1.0, 2.0), 3.0, 4.0));
  try {
    run_batch(plan, 0);
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::budget);
    CHECK_THAT(error.what(), Catch::Contains("2024") && Catch::Contains("bounds"));
  }
}

}  // namespace flopsieve::engine
