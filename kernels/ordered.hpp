#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/sizes.hpp"

/// Statistics that need the sizes in order, for a group of candidates at once: one lane is one
/// candidate, sorted and accumulated by itself, so that neither the width of the vector nor the
/// other lanes change a bit. Single precision with error bounds: the caller decides in double
/// precision (statistics.hpp) whatever a bound leaves open.
namespace flopsieve::kernels {

/// Rows that sort_group writes for lanes of at most `count` sizes: whole blocks of 16.
constexpr std::size_t sorted_rows(std::size_t count) {
  return (count + 15) / 16 * 16;
}

/// sorted[row * group_width + lane], row < sorted_rows(max(count)), becomes the first count[lane]
/// values of z[row * group_width + lane] in ascending order, then +infinity. The values are not
/// NaN; zeros of either sign are equal and may swap their signs. z holds at least max(count) rows;
/// z and sorted do not overlap. Any count. Buffers aligned to 64 bytes are fastest.
///
/// A merge sort of rows: a network sorts blocks of 16 (Batcher, AFIPS Spring Joint Computer
/// Conference 32 (1968) 307), bitonic mergers with a mirrored first step double the runs.
void sort_group(std::span<const float> z, const PerLane<std::uint32_t>& count,
                std::span<float> sorted);

/// Copies the lanes of z[row * group_width + lane], row < rows, whose bit is set in `lanes`, in
/// ascending order, to the columns `column`, column + 1, ... < group_width of
/// packed[row * group_width + column], and returns the next free column: so that full groups are
/// sorted where few lanes need it.
std::size_t pack_lanes(std::span<const float> z, std::size_t rows, std::uint32_t lanes,
                       std::size_t column, std::span<float> packed);

/// What allocation_gradients finds of each lane.
struct GroupGradients {
  alignas(64) PerLane<double> gradient{};  ///< NaN where the bound is infinite
  alignas(64) PerLane<double> bound{};     ///< |gradient - float64 gradient| <= bound
};

/// The gradients of allocation_gradient (statistics.hpp) of lanes sorted by sort_group.
/// `scale` = sd * log2(10) > 0 as in sum_sizes, |scale z| <= 1000, count <= 100,000.
///
/// With c = scale, d_i = z_i - largest z, C_i the sum of 2^(c z_j) over z_j <= z_i, and l_i the
/// log2 of C_i / 2^e for a whole number e next to c times the largest z, the gradient is
///   G = P / (c Q), P = sum d_i (l_i - l_n) = sum d_i l_i - l_n S, Q = sum d_i^2, S = sum d_i.
///
/// The bound. u = 2^-24, k = count; terms of order u^2 are covered by a factor 1.05.
/// - Each 2^(c z): the exponent keeps what rounding c to float32 loses, and errs by less than
///   1.1 u (u / 2 per rounding of a fraction within 1/2), 2^f by 4 u (polynomial and Horner's
///   rule): relative 5 u. C_i sums blocks of 16 onto a sum of blocks: relative (5 + 17 + k / 16) u.
/// - l_i: log2 errs by 3 u (polynomial 0.9 u, rounding of f q(f)), the last rounding by u |l_i|:
///   with N = 1.4427 (22 + k / 16) + 3, |l_i error| <= u (N + |l_i|).
/// - sum d_i l_i: each term errs by u in d, u in the count of ties times l, u in l, and 16 u in the
///   sum of its block, which is added in double: 19 u sum |d_i l_i| + u N |S|. All d_i (l_i - l_n)
///   are at least 0, so sum |d_i l_i| <= P + |l_n S|. l_n S errs by u (17 |l_n| + N + |l_n|) |S|.
/// - Q: 18 u Q.
/// Hence |error| <= 1.05 u ((19 + 18 + 4) G + (2 N + 37 |l_n|) |S| / (c Q)), 4 u G of it for the
/// rounding of float64 sizes within 1e4 of 0 whose range exceeds the limit below.
///
/// The bound is infinite where the sizes span less than 2^-6 or more than 2^200 (nearly equal ones
/// leave nothing but rounding; the float range ends), and where a lane has no sizes. A single size
/// has gradient 1, bound 0.
void allocation_gradients(std::span<const float> sorted, const PerLane<std::uint32_t>& count,
                          const PerLane<double>& scale, GroupGradients& out);

}  // namespace flopsieve::kernels
