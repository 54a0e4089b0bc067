#include "jobs/sweep_design.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

#include "jobs/sobol.hpp"

using namespace flopsieve::jobs;

namespace {

/// s, a and m of dimensions 2 to 10 as new-joe-kuo-6.21201 lists them.
struct Published {
  unsigned s;
  unsigned a;
  std::vector<std::uint32_t> m;
};
const std::vector<Published> published{
    {1, 0, {1}},
    {2, 1, {1, 3}},
    {3, 1, {1, 3, 1}},
    {3, 2, {1, 1, 1}},
    {4, 1, {1, 1, 3, 3}},
    {4, 4, {1, 3, 5, 13}},
    {5, 2, {1, 1, 5, 5, 17}},
    {5, 4, {1, 1, 5, 5, 5}},
    {5, 7, {1, 1, 7, 11, 19}},
};

/// The 32 direction numbers of a dimension by the recurrence in Joe and Kuo's notes.
std::array<std::uint32_t, 33> directions(std::size_t dimension) {
  std::array<std::uint32_t, 33> v{};
  if (dimension == 0) {
    for (unsigned i = 1; i <= 32; ++i) v[i] = 1u << (32 - i);
    return v;
  }
  const Published& p = published[dimension - 1];
  for (unsigned i = 1; i <= 32; ++i) {
    if (i <= p.s) {
      v[i] = p.m[i - 1] << (32 - i);
      continue;
    }
    v[i] = v[i - p.s] ^ (v[i - p.s] >> p.s);
    for (unsigned k = 1; k < p.s; ++k) v[i] ^= ((p.a >> (p.s - 1 - k)) & 1u) * v[i - k];
  }
  return v;
}

/// Coordinate of point n: the direction numbers of the bits of its Gray code.
std::uint32_t coordinate(std::uint64_t n, const std::array<std::uint32_t, 33>& v) {
  const std::uint64_t gray = n ^ (n >> 1);
  std::uint32_t x = 0;
  for (unsigned bit = 0; bit < 32; ++bit) {
    if ((gray >> bit & 1) != 0) x ^= v[bit + 1];
  }
  return x;
}

double at(const UnitRows& rows, std::uint64_t row, std::size_t j, std::size_t d) {
  return rows.at(row * d + j);
}

/// How many points each of `strata` intervals has in a dimension.
std::set<int> strata_counts(const UnitRows& rows, std::size_t d, std::size_t j, int strata) {
  std::vector<int> counts(static_cast<std::size_t>(strata));
  for (std::size_t i = j; i < rows.size(); i += d) {
    ++counts.at(static_cast<std::size_t>(std::floor(rows[i] * strata)));
  }
  return {counts.begin(), counts.end()};
}

}  // namespace

TEST_CASE("the Sobol points are those of the published direction numbers") {
  constexpr std::size_t dimensions = 10;
  constexpr std::uint64_t points = 5000;
  const std::vector<std::uint32_t> found = sobol_points(points, dimensions);
  REQUIRE(found.size() == points * dimensions);
  for (std::size_t j = 0; j < dimensions; ++j) {
    const auto v = directions(j);
    for (std::uint64_t n = 0; n < points; ++n) {
      if (found[n * dimensions + j] == coordinate(n, v)) continue;
      FAIL("dimension " << j << ", point " << n);
    }
  }
}

TEST_CASE("the first Sobol points are those printed with the direction numbers") {
  // The output of Joe and Kuo's own program for ten points in three dimensions.
  const std::vector<double> printed{0,      0,      0,      0.5,    0.5,    0.5,   0.75,  0.25,
                                    0.25,   0.25,   0.75,   0.75,   0.375,  0.375, 0.625, 0.875,
                                    0.875,  0.125,  0.625,  0.125,  0.875,  0.125, 0.625, 0.375,
                                    0.1875, 0.3125, 0.9375, 0.6875, 0.8125, 0.4375};
  const std::vector<std::uint32_t> found = sobol_points(10, 3);
  for (std::size_t i = 0; i < printed.size(); ++i) CHECK(found[i] * 0x1p-32 == printed[i]);
}

