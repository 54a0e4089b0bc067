// The method of Box and Muller on vectors, included once per target inside the namespace of that
// target. Gives the bits of normal_pair.hpp.

#if defined(FLOPSIEVE_KERNELS_NORMAL_PAIR_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef FLOPSIEVE_KERNELS_NORMAL_PAIR_INL
#undef FLOPSIEVE_KERNELS_NORMAL_PAIR_INL
#else
#define FLOPSIEVE_KERNELS_NORMAL_PAIR_INL
#endif

#include "hwy/highway.h"
#include "kernels/math-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace flopsieve::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Two independent standard normals from two random words.
template <class D, class V = hn::Vec<D>, class VU = hn::Vec<hn::RebindToUnsigned<D>>>
HWY_INLINE void BoxMuller(D d, VU radius_word, VU angle_word, V& first, V& second) {
  const hn::RebindToSigned<D> di;
  const V whole = hn::ConvertTo(d, hn::BitCast(di, hn::ShiftRight<1>(radius_word)));
  // (n + 1/2) / 2^31, never 0: the tail reaches 6.66 standard deviations.
  const V uniform = Fma(d, whole, hn::Set(d, 0x1p-31f), hn::Set(d, 0x1p-32f));
  const V radius = hn::Sqrt(hn::Mul(hn::Set(d, -2.0f), LogFloat(d, uniform)));
  V sine, cosine;
  RandomTurn(d, angle_word, sine, cosine);
  first = hn::Mul(radius, cosine);
  second = hn::Mul(radius, sine);
}

}  // namespace flopsieve::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
