#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/philox.hpp"

/// The allocation method of Kumar and Manning, "Trends in Frontier AI Model Count: A Forecast to
/// 2028" (arXiv 2504.16138, 2025), section 3: a year's training compute T is divided over classes
/// of model size, and each class is filled with models.
namespace flopsieve::kernels {

/// With M = largest_share * T the largest size, the `bins` classes are bounded by bins + 1 edges
/// that are equally spaced in log10(m / M) from log10_smallest to 0. Models of at most size m have
/// the share (m / M)^gradient of T; what lies below the smallest edge becomes no model.
struct Allocation {
  double largest_share = 0.2;    ///< M / T, in (0, 1]
  double gradient = 1.0;         ///< in (0, 5]
  double log10_smallest = -7.0;  ///< log10(m_min / M), in [-30, 0)
  std::uint32_t bins = 19;       ///< 1 to `most_allocation_bins`
};

inline constexpr std::uint32_t most_allocation_bins = 255;

/// More models than this end a draw.
inline constexpr std::size_t most_allocated_models = 1'000'000;

/// Whether the compute of every class exceeds its upper edge. T cancels.
bool allocation_feasible(const Allocation& allocation);

/// Replaces z by the drawn sizes log10(m / T), classes in ascending order, and returns true; false,
/// with z unfinished, if there would be more than `most_allocated_models`.
///
/// In a class, sizes are uniform (linear, in FLOP) between its edges until the next one would take
/// the running sum above the class's compute; instead of that one the last model takes what is left
/// and may be smaller than the class's lower edge. Draw j of the candidate uses word j of the
/// stream `counter`, whose word 0 is replaced by the block; the draw that would be too much has a
/// word as well.
bool draw_allocation(const Allocation& allocation, Key key, Counter counter, std::vector<float>& z);

}  // namespace flopsieve::kernels
