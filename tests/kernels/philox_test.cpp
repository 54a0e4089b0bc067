#include "kernels/philox.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "kernels/sizes.hpp"
#include "tests/support/reference.hpp"
#include "tests/support/targets.hpp"

namespace flopsieve::kernels {
namespace {

constexpr std::uint32_t ones = 0xFFFFFFFF;

TEST_CASE("Philox gives the published known answers") {
  // Random123, examples/kat_vectors, lines "philox4x32 10".
  CHECK(philox({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({ones, ones, ones, ones}, {ones, ones}) ==
        Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("Philox agrees with Random123 at random counters and keys") {
  test::Splitmix random(1);
  for (int i = 0; i < 20000; ++i) {
    // The low bits of a mask set words to all ones or all zeros now and then.
    const std::uint32_t mask = random.word();
    const auto word = [&](int position) {
      const std::uint32_t choice = mask >> (3 * position) & 7;
      return choice == 0 ? 0 : choice == 1 ? ones : random.word();
    };
    const Counter counter{word(0), word(1), word(2), word(3)};
    const Key key{word(4), word(5)};
    REQUIRE(philox(counter, key) == test::random123_words(counter, key));
  }
}

TEST_CASE("The open uniform stays inside (0, 1) and is, below one half, the midpoint of its cell") {
  CHECK(open_uniform(0, 0) == 0x1p-54);
  CHECK(open_uniform(0, 0x7FF) == 0x1p-54);
  CHECK(open_uniform(0, 0x800) == 0x3p-54);
  CHECK(open_uniform(0x7FFFFFFF, ones) == 0.5 - 0x1p-54);
  CHECK(open_uniform(ones, ones) == 1.0 - 0x1p-53);
  CHECK(open_uniform(0x40000000, 0) == 0.25 + 0x1p-54);
}

/// A group whose 16 lanes differ in address and shape; the last lanes have extreme addresses.
struct Group {
  GroupAddress address;
  GroupShape shape;
  std::array<test::Lane, group_width> lanes{};

  explicit Group(std::uint64_t seed) {
    test::Splitmix random(seed);
    for (std::size_t i = 0; i < group_width; ++i) {
      const bool plain = i % 5 == 2;
      lanes[i] = {{0, random.word(), random.word(), random.word()},
                  plain ? 0.0f : static_cast<float>(random.uniform(-1.5, 1.5)),
                  plain ? 1.0f : static_cast<float>(random.uniform(0.05, 1.0)),
                  plain ? 0.0f : static_cast<float>(random.uniform(-1.3, 1.3))};
      if (i == 13) lanes[i].address = {0, 0, 0, 0};
      if (i == 14) lanes[i].address = {0, ones, ones, ones};
      place(i, i);
    }
  }

  /// Puts the lane `which` at `position`.
  void place(std::size_t which, std::size_t position) {
    const test::Lane& lane = lanes[which];
    address.word1[position] = lane.address[1];
    address.word2[position] = lane.address[2];
    address.word3[position] = lane.address[3];
    shape.absolute[position] = lane.absolute;
    shape.normal[position] = lane.normal;
    shape.constant[position] = lane.constant;
  }
};

TEST_CASE("Every draw on every target has the bits of the scalar definition") {
  const test::RestoreTarget restore;
  const Key keys[] = {{0, 0}, {ones, ones}, {0x12345678, 0x9ABCDEF0}};
  for (const Target target : test::targets_to_test()) {
    REQUIRE(force_target(target));
    for (const std::size_t draws : {1u, 2u, 3u, 31u, 32u, 33u, 1000u}) {
      for (const Key& key : keys) {
        Group group(draws + key[0]);
        std::vector<float> z(draws * group_width, -99.0f);
        for (const bool plain : {false, true}) {
          group.shape.plain = plain;
          draw_sizes(key, group.address, group.shape, draws, z);
          std::size_t different = 0;
          for (std::size_t i = 0; i < z.size(); ++i) {
            const test::Lane& lane = group.lanes[i % group_width];
            const float expected = plain ? test::reference_plain_draw(key, lane, i / group_width)
                                         : test::reference_draw(key, lane, i / group_width);
            if (std::bit_cast<std::uint32_t>(z[i]) != std::bit_cast<std::uint32_t>(expected)) {
              ++different;
            }
          }
          INFO(name(target) << ", " << draws << " draws, key " << key[0] << ", plain " << plain);
          REQUIRE(different == 0);
        }
      }
    }
  }
}

TEST_CASE("Nothing is written behind the last draw") {
  const test::RestoreTarget restore;
  for (const Target target : test::targets_to_test()) {
    REQUIRE(force_target(target));
    for (const std::size_t draws : {0u, 1u, 2u, 7u}) {
      const Group group(3);
      std::vector<float> z((draws + 2) * group_width, -99.0f);
      draw_sizes({1, 2}, group.address, group.shape, draws,
                 std::span(z).first(draws * group_width));
      for (std::size_t i = draws * group_width; i < z.size(); ++i) REQUIRE(z[i] == -99.0f);
    }
  }
}

TEST_CASE("A draw depends on its lane's address, not on the position in the group") {
  const test::RestoreTarget restore;
  constexpr std::size_t draws = 33;
  for (const Target target : test::targets_to_test()) {
    REQUIRE(force_target(target));
    Group group(7);
    std::vector<float> before(draws * group_width);
    draw_sizes({5, 6}, group.address, group.shape, draws, before);
    constexpr std::size_t turn = 5;  // odd, so that even lanes become odd ones
    for (std::size_t i = 0; i < group_width; ++i) group.place(i, (i * 3 + turn) % group_width);
    std::vector<float> after(draws * group_width);
    draw_sizes({5, 6}, group.address, group.shape, draws, after);
    for (std::size_t i = 0; i < before.size(); ++i) {
      const std::size_t position = (i % group_width * 3 + turn) % group_width;
      REQUIRE(before[i] == after[i / group_width * group_width + position]);
    }
  }
}

TEST_CASE("The normals are those of Box and Muller in double precision") {
  // The oracle of the bits shares its coefficients with the kernels; this one shares none. The
  // radius word enters with 24 bits, so radii below 0.01 are compared absolutely.
  test::Splitmix random(11);
  for (int i = 0; i < 100000; ++i) {
    const std::uint32_t radius = i == 0 ? 0 : i == 1 ? ones : random.word();
    const std::uint32_t angle = i % 1000 == 2 ? random.word() & 0xE0000000 : random.word();
    const test::Pair z = test::reference_normals(radius, angle);
    const auto exact = test::exact_normals(radius, angle);
    REQUIRE(static_cast<double>(z.first) == Approx(exact[0]).margin(5e-4).epsilon(1e-6));
    REQUIRE(static_cast<double>(z.second) == Approx(exact[1]).margin(5e-4).epsilon(1e-6));
    if (std::hypot(exact[0], exact[1]) < 0.1) continue;
    REQUIRE(static_cast<double>(z.first) == Approx(exact[0]).margin(2e-6).epsilon(1e-6));
    REQUIRE(static_cast<double>(z.second) == Approx(exact[1]).margin(2e-6).epsilon(1e-6));
  }
}

}  // namespace
}  // namespace flopsieve::kernels
