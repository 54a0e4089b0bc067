#include "kernels/tilted.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "tests/support/targets.hpp"

namespace flopsieve::kernels {
namespace {

/// Weights from 1 to millions, with empty cells, of the sum cell_weights.
std::vector<std::uint64_t> uneven_weights(std::size_t peak) {
  std::vector<std::uint64_t> weights(cell_count);
  for (std::size_t i = 0; i < cell_count; ++i) weights[i] = i % 7 == 0 ? 0 : 1 + i * i / 100;
  weights[peak] = 0;
  weights[peak] = cell_weights - std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
  return weights;
}

GroupAddress some_address() {
  GroupAddress address;
  for (std::uint32_t lane = 0; lane < group_width; ++lane) {
    address.word1[lane] = 11 * lane;
    address.word2[lane] = 5;
    address.word3[lane] = 77u << 24;
  }
  return address;
}

}  // namespace

TEST_CASE("An alias table gives each cell exactly its weight") {
  for (const std::size_t peak : {std::size_t{0}, std::size_t{3000}, cell_count - 1}) {
    const std::vector<std::uint64_t> weights = uneven_weights(peak);
    const AliasTable table = alias_table(weights);
    REQUIRE(table.size() == cell_count);
    constexpr std::uint64_t column = cell_weights / cell_count;
    std::vector<std::uint64_t> found(cell_count);
    for (std::size_t i = 0; i < cell_count; ++i) {
      const std::uint64_t own = table[i] >> cell_bits;
      found[i] += own;
      found[table[i] & (cell_count - 1)] += column - own;
    }
    CHECK(found == weights);
  }
}

TEST_CASE("One cell may have all words") {
  std::vector<std::uint64_t> weights(cell_count);
  weights[123] = cell_weights;
  const AliasTable table = alias_table(weights);
  for (const std::uint32_t word : {0u, 1u, 0x7FFFFFFFu, 0x80000000u, 0xFFFFFFFFu}) {
    CHECK(cell_of_word(table, word) == 123);
  }
}

TEST_CASE("Tilted draws are what their words say, on every target") {
  const AliasTable first = alias_table(uneven_weights(17));
  const AliasTable second = alias_table(uneven_weights(4000));
  const GroupAddress address = some_address();
  const Key key{3, 9};
  for (const bool mixed : {false, true}) {
    LaneTables tables{};
    for (std::size_t lane = 0; lane < 13; ++lane) {
      tables[lane] = mixed && lane % 3 == 1 ? second.data() : first.data();
    }
    constexpr std::size_t draws = 41;
    for (const Target target : test::targets_to_test()) {
      REQUIRE(force_target(target));
      INFO(name(target));
      std::vector<float> z(draws * group_width);
      draw_tilted(key, address, tables, draws, z);
      for (std::size_t lane = 0; lane < 13; ++lane) {
        const AliasTable& table = tables[lane] == second.data() ? second : first;
        for (std::uint32_t draw = 0; draw < draws; ++draw) {
          const Words words = philox(
              {draw / 2, address.word1[lane], address.word2[lane], address.word3[lane]}, key);
          const std::uint32_t cell = cell_of_word(table, words[draw % 2 * 2]);
          const std::uint32_t place =
              words[draw % 2 * 2 + 1] / static_cast<std::uint32_t>(cell_count * 256);
          const double expected = (cell * 4096.0 + place) / 16777216.0;
          const float found = z[draw * group_width + lane];
          REQUIRE(static_cast<double>(found) == expected);
          REQUIRE(cell_of(found) == cell);
        }
      }
    }
  }
}

TEST_CASE("Tilted weights are exponentials, with the same bits on every target") {
  std::vector<double> logs(cell_count), sizes(cell_count), first;
  for (std::size_t i = 0; i < cell_count; ++i) {
    const auto place = static_cast<double>(i) / static_cast<double>(cell_count);
    logs[i] = i % 11 == 3 ? -std::numeric_limits<double>::infinity() : -30.0 * place * place;
    sizes[i] = std::pow(10.0, 6.0 * (place - 1.0));
  }
  for (const double strength : {-900.0, 0.0, 1.5, 500.0}) {
    INFO("strength " << strength);
    double largest = -1e9;
    for (std::size_t i = 0; i < cell_count; ++i) {
      largest = std::max(largest, logs[i] + strength * sizes[i]);
    }
    first.clear();
    for (const Target target : test::targets_to_test()) {
      REQUIRE(force_target(target));
      INFO(name(target));
      std::vector<double> weights(cell_count);
      const TiltedWeights found = tilted_weights(logs, sizes, strength, weights);
      if (first.empty()) first = weights;
      REQUIRE(weights == first);
      CHECK(found.largest == Approx(largest).epsilon(1e-14));
      CHECK(found.sum ==
            Approx(std::accumulate(weights.begin(), weights.end(), 0.0)).epsilon(1e-12));
      double worst = 0.0;
      for (std::size_t i = 0; i < cell_count; ++i) {
        const double exponent = logs[i] + strength * sizes[i] - largest;
        if (exponent < -690.0) {
          worst = std::max(worst, weights[i]);
        } else {
          worst = std::max(worst, std::abs(weights[i] / std::exp(exponent) - 1.0));
        }
      }
      CHECK(worst < 1e-11);
    }
  }
}

TEST_CASE("Draws of a grid are the lower ends of their cells") {
  constexpr float width = 1.0f / static_cast<float>(cell_count);
  std::vector<float> z{0.0f, 0.7f * width, 5.0f * width, 5.99f * width, 1.0f - 0x1p-24f};
  to_cells(z);
  CHECK(z == std::vector<float>{0.0f, 0.0f, 5.0f * width, 5.0f * width, 1.0f - width});
}

}  // namespace flopsieve::kernels
