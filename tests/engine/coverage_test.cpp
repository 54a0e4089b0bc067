// How often the Monte Carlo interval of a quantile covers it: 10,000 small jobs whose quantiles are
// known in closed form, seeds 1 to 10,000.

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "engine/intervals.hpp"
#include "engine/summary.hpp"
#include "tests/engine/support/runs.hpp"

namespace flopsieve::engine {
namespace {

constexpr std::uint64_t jobs = 10'000;

/// How often the intervals of each kind held the quantile.
struct Coverage {
  std::uint64_t covered = 0;
  std::uint64_t covered_by_half = 0;  ///< by the mutant: an interval of half the width

  void add(bool whole, bool half) {
    covered += whole ? 1 : 0;
    covered_by_half += half ? 1 : 0;
  }
  double share() const { return static_cast<double>(covered) / jobs; }
  double share_of_half() const { return static_cast<double>(covered_by_half) / jobs; }
};

/// Ranks half as far from that of the quantile.
RankBounds halved(const RankBounds& bounds, std::uint64_t n, double q) {
  const double middle = q * static_cast<double>(n) + 0.5;
  const auto half = [&](std::uint64_t rank) {
    return static_cast<std::uint64_t>(
        std::lround(middle + 0.5 * (static_cast<double>(rank) - middle)));
  };
  return {half(*bounds.lower), half(*bounds.upper)};
}

// --- Jobs of k = 1, 2 or 3 models of normal size about 25, the largest of which is at most 26 ---

const double cut = testing::normal_cumulative(1.0);  // P(size <= 26)
const double mass = cut + cut * cut + cut * cut * cut;

constexpr std::array<double, 3> quantiles = {0.05, 0.5, 0.95};

/// P(largest <= x) of a survivor: P(k, all <= 25 + z) / P(k, all <= 26), summed over k.
double largest_law(double z) {
  const double p = testing::normal_cumulative(z);
  return (p + p * p + p * p * p) / mass;
}

double largest_quantile(double q) {
  double low = -10.0;
  double high = 1.0;
  for (int i = 0; i < 100; ++i) {
    const double middle = 0.5 * (low + high);
    (largest_law(middle) < q ? low : high) = middle;
  }
  return 25.0 + 0.5 * (low + high);
}

/// P(at most n models of 25 or more) of a survivor: each of its models has them with probability
/// (cut - 1/2) / cut.
double count_law(int n) {
  const double p = (cut - 0.5) / cut;
  double sum = 0.0;
  for (int k = 1; k <= 3; ++k) {
    for (int j = 0; j <= std::min(n, k); ++j) {
      const double ways = (j == 0 || j == k) ? 1.0 : 3.0 - (k == 2 ? 1.0 : 0.0);
      sum += std::pow(cut, k) / mass * ways * std::pow(p, j) * std::pow(1.0 - p, k - j);
    }
  }
  return sum;
}

Plan largest_plan() {
  Plan plan = testing::plain_plan({2024});
  plan.trajectories = 400;
  plan.batch_trajectories = 400;
  plan.attempts = 100;
  testing::set_no_total(plan);
  testing::set_sizes(plan, SizeFamily::normal, {25.0, 1.0});
  testing::count_of(plan) = testing::by_candidate(testing::uniform(0.5, 3.5));
  testing::add_constraint(plan, testing::bounded("largest", -testing::infinity, 26.0));
  plan.outputs.thresholds = {1e25};
  plan.outputs.cumulative_base = {0};
  plan.outputs.statistics = {parse_statistic("largest")};
  plan.outputs.keep = Keep::statistics;
  return plan;
}

}  // namespace

// By the binomial law the intervals cover 96.0 to 96.2 % for this n and these q, and the share of
// 10,000 jobs has a standard error of 0.2 %: 97 % is 4 errors away, a false alarm of 1e-4 for the
// three. Seeds fixed beforehand. An interval of half the width covers about 70 %.
TEST_CASE("intervals of quantiles cover them: statistics and counts", "[statistical][slow]") {
  Plan plan = largest_plan();
  const std::uint64_t n = plan.trajectories;
  std::array<Coverage, 3> of_statistic;
  std::array<int, 3> shown{};  // times that the interval of the reports covers, from histograms
  // Just where the law of a count steps is its interval on trial: n or n + 1 as the quantile.
  const std::vector<double> edges = {count_law(0) - 1e-9, count_law(0) + 1e-9, count_law(1) - 1e-9,
                                     count_law(1) + 1e-9};
  const std::array<double, 4> at_edges = {0.0, 1.0, 1.0, 2.0};
  std::array<Coverage, 4> of_count;
  for (plan.seed = 1; plan.seed <= jobs; ++plan.seed) {
    const BatchResult result = *run_batch(plan, 0);
    REQUIRE(result.tally.complete == n);
    std::vector<double> sorted = result.columns.statistics;
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < 3; ++i) {
      const double truth = largest_quantile(quantiles[i]);
      const auto covers = [&](const RankBounds& ranks) {
        return sorted[*ranks.lower - 1] <= truth && truth <= sorted[*ranks.upper - 1];
      };
      const RankBounds ranks = rank_bounds(n, quantiles[i]);
      of_statistic[i].add(covers(ranks), covers(halved(ranks, n, quantiles[i])));
    }
    const Estimate reported = summarise(plan, result.tally).statistics[0];
    for (std::size_t i = 0; i < 3; ++i) {
      const QuantileEstimate& q = reported.quantiles[i];
      const double truth = largest_quantile(quantiles[i]);
      if (*q.low <= truth && truth <= *q.high) ++shown[i];
    }
    const auto found = whole_quantiles(result.tally.counts[0], edges);
    std::vector<std::uint32_t> counts = result.columns.counts;
    std::sort(counts.begin(), counts.end());
    for (std::size_t i = 0; i < 4; ++i) {
      const RankBounds half = halved(rank_bounds(n, edges[i]), n, edges[i]);
      of_count[i].add(
          *found[i].low <= at_edges[i] && at_edges[i] <= *found[i].high,
          counts[*half.lower - 1] <= at_edges[i] && at_edges[i] <= counts[*half.upper - 1]);
    }
  }
  for (const int covered : shown) {
    CHECK(covered >= 0.94 * static_cast<double>(jobs));
    CHECK(covered <= 0.97 * static_cast<double>(jobs));
  }
  for (const Coverage& each : of_statistic) {
    INFO("statistic: " << each.share() << ", half the width: " << each.share_of_half());
    CHECK(each.share() >= 0.94);
    CHECK(each.share() <= 0.97);
    CHECK(each.share_of_half() < 0.94);
  }
  for (const Coverage& each : of_count) {
    INFO("count: " << each.share() << ", half the width: " << each.share_of_half());
    CHECK(each.share() >= 0.94);
    CHECK(each.share_of_half() < 0.94);
  }
}

