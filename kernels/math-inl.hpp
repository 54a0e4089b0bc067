// Functions on vectors, included once per target inside the namespace of that target (see
// sizes.cpp). The double versions repeat math.cpp operation by operation.

#if defined(FLOPSIEVE_KERNELS_MATH_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef FLOPSIEVE_KERNELS_MATH_INL
#undef FLOPSIEVE_KERNELS_MATH_INL
#else
#define FLOPSIEVE_KERNELS_MATH_INL
#endif

#include <array>
#include <cmath>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/math_constants.hpp"

HWY_BEFORE_NAMESPACE();
namespace flopsieve::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// a * b + c with one rounding. Highway's MulAdd rounds twice on targets without the instruction.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Fma(D d, V a, V b, V c) {
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
  using T = hn::TFromD<D>;
  HWY_ALIGN T lanes[3][hn::MaxLanes(D())];
  hn::Store(a, d, lanes[0]);
  hn::Store(b, d, lanes[1]);
  hn::Store(c, d, lanes[2]);
  for (std::size_t i = 0; i < hn::Lanes(d); ++i) {
    lanes[0][i] = std::fma(lanes[0][i], lanes[1][i], lanes[2][i]);
  }
  return hn::Load(d, lanes[0]);
#else
  (void)d;
  return hn::MulAdd(a, b, c);
#endif
}

template <class D, class T, std::size_t n, class V = hn::Vec<D>>
HWY_INLINE V Horner(D d, const std::array<T, n>& coefficients, V x) {
  V sum = hn::Set(d, coefficients[n - 1]);
  for (std::size_t i = n - 1; i-- > 0;) sum = Fma(d, sum, x, hn::Set(d, coefficients[i]));
  return sum;
}

/// 2^(high + low) as in math.cpp.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V PowerOfTwo(D d, V high, V low) {
  const hn::RebindToUnsigned<D> du;
  const V shift = hn::Set(d, rounding_shift);
  const V shifted = hn::Add(high, shift);
  const V fraction = hn::Add(hn::Sub(high, hn::Sub(shifted, shift)), low);
  const auto exponent = hn::ShiftLeft<52>(hn::BitCast(du, shifted));
  const V mantissa = Horner(d, exp2_coefficients, fraction);
  return hn::BitCast(d, hn::Add(hn::BitCast(du, mantissa), exponent));
}

/// 2^(x * factor), the factor given as a sum.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V PowerOfBase(D d, V x, double factor, double factor_low) {
  const V most = hn::Set(d, factor);
  const V high = hn::Mul(x, most);
  const V low = Fma(d, x, most, hn::Neg(high));
  return PowerOfTwo(d, high, hn::Add(low, hn::Mul(x, hn::Set(d, factor_low))));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V PowerOfTen(D d, V x) {
  return PowerOfBase(d, x, log2_of_10, log2_of_10_low);
}

