// match = "shift" must give the law that match = "reject" has with a tolerance going to 0, also
// where the prior of the mean depends on another input: then its density may not be normalised
// candidate by candidate.

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "engine/batch.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/engine/support/samples.hpp"

namespace flopsieve::engine {
namespace {

using testing::by_candidate;
using testing::by_trajectory;
using testing::difference;
using testing::largest_difference;
using testing::mean_difference;
using testing::MeanAndError;
using testing::uniform;
using testing::weighted_mean;

constexpr double smallest_sd = 0.6;
constexpr double largest_sd = 1.4;

/// T, k, sd and skewness are random; the mean is normal with the sizes' own sd as its spread.
/// About ten sizes add up to about 10^(mean + 1.6); T lies above most of them, so that acceptance
/// hangs on T.
Plan random_plan(std::uint64_t attempts) {
  Plan plan = testing::plain_plan({2024});
  plan.attempts = attempts;
  testing::total_of(plan) = by_trajectory(testing::normal(26.0, 0.3));
  plan.count.model = CountModel::poisson;
  testing::count_of(plan) = by_candidate(
      testing::within(testing::law(kernels::Law::lognormal, std::log(12.6), 0.25), 8.0, 20.0));
  testing::sd_of(plan) = by_candidate(uniform(smallest_sd, largest_sd));
  testing::skewness_of(plan) = by_candidate(uniform(-0.8, 0.5));
  Distribution mean = testing::normal(23.8, 0.0);
  mean.arguments[1] = {0.0, 1.0, Reference::sd};
  testing::mean_of(plan) = by_candidate(mean);
  plan.matching.bound = {0.3989422804014327 / smallest_sd};
  testing::add_constraint(plan, testing::bounded("largest_share", 0.0, 0.9));
  for (const char* statistic : {"mean", "sd", "largest_share", "skewness"}) {
    plan.outputs.statistics.push_back(parse_statistic(statistic));
  }
  plan.outputs.keep = Keep::statistics;
  return plan;
}

Plan shift_plan(std::uint64_t attempts) {
  Plan plan = random_plan(attempts);
  plan.matching.match = Match::shift;
  plan.seed = 31;
  return plan;
}

Plan reject_plan(std::uint64_t attempts, double tolerance) {
  Plan plan = random_plan(attempts);
  plan.matching.match = Match::reject;
  plan.matching.tolerance = tolerance;
  plan.matching.bound.clear();
  plan.seed = 32;
  return plan;
}

enum Output { mean, sd, largest_share, skewness, count, input_sd, log10_total, outputs };
constexpr std::array<const char*, outputs> names = {
    "mean", "sd", "largest_share", "skewness", "count", "input_sd", "log10_total"};

/// The outputs of the survivors: [output][survivor].
using Sample = std::array<std::vector<double>, outputs>;

/// The survivors of a Plan with what was drawn for them.
Sample sample(const Plan& plan, std::size_t survivors) {
  const testing::Survivors found = testing::draw_survivors(plan, survivors);
  const InputSampler inputs(plan, Purpose::run);
  Sample sample;
  for (std::size_t s = 0; s < 4; ++s) sample[s] = found.statistics[s];
  for (std::size_t i = 0; i < found.size(); ++i) {
    const CandidateInputs drawn = inputs.candidate(inputs.trajectory(found.trajectory[i]),
                                                   {found.trajectory[i], found.attempt[i], 0});
    sample[count].push_back(drawn.count);
    sample[input_sd].push_back(drawn.parameters[1]);
    sample[log10_total].push_back(drawn.log10_total);
  }
  if (plan.attempts > 1) {
    // Exhaustion would reweight T; it must not matter here.
    CHECK(static_cast<double>(found.size()) > 0.9995 * static_cast<double>(found.trajectories));
  }
  return sample;
}

/// The largest difference of any mean or 5, 50, 95 % quantile, in standard errors.
double largest_difference(const Sample& a, const Sample& b) {
  double largest = 0.0;
  for (std::size_t output = 0; output < outputs; ++output) {
    const double z = largest_difference(a[output], b[output]);
    UNSCOPED_INFO(names[output] << ": " << z << " standard errors");
    largest = std::max(largest, z);
  }
  return largest;
}

}  // namespace

// Bound 5 standard errors for 28 comparisons at a time: a false alarm has probability below
// 28 * 5.7e-7 = 1.6e-5 for each comparison of two samples, below 1e-4 for the whole file.
TEST_CASE("shift has the law of reject with a small tolerance, one attempt", "[statistical]") {
  const Sample shift = sample(shift_plan(1), 40'000);
  CHECK(largest_difference(shift, sample(reject_plan(1, 0.10), 20'000)) < 5.0);
  CHECK(largest_difference(shift, sample(reject_plan(1, 0.03), 20'000)) < 5.0);
  CHECK(largest_difference(shift, sample(reject_plan(1, 0.01), 20'000)) < 5.0);
  // The comparison sees the bias of a wide tolerance: sums from T / 10 to 1.9 T.
  CHECK(largest_difference(shift, sample(reject_plan(1, 0.90), 20'000)) > 10.0);
}

TEST_CASE("shift has the law of reject with a small tolerance, many attempts", "[statistical]") {
  const Sample shift = sample(shift_plan(1000), 40'000);
  CHECK(largest_difference(shift, sample(reject_plan(1000, 0.10), 20'000)) < 5.0);
  CHECK(largest_difference(shift, sample(reject_plan(1000, 0.05), 20'000)) < 5.0);
  // With one attempt T itself is selected: another law, and the comparison sees it.
  CHECK(mean_difference(shift[log10_total], sample(shift_plan(1), 40'000)[log10_total]) > 10.0);
}

// A build that divides the prior's density by its own largest value, candidate by candidate,
// accepts in proportion to a weight 1 / largest density ~ sd besides. The comparison must see that.
TEST_CASE("a prior normalised per candidate would be seen", "[statistical]") {
  const Sample shift = sample(shift_plan(1), 40'000);
  const Sample reject = sample(reject_plan(1, 0.03), 20'000);
  const std::vector<double> ones(reject[sd].size(), 1.0);
  const MeanAndError wrong = weighted_mean(shift[sd], shift[input_sd]);
  CHECK(difference(wrong, weighted_mean(reject[sd], ones)) > 10.0);
}

}  // namespace flopsieve::engine
