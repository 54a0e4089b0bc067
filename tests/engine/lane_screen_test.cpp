#include "engine/lane_screen.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "engine/screen.hpp"
#include "kernels/math_constants.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/support/reference.hpp"

// What is said of clear cases; that nothing else is said is tested where verdicts at bounds are
// (screen_test.cpp, group_test.cpp).

namespace flopsieve::engine {
namespace {

/// Lanes whose candidates have the sizes 24 + z, summed from the definition.
struct Example {
  LaneScreen::Lanes lanes;
  kernels::GroupSums sums = kernels::empty_sums();
  kernels::PerLane<double> log10_sums{};

  Example() { lanes.count.fill(1.0); }

  void set(std::size_t lane, const std::vector<double>& z, double log10_total) {
    lanes.is_open[lane] = true;
    lanes.log10_total[lane] = log10_total;
    lanes.location[lane] = 24.0;
    lanes.scale[lane] = kernels::log2_of_10;
    lanes.count[lane] = static_cast<double>(z.size());
    for (const double each : z) {
      sums.total[lane] += std::pow(10.0, each);
      sums.power_1[lane] += each;
      sums.power_2[lane] += each * each;
      sums.power_3[lane] += std::pow(each, 3);
      sums.power_4[lane] += std::pow(each, 4);
      sums.largest[lane] = std::max(sums.largest[lane], each);
      sums.smallest[lane] = std::min(sums.smallest[lane], each);
    }
    log10_sums[lane] = std::log10(sums.total[lane]);
  }
};

}  // namespace

TEST_CASE("clear cases are decided in all lanes at once") {
  Plan plan = testing::plain_plan({2024});
  plan.sizes.family = SizeFamily::normal;
  plan.matching = {Match::reject, 0.1, {}};
  testing::add_constraint(plan, testing::bounded("skewness", -0.3, 0.3));
  testing::add_constraint(plan, testing::bounded("largest_share", 0.0, 0.95));
  const std::vector<double> even{-1.0, 0.0, 1.0};        // skewness 0, share of the largest 0.90
  const std::vector<double> skewed{0.0, 0.0, 0.0, 1.0};  // skewness 1.15, share 0.77
  const std::vector<double> unequal{-3.0, 0.0, 3.0};     // skewness 0, share 0.999
  const double of_even = 24.0 + std::log10(11.1);
  const double of_skewed = 24.0 + std::log10(13.0);
  const double of_unequal = 24.0 + std::log10(1001.001);
  Example example;
  example.set(0, even, of_even + 0.2);
  example.set(1, even, of_even - 0.2);
  example.set(2, even, of_even + 0.01);
  example.set(3, skewed, of_skewed);
  example.set(4, unequal, of_unequal);
  example.set(5, even, of_even + std::log10(1.0 / 1.1));  // on the edge of the window
  example.set(6, even, of_even + 0.2);
  example.lanes.is_open[6] = false;
  const auto found = LaneScreen(plan).look(example.lanes, example.sums, example.log10_sums, 1.0);
  const auto check = [&](std::size_t lane, Rejections rejections, std::uint32_t judged) {
    CAPTURE(lane);
    CHECK(found.rejections[lane] == rejections);
    CHECK(found.judged[lane] == judged);
  };
  check(0, 1, 0);
  check(1, 1, 0);
  check(2, 0, 3);
  check(3, 2, 1);
  check(4, 4, 2);
  check(5, 0, 0);
  check(6, 0, 0);
}

// These need a uniform draw, or another year: a judgement in passing would skip that.
TEST_CASE("soft and relative constraints are left open in all lanes") {
  Plan plan = testing::plain_plan({2024});
  plan.sizes.family = SizeFamily::normal;
  plan.matching = {Match::reject, 0.1, {}};
  const std::vector<double> even{-1.0, 0.0, 1.0};
  Example example;
  example.set(0, even, 24.0 + std::log10(11.1));
  const auto judged = [&](const Constraint& rule) {
    plan.constraints.clear();
    plan.cascade.clear();
    testing::add_constraint(plan, rule);
    const auto found = LaneScreen(plan).look(example.lanes, example.sums, example.log10_sums, 1.0);
    CHECK(found.rejections[0] == 0);
    return found.judged[0];
  };
  for (const char* statistic : {"skewness", "largest_share", "cost_largest"}) {
    CAPTURE(statistic);
    Constraint rule = testing::bounded(statistic, -testing::infinity, testing::infinity);
    CHECK(judged(rule) == 2);
    for (const RelativeTo each :
         {RelativeTo::previous_year, RelativeTo::total, RelativeTo::count}) {
      rule.relative_to = each;
      CHECK(judged(rule) == 1);
    }
    rule.relative_to = RelativeTo::nothing;
    rule.centre = {0.0};
    rule.spread = {1.0};
    CHECK(judged(rule) == 1);
  }
}

TEST_CASE("a solved location within its prior is settled only if that accepts it surely") {
  Plan plan = testing::plain_plan({2024});
  plan.sizes.family = SizeFamily::normal;
  Example example;
  example.set(0, {-1.0, 0.0, 1.0}, 24.0 + std::log10(11.1));
  const auto judged = [&](const Distribution& prior, double bound) {
    testing::mean_of(plan) = testing::by_candidate(prior);
    plan.matching.bound = {bound};
    return LaneScreen(plan).look(example.lanes, example.sums, example.log10_sums, 1.0).judged[0];
  };
  CHECK(judged(testing::uniform(20.0, 30.0), 0.1) == 1);
  CHECK(judged(testing::uniform(20.0, 30.0), 0.2) == 0);  // accepted with probability 1/2
  CHECK(judged(testing::normal(24.0, 1.0), 0.4) == 0);
  Distribution refers = testing::uniform(20.0, 30.0);
  refers.arguments[0].reference = Reference::count;
  CHECK(judged(refers, 0.1) == 0);
}

// One size per lane, so that the sum has no other error than that of its power of two. The scale's
// rounding to single precision moves an exponent of 120 by up to 0.7 * 120 u, more than what is
// allowed to sums of near sizes.
TEST_CASE("the bound of a sum's logarithm grows with the farthest size") {
  test::Splitmix random(5);
  double worst = 0.0, worst_of_near = 0.0;
  for (int i = 0; i < 200; ++i) {
    kernels::FastLaw law;
    kernels::PerLane<double> scale{};
    std::vector<float> z(kernels::group_width);
    for (std::size_t lane = 0; lane < kernels::group_width; ++lane) {
      scale[lane] = random.uniform(4.0, 8.0);
      law.count[lane] = 1;
      law.scale[lane] = static_cast<float>(scale[lane]);
      const double exponent = random.uniform(lane % 2 == 0 ? 110.0 : 0.0, 119.9);
      z[lane] = static_cast<float>((lane % 4 < 2 ? exponent : -exponent) / scale[lane]);
    }
    kernels::GroupSums sums = kernels::empty_sums();
    kernels::add_sizes(z, 0, 1, law, sums);
    for (std::size_t lane = 0; lane < kernels::group_width; ++lane) {
      const double farthest = scale[lane] * std::abs(static_cast<double>(z[lane]));
      const double exact = scale[lane] * static_cast<double>(z[lane]) / kernels::log2_of_10;
      const double error = std::abs(std::log10(sums.total[lane]) - exact);
      worst = std::max(worst, error / log10_sum_error(farthest));
      worst_of_near = std::max(worst_of_near, error / log10_sum_error(0.0));
    }
  }
  CHECK(worst < 1.0);
  CHECK(worst_of_near > 1.0);
}

}  // namespace flopsieve::engine