namespace {

/// k uniform on 1 to 60, all of them above the threshold, so that the count's q-quantile is
/// ceil(60 q).
Plan stopping_plan() {
  Plan plan = testing::plain_plan({2024});
  plan.trajectories = 3'000;
  plan.batch_trajectories = 250;
  testing::set_no_total(plan);
  testing::set_sizes(plan, SizeFamily::normal, {25.0, 0.5});
  testing::count_of(plan) = testing::by_candidate(testing::uniform(0.5, 60.5));
  plan.outputs.thresholds = {1e10};
  plan.outputs.cumulative_base = {0};
  plan.outputs.quantiles = {0.05 - 1e-9, 0.5 - 1e-9, 0.95 + 1e-9};
  plan.precision.absolute = 1.0;
  return plan;
}

/// The value of a rank.
double value_at(const Histogram& histogram, std::uint64_t rank) {
  std::size_t value = 0;
  for (std::uint64_t below = histogram[0]; below < rank; below += histogram[value]) ++value;
  return static_cast<double>(value);
}

}  // namespace

// Stopping looks at the data, so the coverage may fall below 95 %: at least 92.5 % is promised.
TEST_CASE("intervals of quantiles cover them where runs stop at a precision",
          "[statistical][slow]") {
  Plan plan = stopping_plan();
  const std::array<double, 3> truth = {3.0, 30.0, 58.0};
  std::array<Coverage, 3> coverage;
  std::uint64_t stopped_early = 0;
  std::uint64_t trajectories = 0;
  for (plan.seed = 1; plan.seed <= jobs; ++plan.seed) {
    Tally tally(plan);
    std::uint64_t batch = 0;
    do {
      tally.add(run_batch(plan, batch)->tally);
    } while (!is_precise(plan, tally) && ++batch < plan.batch_count());
    if (batch < plan.batch_count()) ++stopped_early;
    trajectories += tally.complete;
    const auto found = whole_quantiles(tally.counts[0], plan.outputs.quantiles);
    for (std::size_t i = 0; i < 3; ++i) {
      const double q = plan.outputs.quantiles[i];
      const RankBounds half = halved(rank_bounds(tally.complete, q), tally.complete, q);
      coverage[i].add(*found[i].low <= truth[i] && truth[i] <= *found[i].high,
                      value_at(tally.counts[0], *half.lower) <= truth[i] &&
                          truth[i] <= value_at(tally.counts[0], *half.upper));
    }
  }
  INFO("stopped early: " << stopped_early << ", trajectories: " << trajectories);
  CHECK(stopped_early > jobs * 9 / 10);
  CHECK(trajectories > 1'300 * jobs);
  for (const Coverage& each : coverage) {
    INFO("stopped: " << each.share() << ", half the width: " << each.share_of_half());
    CHECK(each.share() >= 0.925);
    CHECK(each.share_of_half() < 0.925);
  }
}

}  // namespace flopsieve::engine
