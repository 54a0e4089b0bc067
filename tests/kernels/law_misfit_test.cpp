#include "kernels/law_misfit.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "tests/support/reference.hpp"
#include "tests/support/targets.hpp"

namespace flopsieve::kernels {
namespace {

struct Data {
  std::vector<double> ln_parameters, ln_tokens, ln_loss, weight;

  LawRows rows() const { return {ln_parameters, ln_tokens, ln_loss, weight}; }
};

Data random_data(test::Splitmix& random, std::size_t size) {
  Data data;
  for (std::size_t i = 0; i < size; ++i) {
    data.ln_parameters.push_back(random.uniform(16.0, 26.0));
    data.ln_tokens.push_back(random.uniform(18.0, 30.0));
    data.ln_loss.push_back(random.uniform(0.5, 1.5));
    data.weight.push_back(std::floor(random.uniform(0.0, 4.0)));
  }
  return data;
}

LawConstants random_law(test::Splitmix& random) {
  return {random.uniform(0.0, 25.0), random.uniform(0.0, 25.0), random.uniform(-1.0, 1.0),
          random.uniform(0.0, 2.0), random.uniform(0.0, 2.0)};
}

/// r_i from its definition; the largest term is taken out of none, as long double has the range.
long double residual(const Data& data, const std::array<long double, 5>& law, std::size_t i) {
  const long double n = data.ln_parameters[i];
  const long double d = data.ln_tokens[i];
  return std::log(std::exp(law[0] - law[3] * n) + std::exp(law[1] - law[4] * d) +
                  std::exp(law[2])) -
         static_cast<long double>(data.ln_loss[i]);
}

long double misfit_by_definition(const Data& data, const std::array<long double, 5>& law,
                                 long double delta) {
  long double sum = 0.0L;
  for (std::size_t i = 0; i < data.weight.size(); ++i) {
    const long double r = std::abs(residual(data, law, i));
    sum += static_cast<long double>(data.weight[i]) *
           (r <= delta ? r * r / 2.0L : delta * (r - delta / 2.0L));
  }
  return sum;
}

std::array<long double, 5> exact(const LawConstants& law) {
  std::array<long double, 5> result{};
  std::copy(law.begin(), law.end(), result.begin());
  return result;
}

}  // namespace

TEST_CASE("law misfit: value and slopes are those of the definition, with equal bits everywhere") {
  const test::RestoreTarget restore;
  test::Splitmix random(71);
  for (std::size_t size = 1; size < 40; ++size) {
    const Data data = random_data(random, size);
    const LawConstants law = random_law(random);
    for (const double delta : {1e-3, 0.3, 50.0}) {
      INFO(size << " rows, delta " << delta);
      const auto oracle = static_cast<double>(misfit_by_definition(data, exact(law), delta));
      std::vector<LawMisfit> found;
      for (const Target target : test::targets_to_test()) {
        force_target(target);
        found.push_back(law_misfit(data.rows(), law, delta));
        CHECK(found.back().value == found.front().value);
        CHECK(found.back().gradient == found.front().gradient);
      }
      CHECK(found[0].value == Approx(oracle).epsilon(1e-13).margin(1e-18));
    }
  }
}

TEST_CASE("law misfit: slopes are those of central differences") {
  test::Splitmix random(72);
  for (int repeat = 0; repeat < 50; ++repeat) {
    const Data data = random_data(random, 37);
    const LawConstants law = random_law(random);
    const double delta = repeat % 2 == 0 ? 1e-3 : 2.0;
    const LawMisfit found = law_misfit(data.rows(), law, delta);
    for (std::size_t k = 0; k < 5; ++k) {
      // Errors of the difference, with slopes up to 37 * 3 * 30 delta: the curvature's change,
      // about 30^3 step^2, and rounding, 1e-19 of a misfit of 1000 delta, over the step; both below
      // 1e-9.
      const long double step = 1e-7L;
      auto above = exact(law);
      auto below = exact(law);
      above[k] += step;
      below[k] -= step;
      const long double slope =
          (misfit_by_definition(data, above, delta) - misfit_by_definition(data, below, delta)) /
          (2.0L * step);
      CHECK(found.gradient[k] ==
            Approx(static_cast<double>(slope)).epsilon(1e-6).margin(1e-7 * delta));
    }
  }
}

TEST_CASE("law misfit: terms that vanish beside others do no harm") {
  const Data data{{20.0, 22.0}, {22.0, 24.0}, {1.0, 0.9}, {1.0, 2.0}};
  const LawMisfit far = law_misfit(data.rows(), {-9e5, 0.0, 1.0, 0.5, 9e4}, 1e-3);
  CHECK(far.value == Approx(2.0 * 1e-3 * (0.1 - 0.5e-3)).epsilon(1e-12));
  CHECK(far.gradient[2] == Approx(2e-3).epsilon(1e-12));
  CHECK(std::abs(far.gradient[0]) < 1e-300);
  const LawMisfit steep = law_misfit(data.rows(), {9e5, 0.0, 1.0, 0.5, 9e4}, 1e-3);
  CHECK(steep.gradient[0] == Approx(3e-3).epsilon(1e-12));
}

TEST_CASE("law residuals: of every row, on every target") {
  const test::RestoreTarget restore;
  test::Splitmix random(73);
  const Data data = random_data(random, 29);
  const LawConstants law = random_law(random);
  for (const Target target : test::targets_to_test()) {
    force_target(target);
    std::vector<double> found(29);
    law_residuals(data.rows(), law, found);
    for (std::size_t i = 0; i < found.size(); ++i) {
      CHECK(
          found[i] ==
          Approx(static_cast<double>(residual(data, exact(law), i))).epsilon(1e-13).margin(1e-14));
    }
  }
}

}  // namespace flopsieve::kernels
