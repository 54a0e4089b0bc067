// The errors that math-inl.hpp and normal_pair.hpp state for single precision, against the C
// library in double precision, whose own error of 1 ulp is 2e-9 of a single-precision one. Runs on
// the active target; that all targets have equal bits is tested elsewhere.

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <vector>

#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4)  // as the kernels
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/kernels/accuracy_float_test.cpp"
#include "hwy/foreach_target.h"  // compiles the rest of this file once per target
#include "hwy/highway.h"
#include "kernels/math-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace flopsieve::kernels::HWY_NAMESPACE {

/// The sizes are multiples of 16.
void Logs(const float* u, float* out, std::size_t size) {
  const hn::CappedTag<float, 16> d;
  for (std::size_t i = 0; i < size; i += hn::Lanes(d)) {
    hn::StoreU(LogFloat(d, hn::LoadU(d, u + i)), d, out + i);
  }
}

void BinaryLogs(const float* x, float* out, std::size_t size) {
  const hn::CappedTag<float, 16> d;
  for (std::size_t i = 0; i < size; i += hn::Lanes(d)) {
    hn::StoreU(Log2Float<100>(d, hn::LoadU(d, x + i)), d, out + i);
  }
}

void Powers(const float* scale, const float* z, float* out, std::size_t size) {
  const hn::CappedTag<float, 16> d;
  for (std::size_t i = 0; i < size; i += hn::Lanes(d)) {
    hn::StoreU(PowerOfTwoFloat(d, hn::LoadU(d, scale + i), hn::LoadU(d, z + i)), d, out + i);
  }
}

void Turns(const std::uint32_t* word, float* sine, float* cosine, std::size_t size) {
  const hn::CappedTag<float, 16> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  for (std::size_t i = 0; i < size; i += hn::Lanes(d)) {
    hn::Vec<decltype(d)> s, c;
    RandomTurn(d, hn::LoadU(du, word + i), s, c);
    hn::StoreU(s, d, sine + i);
    hn::StoreU(c, d, cosine + i);
  }
}

}  // namespace flopsieve::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "tests/support/reference.hpp"

namespace flopsieve::kernels {

HWY_EXPORT(Logs);
HWY_EXPORT(BinaryLogs);
HWY_EXPORT(Powers);
HWY_EXPORT(Turns);

namespace {

constexpr std::size_t chunk = 4096;

/// The error of abs(value), with its sign, in units of the last place of a float at `exact`.
double error_in_ulp(float value, double exact) {
  const double unit = std::ldexp(1.0, std::max(std::ilogb(exact), -126) - 23);
  return std::copysign(1.0, exact) * (static_cast<double>(value) - exact) / unit;
}

/// The errors of a function over some points.
struct Worst {
  double error = 0.0;  ///< the largest
  double at = 0.0;
  double sum = 0.0;  ///< of the errors with their signs
  double count = 0.0;

