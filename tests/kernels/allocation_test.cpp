#include "kernels/allocation.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <random>
#include <span>
#include <vector>

#include "kernels/math.hpp"
#include "tests/support/reference.hpp"
#include "tests/support/targets.hpp"

namespace flopsieve::kernels {
namespace {

using Real = long double;

/// The classes from the definition: edges and computes in units of T.
struct SlowClasses {
  std::vector<Real> edge;
  std::vector<Real> compute;

  explicit SlowClasses(const Allocation& a) {
    for (std::uint32_t i = 0; i <= a.bins; ++i) {
      const Real relative =
          std::pow(10.0L, Real{a.log10_smallest} * (a.bins - i) / static_cast<Real>(a.bins));
      edge.push_back(relative * static_cast<Real>(a.largest_share));
      const Real share = std::pow(relative, static_cast<Real>(a.gradient));
      if (i > 0) compute.push_back(share - previous);
      previous = share;
    }
  }

 private:
  Real previous = 0.0L;
};

/// The sizes m / T of one candidate by the definition, class by class; uniform(i) is the next
/// uniform number of class i.
std::vector<std::vector<Real>> slow_draw(const Allocation& a,
                                         const std::function<Real(std::size_t)>& uniform) {
  const SlowClasses classes(a);
  std::vector<std::vector<Real>> models;
  for (std::size_t i = 0; i < a.bins; ++i) {
    std::vector<Real>& filled = models.emplace_back();
    Real sum = 0.0L;
    while (true) {
      const Real m = classes.edge[i] + (classes.edge[i + 1] - classes.edge[i]) * uniform(i);
      if (sum + m > classes.compute[i]) break;
      filled.push_back(m);
      sum += m;
    }
    if (sum < classes.compute[i]) filled.push_back(classes.compute[i] - sum);
  }
  return models;
}

Allocation random_allocation(test::Splitmix& random) {
  return {random.uniform(0.05, 0.5), random.uniform(0.9, 1.1), random.uniform(-8.0, -6.0), 19};
}

bool slow_feasible(const Allocation& a) {
  const SlowClasses classes(a);
  for (std::size_t i = 0; i < a.bins; ++i) {
    if (!(classes.compute[i] > classes.edge[i + 1])) return false;
  }
  return true;
}

/// Word j of class i of a candidate's stream.
std::uint32_t class_word(std::size_t i, std::size_t j, Counter counter, Key key) {
  counter[0] = static_cast<std::uint32_t>(i << 20 | j / 4);
  return test::random123_words(counter, key)[j % 4];
}

/// Half an ulp of z, and what the rounding of the size and the logarithm add.
double error_of_z(float z) {
  return 0.5 * static_cast<double>(std::nextafter(std::abs(z), 100.0f) - std::abs(z)) + 4e-8;
}

TEST_CASE("A draw is the definition, word by word of its stream") {
  test::Splitmix random(31);
  std::vector<float> z;
  for (int round = 0; round < 300; ++round) {
    const Allocation a = random_allocation(random);
    if (!allocation_feasible(a)) continue;
    const Key key = {random.word(), random.word()};
    const Counter counter = {0, random.word(), random.word(), random.word()};
    std::vector<std::size_t> used(a.bins, 0);
    const auto uniform = [&](std::size_t i) {
      return (static_cast<Real>(class_word(i, used[i]++, counter, key)) + 0.5L) / 4294967296.0L;
    };
    std::vector<Real> expected;
    std::vector<bool> is_last;
    for (const auto& filled : slow_draw(a, uniform)) {
      expected.insert(expected.end(), filled.begin(), filled.end());
      is_last.resize(expected.size(), false);
      is_last.back() = true;
    }
    REQUIRE(draw_allocation(a, key, counter, z));
    REQUIRE(z.size() == expected.size());
    for (std::size_t i = 0; i < z.size(); ++i) {
      // A remainder is a difference: 1e-12 of a class's compute, which exceeds it a thousandfold
      // at most.
      const double error = error_of_z(z[i]) + (is_last[i] ? 1e-9 : 0.0);
      REQUIRE(static_cast<double>(z[i]) ==
              Approx(static_cast<double>(std::log10(expected[i]))).margin(error).epsilon(0.0));
    }
  }
}

// --- Bit by bit: the documented operations in double and single precision. ----------------------

/// log10 of a size, with the constants in two parts each.
float exact_log10(float size) {
  const auto split = [](double constant) {
    const auto high = static_cast<float>(constant);
    return std::array<float, 2>{high, static_cast<float>(constant - static_cast<double>(high))};
  };
  const auto log_e = split(0.43429448190325182765);
  const auto log_2 = split(0.30102999566398119521);
  const auto [exponent, f, tail] = test::reference_log_parts(size);
  const float low = std::fma(exponent, log_2[1], std::fma(f, log_e[1], tail * log_e[0]));
  return std::fma(exponent, log_2[0], std::fma(f, log_e[0], low));
}

std::vector<float> exact_draw(const Allocation& a, Key key, const Counter& counter) {
  std::vector<double> edge, share;
  for (std::uint32_t i = 0; i <= a.bins; ++i) {
    const double log = a.log10_smallest / a.bins * (a.bins - i);
    edge.push_back(power_of_ten(log) * a.largest_share);
    share.push_back(power_of_ten(log * a.gradient));
  }
  std::vector<float> z;
  for (std::size_t i = 0; i < a.bins; ++i) {
    const double width = edge[i + 1] - edge[i];
    double left = share[i + 1] - share[i];
    for (std::size_t j = 0; left > 0.0; ++j) {
      const double word = class_word(i, j, counter, key);
      const double size = std::fma(width * 0x1p-32, word, edge[i] + width * 0x1p-33);
      z.push_back(exact_log10(static_cast<float>(std::min(size, left))));
      left -= size;
    }
  }
  return z;
}

/// Candidates of all kinds: of the published forecast; with few and many bins; with a class of many
/// models; and two of sixty with so many that they are drawn apart.
std::vector<AllocationRequest> mixed_requests(std::uint64_t seed, std::size_t size) {
  test::Splitmix random(seed);
  std::vector<AllocationRequest> requests;
  while (requests.size() < size) {
    Allocation a = random_allocation(random);
    if (requests.size() % 5 == 1) a.bins = 1 + random.word() % most_allocation_bins;
    if (requests.size() % 5 == 2) a.gradient = 0.8;
    if (requests.size() % 30 == 3) a = {0.3, 0.55, -10.0, 19};
    if (!allocation_feasible(a)) continue;
    requests.push_back({a, {random.word(), random.word(), random.word(), random.word()}});
  }
  return requests;
}

TEST_CASE("Candidates drawn together are those of the definition, bit by bit, on every target") {
  const Key key = {2504, 16138};
  const std::vector<AllocationRequest> requests = mixed_requests(34, 60);
  std::vector<std::vector<float>> expected;
  for (const AllocationRequest& each : requests) {
    expected.push_back(exact_draw(each.allocation, key, each.counter));
  }
  const test::RestoreTarget restore;
  for (const Target target : test::targets_to_test()) {
    force_target(target);
    for (const std::size_t together : {1u, 2u, 13u, 60u}) {
      AllocationDraws draws;
      for (std::size_t first = 0; first < requests.size(); first += together) {
        const auto some =
            std::span(requests).subspan(first).first(std::min(together, requests.size() - first));
        draws.draw(some, key);
        for (std::size_t i = 0; i < some.size(); ++i) {
          INFO(name(target) << ", " << together << " together, candidate " << first + i);
          const auto z = draws.of(i);
          REQUIRE(std::vector<float>(z.begin(), z.end()) == expected[first + i]);
        }
      }
    }
  }
}

TEST_CASE("One candidate alone has the same bits") {
  const std::vector<AllocationRequest> requests = mixed_requests(35, 20);
  std::vector<float> z;
  for (const AllocationRequest& each : requests) {
    REQUIRE(draw_allocation(each.allocation, {1, 2}, each.counter, z));
    REQUIRE(z == exact_draw(each.allocation, {1, 2}, each.counter));
  }
}

TEST_CASE("Every class has exactly its compute, and the sum lacks only what is below") {
  test::Splitmix random(32);
  std::vector<float> z;
  for (std::uint32_t round = 0; round < 300; ++round) {
    const Allocation a = random_allocation(random);
    if (!allocation_feasible(a)) continue;
    REQUIRE(draw_allocation(a, {5, 6}, {0, round, 0, 0}, z));
    const SlowClasses classes(a);
    std::size_t next = 0;
    Real total = 0.0L;
    for (std::size_t i = 0; i < a.bins; ++i) {
      // A float32 z moves a size by 1.2e-6 at most, and the sum of a class by no more.
      const Real tolerance = 1.2e-6L * classes.compute[i];
      Real sum = 0.0L;
      while (next < z.size() && sum < classes.compute[i] - tolerance) {
        REQUIRE(z[next] <= static_cast<float>(std::log10(classes.edge[i + 1])));
        sum += std::pow(10.0L, static_cast<Real>(z[next++]));
      }
      REQUIRE(std::abs(sum - classes.compute[i]) <= tolerance);
      total += sum;
    }
    REQUIRE(next == z.size());
    const Real residual =
        std::pow(10.0L, static_cast<Real>(a.log10_smallest) * static_cast<Real>(a.gradient));
    REQUIRE(std::abs(total - (1.0L - residual)) <= 1.2e-6L);
  }
}

TEST_CASE("Feasible means that every class exceeds its upper edge") {
  test::Splitmix random(33);
  int feasible = 0;
  for (int round = 0; round < 20000; ++round) {
    const Allocation a = {random.uniform(0.01, 1.0), random.uniform(0.3, 1.7),
                          random.uniform(-12.0, -0.5), 1 + random.word() % 30};
    INFO(a.largest_share << " " << a.gradient << " " << a.log10_smallest << " " << a.bins);
    REQUIRE(allocation_feasible(a) == slow_feasible(a));
    feasible += slow_feasible(a) ? 1 : 0;
  }
  CHECK(feasible > 2000);
  CHECK(feasible < 18000);
}

TEST_CASE("A draw of too many models is refused") {
  std::vector<float> z;
  CHECK_FALSE(draw_allocation({0.05, 0.5, -20.0, 19}, {1, 2}, {}, z));
  CHECK(draw_allocation({0.05, 0.5, -6.0, 19}, {1, 2}, {}, z));
  CHECK(z.size() > 10000);

  const Allocation fine{0.158, 1.0, -7.0, 19};
  const std::vector<AllocationRequest> requests = {
      {fine, {0, 1, 0, 0}}, {{0.05, 0.5, -20.0, 19}, {}}, {fine, {0, 2, 0, 0}}};
  AllocationDraws draws;
  draws.draw(requests, {1, 2});
  CHECK(draws.of(1).empty());
  for (const std::size_t i : {0u, 2u}) {
    REQUIRE(draw_allocation(fine, {1, 2}, requests[i].counter, z));
    CHECK(std::vector<float>(draws.of(i).begin(), draws.of(i).end()) == z);
  }
}

// --- The law. Seeds were fixed before the first run. --------------------------------------------

constexpr int candidates = 20000;
constexpr std::array<double, 5> thresholds = {-0.95, -1.3, -2.0, -4.0, -9.0};

/// Sum and sum of squares of the number of models above each threshold, in log10(m / T).
struct Tally {
  std::array<double, thresholds.size()> sum{};
  std::array<double, thresholds.size()> square{};

