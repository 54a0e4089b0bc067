#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "jobs/scaling/shape.hpp"
#include "jobs/scaling/steps.hpp"

namespace flopsieve::jobs {

/// The ranges of a command line, "" where there is none.
struct GridTexts {
  std::string d_model, heads, head_size, d_ff, layers;
};

/// Which shapes are looked at: all combinations of the ranges. What is absent follows d_model:
/// - d_ff is the usual one (proportions.hpp) and what is up to 2 d_model below or above it, in
/// steps
///   of d_model / 8, rounded up to a multiple of 4; gated: up to 1.5 d_model;
/// - heads and their size are such that their product is d_model; without either range their size
/// is
///   the divisor of d_model up to 128 that is usual and nearest, by ratio, to
///   preferred_head_size().
struct Grid {
  Steps d_model;
  Steps layers;  ///< of each stack
  std::optional<Steps> heads;
  std::optional<Steps> head_size;
  std::optional<Steps> d_ff;
};

/// At most so many shapes are looked at.
inline constexpr double most_shapes = 1e9;

/// The ranges given, and for d_model and layers what suits so many parameters: d_model from 8 up to
/// where 12 layers d_model^2 reaches them with d_model / layers = 640 (and with 128 layers), in
/// steps of a power of two: 64, or less (4 at least) to make 16 values, or more to make at most
/// 256; layers up to where it does with d_model / layers = 16, but from 8 to 128. Throws
/// Error(bad_input), starting with the option, for bad ranges and for more than most_shapes.
Grid grid_for(const GridTexts& texts, double parameters);

/// Rows of a grid: one for each d_model and number of heads (or size, where only that is given).
std::int64_t rows_of(const Grid& grid);

/// How many shapes a row has, about.
double shapes_per_row(const Grid& grid);

/// Calls visit(shape) for the shapes of a row, of the kind and without layers. Left out: heads that
/// kv_heads does not divide (0: as many as heads), odd sizes with rotary positions, heads x size
/// above shape_limits.
void for_each_of_row(const Grid& grid, const Shape& kind, std::int64_t row,
                     const std::function<void(const Shape&)>& visit);

/// In words: "d_model 8:112:4, layers 1:8:1, ...".
std::string grid_words(const Grid& grid, bool gated);

}  // namespace flopsieve::jobs
