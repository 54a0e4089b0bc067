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

/// ln u for normal, positive u, in single precision: LogFloat of math-inl.hpp.
float natural_log_float(float u);

/// ln(1 - below) for 0 <= below, given u, which is 1 - below with its digits near 0; `below`
/// decides where u is above sqrt(1/2).
float natural_log_less(float below, float u);

/// Sine (first) and cosine (second) of word / 2^32 whole turns.
FloatPair sine_cosine_of_turn(std::uint32_t word);

}  // namespace flopsieve::kernels
