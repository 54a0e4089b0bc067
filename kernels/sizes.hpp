#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/philox.hpp"

/// The hot kernels: standardised sizes of a group of candidates and their sums. One lane is one
/// candidate, and each candidate is accumulated in order of its draws, so that the width of the
/// vector changes no bit. Compiled for every target (target.hpp) from one body.
namespace flopsieve::kernels {

/// Candidates per group, on every target.
inline constexpr std::size_t group_width = 16;

template <class T>
using PerLane = std::array<T, group_width>;

/// Counter words 1 to 3 of each lane's size stream; word 0 is the block, counted from 0.
struct GroupAddress {
  alignas(64) PerLane<std::uint32_t> word1{};
  alignas(64) PerLane<std::uint32_t> word2{};
  alignas(64) PerLane<std::uint32_t> word3{};
};

/// The standardised draw is z = absolute * |u| + normal * v + constant with u, v independent
/// standard normals: Azzalini's representation of the skew-normal law (Scand. J. Statist. 12
/// (1985) 171), scaled to mean 0 and standard deviation 1. absolute = constant = 0, normal = 1 is
/// the normal law of that representation; with `plain` the draws are standard normals of their own.
struct GroupShape {
  alignas(64) PerLane<float> absolute{};
  alignas(64) PerLane<float> normal{};
  alignas(64) PerLane<float> constant{};
  bool plain = false;  ///< standard normals by both outputs of Box and Muller; the rest is not used
};

/// The shapes skew_normal_shape(skewness) (skew_normal.hpp) of all lanes, their very bits, rounded
/// to float; not plain. Each skewness is 0, or normal and below skew_normal_limit in magnitude.
GroupShape skew_normal_group(const PerLane<double>& skewness);

/// Fills z[draw * group_width + lane] for draw < draws with the float32 standardised sizes: the
/// draws themselves, defined bit by bit, by the method of Box and Muller (Ann. Math. Statist. 29
/// (1958) 610). |z| < 10. Draw j of a lane comes from words 2j and 2j + 1 of its stream; of plain
/// shapes, draws 2i and 2i + 1 are the cosine and the sine part of words 2i and 2i + 1.
void draw_sizes(Key key, const GroupAddress& address, const GroupShape& shape, std::size_t draws,
                std::span<float> z);

/// Sums over the first count[lane] draws of each lane, in double precision.
struct GroupSums {
  alignas(64) PerLane<double> total{};     ///< sum of 2^(scale z)
  alignas(64) PerLane<double> power_1{};   ///< sum of w = z - origin
  alignas(64) PerLane<double> power_2{};   ///< sum of w^2
  alignas(64) PerLane<double> power_3{};   ///< sum of w^3
  alignas(64) PerLane<double> power_4{};   ///< sum of w^4
  alignas(64) PerLane<double> largest{};   ///< largest z; -infinity for an empty lane
  alignas(64) PerLane<double> smallest{};  ///< smallest z; +infinity for an empty lane
};

/// `scale` is sd * log2(10), so that 2^(scale z) = 10^(sd z); |scale z| <= 1000.
/// `z` holds at least max(count) * group_width draws. The powers lose digits where the origin is
/// far from z against the spread of z.
void sum_sizes(std::span<const float> z, const PerLane<std::uint32_t>& count,
               const PerLane<double>& scale, GroupSums& sums,
               const PerLane<float>& origin = PerLane<float>{});

/// All sums 0, the extremes infinite.
GroupSums empty_sums();

/// What single-precision sums need of the lanes.
struct FastLaw {
  alignas(64) PerLane<std::uint32_t> count{};
  alignas(64) PerLane<float> scale{};  ///< as in sum_sizes, rounded
  alignas(64) PerLane<float> origin{};
};

/// Adds draws [first, first + draws) to the sums of the lanes that have them, which begin with
/// empty_sums(). z[0] is that of draw `first`, lane 0.
///
/// Single precision, added up in double precision after every 32 draws. With u = 2^-24, y = scale z
/// and w = z - origin: the relative error of `total` is below (40 + 2 max|y|) u, the error of
/// power_p below 40 u * sum of |w|^p (sizes_test.cpp): w errs by u, its p-th power by at most
/// 6 u (p = 4), a power of two by 3.3 u, and by the rounding of the scale 0.7 |y| u; each of up to
/// 32 sums adds u. A power may underflow, by less than 2^-148 per draw. The extremes are exact, of
/// z. |z| <= 2^24. Where |y| > 120 for any draw of a lane, the sums of that lane have no meaning:
/// the extremes tell.
void add_sizes(std::span<const float> z, std::size_t first, std::size_t draws, const FastLaw& law,
               GroupSums& sums);
inline constexpr double largest_fast_exponent = 120.0;

/// The sums of add_sizes with origin 0 over all draws, which are made chunk by chunk on the way:
/// fills z as draw_sizes does, up to the largest count rounded up to a whole 8, which must fit.
void draw_and_sum(Key key, const GroupAddress& address, const GroupShape& shape,
                  const PerLane<std::uint32_t>& count, const PerLane<float>& scale,
                  std::span<float> z, GroupSums& sums);

/// Rows of 16 draws that draw_and_sum() writes for a largest count.
constexpr std::size_t fast_rows(std::size_t count) {
  return (count + 7) / 8 * 8;
}

/// out[i] = 10^x[i] for -307 <= x[i] <= 308, the bits of power_of_ten (math.hpp). x and out may be
/// the same.
void powers_of_ten(std::span<const double> x, std::span<double> out);

/// out[i] = log10 x[i], the bits of decimal_log (math.hpp). x and out may be the same.
void decimal_logs(std::span<const double> x, std::span<double> out);

}  // namespace flopsieve::kernels
