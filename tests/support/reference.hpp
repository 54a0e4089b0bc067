#pragma once

#include <Random123/philox.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

/// Slow oracles written from the definitions. Nothing here uses kernels/ or engine/.
namespace flopsieve::test {

using Words = std::array<std::uint32_t, 4>;
using Key = std::array<std::uint32_t, 2>;

/// Philox4x32-10 by its authors' library, Random123.
inline Words random123_words(const Words& counter, const Key& key) {
  const r123::Philox4x32::ctr_type at{{counter[0], counter[1], counter[2], counter[3]}};
  const r123::Philox4x32::key_type under{{key[0], key[1]}};
  const auto words = r123::Philox4x32()(at, under);
  return {words[0], words[1], words[2], words[3]};
}

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): inputs of tests, unrelated to Philox.
class Splitmix {
 public:
  explicit Splitmix(std::uint64_t seed) : state_(seed) {}

  std::uint64_t bits() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  std::uint32_t word() { return static_cast<std::uint32_t>(bits() >> 32); }
  double uniform(double lower, double upper) {
    return lower + (upper - lower) * (static_cast<double>(bits() >> 11) + 0.5) * 0x1p-53;
  }
  /// Standard normal by the method of Box and Muller in double precision.
  double normal() {
    const double radius = std::sqrt(-2.0 * std::log(uniform(0.0, 1.0)));
    return radius * std::cos(6.283185307179586 * uniform(0.0, 1.0));
  }

 private:
  std::uint64_t state_;
};

// --- The draws, bit by bit: IEEE single precision in the documented order of operations. ---------

/// Horner's rule, coefficients from the highest power down.
template <std::size_t n>
float polynomial(const std::array<float, n>& coefficients, float x) {
  float sum = coefficients[0];
  for (std::size_t i = 1; i < n; ++i) sum = std::fma(sum, x, coefficients[i]);
  return sum;
}

/// ln u = exponent ln 2 + f + tail by Cephes logf (Moshier), u = (1 + f) 2^exponent with 1 + f in
/// [sqrt(1/2), sqrt(2)).
struct LogParts {
  float exponent;
  float f;
  float tail;
};

inline LogParts reference_log_parts(float u) {
  int e = 0;
  float m = std::frexp(u, &e);
  if (m < 0.707106769f) {
    m *= 2.0f;
    e -= 1;
  }
  constexpr std::array<float, 9> coefficients = {
      7.0376836292E-2f,  -1.1514610310E-1f, 1.1676998740E-1f,  -1.2420140846E-1f, 1.4249322787E-1f,
      -1.6668057665E-1f, 2.0000714765E-1f,  -2.4999993993E-1f, 3.3333331174E-1f};
  const float f = m - 1.0f;
  const float f2 = f * f;
  const float cubic = (f2 * f) * polynomial(coefficients, f);
  return {static_cast<float>(e), f, std::fma(f2, -0.5f, cubic)};
}

inline float reference_logf(float u) {
  const LogParts log = reference_log_parts(u);
  return std::fma(log.exponent, 0.69314718f, log.f + log.tail);
}

struct Pair {
  float first;
  float second;
};

/// The angle of a word before its cosine gets a sign and the two are swapped, in units of 2^-33
/// half turns: the lower 31 bits as a signed number, twice.
inline std::int64_t reference_angle(std::uint32_t word) {
  const std::int64_t half = std::int64_t{1} << 30;
  const std::int64_t lower = word % (2 * half);
  return 2 * (lower < half ? lower : lower - 2 * half);
}

/// Sine and cosine of a word's angle, from those of reference_angle().
template <class Real>
std::array<Real, 2> turned(std::uint32_t word, Real sine, Real cosine) {
  const Real signed_cosine = word < (std::uint32_t{1} << 31) ? cosine : -cosine;
  if (word % 2 == 1) return {signed_cosine, sine};
  return {sine, signed_cosine};
}

