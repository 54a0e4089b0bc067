#include "kernels/ordered.hpp"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "tests/support/reference.hpp"
#include "tests/support/reference_statistics.hpp"
#include "tests/support/targets.hpp"

namespace flopsieve::kernels {
namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr double log2_of_ten = 3.32192809488736234787;

/// A group of draws; what lies behind a lane's count is not a number.
struct Group {
  PerLane<std::uint32_t> count{};
  std::vector<float> z;

  explicit Group(const PerLane<std::uint32_t>& counts) : count(counts) {
    z.assign(most() * group_width, not_a_number);
  }
  std::size_t most() const { return *std::max_element(count.begin(), count.end()); }
  /// Fills every lane with draws of `draw(lane, i)`.
  template <class Draw>
  void fill(Draw draw) {
    for (std::size_t lane = 0; lane < group_width; ++lane) {
      for (std::size_t i = 0; i < count[lane]; ++i) z[i * group_width + lane] = draw(lane, i);
    }
  }
  std::vector<float> lane(std::size_t which) const {
    std::vector<float> values;
    for (std::size_t i = 0; i < count[which]; ++i) values.push_back(z[i * group_width + which]);
    return values;
  }
  std::vector<float> sorted() const {
    std::vector<float> out(sorted_rows(most()) * group_width, not_a_number);
    sort_group(z, count, out);
    return out;
  }
};

PerLane<std::uint32_t> counts_from(std::uint32_t first, std::uint32_t step) {
  PerLane<std::uint32_t> counts{};
  for (std::uint32_t& count : counts) {
    count = first;
    first += step;
  }
  return counts;
}

Group normal_group(const PerLane<std::uint32_t>& counts, std::uint64_t seed) {
  test::Splitmix random(seed);
  Group group(counts);
  group.fill([&](std::size_t, std::size_t) { return static_cast<float>(random.normal()); });
  return group;
}

template <class T>
bool same_bits(const T& a, const T& b) {
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(a[0])) == 0;
}

void check_sorted(const Group& group) {
  const std::vector<float> sorted = group.sorted();
  for (std::size_t lane = 0; lane < group_width; ++lane) {
    std::vector<float> expected = group.lane(lane);
    std::sort(expected.begin(), expected.end());
    expected.resize(sorted_rows(group.most()), std::numeric_limits<float>::infinity());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (sorted[i * group_width + lane] == expected[i]) continue;
      FAIL("lane " << lane << ", count " << group.count[lane] << ", row " << i);
    }
  }
}

TEST_CASE("sort_group sorts every lane, at every count, on every target") {
  const test::RestoreTarget restore;
  for (const Target target : test::targets_to_test()) {
    force_target(target);
    for (std::uint32_t first = 0; first <= 700; first += group_width) {
      check_sorted(normal_group(counts_from(first, 1), first));
    }
    // Runs of every length, and whole passes of half-cleaners that end beyond the last row.
    for (const std::uint32_t most : {1024u, 1025u, 2100u, 4097u, 9000u}) {
      check_sorted(normal_group(counts_from(most - 15, 1), most));
    }
    check_sorted(normal_group(PerLane<std::uint32_t>{}, 1));
  }
}

TEST_CASE("sort_group sorts zeros and ones in every order of 16 rows") {
  // The zero-one principle (Knuth, The Art of Computer Programming 3, 5.3.4): a network that sorts
  // these sorts everything.
  Group group(counts_from(16, 0));
  for (std::uint32_t word = 0; word < 0x10000; word += group_width) {
    group.fill([&](std::size_t lane, std::size_t i) {
      return static_cast<float>((word + static_cast<std::uint32_t>(lane)) >> i & 1u);
    });
    check_sorted(group);
  }
}

TEST_CASE("sort_group sorts runs in any order, ties and infinities of the other sign") {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const std::uint32_t count : {17u, 48u, 100u, 272u, 513u}) {
    Group group(counts_from(count, 0));
    group.fill([&](std::size_t lane, std::size_t i) {
      const auto rank = static_cast<float>(i);
      if (lane == 0) return -rank;
      if (lane == 1) return i == 0 ? -infinity : rank;
      return static_cast<float>((i * (2 * lane + 1)) % (lane * lane));
    });
    check_sorted(group);
  }
}

