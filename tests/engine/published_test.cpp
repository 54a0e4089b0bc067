// The published allocation method (Kumar and Manning 2025, arXiv 2504.16138) against an independent
// simulation in NumPy, written from the paper alone, and against its continuum formula.

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/batch.hpp"
#include "tests/engine/support/plans.hpp"

namespace flopsieve::engine {
namespace {

using testing::by_candidate;
using testing::by_trajectory;
using testing::constant;
using testing::law;
using testing::uniform;
using testing::within;

constexpr std::array<int, 5> years = {2024, 2025, 2026, 2027, 2028};

/// The baseline; 2024's largest model has 3.8e25 FLOP.
Plan published_plan() {
  Plan plan = testing::plain_plan({years.begin(), years.end()});
  plan.trajectories = 20'000;
  plan.batch_trajectories = 2'000;
  plan.total.model = TotalModel::growth;
  plan.total.parameters = {by_trajectory(testing::normal(0.0, 0.5), years.size())};
  plan.total.growth = 3.9375;
  plan.total.base_flop = 1.350e26;
  plan.total.usage_multiplier = 2.5;
  plan.total.base_year = 2023;
  plan.total.train_share = {0.4, 0.4, 0.4, 0.3, 0.3};
  plan.count.model = CountModel::implied;
  plan.count.parameters.clear();
  plan.sizes.family = SizeFamily::allocation;
  Input share = by_candidate(
      within(law(kernels::Law::lognormal, 0.5 * std::log(0.05 * 0.5), 0.25 * std::log(10.0)), 0.05,
             0.5),
      years.size());
  share.years[0] = constant(0.0);
  share.years[0].arguments[0] = {0.0, 3.8e25, Reference::inverse_total};
  plan.sizes.parameters = {share, by_candidate(uniform(0.9, 1.1), years.size()),
                           by_candidate(uniform(-8.0, -6.0), years.size())};
  plan.matching = {Match::none, 0.0, {}};
  plan.outputs.thresholds = {1e25, 1e26, 1e27};
  plan.outputs.cumulative_base = {4, 0, 0};
  plan.outputs.frontier = {{0.5, 1.0, 1.5}, 4, -std::numeric_limits<double>::infinity()};
  return plan;
}

struct Run {
  Tally tally;
  Columns columns;  ///< trajectory, attempt and counts of all batches
};

Run run(const Plan& plan) {
  Run all{Tally(plan), {}};
  for (std::uint64_t batch = 0; batch < plan.batch_count(); ++batch) {
    const BatchResult result = *run_batch(plan, batch);
    all.tally.add(result.tally);
    const auto append = [](auto& to, const auto& from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    append(all.columns.trajectory, result.columns.trajectory);
    append(all.columns.attempt, result.columns.attempt);
    append(all.columns.counts, result.columns.counts);
  }
  return all;
}

struct Mean {
  double mean = 0.0;
  double error = 0.0;
};

Mean mean_of(const Histogram& histogram) {
  double n = 0.0, sum = 0.0, squares = 0.0;
  for (std::size_t value = 0; value < histogram.size(); ++value) {
    const auto weight = static_cast<double>(histogram[value]);
    const auto x = static_cast<double>(value);
    n += weight;
    sum += weight * x;
    squares += weight * x * x;
  }
  const double mean = sum / n;
  return {mean, std::sqrt((squares / n - mean * mean) / (n - 1.0))};
}

/// The expected number of models above c in the continuum limit, given T, M = share * T and the
/// gradient: T / M * a / (a - 1) * (1 - (c / M)^(a - 1)).
double continuum(double log10_total, double share, double gradient, double c) {
  const double largest = share * std::pow(10.0, log10_total);
  if (c >= largest) return 0.0;
  const double power = gradient - 1.0;
  if (std::abs(power) < 1e-9) return std::log(largest / c) / share;
  return gradient / (share * power) * -std::expm1(power * std::log(c / largest));
}

}  // namespace

// Means of 1.2 million independent trajectories with their standard errors. Bound of 5 standard
// errors for 12 means: a false alarm has probability below 1e-5.
TEST_CASE("mean counts agree with an independent simulation", "[statistical]") {
  const Plan plan = published_plan();
  const Run found = run(plan);
  REQUIRE(found.tally.complete == plan.trajectories);
  struct Known {
    std::size_t threshold;
    std::array<double, 5> mean;
    std::array<double, 5> error;
  };
  const Known known[] = {
      {0, {18.6056, 24.3825, 35.2324, 43.9340, 55.2656}, {.0026, .0072, .0117, .0155, .0207}},
      {1, {0.0, 6.7391, 17.0492, 25.4466, 36.3247}, {0.0, .0022, .0051, .0084, .0129}},
      {2, {0.0, .0037, 1.6425, 7.8721, 18.1171}, {0.0, .0002, .0017, .0037, .0067}}};
  for (const Known& row : known) {
    for (std::size_t year = 0; year < years.size(); ++year) {
      const Mean mean = mean_of(found.tally.counts[3 * year + row.threshold]);
      CAPTURE(years[year], row.threshold, mean.mean);
      CHECK(std::abs(mean.mean - row.mean[year]) <=
            5.0 * std::hypot(mean.error, row.error[year]) + 1e-12);
    }
  }
}

// 400,000 replicates of the independent simulation at fixed inputs. Bound of 3 standard errors for
// 11 means: 3 % of all seeds would fail.
TEST_CASE("fixed inputs give the mean counts of an independent simulation", "[statistical]") {
  struct Fixed {
    double total, share, gradient, log10_smallest;
    std::array<double, 3> mean;
    std::array<double, 3> error;
  };
  const auto fixed =
      GENERATE(Fixed{1e27, .158, 1.0, -7.0, {17.5197, 3.0217, 0.0}, {.0021, .0013, 0.0}},
               Fixed{1e27, .158, .95, -6.5, {18.0534, 2.8540, 0.0}, {.0020, .0013, 0.0}},
               Fixed{2.5e28, .3, .92, -8.0, {27.7008, 16.4221, 6.6085}, {.0024, .0021, .0013}},
               Fixed{9.6e28, .07, 1.0, -7.0, {91.6967, 58.4752, 26.8011}, {.0039, .0029, .0028}});
  Plan plan = published_plan();
  plan.years = {2025};
  plan.outputs.forecast_from = 2025;
  plan.total.model = TotalModel::table;
  plan.total.parameters = {by_candidate(constant(std::log10(fixed.total)))};
  plan.sizes.parameters = {by_candidate(constant(fixed.share)),
                           by_candidate(constant(fixed.gradient)),
                           by_candidate(constant(fixed.log10_smallest))};
  const Run found = run(plan);
  for (std::size_t t = 0; t < 3; ++t) {
    const Mean mean = mean_of(found.tally.counts[t]);
    CAPTURE(fixed.total, fixed.share, t, mean.mean);
    CHECK(std::abs(mean.mean - fixed.mean[t]) <=
          3.0 * std::hypot(mean.error, fixed.error[t]) + 1e-12);
  }
}

// The bins are coarse, so that this holds to 1.4 % in the mean (independent simulation); Monte
// Carlo error 0.12 %.
TEST_CASE("mean counts are within 2 % of the continuum formula at the accepted inputs",
          "[statistical]") {
  const Plan plan = published_plan();
  const InputSampler inputs(plan, Purpose::run);
  const Run found = run(plan);
  for (std::uint32_t year = 0; year < years.size(); ++year) {
    std::array<double, 2> expected{};
    for (std::size_t row = 0; row < found.columns.trajectory.size(); ++row) {
      const std::uint64_t index = found.columns.trajectory[row];
      const std::uint64_t attempt = found.columns.attempt[row * years.size() + year];
      const CandidateInputs drawn =
          inputs.candidate(inputs.trajectory(index), {index, attempt, year});
      for (std::size_t t = 0; t < 2; ++t) {
        expected[t] += continuum(drawn.log10_total, drawn.parameters[0], drawn.parameters[1],
                                 plan.outputs.thresholds[t]);
      }
    }
    for (std::size_t t = 0; t < 2; ++t) {
      const double mean = mean_of(found.tally.counts[3 * year + t]).mean;
      const double formula = expected[t] / static_cast<double>(found.tally.complete);
      CAPTURE(years[year], t, mean, formula);
      CHECK(std::abs(mean - formula) <= 0.02 * formula);
    }
  }
}

}  // namespace flopsieve::engine
