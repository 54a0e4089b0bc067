#include "kernels/normal_pair.hpp"

#include <bit>
#include <cmath>

#include "kernels/horner.hpp"
#include "kernels/math_constants.hpp"

namespace flopsieve::kernels {
namespace {

/// u = m 2^exponent with m in [sqrt(1/2), sqrt(2)).
struct Binade {
  float exponent;
  float mantissa;
};

Binade binade_of(float u) {
  constexpr std::int32_t cut = 0x3F3504F3;  // sqrt(1/2)
  const std::int32_t shifted = std::bit_cast<std::int32_t>(u) - cut;
  return {static_cast<float>(shifted >> 23), std::bit_cast<float>((shifted & 0x007FFFFF) + cut)};
}

/// ln((1 + f) 2^exponent) as in LogFloat of math-inl.hpp.
float natural_log(float exponent, float f) {
  const float square = f * f;
  float sum = square * f * horner(logf_coefficients, f);
  sum = std::fma(square, -0.5f, sum);
  return std::fma(exponent, ln2_float, f + sum);
}

}  // namespace

float natural_log_float(float u) {
  const Binade binade = binade_of(u);
  return natural_log(binade.exponent, binade.mantissa - 1.0f);
}

float natural_log_less(float below, float u) {
  const Binade binade = binade_of(u);
  return natural_log(binade.exponent, binade.exponent == 0.0f ? -below : binade.mantissa - 1.0f);
}

FloatPair random_turn(std::uint32_t word) {
  const float angle = static_cast<float>(static_cast<std::int32_t>(word << 1)) * radians_per_unit;
  const float square = angle * angle;
  const float s = std::fma(angle * square, horner(sinf_coefficients, square), angle);
  const float core =
      std::fma(square * square, horner(cosf_coefficients, square), std::fma(square, -0.5f, 1.0f));
  const float c = word >> 31 == 0 ? core : -core;
  return word % 2 == 0 ? FloatPair{s, c} : FloatPair{c, s};
}

FloatPair normal_pair(DrawWords words) {
  const auto whole = static_cast<float>(static_cast<std::int32_t>(words.first >> 1));
  const float uniform = std::fma(whole, 0x1p-31f, 0x1p-32f);
  const float radius = std::sqrt(-2.0f * natural_log_float(uniform));
  const FloatPair turn = random_turn(words.second);
  return {radius * turn.second, radius * turn.first};
}

}  // namespace flopsieve::kernels