TEST_CASE("pack_lanes appends the chosen lanes and nothing else") {
  test::Splitmix random(7);
  const Group group = normal_group(counts_from(37, 0), 3);
  for (int repeat = 0; repeat < 100; ++repeat) {
    const std::size_t column = random.word() % group_width;
    std::uint32_t lanes = random.word() & 0xFFFF;
    while (column + static_cast<std::size_t>(std::popcount(lanes)) > group_width) {
      lanes &= lanes - 1;
    }
    std::vector<float> packed(37 * group_width, -1.0f);
    std::vector<float> expected = packed;
    std::size_t next = column;
    for (std::size_t lane = 0; lane < group_width; ++lane) {
      if ((lanes >> lane & 1u) == 0) continue;
      for (std::size_t row = 0; row < 37; ++row) {
        expected[row * group_width + next] = group.z[row * group_width + lane];
      }
      ++next;
    }
    REQUIRE(pack_lanes(group.z, 37, lanes, column, packed) == next);
    REQUIRE(packed == expected);
  }
}

/// Groups whose gradients are hard in some way, with the scale of each lane.
struct Trial {
  Group group;
  PerLane<double> scale{};  ///< OOM per unit of z
};

enum class Shape { spread, narrow, near_equal, tied, dominated, wide };

float draw(Shape shape, test::Splitmix& random, std::size_t i, std::size_t count) {
  const double z = random.normal();
  switch (shape) {
    case Shape::narrow:
      return static_cast<float>(0.5 + 0.03 * z);
    case Shape::near_equal:
      return static_cast<float>(1.0 + 1e-3 * z);
    case Shape::tied:
      return static_cast<float>(std::round(2.0 * z) / 4.0);
    case Shape::dominated:
      return static_cast<float>(i == count / 2 ? 6.0 : z - 2.0);
    case Shape::wide:
      return static_cast<float>(random.uniform(-9.0, 9.0));
    case Shape::spread:
      break;
  }
  return static_cast<float>(z);
}

Trial make_trial(Shape shape, const PerLane<std::uint32_t>& counts, std::uint64_t seed) {
  test::Splitmix random(seed);
  Trial trial{Group(counts), {}};
  trial.group.fill([&](std::size_t lane, std::size_t i) {
    return draw(shape, random, i, trial.group.count[lane]);
  });
  for (double& scale : trial.scale) scale = std::pow(10.0, random.uniform(-1.0, 1.0));
  return trial;
}

GroupGradients gradients(const Trial& trial) {
  PerLane<double> scale = trial.scale;
  for (double& value : scale) value *= log2_of_ten;
  GroupGradients out;
  allocation_gradients(trial.group.sorted(), trial.group.count, scale, out);
  return out;
}

/// The gradient of float64 sizes about 10^24 FLOP, by the slow definition.
double exact_gradient(const Trial& trial, std::size_t lane) {
  test::Sizes x;
  for (const float z : trial.group.lane(lane)) {
    x.push_back(24.0 + trial.scale[lane] * static_cast<double>(z));
  }
  return static_cast<double>(test::allocation_gradient(x));
}

/// Whether the sizes span what the header gives a bound for.
bool has_bound(const Trial& trial, std::size_t lane) {
  const std::vector<float> z = trial.group.lane(lane);
  if (z.empty()) return false;
  const auto [least, most] = std::minmax_element(z.begin(), z.end());
  const double span =
      trial.scale[lane] * log2_of_ten * (static_cast<double>(*most) - static_cast<double>(*least));
  return z.size() == 1 || (span >= 0x1p-6 && span <= 200.0);
}

/// The bound that ordered.hpp derives, from exact sums of the sizes x = scale z, in OOM.
double derived_bound(const Trial& trial, std::size_t lane) {
  const std::vector<float> z = trial.group.lane(lane);
  const auto c = static_cast<long double>(trial.scale[lane]) * 3.321928094887362348L;
  const auto most = static_cast<long double>(*std::max_element(z.begin(), z.end()));
  long double total = 0.0L;  // C_n / 2^e
  long double sum = 0.0L;
  long double squares = 0.0L;
  for (const float value : z) {
    const long double d = static_cast<long double>(value) - most;
    total += std::exp2(c * static_cast<long double>(value) - std::round(c * most));
    sum += d;
    squares += d * d;
  }
  const long double u = 0x1p-24L;
  const long double n = 1.4427L * (22.0L + static_cast<long double>(z.size()) / 16.0L) + 3.0L;
  const long double gradient = exact_gradient(trial, lane);
  return static_cast<double>(
      1.05L * u *
      ((19.0L + 18.0L + 4.0L) * gradient +
       (2.0L * n + 37.0L * std::abs(std::log2(total))) * -sum / (c * squares)));
}

