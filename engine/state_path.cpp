#include "engine/state_path.hpp"

#include <cstddef>
#include <span>

#include "kernels/math.hpp"

namespace flopsieve::engine {
namespace {

using Uniform = std::function<double(std::uint32_t)>;

constexpr std::uint32_t draws_per_series = 3;
constexpr std::uint32_t first_noise = 1 + draws_per_series * state_series;

struct State {
  double level = 0.0;
  double slope = 0.0;
  const StatePoint* point = nullptr;
};

double normal(const Uniform& uniform, std::uint32_t index) {
  return kernels::normal_quantile(uniform(index));
}

/// The first index at which the running sum of the weights exceeds u; the last one if rounding
/// leaves the sum below u.
template <typename Weight>
std::size_t pick(std::size_t count, double u, Weight weight) {
  double sum = 0.0;
  for (std::size_t i = 0; i + 1 < count; ++i) {
    sum += weight(i);
    if (u < sum) return i;
  }
  return count - 1;
}

State last_state(std::span<const StatePoint> points, const Uniform& uniform, std::uint32_t series) {
  const std::uint32_t first = 1 + draws_per_series * series;
  const std::size_t chosen =
      pick(points.size(), uniform(first), [&](std::size_t i) { return points[i].weight; });
  const StatePoint& point = points[chosen];
  const double z_level = normal(uniform, first + 1);
  const double z_slope = normal(uniform, first + 2);
  return {point.level + point.chol_11 * z_level,
          point.slope + point.chol_21 * z_level + point.chol_22 * z_slope, &point};
}

void next_year(State& state, const Uniform& uniform, std::uint32_t noise) {
  state.level += state.slope + state.point->level_sd * normal(uniform, noise);
  state.slope += state.point->slope_sd * normal(uniform, noise + 1);
}

}  // namespace

std::vector<StateRow> draw_state_path(const StateSpace& space, const Uniform& uniform,
                                      const std::vector<int>& years) {
  const std::size_t ratio = pick(space.ratio_weights.size(), uniform(0),
                                 [&](std::size_t i) { return space.ratio_weights[i]; });
  const std::span<const StatePoint> grid =
      std::span(space.grid).subspan(ratio * state_series * space.points);
  std::vector<StateRow> rows(years.size());
  for (std::uint32_t series = 0; series < state_series; ++series) {
    State state = last_state(grid.subspan(series * space.points, space.points), uniform, series);
    std::uint32_t noise = first_noise + 2 * series;
    int year = space.last_year;
    for (std::size_t i = 0; i < years.size(); ++i) {
      for (; year < years[i]; ++year, noise += 2 * state_series) next_year(state, uniform, noise);
      rows[i][series] = state.level;
    }
  }
  return rows;
}

StateValues state_values(const StateRow& row) {
  // tanh v = 1 - 2 / (e^2v + 1), which does not overflow: e^2v is infinity or 0 far out.
  const double tanh =
      1.0 - 2.0 / (kernels::exponential(2.0 * row[StateSeries::atanh_skewness]) + 1.0);
  return {row[StateSeries::log10_total], row[StateSeries::mean],
          kernels::exponential(row[StateSeries::ln_sd]), skewness_limit * tanh,
          kernels::exponential(row[StateSeries::ln_count])};
}

}  // namespace flopsieve::engine
