#include "kernels/contiguous.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/math.hpp"
#include "tests/support/reference.hpp"
#include "tests/support/targets.hpp"

namespace flopsieve::kernels {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr float infinite = std::numeric_limits<float>::infinity();

std::vector<float> random_z(test::Splitmix& random, std::size_t size) {
  std::vector<float> z(size);
  for (float& each : z) each = static_cast<float>(2.0 * random.normal() - 3.0);
  return z;
}

/// Runs a check on every target of this processor.
template <class Check>
void on_every_target(Check check) {
  const test::RestoreTarget restore;
  for (const Target target : test::targets_to_test()) {
    force_target(target);
    INFO(name(target));
    check();
  }
}

/// The documented order: 16 partial sums, added in pairs.
double folded(const std::vector<double>& terms) {
  std::array<double, 16> sums{};
  for (std::size_t i = 0; i < terms.size(); ++i) sums[i % 16] += terms[i];
  for (const std::size_t half : {8u, 4u, 2u, 1u}) {
    for (std::size_t i = 0; i < half; ++i) sums[i] += sums[i + half];
  }
  return sums[0];
}

}  // namespace

TEST_CASE("Sums of one candidate have the documented bits on every target") {
  on_every_target([] {
    test::Splitmix random(61);
    for (std::size_t size = 1; size < 100; ++size) {
      const std::vector<float> z = random_z(random, size);
      const double scale = random.uniform(0.1, 8.0);
      std::array<std::vector<double>, 5> terms;
      for (const float each : z) {
        const auto v = static_cast<double>(each);
        terms[0].push_back(power_of_two(scale * v));
        terms[1].push_back(v);
        terms[2].push_back(v * v);
        terms[3].push_back(v * v * v);
        terms[4].push_back((v * v) * (v * v));
      }
      const SizeSums sums = sum_contiguous(z, scale);
      INFO("size " << size);
      REQUIRE(sums.total == folded(terms[0]));
      const SizeSums bare = total_contiguous(z, scale);
      REQUIRE(bare.total == sums.total);
      REQUIRE(bare.power == std::array<double, 4>{});
      REQUIRE((bare.largest == sums.largest && bare.smallest == sums.smallest));
      for (std::size_t p = 0; p < 4; ++p) REQUIRE(sums.power[p] == folded(terms[p + 1]));
      const auto [smallest, largest] = std::minmax_element(z.begin(), z.end());
      REQUIRE(sums.largest == static_cast<double>(*largest));
      REQUIRE(sums.smallest == static_cast<double>(*smallest));
    }
  });
}

TEST_CASE("Sums of one candidate are those of extended precision") {
  test::Splitmix random(62);
  const std::vector<float> z = random_z(random, 1001);
  const SizeSums sums = sum_contiguous(z, 1.5);
  long double total = 0.0L;
  std::array<long double, 4> power{}, magnitude{};
  for (const float each : z) {
    const auto v = static_cast<long double>(each);
    total += std::exp2(1.5L * v);
    for (std::size_t p = 0; p < 4; ++p) {
      power[p] += std::pow(v, static_cast<int>(p) + 1);
      magnitude[p] += std::abs(std::pow(v, static_cast<int>(p) + 1));
    }
  }
  CHECK(std::abs(sums.total - total) <= 1e-14L * total);
  for (std::size_t p = 0; p < 4; ++p) {
    CHECK(std::abs(sums.power[p] - power[p]) <= 1e-14L * magnitude[p]);
  }
  const SizeSums none = sum_contiguous({}, 1.0);
  CHECK(none.total == 0.0);
  CHECK(none.largest == -infinity);
  CHECK(none.smallest == infinity);
}

TEST_CASE("The least z is the first float that reaches the threshold") {
  test::Splitmix random(63);
  for (int round = 0; round < 100000; ++round) {
    const double location = random.uniform(-5.0, 30.0);
    const double scale = round % 3 == 0 ? 1.0 : std::exp(random.uniform(-7.0, 3.0));
    const double at = random.uniform(-12.0, 12.0);
    const double threshold = round % 5 == 0 ? location : location + scale * at;
    const float z = least_z(location, scale, threshold);
    INFO(location << " + " << scale << " z >= " << threshold << ": " << z);
    REQUIRE(location + scale * static_cast<double>(z) >= threshold);
    const float below = std::nextafter(z, -infinite);
    REQUIRE(location + scale * static_cast<double>(below) < threshold);
  }
  CHECK(least_z(20.0, 1.0, -infinity) == -infinite);
  CHECK(least_z(20.0, 1.0, infinity) == infinite);
}

TEST_CASE("Counts and selections of z are those of x, compared in double precision") {
  on_every_target([] {
    test::Splitmix random(64);
    for (std::size_t size = 0; size < 200; ++size) {
      std::vector<float> z = random_z(random, size);
      if (size > 3) z[1] = z[0];
      const double location = random.uniform(20.0, 28.0);
      const double scale = size % 2 == 0 ? 1.0 : random.uniform(0.01, 2.0);
      const auto x = [&](float each) { return location + scale * static_cast<double>(each); };
      std::vector<double> thresholds = {-infinity, 19.0, 22.0, 23.0, 24.0, 40.0};
      if (size > 0) thresholds.push_back(x(z[0]));  // equal to a size
      std::vector<float> cuts;
      for (const double each : thresholds) cuts.push_back(least_z(location, scale, each));
      std::vector<std::uint32_t> counts(cuts.size(), 99);
      count_from(z, cuts, counts);
      std::vector<float> selected(size + 16);
      std::vector<std::uint32_t> places(size + 16);
      for (std::size_t t = 0; t < cuts.size(); ++t) {
        std::vector<std::uint32_t> expected;
        for (std::uint32_t i = 0; i < size; ++i) {
          if (x(z[i]) >= thresholds[t]) expected.push_back(i);
        }
        INFO("size " << size << ", threshold " << thresholds[t]);
        REQUIRE(counts[t] == expected.size());
        REQUIRE(select_from(z, cuts[t], selected, places) == expected.size());
        for (std::size_t i = 0; i < expected.size(); ++i) {
          REQUIRE(places[i] == expected[i]);
          REQUIRE(selected[i] == z[expected[i]]);
        }
      }
    }
  });
}

}  // namespace flopsieve::kernels
