#include "kernels/sizes.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "tests/support/reference.hpp"
#include "tests/support/targets.hpp"

namespace flopsieve::kernels {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

/// Random draws with uneven counts; what lies behind a lane's count is not a number.
struct Draws {
  PerLane<std::uint32_t> count{};
  PerLane<double> scale{};
  std::vector<float> z;

  Draws(std::uint64_t seed, std::uint32_t most, double largest_scale) {
    test::Splitmix random(seed);
    z.assign(most * group_width, not_a_number);
    for (std::size_t lane = 0; lane < group_width; ++lane) {
      count[lane] = random.word() % (most + 1);
      scale[lane] = random.uniform(0.0, largest_scale);
    }
    count[1] = 0;
    count[2] = std::min(1u, most);
    count[7] = most;
    for (std::size_t lane = 0; lane < group_width; ++lane) {
      for (std::size_t draw = 0; draw < count[lane]; ++draw) {
        z[draw * group_width + lane] = static_cast<float>(random.normal());
      }
    }
  }
};

/// The sums of one lane in extended precision, and the sum of the magnitudes of their terms.
struct SlowSums {
  long double total = 0.0L;
  std::array<long double, 5> power{};
  std::array<long double, 5> magnitude{};
  double largest = -infinity;
  double smallest = infinity;

  SlowSums(const Draws& draws, std::size_t lane, float origin = 0.0f) {
    for (std::size_t draw = 0; draw < draws.count[lane]; ++draw) {
      const float value = draws.z[draw * group_width + lane];
      total += std::pow(
          2.0L, static_cast<long double>(draws.scale[lane]) * static_cast<long double>(value));
      const auto z = static_cast<long double>(value) - static_cast<long double>(origin);
      for (int p = 1; p <= 4; ++p) {
        power[static_cast<std::size_t>(p)] += std::pow(z, p);
        magnitude[static_cast<std::size_t>(p)] += std::abs(std::pow(z, p));
      }
      largest = std::max(largest, static_cast<double>(value));
      smallest = std::min(smallest, static_cast<double>(value));
    }
  }
};

void check_close(double value, long double exact, long double magnitude) {
  INFO(value << " against " << static_cast<double>(exact));
  REQUIRE(std::abs(static_cast<long double>(value) - exact) <= 1e-12L * magnitude);
}

void check_close(const GroupSums& sums, std::size_t lane, const SlowSums& slow) {
  check_close(sums.total[lane], slow.total, slow.total);
  check_close(sums.power_1[lane], slow.power[1], slow.magnitude[1]);
  check_close(sums.power_2[lane], slow.power[2], slow.magnitude[2]);
  check_close(sums.power_3[lane], slow.power[3], slow.magnitude[3]);
  check_close(sums.power_4[lane], slow.power[4], slow.magnitude[4]);
  REQUIRE(sums.largest[lane] == slow.largest);
  REQUIRE(sums.smallest[lane] == slow.smallest);
}

void check_against_slow_sums(const Draws& draws) {
  GroupSums sums;
  sum_sizes(draws.z, draws.count, draws.scale, sums);
  for (std::size_t lane = 0; lane < group_width; ++lane) {
    INFO("lane " << lane << ", count " << draws.count[lane]);
    check_close(sums, lane, SlowSums(draws, lane));
  }
}

TEST_CASE("sum_sizes agrees with a plain loop on every target, with uneven counts") {
  const test::RestoreTarget restore;
  for (const Target target : test::targets_to_test()) {
    REQUIRE(force_target(target));
    INFO(name(target));
    std::uint64_t seed = 1;
    for (const std::uint32_t most : {0u, 1u, 2u, 3u, 17u, 90u, 1000u}) {
      // 3.32 is one order of magnitude per unit of z; 150 spans almost all of a double's range.
      for (const double scale : {1.0, 3.32, 150.0}) {
        check_against_slow_sums(Draws(++seed, most, scale));
      }
    }
  }
}

TEST_CASE("An empty lane has sums of zero and no extremes") {
  Draws draws(5, 3, 1.0);
  GroupSums sums;
  sums.total.fill(5.0);
  sum_sizes(draws.z, draws.count, draws.scale, sums);
  CHECK(draws.count[1] == 0);
  CHECK(sums.total[1] == 0.0);
  CHECK(sums.power_4[1] == 0.0);
  CHECK(sums.largest[1] == -infinity);
  CHECK(sums.smallest[1] == infinity);
}

TEST_CASE("sum_sizes of known draws") {
  Draws draws(5, 2, 1.0);
  draws.count[4] = 2;
  draws.scale[4] = 2.0;
  draws.z[4] = -0.5f;
  draws.z[group_width + 4] = 1.5f;
  GroupSums sums;
  sum_sizes(draws.z, draws.count, draws.scale, sums);
  CHECK(sums.total[4] == 8.5);  // 2^-1 + 2^3
  CHECK(sums.power_1[4] == 1.0);
  CHECK(sums.power_2[4] == 2.5);
  CHECK(sums.power_3[4] == 3.25);
  CHECK(sums.power_4[4] == 5.125);
  CHECK(sums.largest[4] == 1.5);
  CHECK(sums.smallest[4] == -0.5);
}

/// A group of lanes with uneven counts, their laws and their scales.
struct FastGroup {
  GroupAddress address;
  GroupShape shape;
  PerLane<std::uint32_t> count{};
  PerLane<float> scale{};
  std::vector<float> z;

