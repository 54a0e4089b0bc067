#include "jobs/scaling/grid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/error.hpp"
#include "jobs/scaling/proportions.hpp"

namespace flopsieve::jobs {
namespace {

constexpr std::int64_t largest_size = 128;

/// Where no range of d_ff is given.
Steps usual_d_ff(std::int64_t d_model, bool gated) {
  const std::int64_t step = (d_model + 31) / 32 * 4;
  const std::int64_t usual = default_d_ff(d_model, gated);
  const std::int64_t below = (gated ? 3 * d_model / 2 : 2 * d_model) / step;
  return {usual - below * step, usual + below * step, step};
}

/// 12 layers d_model^2 = parameters, with d_model / layers = aspect.
double width_at(double parameters, double aspect) {
  return std::cbrt(aspect * parameters / 12.0);
}

constexpr double most_layers = 128.0;

Steps widths_for(double parameters) {
  const double deepest = 1.25 * std::sqrt(parameters / 12.0 / most_layers);
  const double most = std::clamp(std::max(width_at(parameters, 640.0), deepest), 8.0,
                                 static_cast<double>(shape_limits::d_model));
  std::int64_t step = 4;
  while (step < 64 && static_cast<double>(2 * step) <= most / 16.0) step *= 2;
  while (most / static_cast<double>(step) > 256.0) step *= 2;
  return {std::max<std::int64_t>(step, 8), static_cast<std::int64_t>(most), step};
}

Steps depths_for(double parameters) {
  const double most = std::ceil(width_at(parameters, 16.0) / 16.0);
  return {1, static_cast<std::int64_t>(std::clamp(most, 8.0, most_layers)), 1};
}

std::optional<Steps> given(const char* option, const std::string& text, std::int64_t most) {
  if (text.empty()) return {};
  return parse_steps(option, text, most);
}

double count(const std::optional<Steps>& steps, double otherwise) {
  return steps ? static_cast<double>(steps->count()) : otherwise;
}

void check_size_of(const Grid& grid) {
  const double shapes = shapes_per_row(grid) * static_cast<double>(grid.d_model.count()) *
                        (grid.heads ? count(grid.heads, 1.0) : count(grid.head_size, 1.0));
  if (shapes <= most_shapes) return;
  std::pair<double, const char*> longest{0.0, ""};
  for (const auto& [steps, option] : {std::pair{std::optional<Steps>(grid.d_model), "--d-model"},
                                      {grid.heads, "--heads"},
                                      {grid.head_size, "--head-size"},
                                      {grid.d_ff, "--d-ff"},
                                      {grid.layers, "--layers"}}) {
    longest = std::max(longest, {count(steps, 0.0), option});
  }
  throw engine::Error(
      engine::ExitCode::bad_input,
      fmt::format("{}: {:.0f} values in a grid of {:.2g} shapes; at most {:g} shapes are searched: "
                  "take narrower ranges or larger steps",
                  longest.second, longest.first, shapes, most_shapes));
}

bool is_possible_size(std::int64_t size, const Shape& shape) {
  return shape.d_model % size == 0 && (shape.positions != Positions::rotary || size % 2 == 0);
}

/// Of heads where neither their number nor their size is given; 0: none divides d_model.
std::int64_t size_for(const Shape& shape) {
  const Range usual = usual_head_size(shape.d_model);
  const double preferred = preferred_head_size(shape.d_model);
  const auto far = [&](std::int64_t size) {
    const auto value = static_cast<double>(size);
    return std::pair{value < usual.from || value > usual.to,
                     std::abs(std::log2(value / preferred))};
  };
  std::int64_t best = 0;
  for (std::int64_t size = 1; size <= std::min(largest_size, shape.d_model); ++size) {
    if (is_possible_size(size, shape) && (best == 0 || far(size) < far(best))) best = size;
  }
  return best;
}

/// Heads and sizes of a row, as many as there are for its place among the heads.
template <class Visit>
void for_each_size(const Grid& grid, const Shape& shape, std::int64_t place, const Visit& visit) {
  if (grid.heads && grid.head_size) {
    for (std::int64_t i = 0; i < grid.head_size->count(); ++i) {
      visit(grid.heads->at(place), grid.head_size->at(i));
    }
  } else if (grid.heads) {
    const std::int64_t heads = grid.heads->at(place);
    if (shape.d_model % heads == 0) visit(heads, shape.d_model / heads);
  } else {
    const std::int64_t size = grid.head_size ? grid.head_size->at(place) : size_for(shape);
    if (size > 0 && shape.d_model % size == 0) visit(shape.d_model / size, size);
  }
}

std::int64_t places_of(const Grid& grid) {
  if (grid.heads) return grid.heads->count();
  return grid.head_size ? grid.head_size->count() : 1;
}

bool is_allowed(const Shape& shape) {
  return shape.heads <= shape_limits::heads && shape.head_size <= shape_limits::head_size &&
         shape.attention_width() <= shape_limits::attention_width &&
         shape.heads % shape.kv_heads == 0 &&
         (shape.positions != Positions::rotary || shape.head_size % 2 == 0);
}

}  // namespace

Grid grid_for(const GridTexts& texts, double parameters) {
  Grid grid;
  grid.d_model =
      given("--d-model", texts.d_model, shape_limits::d_model).value_or(widths_for(parameters));
  grid.heads = given("--heads", texts.heads, shape_limits::heads);
  grid.head_size = given("--head-size", texts.head_size, shape_limits::head_size);
  grid.d_ff = given("--d-ff", texts.d_ff, shape_limits::d_ff);
  grid.layers =
      given("--layers", texts.layers, shape_limits::layers).value_or(depths_for(parameters));
  check_size_of(grid);
  return grid;
}

std::int64_t rows_of(const Grid& grid) {
  return grid.d_model.count() * places_of(grid);
}

double shapes_per_row(const Grid& grid) {
  const double sizes = grid.heads ? count(grid.head_size, 1.0) : 1.0;
  return sizes * count(grid.d_ff, 33.0) * static_cast<double>(grid.layers.count());
}

void for_each_of_row(const Grid& grid, const Shape& kind, std::int64_t row,
                     const std::function<void(const Shape&)>& visit) {
  Shape shape = kind;
  const std::int64_t places = places_of(grid);
  shape.d_model = grid.d_model.at(row / places);
  for_each_size(grid, shape, row % places, [&](std::int64_t heads, std::int64_t size) {
    shape.heads = heads;
    shape.head_size = size;
    shape.kv_heads = kind.kv_heads > 0 ? kind.kv_heads : heads;
    if (!is_allowed(shape)) return;
    const Steps inner = grid.d_ff.value_or(usual_d_ff(shape.d_model, kind.gated));
    for (std::int64_t i = 0; i < inner.count(); ++i) {
      shape.d_ff = inner.at(i);
      visit(shape);
    }
  });
}

std::string grid_words(const Grid& grid, bool gated) {
  std::string text =
      fmt::format("d_model {}, layers {}", to_string(grid.d_model), to_string(grid.layers));
  if (grid.d_ff) {
    text += fmt::format(", d_ff {}", to_string(*grid.d_ff));
  } else {
    text += gated ? ", d_ff about 8/3 d_model" : ", d_ff from 2 to 6 d_model";
  }
  if (grid.heads) text += fmt::format(", heads {}", to_string(*grid.heads));
  if (grid.head_size) text += fmt::format(", head size {}", to_string(*grid.head_size));
  if (!grid.heads && !grid.head_size) text += ", heads of usual size";
  if (!grid.heads != !grid.head_size) text += ", heads x size = d_model";
  return text;
}

}  // namespace flopsieve::jobs