  void add(const std::vector<double>& z) {
    for (std::size_t i = 0; i < thresholds.size(); ++i) {
      const auto above = static_cast<double>(
          std::count_if(z.begin(), z.end(), [&](double x) { return x >= thresholds[i]; }));
      sum[i] += above;
      square[i] += above * above;
    }
  }
  double mean(std::size_t i) const { return sum[i] / candidates; }
  double variance_of_mean(std::size_t i) const {
    return (square[i] / candidates - mean(i) * mean(i)) / candidates;
  }
};

Tally kernel_tally(const Allocation& a) {
  Tally tally;
  std::vector<float> z;
  for (std::uint32_t i = 0; i < candidates; ++i) {
    draw_allocation(a, {2504, 16138}, {0, i, 0, 0}, z);
    tally.add({z.begin(), z.end()});
  }
  return tally;
}

Tally slow_tally(const Allocation& a) {
  Tally tally;
  std::mt19937_64 generator(41);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  for (int i = 0; i < candidates; ++i) {
    std::vector<double> z;
    for (const auto& filled : slow_draw(a, [&](std::size_t) { return Real{uniform(generator)}; })) {
      for (const Real m : filled) z.push_back(static_cast<double>(std::log10(m)));
    }
    tally.add(z);
  }
  return tally;
}

const std::array<Allocation, 3> fixed_inputs = {Allocation{0.158, 1.0, -7.0, 19},
                                                Allocation{0.35, 0.9, -6.0, 19},
                                                Allocation{0.1, 1.1, -8.0, 19}};

TEST_CASE("The number of models above a threshold is that of the definition", "[statistical]") {
  // 15 comparisons of two means at 4.5 standard errors: false alarm 1e-4. One model of a hundred
  // more or less would be more than 20 of them.
  for (const Allocation& a : fixed_inputs) {
    REQUIRE(allocation_feasible(a));
    const Tally kernel = kernel_tally(a);
    const Tally slow = slow_tally(a);
    for (std::size_t i = 0; i < thresholds.size(); ++i) {
      const double error = std::sqrt(kernel.variance_of_mean(i) + slow.variance_of_mean(i));
      INFO("gradient " << a.gradient << ", above " << thresholds[i] << ": " << kernel.mean(i)
                       << " and " << slow.mean(i) << " +- " << error);
      CHECK(std::abs(kernel.mean(i) - slow.mean(i)) <= 4.5 * error);
    }
  }
}

TEST_CASE("The continuum formula is close where classes are complete", "[statistical]") {
  // (T / M) a / (a - 1) (1 - (c / M)^(a - 1)), and (T / M) ln(M / c) at a = 1; the coarse classes
  // deviate from it by up to 12 %.
  for (const Allocation& a : fixed_inputs) {
    const Tally kernel = kernel_tally(a);
    for (std::size_t i = 1; i < 4; ++i) {
      const double relative = std::pow(10.0, thresholds[i]) / a.largest_share;
      const double shape = a.gradient == 1.0 ? -std::log(relative)
                                             : a.gradient / (a.gradient - 1.0) *
                                                   (1.0 - std::pow(relative, a.gradient - 1.0));
      INFO("gradient " << a.gradient << ", above " << thresholds[i]);
      CHECK(kernel.mean(i) == Approx(shape / a.largest_share).epsilon(0.12));
    }
  }
}

}  // namespace
}  // namespace flopsieve::kernels
