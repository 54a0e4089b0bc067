#include "engine/state_path.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <map>

#include "kernels/philox.hpp"

namespace flopsieve::engine {
namespace {

const std::vector<int> years = {2024, 2025, 2028};  // 1, 2 and 5 years on

/// The i-th number of path p, from a generator of the test's own.
std::function<double(std::uint32_t)> uniforms(std::uint32_t path) {
  return [path](std::uint32_t i) {
    const kernels::Words words = kernels::philox({i, path, 0, 0}, {17, 4});
    return kernels::open_uniform(words[0], words[1]);
  };
}

/// Two ratios, two points per series, all numbers different.
StateSpace mixed_space() {
  StateSpace space;
  space.last_year = 2023;
  space.fitted_mean_sd = 0.2;
  space.ratio_weights = {0.3, 0.7};
  space.points = 2;
  for (int ratio = 0; ratio < 2; ++ratio) {
    for (std::uint32_t series = 0; series < state_series; ++series) {
      for (int point = 0; point < 2; ++point) {
        const double i = 4.0 * series + 2.0 * ratio + point;
        const double weight = 0.2 + 0.05 * series + 0.1 * ratio;
        const double level_sd = 0.1 + 0.02 * i;
        space.grid.push_back({point == 0 ? weight : 1.0 - weight, 2.0 - 0.3 * i,
                              0.4 - 0.3 * ratio + 0.1 * point, 0.2 + 0.01 * i, 0.1 - 0.02 * i,
                              0.05 + 0.01 * i, level_sd, level_sd * (0.2 + 0.5 * ratio)});
      }
    }
  }
  return space;
}

double mean_after(const StatePoint& p, int h) {
  return p.level + h * p.slope;
}

/// Covariance of the levels g and h years on: of the last state, of the sums of level noises, and
/// of the slope noises, each of which has worked for h - j years.
double covariance_after(const StatePoint& p, int g, int h) {
  const double slope_variance = p.chol_21 * p.chol_21 + p.chol_22 * p.chol_22;
  double covariance = p.chol_11 * p.chol_11 + (g + h) * p.chol_11 * p.chol_21 +
                      g * h * slope_variance + std::min(g, h) * p.level_sd * p.level_sd;
  for (int j = 1; j < std::min(g, h); ++j) {
    covariance += (g - j) * (h - j) * p.slope_sd * p.slope_sd;
  }
  return covariance;
}

constexpr std::size_t entries = 3 * state_series;  // a level for each year and series

/// Mean and second moment of the levels, by the law of total expectation over ratios and points.
struct Moments {
  double mean[entries] = {};
  double second[entries][entries] = {};
};

Moments closed_form(const StateSpace& space) {
  Moments all;
  const int ahead[] = {1, 2, 5};
  for (std::size_t ratio = 0; ratio < 2; ++ratio) {
    Moments given;
    const StatePoint* grid = &space.grid[ratio * state_series * 2];
    for (std::size_t a = 0; a < entries; ++a) {
      for (std::size_t i = 0; i < 2; ++i) {
        const StatePoint& p = grid[a / 3 * 2 + i];
        given.mean[a] += p.weight * mean_after(p, ahead[a % 3]);
      }
      all.mean[a] += space.ratio_weights[ratio] * given.mean[a];
    }
    for (std::size_t a = 0; a < entries; ++a) {
      for (std::size_t b = 0; b < entries; ++b) {
        double second = a / 3 != b / 3 ? given.mean[a] * given.mean[b] : 0.0;
        for (std::size_t i = 0; a / 3 == b / 3 && i < 2; ++i) {
          const StatePoint& p = grid[a / 3 * 2 + i];
          second += p.weight * (covariance_after(p, ahead[a % 3], ahead[b % 3]) +
                                mean_after(p, ahead[a % 3]) * mean_after(p, ahead[b % 3]));
        }
        all.second[a][b] += space.ratio_weights[ratio] * second;
      }
    }
  }
  return all;
}

}  // namespace

TEST_CASE("forward paths have the mean and covariance of the mixture of local linear trends",
          "[statistical]") {
  const StateSpace space = mixed_space();
  const Moments expected = closed_form(space);
  constexpr std::uint32_t paths = 200'000;
  std::vector<std::array<double, entries>> deviations(paths);
  for (std::uint32_t path = 0; path < paths; ++path) {
    const std::vector<StateRow> rows = draw_state_path(space, uniforms(path), years);
    for (std::size_t a = 0; a < entries; ++a) {
      deviations[path][a] = rows[a % 3][a / 3] - expected.mean[a];
    }
  }
  // 15 means and 120 covariances, each within 5 of its standard errors, which come from the draws:
  // false alarm below 135 * 6e-7 = 8e-5.
  const auto check = [&](double expectation, auto value) {
    double sum = 0.0, squares = 0.0;
    for (const auto& row : deviations) {
      sum += value(row);
      squares += value(row) * value(row);
    }
    const double mean_value = sum / paths;
    const double error = std::sqrt((squares / paths - mean_value * mean_value) / paths);
    CHECK(std::abs(mean_value - expectation) < 5.0 * error);
  };
  for (std::size_t a = 0; a < entries; ++a) {
    CAPTURE(a);
    check(0.0, [&](const auto& row) { return row[a]; });
    for (std::size_t b = 0; b <= a; ++b) {
      CAPTURE(b);
      check(expected.second[a][b] - expected.mean[a] * expected.mean[b],
            [&](const auto& row) { return row[a] * row[b]; });
    }
  }
}

TEST_CASE("a year's row does not depend on the other years asked for") {
  const StateSpace space = mixed_space();
  const auto all = draw_state_path(space, uniforms(3), {2024, 2025, 2026, 2027, 2028});
  CHECK(draw_state_path(space, uniforms(3), {2026}).at(0) == all[2]);
  CHECK(draw_state_path(space, uniforms(3), {2024, 2028}).at(1) == all[4]);
  CHECK(draw_state_path(space, uniforms(3), {}).empty());
}

TEST_CASE("a path uses each number of its stream once, in the order that the header states") {
  std::map<std::uint32_t, int> uses;
  const auto count = [&](std::uint32_t i) {
    ++uses[i];
    return 0.4;
  };
  draw_state_path(mixed_space(), count, {2024, 2026});
  std::map<std::uint32_t, int> once;
  for (std::uint32_t i = 0; i < 16 + 3 * 10; ++i) once[i] = 1;
  CHECK(uses == once);

  // With all other noises at their median, number 16 + 10 (n - 1) + 2 s moves the level of series s
  // from n years on, and the number after it the level from one year later.
  const auto path = [](std::uint32_t moved) {
    return draw_state_path(mixed_space(),
                           [moved](std::uint32_t i) { return i == moved ? 0.9 : 0.5; },
                           {2024, 2025, 2026});
  };
  const auto still = path(1000);
  for (std::uint32_t s = 0; s < state_series; ++s) {
    const auto level_moved = path(16 + 10 + 2 * s);
    const auto slope_moved = path(16 + 10 + 2 * s + 1);
    for (std::uint32_t other = 0; other < state_series; ++other) {
      CHECK(level_moved[0][other] == still[0][other]);
      CHECK((level_moved[1][other] > still[1][other]) == (s == other));
      CHECK(slope_moved[1][other] == still[1][other]);
      CHECK((slope_moved[2][other] > still[2][other]) == (s == other));
    }
  }
}

TEST_CASE("the values of a row undo the transformations") {
  const StateValues values = state_values({25.5, 22.0, std::log(1.7), 0.4, std::log(60.0)});
  CHECK(values.log10_total == 25.5);
  CHECK(values.mean == 22.0);
  CHECK(values.sd == Approx(1.7).epsilon(1e-14));
  CHECK(values.skewness == Approx(0.9953 * std::tanh(0.4)).epsilon(1e-13));
  CHECK(values.count == Approx(60.0).epsilon(1e-14));
  CHECK(state_values({0, 0, 0, -800.0, 0}).skewness == -0.9953);
  CHECK(state_values({0, 0, 0, 800.0, 0}).skewness == 0.9953);
}

}  // namespace flopsieve::engine