/// e^x for -708 <= x <= 709.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V Exponential(D d, V x) {
  return PowerOfBase(d, x, log2_of_e, log2_of_e_low);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V NaturalLog(D d, V x) {
  const hn::RebindToUnsigned<D> du;
  const hn::RebindToSigned<D> di;
  const auto cut = hn::Set(du, sqrt_half_bits);
  const auto shifted = hn::Sub(hn::BitCast(du, x), cut);
  // The signed exponent becomes a double by way of the low bits of rounding_shift.
  const auto exponent_bits = hn::ShiftRight<52>(hn::BitCast(di, shifted));
  const V shift = hn::Set(d, rounding_shift);
  const V exponent = hn::Sub(hn::BitCast(d, hn::Add(exponent_bits, hn::BitCast(di, shift))), shift);
  const V m = hn::BitCast(d, hn::Add(hn::And(shifted, hn::Set(du, mantissa_bits)), cut));
  const V f = hn::Sub(m, hn::Set(d, 1.0));
  const V s = hn::Div(f, hn::Add(hn::Set(d, 2.0), f));
  const V z = hn::Mul(s, s);
  const V half_square = hn::Mul(hn::Mul(hn::Set(d, 0.5), f), f);
  const V tail = hn::Mul(s, hn::Add(half_square, hn::Mul(z, Horner(d, log_coefficients, z))));
  const V low = hn::Add(tail, hn::Mul(exponent, hn::Set(d, ln2_low)));
  return hn::Sub(hn::Mul(exponent, hn::Set(d, ln2_high)), hn::Sub(hn::Sub(half_square, low), f));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V DecimalLog(D d, V x) {
  const V log = NaturalLog(d, x);
  return Fma(d, log, hn::Set(d, log10_of_e), hn::Mul(log, hn::Set(d, log10_of_e_low)));
}

/// 2^(scale * z) in single precision for abs(scale * z) <= 120. The product is not rounded before
/// its whole part is taken off. Relative error below 3.3 * 2^-24 (accuracy_float_test.cpp).
template <class D, class V = hn::Vec<D>>
HWY_INLINE V PowerOfTwoFloat(D d, V scale, V z) {
  const hn::RebindToUnsigned<D> du;
  const V shift = hn::Set(d, rounding_shift_float);
  const V shifted = Fma(d, scale, z, shift);
  const V fraction = Fma(d, scale, z, hn::Sub(shift, shifted));
  const V mantissa = Horner(d, exp2f_coefficients, fraction);
  return hn::BitCast(
      d, hn::Add(hn::BitCast(du, mantissa), hn::ShiftLeft<23>(hn::BitCast(du, shifted))));
}

/// ln u for float u in [2^-32, 1], within 0.9 units of the last place at every such u.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V LogFloat(D d, V u) {
  const hn::RebindToSigned<D> di;
  const auto cut = hn::Set(di, 0x3F3504F3);  // sqrt(1/2)
  const auto shifted = hn::Sub(hn::BitCast(di, u), cut);
  const V exponent = hn::ConvertTo(d, hn::ShiftRight<23>(shifted));
  const V m = hn::BitCast(d, hn::Add(hn::And(shifted, hn::Set(di, 0x007FFFFF)), cut));
  const V f = hn::Sub(m, hn::Set(d, 1.0f));
  const V f2 = hn::Mul(f, f);
  V sum = hn::Mul(hn::Mul(f2, f), Horner(d, logf_coefficients, f));
  sum = Fma(d, f2, hn::Set(d, -0.5f), sum);
  return Fma(d, exponent, hn::Set(d, ln2_float), hn::Add(f, sum));
}

/// log2(x / 2^shift) for positive normal float x, whole |shift| <= 126. Absolute error below
/// 2^-24 (3 + |result|).
template <int shift, class D, class V = hn::Vec<D>>
HWY_INLINE V Log2Float(D d, V x) {
  const hn::RebindToSigned<D> di;
  const auto cut = hn::Set(di, 0x3F3504F3);  // sqrt(1/2)
  const auto shifted = hn::Sub(hn::BitCast(di, x), hn::Set(di, 0x3F3504F3 + shift * (1 << 23)));
  const V exponent = hn::ConvertTo(d, hn::ShiftRight<23>(shifted));
  const V m = hn::BitCast(d, hn::Add(hn::And(shifted, hn::Set(di, 0x007FFFFF)), cut));
  const V f = hn::Sub(m, hn::Set(d, 1.0f));
  return Fma(d, f, Horner(d, log2f_coefficients, f), exponent);
}

/// Sine and cosine of random_turn() (normal_pair.hpp), within 2.8 units of the last place.
template <class D, class V = hn::Vec<D>, class VU = hn::Vec<hn::RebindToUnsigned<D>>>
HWY_INLINE void RandomTurn(D d, VU word, V& sine, V& cosine) {
  const hn::RebindToUnsigned<D> du;
  const hn::RebindToSigned<D> di;
  const V angle = hn::Mul(hn::ConvertTo(d, hn::BitCast(di, hn::ShiftLeft<1>(word))),
                          hn::Set(d, radians_per_unit));
  const V square = hn::Mul(angle, angle);
  const V s = Fma(d, hn::Mul(angle, square), Horner(d, sinf_coefficients, square), angle);
  const V core = Fma(d, hn::Mul(square, square), Horner(d, cosf_coefficients, square),
                     Fma(d, square, hn::Set(d, -0.5f), hn::Set(d, 1.0f)));
  const V c = hn::Xor(core, hn::BitCast(d, hn::And(word, hn::Set(du, 0x80000000u))));
  const auto swap = hn::RebindMask(d, hn::TestBit(word, hn::Set(du, 1u)));
  sine = hn::IfThenElse(swap, c, s);
  cosine = hn::IfThenElse(swap, s, c);
}

}  // namespace flopsieve::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
