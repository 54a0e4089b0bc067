#include "jobs/sobol_indices.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <random>
#include <stdexcept>

using namespace flopsieve::jobs;
using Catch::Matchers::Contains;

namespace {

/// Outputs of a function at a Saltelli design of uniform inputs.
struct Design {
  std::vector<double> a, b;
  Columns ab;
};

Design evaluate(std::size_t rows, std::size_t d, unsigned seed,
                const std::function<double(const std::vector<double>&)>& f) {
  std::mt19937_64 generator(seed);
  std::uniform_real_distribution<double> uniform;
  Design design{{}, {}, Columns(d)};
  for (std::size_t row = 0; row < rows; ++row) {
    std::vector<double> a(d), b(d);
    for (double& each : a) each = uniform(generator);
    for (double& each : b) each = uniform(generator);
    design.a.push_back(f(a));
    design.b.push_back(f(b));
    for (std::size_t i = 0; i < d; ++i) {
      std::vector<double> mixed = a;
      mixed[i] = b[i];
      design.ab[i].push_back(f(mixed));
    }
  }
  return design;
}

}  // namespace

TEST_CASE("Jansen's estimators on numbers that can be added up by hand") {
  // f(A) = 1, 3; f(B) = 2, 6; f(AB) = 2, 4. V of (1, 3, 2, 6) = 14 / 3.
  const SobolIndices indices = sobol_indices({1.0, 3.0}, {2.0, 6.0}, {{2.0, 4.0}});
  CHECK(indices.first[0].value == Approx(1.0 - 4.0 / (4.0 * 14.0 / 3.0)));
  CHECK(indices.total[0].value == Approx(2.0 / (4.0 * 14.0 / 3.0)));
}

TEST_CASE("a shift of the output, however large, changes nothing") {
  const auto f = [](double shift) {
    return [=](const std::vector<double>& x) { return x[0] + 2.0 * x[1] + shift; };
  };
  const Design near = evaluate(200, 2, 1, f(0.0));
  const Design far = evaluate(200, 2, 1, f(1e6));
  const SobolIndices x = sobol_indices(near.a, near.b, near.ab);
  const SobolIndices y = sobol_indices(far.a, far.b, far.ab);
  CHECK(x.total[1].value == Approx(y.total[1].value).epsilon(1e-8));
  CHECK(x.first[1].low == Approx(y.first[1].low).epsilon(1e-8));
}

TEST_CASE("intervals cover the closed form of a product as often as they say", "[statistical]") {
  // f = (1 + x0) (1 + x1 / 2), x uniform: means m0 = 3/2, m1 = 5/4, variances 1/12, 1/48. V0 = v0
  // m1^2, V1 = v1 m0^2, V01 = v0 v1.
  const double v0 = 1.0 / 12.0, v1 = 1.0 / 48.0, m0 = 1.5, m1 = 1.25;
  const double both = v0 * v1, first0 = v0 * m1 * m1, first1 = v1 * m0 * m0;
  const double variance = first0 + first1 + both;
  const double closed[] = {first0 / variance, first1 / variance, (first0 + both) / variance,
                           (first1 + both) / variance};
  constexpr int designs = 100;
  int covered[4] = {};
  for (unsigned seed = 0; seed < designs; ++seed) {
    const Design design = evaluate(200, 2, seed, [](const std::vector<double>& x) {
      return (1.0 + x[0]) * (1.0 + x[1] / 2.0);
    });
    const SobolIndices indices = sobol_indices(design.a, design.b, design.ab);
    const Index found[] = {indices.first[0], indices.first[1], indices.total[0], indices.total[1]};
    for (int i = 0; i < 4; ++i) {
      covered[i] += found[i].low <= closed[i] && closed[i] <= found[i].high ? 1 : 0;
    }
  }
  // Binomial(100, 0.95): 83 or fewer with probability 1e-5. An interval of half the width covers 67
  // %.
  for (const int each : covered) CHECK(each > 83);
}

TEST_CASE("an output without variance has no indices") {
  const SobolIndices indices = sobol_indices({1.0, 1.0, 1.0}, {1.0, 1.0, 1.0}, {{1.0, 1.0, 1.0}});
  CHECK(std::isnan(indices.total[0].value));
  CHECK(std::isnan(indices.total[0].low));
}

TEST_CASE("the order of a Saltelli design's blocks is found from its rows") {
  // Two base rows, three inputs; the blocks change inputs 2, 0, 1.
  const Columns inputs{{1, 2, 10, 20, 1, 2, 10, 20, 1, 2},
                       {3, 4, 30, 40, 3, 4, 3, 4, 30, 40},
                       {5, 6, 50, 60, 50, 60, 5, 6, 5, 6}};
  CHECK(saltelli_order(inputs) == std::vector<std::size_t>{2, 0, 1});

  const auto refused = [](Columns changed, const char* says) {
    CHECK_THROWS_WITH(saltelli_order(changed), Contains(says));
    CHECK_THROWS_AS(saltelli_order(changed), std::invalid_argument);
  };
  Columns other = inputs;
  other[0][5] = 20;
  refused(other, "rows 4 to 5 take an input neither from A nor from B");
  other = inputs;
  other[0][4] = 10;
  other[0][5] = 20;
  refused(other, "rows 4 to 5 take 2 inputs from B");
  other = inputs;
  other[2][4] = 5;
  other[2][5] = 6;
  refused(other, "rows 4 to 5 take 0 inputs from B");
  other = inputs;
  for (Columns::value_type& column : other) column.pop_back();
  refused(other, "9 rows are no whole multiple of 5");
  other = inputs;
  std::swap(other[1][8], other[0][8]);
  other[0] = {1, 2, 10, 20, 1, 2, 10, 20, 10, 20};
  other[1] = {3, 4, 30, 40, 3, 4, 3, 4, 3, 4};
  refused(other, "two blocks take the same input");
}
