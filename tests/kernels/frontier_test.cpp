#include "kernels/frontier.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "tests/support/reference.hpp"

namespace flopsieve::kernels {
namespace {

constexpr double none = -std::numeric_limits<double>::infinity();

struct Model {
  double x;
  double date;  ///< in [0, 1)
};

/// The models of a year with dates, from the definition of their stream.
std::vector<Model> dated(const FrontierYear& year) {
  std::vector<Model> models;
  for (std::size_t i = 0; i < year.places.size(); ++i) {
    const std::uint32_t j = year.places[i];
    Counter at = year.counter;
    at[0] = j / 4;
    const double word = test::random123_words(at, year.key)[j % 4];
    models.push_back({year.log10_flop[i], word / 4294967296.0});
  }
  return models;
}

/// 0, 1, 2, ...
std::vector<std::uint32_t> all_places(std::size_t size) {
  std::vector<std::uint32_t> places(size);
  std::iota(places.begin(), places.end(), 0u);
  return places;
}

/// The largest size dated before `date`, or the frontier at the year's beginning.
double frontier_before(const std::vector<Model>& models, double start, double date) {
  double frontier = start;
  for (const Model& model : models) {
    if (model.date < date) frontier = std::max(frontier, model.x);
  }
  return frontier;
}

/// Each period in turn, each model of it, by the definition.
FrontierCount slow_count(const FrontierYear& year, double start, double width) {
  const std::vector<Model> models = dated(year);
  FrontierCount count;
  for (std::uint32_t p = 0; p < year.periods; ++p) {
    const double begin = static_cast<double>(p) / year.periods;
    const double end = static_cast<double>(p + 1) / year.periods;
    const double before = frontier_before(models, start, begin);
    const double including = frontier_before(models, start, end);
    for (const Model& model : models) {
      if (model.date < begin || model.date >= end) continue;
      if (before != none && model.x >= before - width) ++count.before;
      if (model.x < including && model.x >= including - width) ++count.including;
    }
  }
  return count;
}

/// Random sizes; on a coarse grid of halves there are many ties, also at the edge of a width. One
/// year in ten has so many that their words come from several draws of them.
std::vector<double> random_sizes(test::Splitmix& random) {
  std::vector<double> x(random.word() % (random.word() % 10 == 0 ? 200 : 40));
  const bool grid = random.word() % 2 == 0;
  for (double& value : x) {
    value = random.uniform(20.0, 26.0);
    if (grid) value = std::round(2.0 * value) / 2.0;
  }
  return x;
}

TEST_CASE("Frontier counts are those of the definition") {
  test::Splitmix random(51);
  const std::array<double, 4> widths = {0.5, 0.0, 1.0, 1.5};
  std::array<FrontierCount, widths.size()> counts;
  FrontierScratch scratch;
  for (int round = 0; round < 20000; ++round) {
    const std::vector<double> x = random_sizes(random);
    const std::vector<std::uint32_t> places = all_places(x.size());
    const FrontierYear year{x,
                            places,
                            {random.word(), random.word()},
                            {random.word(), random.word(), random.word(), random.word()},
                            std::array<std::uint32_t, 4>{1, 4, 12, 7}[random.word() % 4]};
    const double start = std::array<double, 4>{none, 19.0, 24.0, 30.0}[random.word() % 4];
    const double end = count_frontier(year, start, widths, counts, scratch);
    INFO("round " << round << ", models " << x.size() << ", periods " << year.periods);
    REQUIRE(end == (x.empty() ? start : std::max(start, *std::max_element(x.begin(), x.end()))));
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const FrontierCount slow = slow_count(year, start, widths[i]);
      REQUIRE(counts[i].before == slow.before);
      REQUIRE(counts[i].including == slow.including);
    }
  }
}

TEST_CASE("Models below the frontier by more than the widest width may be left out") {
  test::Splitmix random(52);
  const std::array<double, 3> widths = {0.5, 1.0, 1.5};
  std::array<FrontierCount, widths.size()> all, some;
  FrontierScratch scratch;
  for (int round = 0; round < 2000; ++round) {
    const std::vector<double> x = random_sizes(random);
    const std::vector<std::uint32_t> places = all_places(x.size());
    std::vector<double> near;
    std::vector<std::uint32_t> near_places;
    for (std::size_t j = 0; j < x.size(); ++j) {
      if (x[j] < 24.0 - 1.5) continue;
      near.push_back(x[j]);
      near_places.push_back(places[j]);
    }
    const Key key = {random.word(), 7};
    const double end = count_frontier({x, places, key, {}, 4}, 24.0, widths, all, scratch);
    REQUIRE(count_frontier({near, near_places, key, {}, 4}, 24.0, widths, some, scratch) == end);
    for (std::size_t i = 0; i < widths.size(); ++i) {
      REQUIRE(some[i].before == all[i].before);
      REQUIRE(some[i].including == all[i].including);
    }
  }
}

TEST_CASE("Frontier counts of a known year") {
  // One period: `before` compares with the frontier of the year before, `including` with 25.
  const std::vector<double> x = {22.0, 23.6, 24.4, 25.0, 25.0};
  const std::vector<std::uint32_t> places = all_places(x.size());
  const FrontierYear year{x, places, {1, 2}, {}, 1};
  const std::array<double, 2> widths = {1.0, 1.5};
  std::array<FrontierCount, 2> counts;
  FrontierScratch scratch;
  CHECK(count_frontier(year, none, widths, counts, scratch) == 25.0);
  CHECK(counts[0].before == 0);
  CHECK(counts[0].including == 1);
  CHECK(counts[1].including == 2);
  CHECK(count_frontier(year, 25.4, widths, counts, scratch) == 25.4);
  CHECK(counts[0].before == 3);
  CHECK(counts[0].including == 3);
  CHECK(count_frontier(year, 24.0, widths, counts, scratch) == 25.0);
  CHECK(counts[0].before == 4);
}

TEST_CASE("A year without models keeps the frontier") {
  const std::array<double, 1> widths = {0.5};
  std::array<FrontierCount, 1> counts = {{{7, 7}}};
  FrontierScratch scratch;
  CHECK(count_frontier({{}, {}, {3, 4}, {}, 4}, none, widths, counts, scratch) == none);
  CHECK(counts[0].before == 0);
  CHECK(counts[0].including == 0);
  CHECK(count_frontier({{}, {}, {3, 4}, {}, 4}, 24.5, widths, counts, scratch) == 24.5);
}

}  // namespace
}  // namespace flopsieve::kernels
