// The laws of multilevel splitting: its probabilities against closed forms and brute force, its
// survivors (one of each population, so independent) against the conditional law, the invariance of
// its moves. Adaptive levels have a bias of order 1 / population; the bounds say what they allow
// for it.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <random>

#include "engine/split.hpp"
#include "tests/support/kolmogorov.hpp"

using namespace flopsieve;
using namespace flopsieve::engine;

namespace {

const Draws draws(314'159, Purpose::run);

double tail(double x) {
  return 0.5 * std::erfc(x / std::sqrt(2.0));
}

const double ks_limit = test::kolmogorov_limit(5e-5);

struct Spread {
  double mean = 0.0;
  double sd = 0.0;
};

Spread spread(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  Spread result;
  for (const double each : values) result.mean += each / n;
  for (const double each : values) {
    result.sd += (each - result.mean) * (each - result.mean) / (n - 1.0);
  }
  result.sd = std::sqrt(result.sd);
  return result;
}

/// (x + y) / sqrt(2), itself a standard normal, at least `bound`.
SplitProblem beyond(double bound) {
  return {2, [=](std::span<const double> points, std::span<double> violations) {
            for (std::size_t i = 0; i < violations.size(); ++i) {
              violations[i] = bound - (points[2 * i] + points[2 * i + 1]) / std::sqrt(2.0);
            }
          }};
}

/// A year in small: k = 8 or 20 models with probabilities 1/2, a standard deviation of 0.8 to 1.2
/// OOM, a skewness of 1.1 to 1.4 and an excess kurtosis of 0 to 0.6, a largest size of at most 3.
struct Year {
  static constexpr std::size_t dimension = 22;
  double count = 0.0, sd = 0.0, mean = 0.0, spread = 0.0, skewness = 0.0, kurtosis = 0.0,
         largest = 0.0;

  explicit Year(std::span<const double> point) {
    const std::size_t k = point[0] < 0.0 ? 8 : 20;
    count = static_cast<double>(k);
    sd = 0.8 + 0.4 * (1.0 - tail(point[1]));
    const auto sizes = point.subspan(2, k);
    for (const double z : sizes) mean += z / count;
    std::array<double, 3> powers{};
    for (const double z : sizes) {
      const double d = z - mean;
      powers[0] += d * d / count;
      powers[1] += d * d * d / count;
      powers[2] += d * d * d * d / count;
    }
    skewness = powers[1] / std::pow(powers[0], 1.5);
    kurtosis = powers[2] / (powers[0] * powers[0]) - 3.0;
    spread = sd * std::sqrt(powers[0]);
    largest = sd * *std::max_element(sizes.begin(), sizes.end());
    mean *= sd;
  }

  double violation() const {
    return std::max(
        {1.1 - skewness, skewness - 1.4, 0.5 * -kurtosis, 0.5 * (kurtosis - 0.6), largest - 3.0});
  }
};

const SplitProblem year_problem{
    Year::dimension, [](std::span<const double> points, std::span<double> violations) {
      for (std::size_t i = 0; i < violations.size(); ++i) {
        violations[i] = Year(points.subspan(i * Year::dimension, Year::dimension)).violation();
      }
    }};

TEST_CASE("splitting finds the tail of a normal law, and its error", "[statistical]") {
  constexpr double bound = 4.26489;  // p = 1e-5
  constexpr std::uint64_t runs = 600;
  const SplitRule rule{.population = 512, .final_moves = 32};
  std::vector<double> ratios, along, across;
  double variance = 0.0;
  for (std::uint64_t i = 0; i < runs; ++i) {
    const SplitResult result = split(beyond(bound), rule, draws, {i, 0, 0});
    ratios.push_back(result.probability / tail(bound));
    variance += result.variation * result.variation / runs;
    const double s = (result.survivor[0] + result.survivor[1]) / std::sqrt(2.0);
    along.push_back(tail(s) / tail(bound));
    across.push_back(tail((result.survivor[0] - result.survivor[1]) / std::sqrt(2.0)));
  }
  const Spread found = spread(ratios);
  // 4 standard errors (6e-5) and a bias of 2 %.
  CHECK(std::abs(found.mean - 1.0) < 4.0 * found.sd / std::sqrt(static_cast<double>(runs)) + 0.02);
  CHECK(std::sqrt(variance) > 0.7 * found.sd);
  CHECK(std::sqrt(variance) < 1.1 * found.sd);
  CHECK(test::unevenness(along) < ks_limit);
  CHECK(test::unevenness(across) < ks_limit);
}

/// Points of the event x >= 1.2 along the diagonal, drawn by rejection, after `moves` moves within
/// it: their unevenness along the diagonal, which the event cuts, and across it.
struct Drift {
  double along = 0.0;
  double across = 0.0;
  std::uint64_t accepted = 0;
};

using Move = std::function<std::uint64_t(const SplitMove&, std::span<double>, std::span<double>)>;

Drift drift_of(const SplitProblem& problem, double bound, const Move& move) {
  constexpr std::uint32_t size = 20'000;
  constexpr std::uint32_t moves = 8;
  std::vector<double> points, violations;
  std::array<double, 2> point{};
  for (std::uint32_t i = 0; violations.size() < size; ++i) {
    draw_normals(draws, {i, 2, 0}, {}, point);
    double violation = 0.0;
    problem.violations(point, std::span(&violation, 1));
    if (violation > 0.0) continue;
    points.insert(points.end(), point.begin(), point.end());
    violations.push_back(violation);
  }
  Drift drift;
  for (std::uint32_t i = 0; i < moves; ++i) {
    drift.accepted += move({{0, 3, 0}, {1, 0, i}, 0.0, 0.6}, points, violations);
  }
  std::vector<double> along, across;
  for (std::uint32_t i = 0; i < size; ++i) {
    along.push_back(tail((points[2 * i] + points[2 * i + 1]) / std::sqrt(2.0)) / tail(bound));
    across.push_back(tail((points[2 * i] - points[2 * i + 1]) / std::sqrt(2.0)));
  }
  drift.along = test::unevenness(along);
  drift.across = test::unevenness(across);
  return drift;
}

TEST_CASE("moves leave the prior within a level as it is", "[statistical]") {
  constexpr double bound = 1.2;
  const SplitProblem problem = beyond(bound);
  const Drift right = drift_of(problem, bound, [&](const SplitMove& move, auto points, auto found) {
    return move_chains(problem, draws, move, points, found);
  });
  CHECK(right.along < ks_limit);
  CHECK(right.across < ks_limit);
  CHECK(right.accepted > 20'000);
  CHECK(right.accepted < 7 * 20'000);
  // The factor 1 - step instead of sqrt(1 - step^2) is seen.
  const Drift wrong = drift_of(problem, bound, [&](const SplitMove& move, auto points, auto found) {
    const double factor = (1.0 - move.step) / std::sqrt(1.0 - move.step * move.step);
    std::vector<double> shrunk(points.begin(), points.end());
    for (double& each : shrunk) each *= factor;
    std::vector<double> after = shrunk;
    std::vector<double> violations(found.begin(), found.end());
    const std::uint64_t accepted = move_chains(problem, draws, move, after, violations);
    for (std::size_t i = 0; i < after.size(); ++i) {
      if (after[i] != shrunk[i]) points[i] = after[i];
    }
    return accepted;
  });
  CHECK(wrong.along > ks_limit);
  CHECK(wrong.across > ks_limit);
}

TEST_CASE("independent replicates of a split agree", "[statistical]") {
  for (std::uint64_t i = 0; i < 20; ++i) {
    const SplitRule rule{.population = 256, .final_moves = 0};
    const SplitResult one = split(beyond(4.0), rule, draws, {i, 4, 0});
    const SplitResult other = split(beyond(4.0), rule, draws, {i, 4, 1});
    CHECK(one.probability != other.probability);
    CHECK(sigmas_apart(one, other) < most_split_sigmas);
  }
}

TEST_CASE("splitting on skewness and kurtosis gives the survivors of rejection", "[statistical]") {
  std::mt19937_64 generator(7);
  std::normal_distribution<double> normal;
  std::vector<double> point(Year::dimension);
  std::vector<Year> accepted;
  constexpr std::uint64_t trials = 1'000'000;
  for (std::uint64_t i = 0; i < trials; ++i) {
    for (double& each : point) each = normal(generator);
    const Year year(point);
    if (year.violation() <= 0.0) accepted.push_back(year);
  }
  const double p = static_cast<double>(accepted.size()) / trials;
  const SplitRule rule{.population = 256, .final_moves = 64};
  constexpr std::uint64_t runs = 500;
  std::vector<double> ratios;
  std::vector<Year> drawn;
  double variance = 0.0;
  for (std::uint64_t i = 0; i < runs; ++i) {
    const SplitResult result = split(year_problem, rule, draws, {i, 1, 0});
    ratios.push_back(result.probability / p);
    variance += result.variation * result.variation / runs;
    drawn.emplace_back(result.survivor);
    REQUIRE(drawn.back().violation() <= 0.0);
  }
  const Spread found = spread(ratios);
  // 4 standard errors (6e-5), also of the brute force, and a bias of 2 %.
  const double error = std::sqrt(found.sd * found.sd / static_cast<double>(runs) +
                                 1.0 / static_cast<double>(accepted.size()));
  CHECK(std::abs(found.mean - 1.0) < 4.0 * error + 0.02);
  CHECK(std::sqrt(variance) > 0.7 * found.sd);
  CHECK(std::sqrt(variance) < 1.1 * found.sd);
  for (const auto field : {&Year::count, &Year::sd, &Year::mean, &Year::spread, &Year::skewness,
                           &Year::kurtosis, &Year::largest}) {
    std::vector<double> a, b;
    for (const Year& each : accepted) a.push_back(each.*field);
    for (const Year& each : drawn) b.push_back(each.*field);
    CHECK(test::unlikeness(a, b) < ks_limit);
  }
}

}  // namespace