  FastGroup(std::uint64_t seed, std::uint32_t most, float largest_scale, bool plain) {
    test::Splitmix random(seed);
    shape.plain = plain;
    for (std::size_t lane = 0; lane < group_width; ++lane) {
      address.word1[lane] = random.word();
      address.word2[lane] = random.word();
      const auto slant = static_cast<float>(random.uniform(-0.99, 0.99));
      shape.absolute[lane] = slant;
      shape.normal[lane] = std::sqrt(1.0f - slant * slant);
      shape.constant[lane] = -0.8f * slant;
      count[lane] = random.word() % (most + 1);
      scale[lane] = static_cast<float>(random.uniform(0.0, 1.0)) * largest_scale;
    }
    count[3] = most;
    scale[3] = largest_scale;
    count[4] = 0;
    z.assign(fast_rows(most) * group_width, not_a_number);
  }
};

/// Checks the single-precision sums of one lane of `draws` against the bounds of sizes.hpp.
void check_fast_sums(const GroupSums& sums, const Draws& draws, std::size_t lane, float origin) {
  constexpr long double u = 0x1p-24L;
  INFO("lane " << lane << ", count " << draws.count[lane] << ", origin " << origin);
  const SlowSums slow(draws, lane, origin);
  const long double farthest = draws.count[lane] == 0
                                   ? 0.0L
                                   : static_cast<long double>(draws.scale[lane]) *
                                         std::max(std::abs(slow.largest), std::abs(slow.smallest));
  const auto off = [](double value, long double exact) {
    return std::abs(static_cast<long double>(value) - exact);
  };
  REQUIRE(off(sums.total[lane], slow.total) <= (40.0L + 2.0L * farthest) * u * slow.total);
  REQUIRE(off(sums.power_1[lane], slow.power[1]) <= 40.0L * u * slow.magnitude[1]);
  REQUIRE(off(sums.power_2[lane], slow.power[2]) <= 40.0L * u * slow.magnitude[2]);
  REQUIRE(off(sums.power_3[lane], slow.power[3]) <= 40.0L * u * slow.magnitude[3]);
  REQUIRE(off(sums.power_4[lane], slow.power[4]) <= 40.0L * u * slow.magnitude[4]);
  REQUIRE(sums.largest[lane] == slow.largest);
  REQUIRE(sums.smallest[lane] == slow.smallest);
}

TEST_CASE("draw_and_sum draws the same sizes, and its sums are within their error bounds") {
  const test::RestoreTarget restore;
  for (const Target target : test::targets_to_test()) {
    REQUIRE(force_target(target));
    INFO(name(target));
    std::uint64_t seed = 100;
    for (const std::uint32_t most : {0u, 1u, 2u, 7u, 31u, 32u, 33u, 100u, 2000u}) {
      for (const float scale : {0.001f, 5.0f, 12.0f}) {
        for (const bool plain : {false, true}) {
          FastGroup group(++seed, most, scale, plain);
          GroupSums sums;
          draw_and_sum({1, 2}, group.address, group.shape, group.count, group.scale, group.z, sums);
          Draws draws(1, most, 1.0);
          draw_sizes({1, 2}, group.address, group.shape, most, draws.z);
          REQUIRE(std::equal(draws.z.begin(), draws.z.end(), group.z.begin()));
          for (std::size_t lane = 0; lane < group_width; ++lane) {
            draws.count[lane] = group.count[lane];
            draws.scale[lane] = static_cast<double>(group.scale[lane]);
            check_fast_sums(sums, draws, lane, 0.0f);
          }
        }
      }
    }
  }
}

/// Uniform numbers about an origin, some of them far away, with uneven counts.
struct CentredDraws : Draws {
  FastLaw law;

