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
  state.word0 = hn::Xor3(hn::ShiftRight<32>(product1), state.word1, key0);
  state.word1 = product1;
  state.word2 = hn::Xor3(hn::ShiftRight<32>(product0), state.word3, key1);
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

/// The random words of consecutive blocks of the same lanes. Set up once per group: in the first
/// round only the block's own word is new.
template <class D>
class PhiloxBlocks {
 public:
  using V = hn::Vec<D>;

  PhiloxBlocks(D d, Key key, V word1, V word2, V word3)
      : d_(d), key_(key), word1_(word1), word2_(word2), word3_(word3) {
#if HWY_TARGET != HWY_SCALAR
    even_ = FirstRound(Even(word1), Even(word2), Even(word3));
    odd_ = FirstRound(Odd(word1), Odd(word2), Odd(word3));
#endif
  }

  /// Stores words 0 to 3 of `block` and of the next one at out, out + stride, ..., out + 7 stride.
  /// Two blocks of even and odd lanes are four chains, which hide the latency of multiplications.
  HWY_INLINE void StoreTwo(std::uint32_t block, std::uint32_t* HWY_RESTRICT out,
                           std::size_t stride) const {
#if HWY_TARGET == HWY_SCALAR
    for (std::uint32_t i = 0; i < 2; ++i) {
      PhiloxState<V> state{hn::Set(d_, block + i), word1_, word2_, word3_};
      Philox(d_, key_, state);
      StoreWords(state, out + 4 * i * stride, stride);
    }
#else
    const hn::RepartitionToWide<D> d64;
    PhiloxState<V64> a = Start(even_, block);
    PhiloxState<V64> b = Start(odd_, block);
    PhiloxState<V64> c = Start(even_, block + 1);
    PhiloxState<V64> e = Start(odd_, block + 1);
    Key key = key_;
    for (int round = 1; round < philox_rounds; ++round) {
      key = {key[0] + philox_weyl_0, key[1] + philox_weyl_1};
      const V64 key0 = hn::Set(d64, key[0]);
      const V64 key1 = hn::Set(d64, key[1]);
      PhiloxRound(d64, key0, key1, a);
      PhiloxRound(d64, key0, key1, b);
      PhiloxRound(d64, key0, key1, c);
      PhiloxRound(d64, key0, key1, e);
    }
    StoreWords(Join(a, b), out, stride);
    StoreWords(Join(c, e), out + 4 * stride, stride);
#endif
  }

 private:
  HWY_INLINE void StoreWords(const PhiloxState<V>& state, std::uint32_t* HWY_RESTRICT out,
                             std::size_t stride) const {
    hn::StoreU(state.word0, d_, out);
    hn::StoreU(state.word1, d_, out + stride);
    hn::StoreU(state.word2, d_, out + 2 * stride);
    hn::StoreU(state.word3, d_, out + 3 * stride);
  }

#if HWY_TARGET != HWY_SCALAR
  using V64 = hn::Vec<hn::RepartitionToWide<D>>;

  /// What the first round leaves that does not hang on the block.
  struct Constant {
    V64 word0, word1, word2;
  };

  HWY_INLINE V64 Even(V v) const {
    return hn::BitCast(hn::RepartitionToWide<D>(), v);
  }
  HWY_INLINE V64 Odd(V v) const {
    return hn::ShiftRight<32>(Even(v));
  }

  HWY_INLINE Constant FirstRound(V64 word1, V64 word2, V64 word3) const {
    const hn::RepartitionToWide<D> d64;
    const V64 product = hn::MulEven(hn::BitCast(d_, word2), hn::Set(d_, philox_multiplier_1));
    return {hn::Xor3(hn::ShiftRight<32>(product), word1, hn::Set(d64, key_[0])), product,
            hn::Xor(word3, hn::Set(d64, key_[1]))};
  }

  HWY_INLINE PhiloxState<V64> Start(const Constant& constant, std::uint32_t block) const {
    const hn::RepartitionToWide<D> d64;
    const std::uint64_t product = std::uint64_t{block} * philox_multiplier_0;
    return {constant.word0, constant.word1, hn::Xor(constant.word2, hn::Set(d64, product >> 32)),
            hn::Set(d64, product)};
  }

  HWY_INLINE PhiloxState<V> Join(const PhiloxState<V64>& even, const PhiloxState<V64>& odd) const {
    const auto join = [this](V64 a, V64 b) HWY_ATTR {
      return hn::OddEven(hn::BitCast(d_, hn::ShiftLeft<32>(b)), hn::BitCast(d_, a));
    };
    return {join(even.word0, odd.word0), join(even.word1, odd.word1), join(even.word2, odd.word2),
            join(even.word3, odd.word3)};
  }

  Constant even_, odd_;
#endif
  D d_;
  Key key_;
  V word1_, word2_, word3_;
};

}  // namespace flopsieve::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
