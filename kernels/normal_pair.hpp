#pragma once

#include <cstdint>

/// The draws of sizes.hpp one at a time: the same single-precision operations, the same bits.
namespace flopsieve::kernels {

/// The two words of one draw: words 2j and 2j + 1 of its stream.
struct DrawWords {
  std::uint32_t first;
  std::uint32_t second;
};

struct FloatPair {
  float first;
  float second;
};

/// Two independent standard normals by the method of Box and Muller (Ann. Math. Statist. 29 (1958)
/// 610); the second is the draw of draw_sizes for the normal law.
FloatPair normal_pair(DrawWords words);

/// Sine (first) and cosine (second) of word / 2^32 whole turns.
FloatPair sine_cosine_of_turn(std::uint32_t word);

}  // namespace flopsieve::kernels
