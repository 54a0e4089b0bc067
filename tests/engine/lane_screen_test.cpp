#include "engine/lane_screen.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "kernels/math_constants.hpp"
#include "tests/engine/support/plans.hpp"

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

}  // namespace flopsieve::engine
