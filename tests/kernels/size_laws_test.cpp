#include "kernels/size_laws.hpp"

#include <algorithm>
#include <array>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/skew_normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <boost/math/special_functions/owens_t.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/reference.hpp"

namespace flopsieve::kernels {
namespace {

namespace bm = boost::math;
using Real = long double;
using Function = std::function<Real(Real)>;

Real phi(Real x) {
  return bm::pdf(bm::normal_distribution<Real>(), x);
}

Real upper(Real x) {
  return bm::cdf(bm::complement(bm::normal_distribution<Real>(), x));
}

/// A law with its density and the probability above z by other means, on [low, high].
struct Case {
  std::string name;
  SizeLaw law;
  Function density;
  Function tail;
  double low;
  double high;
};

Case student_case(double nu) {
  const bm::students_t_distribution<Real> t(static_cast<Real>(nu));
  return {"student_t " + std::to_string(nu),
          StudentT(nu),
          [=](Real z) { return bm::pdf(t, z); },
          [=](Real z) { return bm::cdf(bm::complement(t, z)); },
          -9.0,
          9.0};
}

Case skew_case(const std::string& name, const SkewNormalShape& shape) {
  const Real scale = std::hypot(static_cast<Real>(shape.absolute), static_cast<Real>(shape.normal));
  const bm::skew_normal_distribution<Real> law(shape.constant, scale,
                                               static_cast<Real>(shape.absolute) / shape.normal);
  return {name,
          SkewNormalSizes{shape},
          [=](Real z) { return bm::pdf(law, z); },
          [=](Real z) { return bm::cdf(bm::complement(law, z)); },
          -6.0,
          6.0};
}

Case truncated_case(double mean, double sd, double lower, double upper_end) {
  const Real low = (static_cast<Real>(lower) - mean) / sd;
  const Real width = (static_cast<Real>(upper_end) - lower) / sd;
  // In the nearer tail, so that the oracle keeps its digits as well.
  const auto between = [](Real a, Real b) {
    return a > 0 ? upper(a) - upper(b) : upper(-b) - upper(-a);
  };
  const Real mass = between(low, low + width);
  return {"truncated_normal from " + std::to_string(lower),
          TruncatedNormalSizes(mean, sd, lower, upper_end),
          [=](Real z) { return phi(low + width * z) * width / mass; },
          [=](Real z) { return between(low + width * z, low + width) / mass; },
          0.0,
          1.0};
}

Case uniform_case() {
  return {"uniform", UniformSizes{}, [](Real) { return 1.0L; }, [](Real z) { return 1 - z; }, 0.0,
          1.0};
}

/// From the density in m by the definition: the share of m^(gradient - 1) above a size.
Case power_case(double gradient, double range) {
  const Real rate = (static_cast<Real>(gradient) - 1) * range * std::log(10.0L);
  const auto above = [=](Real z) {
    return gradient == 1.0 ? 1 - z : (std::expm1(rate) - std::expm1(rate * z)) / std::expm1(rate);
  };
  const auto density = [=](Real z) {
    return gradient == 1.0 ? 1 : rate * std::exp(rate * z) / std::expm1(rate);
  };
  return {"power_law " + std::to_string(gradient),
          PowerLawSizes(gradient, range),
          density,
          above,
          0.0,
          1.0};
}

const std::array<MixtureComponent, 3> components = {
    {{2.0, -1.5, 0.4}, {1.0, 0.2, 1.0}, {3.0, 1.0, 0.15}}};

Case mixture_case() {
  const auto mean_of = [](const Function& f, bool per_sd) {
    return [=](Real z) {
      Real sum = 0;
      for (const MixtureComponent& c : components) {
        sum += static_cast<Real>(c.weight) * f((z - c.mean) / c.sd) / (per_sd ? c.sd : 1.0) / 6;
      }
      return sum;
    };
  };
  return {"mixture", MixtureSizes(components), mean_of(phi, true), mean_of(upper, false), -4.0,
          5.0};
}

const std::array<double, 4> centres = {20.5, 21.0, 22.5, 24.0};
const std::array<double, 4> cumulative_weights = {1.0, 3.0, 4.0, 5.0};
const KernelDensity kernel = {centres, cumulative_weights, 0.3, 21.8, 1.3};

Case empirical_case() {
  const auto mean_of = [](const Function& f) {
    return [=](Real z) {
      const Real x = 21.8L + 1.3L * z;
      return (f((x - 20.5L) / 0.3L) + 2 * f((x - 21.0L) / 0.3L) + f((x - 22.5L) / 0.3L) +
              f((x - 24.0L) / 0.3L)) /
             5;
    };
  };
  const auto density = mean_of(phi);
  return {"empirical",
          EmpiricalSizes(kernel),
          [=](Real z) { return density(z) * 1.3L / 0.3L; },
          mean_of(upper),
          -3.0,
          4.0};
}

std::vector<Case> cases() {
  return {{"normal", NormalSizes{}, phi, upper, -8.0, 8.0},
          skew_case("skew_normal 0", skew_normal_shape(0.0)),
          skew_case("skew_normal 0.9", skew_normal_shape(0.9)),
          skew_case("skew_normal -0.5", skew_normal_shape(-0.5)),
          skew_case("skew_normal direct 40", skew_normal_direct_shape(40.0)),
          skew_case("skew_normal direct -1", skew_normal_direct_shape(-1.0)),
          student_case(2.0),
          student_case(4.5),
          student_case(30.0),
          student_case(1e5),
          truncated_case(22.0, 1.5, 18.0, 26.5),
          truncated_case(22.0, 1.5, 23.0, 24.0),
          truncated_case(22.0, 0.5, 26.0, 28.0),  // 8 to 12 standard deviations above the mean
          truncated_case(22.0, 0.25, 13.0, 14.0),
          uniform_case(),
          power_case(1.0, 8.0),
          power_case(0.9, 8.0),
          power_case(1.1, 7.0),
          power_case(0.5, 6.0),
          power_case(1.0 + 1e-13, 6.0),
          power_case(3.0, 10.0),
          power_case(-5.0, 60.0),
          power_case(5.0, 60.0),
          mixture_case(),
          empirical_case()};
}

TEST_CASE("Probabilities and densities of sizes agree with their definitions") {
  for (const Case& c : cases()) {
    for (int i = 0; i <= 400; ++i) {
      const double z = c.low + (c.high - c.low) * i / 400;
      INFO(c.name << " at " << z);
      REQUIRE(density(c.law, z) ==
              Approx(static_cast<double>(c.density(z))).epsilon(1e-11).margin(1e-300));
      REQUIRE(tail(c.law, z) ==
              Approx(static_cast<double>(c.tail(z))).epsilon(1e-11).margin(1e-14));
      REQUIRE(cumulative(c.law, z) ==
              Approx(static_cast<double>(1.0L - c.tail(z))).epsilon(1e-11).margin(1e-14));
    }
  }
}

TEST_CASE("Far tails keep their digits") {
  const Case student = student_case(4.5);
  for (const double z : {20.0, 1e3, 1e6, 1e12}) {
    CHECK(tail(student.law, z) ==
          Approx(static_cast<double>(student.tail(z))).epsilon(1e-12).margin(0.0));
    CHECK(cumulative(student.law, -z) == tail(student.law, z));
  }
  CHECK(tail(NormalSizes{}, 20.0) ==
        Approx(static_cast<double>(upper(20.0L))).epsilon(1e-13).margin(0.0));
  CHECK(tail(SkewNormalSizes{skew_normal_direct_shape(3.0)}, 10.0) ==
        Approx(2.0 * static_cast<double>(upper(10.0L))).epsilon(1e-12).margin(0.0));
}

TEST_CASE("Owen's function agrees with Boost.Math") {
  test::Splitmix random(61);
  for (int i = 0; i < 20000; ++i) {
    const double h = random.uniform(-9.0, 9.0);
    const double a = std::ldexp(random.uniform(-1.0, 1.0), i % 24 - 6);
    INFO(h << " " << a);
    REQUIRE(std::abs(owens_t(h, a) - bm::owens_t(h, a)) <= 1e-15);
  }
}

TEST_CASE("largest_density bounds the density") {
  for (const Case& c : cases()) {
    INFO(c.name);
    double highest = 0.0;
    for (int i = 0; i <= 100000; ++i) {
      highest = std::max(highest, density(c.law, c.low + (c.high - c.low) * i / 100000));
    }
    CHECK(highest <= largest_density(c.law) * (1.0 + 1e-13));
    // Attained, except by the two sums.
    const bool sum = c.name == "mixture" || c.name == "empirical";
    if (!sum) CHECK(highest >= largest_density(c.law) * (1.0 - 1e-4));
  }
}

TEST_CASE("quantile_between inverts the probability between two points") {
  for (const Case& c : cases()) {
    const double span = c.high - c.low;
    for (const double start : {0.1, 0.5, 0.8}) {
      const double low = c.low + start * span;
      const double high = low + 0.15 * span;
      for (const double u : {1e-6, 0.1, 0.5, 0.999}) {
        const double z = quantile_between(c.law, low, high, u);
        INFO(c.name << " between " << low << " and " << high << " at " << u);
        REQUIRE(z >= low);
        REQUIRE(z <= high);
        const Real whole = c.tail(low) - c.tail(high);
        // The oracle's own difference, and the last halving.
        if (whole < 1e-6L) continue;
        const Real part = c.tail(low) - c.tail(z);
        REQUIRE(static_cast<double>(part / whole) == Approx(u).margin(1e-9));
      }
    }
  }
}

TEST_CASE("The probability far above the mean is not lost in a difference") {
  const SizeLaw law = NormalSizes{};
  const Real exact = upper(12.0L) - upper(12.5L);
  CHECK(probability_between(law, 12.0, 12.5) ==
        Approx(static_cast<double>(exact)).epsilon(1e-12).margin(0.0));
  const double z = quantile_between(law, 12.0, 12.5, 0.5);
  CHECK(static_cast<double>((upper(12.0L) - upper(static_cast<Real>(z))) / exact) ==
        Approx(0.5).epsilon(1e-9));
}

TEST_CASE("A grid has its points with equal probabilities") {
  const SizeLaw law = GridSizes{5};
  CHECK(cumulative(law, -0.1) == 0.0);
  CHECK(cumulative(law, 2.0) == Approx(0.6));
  CHECK(cumulative(law, 4.0) == 1.0);
  CHECK(density(law, 2.0) == 0.0);
}

TEST_CASE("Draws of the normal and skew-normal law are the documented pairs of their stream") {
  const Key key = {11, 12};
  const Counter counter = {77, 1, 2, 3};
  for (std::uint32_t j = 0; j < 2000; ++j) {
    const Words by_four = test::random123_words({j / 4, 1, 2, 3}, key);
    const test::Pair pair =
        test::reference_normals(by_four[j % 4 / 2 * 2], by_four[j % 4 / 2 * 2 + 1]);
    REQUIRE(draw_size(NormalSizes{}, key, counter, j) == (j % 2 == 0 ? pair.first : pair.second));
    for (const double skewness : {0.0, 0.7, -0.9}) {
      const SkewNormalShape shape = skew_normal_shape(skewness);
      const test::Lane lane = {{0, 1, 2, 3},
                               static_cast<float>(shape.absolute),
                               static_cast<float>(shape.normal),
                               static_cast<float>(shape.constant)};
      REQUIRE(draw_size(SkewNormalSizes{shape}, key, counter, j) ==
              test::reference_draw(key, lane, j));
    }
  }
}

// --- The law of the draws. Seeds were fixed before the first run. -------------------------------

constexpr int sample_size = 400000;
constexpr int cells = 64;

/// The points that cut the law into cells of equal probability, by bisection on the oracle.
std::vector<double> cell_edges(const Case& c) {
  const bool bounded = c.low == 0.0;
  std::vector<double> edges;
  for (int i = 1; i < cells; ++i) {
    double low = bounded ? 0.0 : -1e4;
    double high = bounded ? 1.0 : 1e4;
    for (int step = 0; step < 60; ++step) {
      const double middle = 0.5 * (low + high);
      (c.tail(middle) * cells > static_cast<Real>(cells - i) ? low : high) = middle;
    }
    edges.push_back(low);
  }
  return edges;
}

/// Pearson's statistic over the cells, each draw multiplied by `factor` about the middle of the
/// law's range.
double chi_square(const Case& c, double factor) {
  const std::vector<double> edges = cell_edges(c);
  std::vector<double> counts(cells, 0.0);
  const double middle = 0.5 * (c.low + c.high);
  for (std::uint32_t i = 0; i < sample_size; ++i) {
    const double z = draw_size(c.law, {62, 0}, {0, i >> 10, 0, 0}, i % 1024);
    const auto edge = std::upper_bound(edges.begin(), edges.end(), middle + factor * (z - middle));
    counts[static_cast<std::size_t>(edge - edges.begin())] += 1.0;
  }
  double statistic = 0.0;
  constexpr double expected = static_cast<double>(sample_size) / cells;
  for (const double n : counts) statistic += (n - expected) * (n - expected) / expected;
  return statistic;
}

TEST_CASE("Sizes follow their laws, and a wrong scale would show", "[statistical]") {
  // 63 degrees of freedom, false alarm 1e-6 for each of 25 laws.
  const double bound = bm::quantile(bm::complement(bm::chi_squared_distribution<>(63.0), 1e-6));
  for (const Case& c : cases()) {
    INFO(c.name);
    CHECK(chi_square(c, 1.0) <= bound);
    CHECK(chi_square(c, 1.03) > bound);
  }
}

TEST_CASE("A truncation beyond the reach of the normal law has no mass") {
  CHECK(TruncatedNormalSizes(0.0, 1.0, 40.0, 41.0).mass() == 0.0);
  CHECK(TruncatedNormalSizes(0.0, 1.0, -41.0, -40.0).mass() == 0.0);
  CHECK(TruncatedNormalSizes(0.0, 1.0, -41.0, 41.0).mass() == 1.0);
}

}  // namespace
}  // namespace flopsieve::kernels
