#include "jobs/pawn.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "jobs/resampling.hpp"

using namespace flopsieve::jobs;

namespace {

/// Share of the values that are at most x.
double share_below(const std::vector<double>& values, double x) {
  return static_cast<double>(
             std::count_if(values.begin(), values.end(), [&](double each) { return each <= x; })) /
         static_cast<double>(values.size());
}

/// Kolmogorov and Smirnov's distances of slices, from the definition.
std::vector<double> distances(const std::vector<std::size_t>& slices,
                              const std::vector<double>& output) {
  std::vector<double> result(*std::max_element(slices.begin(), slices.end()) + 1, 0.0);
  for (std::size_t s = 0; s < result.size(); ++s) {
    std::vector<double> inside;
    for (std::size_t i = 0; i < output.size(); ++i) {
      if (slices[i] == s) inside.push_back(output[i]);
    }
    for (const double x : output) {
      result[s] = std::max(result[s], std::abs(share_below(inside, x) - share_below(output, x)));
    }
  }
  return result;
}

std::vector<std::size_t> sizes(const std::vector<std::size_t>& slices) {
  std::vector<std::size_t> result(*std::max_element(slices.begin(), slices.end()) + 1, 0);
  for (const std::size_t slice : slices) ++result[slice];
  return result;
}

struct Data {
  Columns inputs;
  std::vector<double> output;
};

/// A whole-number output that depends on the first input, beside one of a few values and one of
/// no influence.
Data example(std::size_t rows, unsigned seed) {
  std::mt19937_64 generator(seed);
  std::uniform_real_distribution<double> uniform;
  Data data{Columns(3), {}};
  for (std::size_t i = 0; i < rows; ++i) {
    data.inputs[0].push_back(uniform(generator));
    data.inputs[1].push_back(std::floor(4.0 * uniform(generator)));
    data.inputs[2].push_back(uniform(generator));
    data.output.push_back(std::floor(10.0 * data.inputs[0].back() + 3.0 * data.inputs[1].back() +
                                     uniform(generator)));
  }
  return data;
}

}  // namespace

TEST_CASE("PAWN is the median and maximum of distances, from the definition") {
  const Data data = example(500, 1);
  const auto found = pawn_indices(data.inputs, data.output);
  REQUIRE(found.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    const std::vector<double> expected = distances(pawn_slices(data.inputs[i]), data.output);
    CHECK(found[i].slices == expected.size());
    CHECK(found[i].median == Approx(interpolated_quantile(expected, 0.5)));
    CHECK(found[i].maximum == Approx(*std::max_element(expected.begin(), expected.end())));
  }
  CHECK(found[0].median > found[0].median_floor);
  CHECK(found[1].maximum > found[1].maximum_floor);
}

TEST_CASE("slices share the rows equally, and equal values stay together") {
  std::vector<double> input;
  for (int i = 0; i < 1000; ++i) input.push_back((i * 37) % 1000);
  CHECK(sizes(pawn_slices(input)) == std::vector<std::size_t>(10, 100));
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(pawn_slices(input)[static_cast<std::size_t>(i)] ==
            static_cast<std::size_t>(input[static_cast<std::size_t>(i)]) / 100);
    if (i == 20) break;
  }
  input.resize(60);
  CHECK(sizes(pawn_slices(input)) == std::vector<std::size_t>{30, 30});
  // Values 0, 1, 2, 3 in shares of 85, 5, 5 and 5 %: three slices have no room for 33 % each.
  std::vector<double> few;
  for (int i = 0; i < 100; ++i) few.push_back(i < 85 ? 0 : (i - 80) / 5);
  CHECK(sizes(pawn_slices(few)) == std::vector<std::size_t>{100});
  for (int i = 0; i < 100; ++i) few.push_back(i < 50 ? 4 : 5);
  // 85 | 15 + 50 | 50, of shares of 34.
  CHECK(sizes(pawn_slices(few)) == std::vector<std::size_t>{85, 65, 50});
}

TEST_CASE("an input without influence is above its noise floor in one of twenty samples",
          "[statistical]") {
  int median_above = 0;
  int maximum_above = 0;
  constexpr int samples = 100;
  for (unsigned seed = 0; seed < samples; ++seed) {
    const Data data = example(300, 100 + seed);
    const PawnIndex found = pawn_indices({data.inputs[2]}, data.output)[0];
    median_above += found.median > found.median_floor ? 1 : 0;
    maximum_above += found.maximum > found.maximum_floor ? 1 : 0;
  }
  // Binomial(100, 0.05): 0 with probability 0.006, more than 16 with 4e-6. A floor from 200
  // permutations is a little off, and both bounds allow for that.
  CHECK(median_above >= 1);
  CHECK(median_above <= 16);
  CHECK(maximum_above >= 1);
  CHECK(maximum_above <= 16);
}
