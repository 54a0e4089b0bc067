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
/// 610): the cosine part first. They are draws 2i and 2i + 1 of the normal law, and the two of
/// which a skew-normal draw is made.
///
/// The radius takes 2^31 values, so the tail ends: P(|z| > t) is that of the normal law within 1e-5
/// up to t = 5, 0.2 % up to 6, 2 % up to 6.4, 19 % too small at 6.5, and 0 beyond 6.661 (a chance
/// of 2.7e-11 under the normal law). Counted over all radii: normal_tail_law_test.cpp.
FloatPair normal_pair(DrawWords words);

/// ln u for normal, positive u, in single precision: LogFloat of math-inl.hpp.
float natural_log_float(float u);

/// ln(1 - below) for 0 <= below, given u, which is 1 - below with its digits near 0; `below`
/// decides where u is above sqrt(1/2).
float natural_log_less(float below, float u);

/// Sine (first) and cosine of an angle that is uniform on the circle if the word is, within 2.8
/// units of the last place (the logarithm of normal_pair: 0.9), accuracy_float_test.cpp. The lower
/// 31 bits make an angle of up to an eighth of a turn to either side, bit 31 the sign of its
/// cosine, and bit 0, which counts for nothing in all but the smallest angles, swaps the two.
FloatPair random_turn(std::uint32_t word);

}  // namespace flopsieve::kernels
