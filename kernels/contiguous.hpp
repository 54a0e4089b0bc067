#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

/// Kernels over the standardised sizes of one candidate that stand side by side, in any order.
/// Compiled for every target (target.hpp) from one body; every target gives the same bits.
namespace flopsieve::kernels {

/// Sums of one candidate, in double precision.
struct SizeSums {
  double total = 0.0;             ///< sum of 2^(scale z)
  std::array<double, 4> power{};  ///< sums of z, z^2, z^3, z^4
  double largest = 0.0;           ///< largest z; -infinity if there is none
  double smallest = 0.0;          ///< smallest z; +infinity if there is none
};

/// The sums over z; abs(scale * z) <= 1000. Size i goes to partial sum i % 16, and the partial sums
/// are added in pairs: i and i + 8, then i + 4, i + 2, i + 1.
SizeSums sum_contiguous(std::span<const float> z, double scale);

/// The same without the powers, which stay 0.
SizeSums total_contiguous(std::span<const float> z, double scale);

/// The least float z with location + scale * z >= threshold in double arithmetic (both operations
/// rounded), so that x >= threshold is the same as comparing z; infinity if there is none. scale is
/// positive.
float least_z(double location, double scale, double threshold);

/// counts[i] = number of z >= cuts[i].
void count_from(std::span<const float> z, std::span<const float> cuts,
                std::span<std::uint32_t> counts);

/// Writes the z >= cut and their places in z, in order, and returns their number. Both spans have
/// room for z.size() + 16.
std::size_t select_from(std::span<const float> z, float cut, std::span<float> selected,
                        std::span<std::uint32_t> places);

}  // namespace flopsieve::kernels
