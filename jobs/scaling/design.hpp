#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "jobs/scaling/grid.hpp"
#include "jobs/scaling/shape.hpp"

/// The shapes of a grid that come near a number of parameters.
namespace flopsieve::jobs {

/// Which parameters the target is of.
enum class Counted { all, non_embedding };

struct DesignTask {
  Grid grid;
  Shape kind;  ///< all but the dimensions; kv_heads 0: as many as heads
  std::int64_t target = 0;
  double tolerance = 0.01;  ///< share of the target, [0, 1)
  Counted counted = Counted::all;
  std::size_t rows = 10;  ///< of DesignResult::best, at most
  int threads = 1;

  /// How far from the target a shape may be, in parameters; the product of a share such as 0.57 may
  /// lie a rounding below the number that is meant.
  std::int64_t reach() const {
    return static_cast<std::int64_t>(tolerance * static_cast<double>(target) * (1.0 + 4e-16));
  }
};

/// One shape of the grid.
struct Design {
  std::int64_t parameters = 0;  ///< of those that are counted
  std::int64_t d_model = 0;
  std::int64_t heads = 0;
  std::int64_t head_size = 0;
  std::int64_t d_ff = 0;
  std::int64_t layers = 0;  ///< of each stack
  bool is_within = false;   ///< the tolerance
  double penalty = 0.0;     ///< width_penalty() + depth_penalty()
};

struct DesignResult {
  std::uint64_t shapes = 0;  ///< that were looked at
  std::uint64_t within = 0;  ///< of these, within the tolerance
  /// Those within the tolerance first, by penalty, then distance to the target; after them the
  /// others by distance, then penalty. What is still equal: the narrower, shallower one first.
  std::vector<Design> best;
  std::optional<Design> smallest;  ///< none if the grid has no shape
  /// The most entries with which a shape has at most `target` parameters, and that shape; none if
  /// there is no such shape, or the vocabulary is not counted.
  std::int64_t largest_vocabulary = 0;
  std::optional<Design> with_largest_vocabulary;
};

/// Looks at every shape of the grid. The result does not depend on the number of threads.
DesignResult search_designs(const DesignTask& task);

/// The whole shape.
Shape shape_of(const Design& design, const Shape& kind);

}  // namespace flopsieve::jobs