  CentredDraws(std::uint64_t seed, std::uint32_t most, bool centred) : Draws(seed, most, 20.0) {
    test::Splitmix random(seed + 1);
    law.count = count;
    for (std::size_t lane = 0; lane < group_width; ++lane) {
      const double middle = lane == 5 ? 1e-3 : random.uniform(0.2, 0.8);
      law.origin[lane] = centred ? static_cast<float>(middle) : 0.0f;
      law.scale[lane] = static_cast<float>(scale[lane]);
      const double width = std::pow(10.0, random.uniform(-6.0, 0.0));
      for (std::size_t draw = 0; draw < count[lane]; ++draw) {
        const double value = middle + width * random.uniform(-0.5, 0.5);
        z[draw * group_width + lane] =
            static_cast<float>(random.word() % 50 == 0 ? 5.0 - 10.0 * value : value);
      }
    }
  }

  GroupSums sums(std::size_t block) const {
    GroupSums result = empty_sums();
    const std::size_t rows = z.size() / group_width;
    for (std::size_t first = 0; first < rows; first += block) {
      add_sizes(std::span(z).subspan(first * group_width), first, std::min(block, rows - first),
                law, result);
    }
    return result;
  }
};

TEST_CASE("add_sizes is within its error bounds about any origin, block by block") {
  const test::RestoreTarget restore;
  std::uint64_t seed = 500;
  for (const std::uint32_t most : {0u, 1u, 2u, 31u, 32u, 33u, 129u, 1500u}) {
    for (const std::size_t block : {32u, 96u, 128u, 4096u}) {
      for (const bool centred : {false, true}) {
        const CentredDraws draws(++seed, most, centred);
        REQUIRE(force_target(Target::scalar));
        const GroupSums expected = draws.sums(block);
        for (std::size_t lane = 0; lane < group_width; ++lane) {
          check_fast_sums(expected, draws, lane, draws.law.origin[lane]);
        }
        for (const Target target : test::targets_to_test()) {
          REQUIRE(force_target(target));
          const GroupSums sums = draws.sums(block);
          INFO(name(target) << ", up to " << most << " by " << block);
          REQUIRE(std::memcmp(&sums, &expected, sizeof sums) == 0);
        }
      }
    }
  }
}

TEST_CASE("sum_sizes about an origin keeps the digits of nearly equal sizes") {
  const test::RestoreTarget restore;
  for (const Target target : test::targets_to_test()) {
    REQUIRE(force_target(target));
    const CentredDraws draws(41, 200, true);
    GroupSums sums;
    sum_sizes(draws.z, draws.count, draws.scale, sums, draws.law.origin);
    for (std::size_t lane = 0; lane < group_width; ++lane) {
      check_close(sums, lane, SlowSums(draws, lane, draws.law.origin[lane]));
    }
  }
}

TEST_CASE("draw_and_sum has the same bits on every target") {
  const test::RestoreTarget restore;
  for (const bool plain : {false, true}) {
    FastGroup group(77, 333, 6.0f, plain);
    const auto sums_on = [&](Target target) {
      REQUIRE(force_target(target));
      GroupSums sums;
      draw_and_sum({3, 4}, group.address, group.shape, group.count, group.scale, group.z, sums);
      return sums;
    };
    const GroupSums expected = sums_on(Target::scalar);
    for (const Target target : test::targets_to_test()) {
      INFO(name(target));
      const GroupSums sums = sums_on(target);
      REQUIRE(std::memcmp(&sums, &expected, sizeof(sums)) == 0);
    }
  }
}

TEST_CASE("sum_sizes has the same bits on every target") {
  const test::RestoreTarget restore;
  for (const std::uint32_t most : {1u, 31u, 1000u}) {
    const Draws draws(most, most, 10.0);
    REQUIRE(force_target(Target::scalar));
    GroupSums expected;
    sum_sizes(draws.z, draws.count, draws.scale, expected);
    for (const Target target : test::targets_to_test()) {
      REQUIRE(force_target(target));
      GroupSums sums;
      sum_sizes(draws.z, draws.count, draws.scale, sums);
      INFO(name(target));
      REQUIRE(std::memcmp(&sums, &expected, sizeof sums) == 0);
    }
  }
}

TEST_CASE("A lane's sums depend on that lane alone") {
  const test::RestoreTarget restore;
  for (const Target target : test::targets_to_test()) {
    REQUIRE(force_target(target));
    Draws draws(9, 40, 5.0);
    GroupSums before;
    sum_sizes(draws.z, draws.count, draws.scale, before);
    for (std::size_t lane = 0; lane < group_width; ++lane) {
      if (lane == 7) continue;
      draws.scale[lane] = -1.0;
      draws.count[lane] = 3;
      for (std::size_t draw = 0; draw < 3; ++draw) draws.z[draw * group_width + lane] = 2.5f;
    }
    GroupSums after;
    sum_sizes(draws.z, draws.count, draws.scale, after);
    CHECK(after.total[7] == before.total[7]);
    CHECK(after.power_3[7] == before.power_3[7]);
    CHECK(after.largest[7] == before.largest[7]);
  }
}

}  // namespace
}  // namespace flopsieve::kernels
