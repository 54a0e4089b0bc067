// Bounds of what errors of power sums do to moments: against sums that are wrong by as much as
// screen.hpp says that single precision may make them, in the directions that hurt most. Sums of
// real draws err far less, and would not miss a term of a bound.

#include "engine/moment_bounds.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <vector>

#include "tests/support/reference.hpp"

namespace flopsieve::engine {
namespace {

using Powers = std::array<long double, 4>;  ///< means of w, w^2, w^3 and w^4

Powers powers_of(const std::vector<double>& sizes, double origin) {
  Powers powers{};
  for (const double each : sizes) {
    long double power = 1.0L;
    for (long double& sum : powers) {
      power *= static_cast<long double>(each) - static_cast<long double>(origin);
      sum += power / static_cast<long double>(sizes.size());
    }
  }
  return powers;
}

/// Central moments of order 2, 3 and 4 by their definition.
struct Central {
  long double second, third, fourth;
};

Central central(const Powers& m) {
  const auto& [m1, m2, m3, m4] = m;
  return {m2 - m1 * m1, m3 - 3 * m1 * m2 + 2 * m1 * m1 * m1,
          m4 - 4 * m1 * m3 + 6 * m1 * m1 * m2 - 3 * m1 * m1 * m1 * m1};
}

long double skewness(const Central& c) {
  return c.third / std::pow(c.second, 1.5L);
}
long double kurtosis(const Central& c) {
  return c.fourth / (c.second * c.second);
}

/// Largest error found / bound, over all cases.
struct Worst {
  double mean = 0.0, variance = 0.0, third = 0.0, fourth = 0.0, skewness = 0.0, kurtosis = 0.0;
};

void raise(double& worst, long double error, double bound) {
  worst = std::max(worst, static_cast<double>(std::abs(error)) / bound);
}

/// Powers whose p-th mean errs by 40 u times its bound, in direction -1, 0 or 1 each.
void compare(const Powers& exact, const std::array<int, 4>& direction, Worst& worst) {
  constexpr long double share = 40.0L * 0x1p-24L;
  const std::array<long double, 4> sizes = {std::sqrt(exact[1]), exact[1],
                                            std::sqrt(exact[1] * exact[3]), exact[3]};
  std::array<double, 4> wrong{};
  for (std::size_t p = 0; p < 4; ++p) {
    wrong[p] = static_cast<double>(exact[p] + direction[p] * share * sizes[p]);
  }
  constexpr double n = 50.0;
  const Moments m = moments_of(n, n * wrong[0], n * wrong[1], n * wrong[2], n * wrong[3]);
  if (!(m.least_variance > 0.0)) return;
  const Central truth = central(exact);
  const Central found = central({wrong[0], wrong[1], wrong[2], wrong[3]});
  raise(worst.mean, wrong[0] - exact[0], m.mean_error);
  raise(worst.variance, truth.second - m.variance,
        truth.second > m.variance ? m.most_variance - m.variance : m.variance - m.least_variance);
  raise(worst.third, truth.third - m.central_3, m.error_3);
  raise(worst.fourth, truth.fourth - m.central_4, m.error_4);
  raise(worst.skewness, skewness(found) - skewness(truth), skewness_error(m));
  raise(worst.kurtosis, kurtosis(found) - kurtosis(truth), kurtosis_error(m));
}

/// Sizes of a lean and tails of many kinds: powers of exponential draws with either sign.
std::vector<double> some_sizes(test::Splitmix& random) {
  const double negative = random.uniform(0.0, 1.0);
  const double power = random.uniform(0.2, 2.5);
  std::vector<double> sizes(50);
  for (double& each : sizes) {
    const double size = std::pow(-std::log(random.uniform(1e-9, 1.0)), power);
    each = random.uniform(0.0, 1.0) < negative ? -size : size;
  }
  return sizes;
}

}  // namespace

TEST_CASE("bounds of moments hold for the worst errors of sums that are allowed") {
  test::Splitmix random(20241122);
  Worst worst;
  for (int i = 0; i < 400; ++i) {
    const std::vector<double> sizes = some_sizes(random);
    const Powers about_zero = powers_of(sizes, 0.0);
    const auto mean = static_cast<double>(about_zero[0]);
    const auto sd = static_cast<double>(std::sqrt(about_zero[1] - about_zero[0] * about_zero[0]));
    for (const double away : {-4.0, -1.5, -0.7, -0.3, 0.0, 0.1, 0.5, 1.0, 3.0, 8.0}) {
      const Powers exact = powers_of(sizes, mean + away * sd);
      for (int code = 0; code < 81; ++code) {
        compare(exact, {code % 3 - 1, code / 3 % 3 - 1, code / 9 % 3 - 1, code / 27 - 1}, worst);
      }
    }
  }
  for (const double each :
       {worst.mean, worst.variance, worst.third, worst.fourth, worst.skewness, worst.kurtosis}) {
    CHECK(each <= 1.0);
    CHECK(each > 0.6);  // so that no bound is right by its size alone
  }
}

}  // namespace flopsieve::engine
