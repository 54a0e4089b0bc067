#include "jobs/elementary_effects.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <stdexcept>

using namespace flopsieve::jobs;
using Catch::Matchers::Contains;

TEST_CASE("effects are signed by the direction of the step, whichever input comes first") {
  // Two trajectories of two inputs: up, then down; the second changes the inputs in the other
  // order.
  const Columns inputs{{0, 2, 2, 5, 5, 3}, {9, 9, 4, 4, 9, 9}};
  const std::vector<double> output{1, 4, 6, 10, 11, 18};
  const Columns effects = effects_of(inputs, output);
  CHECK(effects == Columns{{3, -7}, {-2, 1}});
}

TEST_CASE("mu, mu star and sigma of effects that can be added up by hand") {
  const ElementaryEffects found = elementary_effects({{1, -3, 5}, {2, 2, 2}});
  CHECK(found.mu[0].value == 1.0);
  CHECK(found.mu_star[0].value == 3.0);
  CHECK(found.sigma[0].value == 4.0);
  CHECK(found.mu[1].value == 2.0);
  CHECK(found.sigma[1].value == 0.0);
  // Whatever the resample, equal effects have the same mean; unequal ones vary between the ends.
  CHECK(found.mu[1].low == 2.0);
  CHECK(found.mu[1].high == 2.0);
  CHECK(found.mu[0].low >= -3.0);
  CHECK(found.mu[0].low < 1.0);
  CHECK(found.mu_star[0].high <= 5.0);
  CHECK(found.mu_star[0].high > 3.0);
}

TEST_CASE("a point without a result leaves no effect beside it") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Columns inputs{{0, 1, 1, 0, 0, 1}, {0, 0, 1, 1, 0, 0}};
  const Columns effects = effects_of(inputs, {1, 2, nan, 4, 5, 6});
  CHECK(effects[0] == std::vector<double>{1, 1});
  CHECK(std::isnan(effects[1][0]));
  CHECK(effects[1][1] == -1);
}

TEST_CASE("rows that are no trajectories are refused") {
  const auto refused = [](const Columns& inputs, const char* says) {
    const std::vector<double> output(inputs.front().size(), 1.0);
    CHECK_THROWS_WITH(effects_of(inputs, output), Contains(says));
    CHECK_THROWS_AS(effects_of(inputs, output), std::invalid_argument);
  };
  refused({{0, 1, 1, 0}, {0, 0, 1, 1}}, "4 rows are no whole multiple of 3");
  refused({{0, 1, 1}, {0, 1, 0}}, "rows 0 and 1 differ in 2 inputs");
  refused({{0, 0, 1}, {0, 0, 0}}, "rows 0 and 1 differ in 0 inputs");
  refused({{0, 1, 2}, {0, 0, 0}}, "trajectory 0 changes an input twice");
}
