#pragma once

#include <cstddef>
#include <cstdint>

/// What allocation.cpp and its vector bodies (allocation-inl.hpp) share.
namespace flopsieve::kernels {

/// Classes that are drawn side by side, on every target.
inline constexpr std::size_t class_group = 16;

/// Sizes in a class are in units of T / 2^64: the least remainder that rounding can leave of the
/// smallest class is then still a normal float32, and the factor is exact.
inline constexpr double class_unit = 0x1p64;
inline constexpr int class_unit_exponent = 64;

/// A constant in single precision and what its rounding lost.
inline constexpr float log10_of_e_float = 0.434294482f;
inline constexpr float log10_of_e_float_low = -1.010305e-08f;
inline constexpr float log10_of_2_float = 0.301029996f;
inline constexpr float log10_of_2_float_low = -1.43209888e-08f;

/// The classes of many candidates in columns, candidate after candidate. Behind the last one there
/// is room for `class_group` more.
struct AllocationClasses {
  double* base;            ///< lower edge + half a step
  double* step;            ///< (upper edge - lower edge) / 2^32
  double* compute;         ///< of the class
  std::uint64_t* word0_3;  ///< counter words of block 0: word 0 below word 3
  std::uint64_t* word1_2;  ///< word 1 below word 2
};

}  // namespace flopsieve::kernels