TEST_CASE("shifted Sobol points are the points with one xor per dimension") {
  constexpr std::size_t d = 5;
  const std::vector<std::uint32_t> plain = sobol_points(256, d);
  const UnitRows rows = sobol(256, d, 7);
  std::set<std::uint32_t> shifts;
  for (std::size_t j = 0; j < d; ++j) {
    const auto bits = [&](std::size_t row) {
      return static_cast<std::uint32_t>(std::floor(rows[row * d + j] * 0x1p32));
    };
    const std::uint32_t shift = bits(0) ^ plain[j];
    shifts.insert(shift);
    for (std::size_t row = 0; row < 256; ++row) {
      REQUIRE((plain[row * d + j] ^ shift) == bits(row));
      REQUIRE(rows[row * d + j] > 0.0);
      REQUIRE(rows[row * d + j] < 1.0);
    }
    CHECK(strata_counts(rows, d, j, 256) == std::set<int>{1});
  }
  CHECK(shifts.size() == d);
  CHECK(sobol(256, d, 8) != rows);
}

TEST_CASE("a Latin hypercube has one point in each stratum of each key") {
  constexpr std::size_t d = 4;
  const int points = GENERATE(1, 2, 7, 100, 1000);
  const UnitRows rows = latin_hypercube(static_cast<std::uint64_t>(points), d, 3);
  REQUIRE(rows.size() == static_cast<std::size_t>(points) * d);
  for (std::size_t j = 0; j < d; ++j) CHECK(strata_counts(rows, d, j, points) == std::set<int>{1});
}

TEST_CASE("the keys of a Latin hypercube are independent") {
  // Correlations of 1,000 points in random order have a standard deviation of 1 / sqrt(999); each
  // of 6 leaves 4.5 of them by chance in 7 of a million seeds.
  constexpr std::size_t d = 4, points = 1000;
  const UnitRows rows = latin_hypercube(points, d, 5);
  for (std::size_t a = 0; a < d; ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      double sum = 0.0;
      for (std::size_t i = 0; i < points; ++i) {
        sum += (at(rows, i, a, d) - 0.5) * (at(rows, i, b, d) - 0.5);
      }
      CHECK(std::abs(12.0 * sum / points) < 4.5 / std::sqrt(999.0));
    }
  }
  CHECK(latin_hypercube(points, d, 6) != rows);
}

TEST_CASE("the blocks of a Saltelli design are A, B and A with one column from B") {
  constexpr std::size_t d = 3, n = 16;
  const UnitRows rows = saltelli(n, d, 11);
  const UnitRows both = sobol(n, 2 * d, 11);
  REQUIRE(rows.size() == n * (d + 2) * d);
  for (std::size_t row = 0; row < n; ++row) {
    for (std::size_t j = 0; j < d; ++j) {
      const double a = both[row * 2 * d + j];
      const double b = both[row * 2 * d + d + j];
      CHECK(a != b);
      CHECK(at(rows, row, j, d) == a);
      CHECK(at(rows, n + row, j, d) == b);
      for (std::size_t i = 0; i < d; ++i) {
        CHECK(at(rows, (2 + i) * n + row, j, d) == (i == j ? b : a));
      }
    }
  }
}

TEST_CASE("each step of a Morris trajectory moves one key by delta") {
  const std::size_t d = GENERATE(1u, 2u, 5u);
  const std::uint64_t levels = GENERATE(2u, 4u, 8u);
  constexpr std::uint64_t trajectories = 200;
  const UnitRows rows = morris(trajectories, d, levels, 13);
  REQUIRE(rows.size() == trajectories * (d + 1) * d);
  const double last = static_cast<double>(levels - 1);
  const double delta = static_cast<double>(levels) / (2.0 * last);
  std::size_t up = 0, down = 0;
  std::set<std::size_t> first_moved;
  std::vector<std::set<double>> visited(d);
  for (std::uint64_t t = 0; t < trajectories; ++t) {
    std::set<std::size_t> moved;
    for (std::size_t step = 0; step <= d; ++step) {
      const std::uint64_t row = t * (d + 1) + step;
      for (std::size_t j = 0; j < d; ++j) {
        const double x = at(rows, row, j, d);
        visited[j].insert(std::round(x * last));
        REQUIRE(std::abs(x * last - std::round(x * last)) < 1e-12);
        REQUIRE((x >= 0.0 && x <= 1.0));
        if (step == 0 || x == at(rows, row - 1, j, d)) continue;
        const double change = x - at(rows, row - 1, j, d);
        REQUIRE(std::abs(std::abs(change) - delta) < 1e-12);
        ++(change > 0.0 ? up : down);
        if (moved.empty()) first_moved.insert(j);
        REQUIRE(moved.insert(j).second);
      }
      REQUIRE(moved.size() == step);
    }
  }
  // Fair coins and orders: each of these fails in fewer than one of 1e9 seeds.
  CHECK(up > 0);
  CHECK(down > 0);
  CHECK(first_moved.size() == d);
  for (const std::set<double>& each : visited) CHECK(each.size() == levels);
}
