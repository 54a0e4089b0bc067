// Multilevel splitting, without statistics: addresses, invariance of bytes, ties, errors.
#include "engine/split.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <set>

#include "engine/error.hpp"
#include "kernels/math.hpp"

using Catch::Matchers::Contains;
using namespace flopsieve;
using namespace flopsieve::engine;

namespace {

const Draws draws(20'261, Purpose::run);

/// The sum of the normals, at least `bound`.
SplitProblem sum_above(std::size_t dimension, double bound) {
  return {dimension, [=](std::span<const double> points, std::span<double> violations) {
            for (std::size_t i = 0; i < violations.size(); ++i) {
              double sum = 0.0;
              for (std::size_t j = 0; j < dimension; ++j) sum += points[i * dimension + j];
              violations[i] = bound - sum;
            }
          }};
}

TEST_CASE("normals of a split are those of Philox at their address") {
  const SplitAddress address{(std::uint64_t{1} << 40) - 1, 3, 1};
  std::vector<double> normals(5);
  draw_normals(draws, address, {250, 65'535, 32'767}, normals);
  const Address place{address.trajectory,
                      std::uint64_t{1} << 39 | std::uint64_t{250} << 31 | 0x7fff'ffff, 3};
  for (std::uint32_t i = 0; i < 5; ++i) {
    CHECK(normals[i] == kernels::normal_quantile(draws.uniform(Stream::splitting, place, i)));
  }
}

TEST_CASE("every level, particle, step and replicate of a split has normals of its own") {
  std::set<double> seen;
  for (const std::uint32_t replicate : {0u, 1u}) {
    for (const std::uint32_t level : {0u, 1u, 255u}) {
      for (const std::uint32_t particle : {0u, 1u, 256u, 65'535u}) {
        for (const std::uint32_t step : {0u, 1u, 32'767u}) {
          std::vector<double> normals(2);
          draw_normals(draws, {7, 0, replicate}, {level, particle, step}, normals);
          seen.insert(normals.begin(), normals.end());
        }
      }
    }
  }
  CHECK(seen.size() == 2u * 2 * 3 * 4 * 3);
}

TEST_CASE("a split is a pure function of its arguments") {
  const SplitProblem problem = sum_above(3, 6.0);
  const SplitRule rule{.population = 64};
  const SplitResult first = split(problem, rule, draws, {5, 1, 0});
  split(problem, rule, draws, {6, 1, 0});
  const SplitResult again = split(problem, rule, draws, {5, 1, 0});
  CHECK(first.probability == again.probability);
  CHECK(first.survivor == again.survivor);
  CHECK(first.survivor != split(problem, rule, draws, {5, 1, 1}).survivor);
  CHECK(first.survivor != split(problem, rule, draws, {5, 2, 0}).survivor);
  CHECK(first.survivor[0] + first.survivor[1] + first.survivor[2] >= 6.0);
}

TEST_CASE("how many chains move together changes no bit") {
  const SplitProblem problem = sum_above(2, 1.0);
  std::vector<double> together(6, 0.5);
  std::vector<double> alone = together;
  std::vector<double> violations(3, 0.0);
  const SplitMove move{{1, 0, 0}, {2, 10, 3}, 0.5, 0.7};
  move_chains(problem, draws, move, together, violations);
  for (std::uint32_t i = 0; i < 3; ++i) {
    SplitMove one = move;
    one.first.particle += i;
    double violation = 0.0;
    move_chains(problem, draws, one, std::span(alone).subspan(2 * i, 2), std::span(&violation, 1));
    CHECK(violation == violations[i]);
  }
  CHECK(together == alone);
}

TEST_CASE("the probability is the product of the levels' fractions") {
  const SplitResult result = split(sum_above(2, 7.0), {.population = 256}, draws, {1, 0, 0});
  double product = 1.0;
  double previous = std::numeric_limits<double>::infinity();
  for (const SplitLevel& level : result.levels) {
    CHECK(level.threshold < previous);
    CHECK(level.fraction > 0.1);  // ties of rejected moves make it smaller than `kept`
    CHECK(level.gamma >= 0.0);
    product *= level.fraction;
    previous = level.threshold;
  }
  CHECK(result.levels.size() > 4);
  CHECK(result.levels.front().gamma == 0.0);
  CHECK(result.levels.back().threshold == 0.0);
  CHECK(result.probability == product);
}

TEST_CASE("an event that the prior often meets is one level, with the binomial error") {
  const SplitResult result = split(sum_above(2, 0.0), {.population = 1024}, draws, {1, 0, 0});
  REQUIRE(result.levels.size() == 1);
  const double p = result.probability;
  CHECK(std::abs(p - 0.5) < 5.0 * std::sqrt(0.25 / 1024.0));
  CHECK(result.variation == Approx(std::sqrt((1.0 - p) / (p * 1024.0))).epsilon(1e-14));
}

TEST_CASE("a violation in steps is no obstacle") {
  SplitProblem problem = sum_above(4, 9.0);
  const auto exact = problem.violations;
  problem.violations = [=](std::span<const double> points, std::span<double> violations) {
    exact(points, violations);
    for (double& each : violations) each = std::ceil(each / 2.0);
  };
  const SplitResult result = split(problem, {.population = 512}, draws, {1, 0, 0});
  double sum = 0.0;
  for (const double each : result.survivor) sum += each;
  CHECK(sum >= 9.0);
}

TEST_CASE("what cannot be measured is never kept") {
  const SplitProblem problem{1, [](std::span<const double> points, std::span<double> violations) {
                               for (std::size_t i = 0; i < violations.size(); ++i) {
                                 violations[i] = points[i] > 0.0 ? std::nan("") : points[i] + 3.0;
                               }
                             }};
  const SplitResult result = split(problem, {.population = 256}, draws, {1, 0, 0});
  CHECK(result.survivor[0] <= -3.0);
}

TEST_CASE("a split that leads nowhere says so") {
  const SplitProblem flat{2, [](std::span<const double>, std::span<double> violations) {
                            for (double& each : violations) each = 1.0;
                          }};
  CHECK_THROWS_WITH(split(flat, {}, draws, {1, 0, 0}), Contains("equally far"));
  CHECK_THROWS_WITH(split(sum_above(2, 12.0), {.most_levels = 3}, draws, {1, 0, 0}),
                    Contains("3 levels do not reach"));
  CHECK_THROWS_AS(split(flat, {.population = 15}, draws, {1, 0, 0}), Error);
}

TEST_CASE("replicates are compared in standard errors of the logarithms") {
  SplitResult one;
  one.probability = 2e-5;
  one.variation = 0.1;
  SplitResult other = one;
  other.variation = 0.2;
  CHECK(sigmas_apart(one, other) == 0.0);
  other.probability = 3e-5;
  CHECK(sigmas_apart(one, other) == Approx(std::log(1.5) / std::sqrt(0.05)));
  CHECK(sigmas_apart(other, one) == Approx(sigmas_apart(one, other)));
}

}  // namespace