void check_gradients(const Trial& trial) {
  const GroupGradients found = gradients(trial);
  for (std::size_t lane = 0; lane < group_width; ++lane) {
    const std::uint32_t count = trial.group.count[lane];
    INFO("count " << count << ", scale " << trial.scale[lane] << ", lane " << lane);
    if (!has_bound(trial, lane)) {
      REQUIRE(std::isinf(found.bound[lane]));
      REQUIRE(std::isnan(found.gradient[lane]));
      continue;
    }
    const double exact = count == 1 ? 1.0 : exact_gradient(trial, lane);
    REQUIRE(std::abs(found.gradient[lane] - exact) <= found.bound[lane]);
    if (count > 1) REQUIRE(found.bound[lane] == Approx(derived_bound(trial, lane)).epsilon(1e-3));
    // Of use: few candidates lie so close to a limit.
    REQUIRE(found.bound[lane] <= 5e-5 * exact);
  }
}

TEST_CASE("allocation_gradients keeps its bound at every count and shape") {
  for (const Shape shape : {Shape::spread, Shape::narrow, Shape::near_equal, Shape::tied,
                            Shape::dominated, Shape::wide}) {
    INFO("shape " << static_cast<int>(shape));
    // Together 0 to 703.
    for (auto first = static_cast<std::uint32_t>(shape); first < 44; first += 6) {
      check_gradients(make_trial(shape, counts_from(first, 44), first));
    }
    for (std::uint32_t count = 2; count <= 5; ++count) {
      for (std::uint64_t seed = 0; seed < 50; ++seed) {
        check_gradients(make_trial(shape, counts_from(count, 0), seed));
      }
    }
  }
}

TEST_CASE("allocation_gradients of two known models") {
  // m = 1 and 9: the first has 1/10 of the sum, the second is the origin.
  Trial trial{Group(counts_from(2, 0)), {}};
  trial.group.fill([](std::size_t, std::size_t i) { return i == 0 ? 1.0f : 0.0f; });
  trial.scale.fill(std::log10(9.0));
  const GroupGradients found = gradients(trial);
  CHECK(found.gradient[3] == Approx(1.0 / std::log10(9.0)).epsilon(1e-6));
  // Four models of 1 and one of 9: the four all have 4/13.
  Trial ties{Group(counts_from(5, 0)), {}};
  ties.group.fill([](std::size_t, std::size_t i) { return i == 2 ? 1.0f : 0.0f; });
  ties.scale.fill(std::log10(9.0));
  CHECK(gradients(ties).gradient[9] == Approx(std::log(13.0 / 4.0) / std::log(9.0)).epsilon(1e-6));
}

TEST_CASE("a lane's gradient has the same bits on every target and beside any other lanes") {
  const test::RestoreTarget restore;
  for (const Shape shape : {Shape::spread, Shape::tied, Shape::wide, Shape::near_equal}) {
    const Trial trial = make_trial(shape, counts_from(100, 21), 5);
    const GroupGradients first = gradients(trial);
    for (const Target target : test::targets_to_test()) {
      force_target(target);
      const GroupGradients found = gradients(trial);
      REQUIRE(same_bits(found.gradient, first.gradient));
      REQUIRE(same_bits(found.bound, first.bound));
    }
    Trial alone = trial;
    alone.group.count.fill(0);
    alone.group.count[4] = trial.group.count[4];
    const GroupGradients found = gradients(alone);
    REQUIRE(std::memcmp(&found.gradient[4], &first.gradient[4], sizeof(double)) == 0);
  }
}

TEST_CASE("without the bound, candidates at a limit would be misjudged") {
  std::size_t misjudged = 0;
  std::size_t left_open = 0;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    const Trial trial = make_trial(Shape::spread, counts_from(90, 1), seed);
    const GroupGradients found = gradients(trial);
    for (std::size_t lane = 0; lane < group_width; ++lane) {
      const double exact = exact_gradient(trial, lane);
      const double limit = std::nextafter(exact, lane % 2 == 0 ? 0.0 : 9.0);
      const bool fast = found.gradient[lane] >= limit;
      if (fast != (exact >= limit)) ++misjudged;
      if (std::abs(found.gradient[lane] - limit) <= found.bound[lane]) ++left_open;
    }
  }
  CHECK(misjudged > 0);
  CHECK(left_open == 4 * group_width);
}

}  // namespace
}  // namespace flopsieve::kernels