  void add(double signed_error, double x) {
    sum += signed_error;
    count += 1.0;
    if (std::abs(signed_error) <= error) return;
    error = std::abs(signed_error);
    at = x;
  }
};

/// Against what was measured on the points of this file: the largest error, and the mean error with
/// its sign. A function that errs otherwise, be it less, has changed.
void check_measured(const Worst& worst, double largest, double mean) {
  INFO("worst error " << worst.error << " at " << worst.at << ", mean " << worst.sum / worst.count);
  CHECK(std::abs(worst.error - largest) <= 0.001);
  CHECK(std::abs(worst.sum / worst.count - mean) <= 1e-5);
}

TEST_CASE("LogFloat at every single-precision number from 2^-32 to 1", "[slow]") {
  const auto first = std::bit_cast<std::uint32_t>(0x1p-32f);
  const auto last = std::bit_cast<std::uint32_t>(1.0f);
  std::vector<float> u(chunk), log(chunk);
  Worst worst;
  for (std::uint32_t start = first; start < last; start += chunk) {
    for (std::uint32_t i = 0; i < chunk; ++i) u[i] = std::bit_cast<float>(start + i);
    HWY_DYNAMIC_DISPATCH(Logs)(u.data(), log.data(), chunk);
    for (std::uint32_t i = 0; i < chunk; ++i) {
      const auto x = static_cast<double>(u[i]);
      worst.add(error_in_ulp(log[i], std::log(x)), x);
    }
  }
  CHECK(worst.error <= 0.9);
  check_measured(worst, 0.886488, 0.0320941);
  const float one[16] = {1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f,
                         1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f, 1.0f};
  HWY_DYNAMIC_DISPATCH(Logs)(one, log.data(), 16);
  CHECK(log[0] == 0.0f);
}

TEST_CASE("Log2Float at every single-precision number next to 2^100, and far from it", "[slow]") {
  std::vector<float> x(chunk), log(chunk);
  Worst worst;
  const auto add_chunk = [&](std::uint32_t first, std::uint32_t step) {
    for (std::uint32_t i = 0; i < chunk; ++i) x[i] = std::bit_cast<float>(first + step * i);
    HWY_DYNAMIC_DISPATCH(BinaryLogs)(x.data(), log.data(), chunk);
    for (std::uint32_t i = 0; i < chunk; ++i) {
      const double exact = std::log2(static_cast<double>(x[i])) - 100.0;
      const double error = static_cast<double>(log[i]) - exact;
      // The header's bound is 3 * 2^-24, and 2^-24 of the result for its rounding.
      REQUIRE(std::abs(error) <= 0x1p-24 * (3.0 + std::abs(exact)));
      worst.add(error * 0x1p24 / (3.0 + std::abs(exact)), static_cast<double>(x[i]));
    }
  };
  const auto centre = std::bit_cast<std::uint32_t>(0x1p100f);
  const std::uint32_t binade = 0x00800000;
  for (std::uint32_t i = 0; i < 2 * binade; i += chunk) add_chunk(centre - binade + i, 1);
  for (std::uint32_t i = binade; i + 61 * chunk < 0x7F800000; i += 61 * chunk) add_chunk(i, 61);
  check_measured(worst, 0.982336, -0.0156996);
}

TEST_CASE("RandomTurn over the whole turn", "[slow]") {
  // Every 61st word, so that all 2^32 words of one residue are met; the angle is exact.
  std::vector<std::uint32_t> word(chunk);
  std::vector<float> sine(chunk), cosine(chunk);
  Worst sines, cosines;
  std::vector<double> sectors(64, 0.0);
  std::uint64_t next = 0;
  while (next + 61 * chunk < std::uint64_t{1} << 32) {
    for (auto& w : word) {
      w = static_cast<std::uint32_t>(next);
      next += 61;
    }
    HWY_DYNAMIC_DISPATCH(Turns)(word.data(), sine.data(), cosine.data(), chunk);
    for (std::size_t i = 0; i < chunk; ++i) {
      const auto [exact_sine, exact_cosine] = test::exact_turn<double>(word[i]);
      if (exact_sine != 0.0) sines.add(error_in_ulp(sine[i], exact_sine), word[i]);
      if (exact_cosine != 0.0) cosines.add(error_in_ulp(cosine[i], exact_cosine), word[i]);
      const double turn = std::atan2(sine[i], cosine[i]) / (2.0 * std::acos(-1.0)) + 0.5;
      sectors[static_cast<std::size_t>(turn * 64.0) % 64] += 1.0;
    }
  }
  CHECK(std::max(sines.error, cosines.error) <= 2.8);
  check_measured(sines, 2.72242, 0.103389);
  check_measured(cosines, 2.66178, 0.103485);
  // Words are taken evenly but for a last part, so the angles are uniform to 2 parts in 1000.
  for (const double count : sectors) CHECK(count == Approx(sines.count / 64.0).epsilon(2e-3));
}

TEST_CASE("PowerOfTwoFloat over its range", "[slow]") {
  std::vector<float> scale(chunk), z(chunk), power(chunk);
  test::Splitmix random(31);
  Worst worst;
  const auto add_chunk = [&] {
    HWY_DYNAMIC_DISPATCH(Powers)(scale.data(), z.data(), power.data(), chunk);
    for (std::size_t i = 0; i < chunk; ++i) {
      const double y = static_cast<double>(scale[i]) * static_cast<double>(z[i]);
      worst.add((static_cast<double>(power[i]) / std::exp2(y) - 1.0) * 0x1p24, y);
    }
  };
  for (int round = 0; round < 4000; ++round) {
    for (std::size_t i = 0; i < chunk; ++i) {
      scale[i] = static_cast<float>(random.uniform(-12.0, 12.0));
      z[i] = static_cast<float>(random.uniform(-10.0, 10.0));
    }
    add_chunk();
  }
  // Every 11th number of [2^-26, 120], of both signs in turn, times 1.
  std::fill(scale.begin(), scale.end(), 1.0f);
  const auto last = std::bit_cast<std::uint32_t>(120.0f);
  for (auto bits = std::bit_cast<std::uint32_t>(0x1p-26f); bits < last;) {
    for (auto& x : z) {
      x = std::bit_cast<float>(std::min(bits, last)) * (bits % 2 == 0 ? 1.0f : -1.0f);
      bits += 11;
    }
    add_chunk();
  }
  CHECK(worst.error <= 3.3);
  check_measured(worst, 3.03522, -0.216425);
}

}  // namespace
}  // namespace flopsieve::kernels
#endif