/// Cephes sinf and cosf.
inline Pair reference_turn(std::uint32_t word) {
  const float angle =
      static_cast<float>(reference_angle(word)) * static_cast<float>(std::acos(-1.0) * 0x1p-33);
  const float square = angle * angle;
  constexpr std::array<float, 3> sine = {-1.9515295891E-4f, 8.3321608736E-3f, -1.6666654611E-1f};
  constexpr std::array<float, 3> cosine = {2.443315711809948E-005f, -1.388731625493765E-003f,
                                           4.166664568298827E-002f};
  const float s = std::fma(angle * square, polynomial(sine, square), angle);
  const float c =
      std::fma(square * square, polynomial(cosine, square), std::fma(square, -0.5f, 1.0f));
  const auto pair = turned(word, s, c);
  return {pair[0], pair[1]};
}

/// The same without rounding.
template <class Real>
std::array<Real, 2> exact_turn(std::uint32_t word) {
  const Real angle =
      static_cast<Real>(reference_angle(word)) * (std::acos(Real(-1)) * static_cast<Real>(0x1p-33));
  return turned(word, std::sin(angle), std::cos(angle));
}

/// Two standard normals: radius from the upper 31 bits of one word, angle from the other.
inline Pair reference_normals(std::uint32_t radius_word, std::uint32_t angle_word) {
  const auto whole = static_cast<float>(static_cast<std::int32_t>(radius_word / 2));
  const float radius = std::sqrt(-2.0f * reference_logf(std::fma(whole, 0x1p-31f, 0x1p-32f)));
  const Pair turn = reference_turn(angle_word);
  return {radius * turn.second, radius * turn.first};
}

/// The same in double precision with the C library, for the meaning rather than the bits.
inline std::array<double, 2> exact_normals(std::uint32_t radius_word, std::uint32_t angle_word) {
  const double uniform = (static_cast<double>(radius_word / 2) + 0.5) * 0x1p-31;
  const double radius = std::sqrt(-2.0 * std::log(uniform));
  const auto turn = exact_turn<double>(angle_word);
  return {radius * turn[1], radius * turn[0]};
}

/// A lane of draw_sizes: its stream and its shape.
struct Lane {
  Words address;  ///< word 0 is replaced by the block
  float absolute;
  float normal;
  float constant;
};

/// Draw j of a lane: words 2j and 2j + 1 of its stream.
inline float reference_draw(const Key& key, const Lane& lane, std::size_t j) {
  const Words words = random123_words(
      {static_cast<std::uint32_t>(j / 2), lane.address[1], lane.address[2], lane.address[3]}, key);
  const Pair z = reference_normals(words[j % 2 * 2], words[j % 2 * 2 + 1]);
  return std::fma(lane.absolute, std::abs(z.first), std::fma(lane.normal, z.second, lane.constant));
}

/// Draw j of a lane with the plain normal law: the cosine or the sine part of words 2i, 2i + 1,
/// i = j / 2.
inline float reference_plain_draw(const Key& key, const Lane& lane, std::size_t j) {
  const Words words = random123_words(
      {static_cast<std::uint32_t>(j / 4), lane.address[1], lane.address[2], lane.address[3]}, key);
  const Pair z = reference_normals(words[j % 4 / 2 * 2], words[j % 4 / 2 * 2 + 1]);
  return j % 2 == 0 ? z.first : z.second;
}

// --- Accuracy ------------------------------------------------------------------------------------

/// The error of `value` in units of the last place of a double at `exact`.
inline double error_in_ulp(double value, long double exact) {
  const int exponent = exact == 0.0L ? -1021 : std::ilogb(exact);
  const long double ulp = std::ldexp(1.0L, std::max(exponent, -1022) - 52);
  return static_cast<double>(std::abs(static_cast<long double>(value) - exact) / ulp);
}

}  // namespace flopsieve::test
