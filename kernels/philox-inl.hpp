// Philox4x32-10 on vectors, included once per target inside the namespace of that target. Gives
// the words of philox.hpp, lane by lane.

#if defined(FLOPSIEVE_KERNELS_PHILOX_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef FLOPSIEVE_KERNELS_PHILOX_INL
#undef FLOPSIEVE_KERNELS_PHILOX_INL
#else
#define FLOPSIEVE_KERNELS_PHILOX_INL
#endif

#include "hwy/highway.h"
#include "kernels/philox.hpp"

HWY_BEFORE_NAMESPACE();
namespace flopsieve::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Four counter words, and after rounds() four random words, of each lane.
template <class V>
struct PhiloxState {
  V word0, word1, word2, word3;
};

#if HWY_TARGET == HWY_SCALAR

template <class D, class V = hn::Vec<D>>
HWY_INLINE void Philox(D d, Key key, PhiloxState<V>& state) {
  const Words words = philox({hn::GetLane(state.word0), hn::GetLane(state.word1),
                              hn::GetLane(state.word2), hn::GetLane(state.word3)},
                             key);
  state = {hn::Set(d, words[0]), hn::Set(d, words[1]), hn::Set(d, words[2]), hn::Set(d, words[3])};
}

#else

/// One round on 32-bit words in the low halves of 64-bit lanes; the high halves hold junk, which
/// the multiplication ignores.
template <class D64, class V = hn::Vec<D64>>
HWY_INLINE void PhiloxRound(D64 d64, V key0, V key1, PhiloxState<V>& state) {
  const hn::RepartitionToNarrow<D64> d32;
  const auto product = [&](V word, std::uint32_t multiplier) {
    return hn::MulEven(hn::BitCast(d32, word), hn::Set(d32, multiplier));
  };
  const V product0 = product(state.word0, philox_multiplier_0);
  const V product1 = product(state.word2, philox_multiplier_1);
  state.word0 = hn::Xor(hn::Xor(hn::ShiftRight<32>(product1), state.word1), key0);
  state.word1 = product1;
  state.word2 = hn::Xor(hn::Xor(hn::ShiftRight<32>(product0), state.word3), key1);
  state.word3 = product0;
  (void)d64;
}

/// Replaces the counters of all 32-bit lanes by their random words. Even and odd lanes run as two
/// chains, which also hides the latency of the multiplication.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void Philox(D d, Key key, PhiloxState<V>& state) {
  const hn::RepartitionToWide<D> d64;
  using V64 = hn::Vec<decltype(d64)>;
  const auto even = [&](V v) { return hn::BitCast(d64, v); };
  const auto odd = [&](V v) { return hn::ShiftRight<32>(hn::BitCast(d64, v)); };
  PhiloxState<V64> low{even(state.word0), even(state.word1), even(state.word2), even(state.word3)};
  PhiloxState<V64> high{odd(state.word0), odd(state.word1), odd(state.word2), odd(state.word3)};
  for (int round = 0; round < philox_rounds; ++round) {
    const V64 key0 = hn::Set(d64, key[0]);
    const V64 key1 = hn::Set(d64, key[1]);
    PhiloxRound(d64, key0, key1, low);
    PhiloxRound(d64, key0, key1, high);
    key = {key[0] + philox_weyl_0, key[1] + philox_weyl_1};
  }
  const auto join = [&](V64 a, V64 b) {
    return hn::OddEven(hn::BitCast(d, hn::ShiftLeft<32>(b)), hn::BitCast(d, a));
  };
  state = {join(low.word0, high.word0), join(low.word1, high.word1), join(low.word2, high.word2),
           join(low.word3, high.word3)};
}

#endif

}  // namespace flopsieve::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
