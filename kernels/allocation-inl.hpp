// The classes of many candidates side by side on vectors, included once per target inside the
// namespace of that target (see allocation.cpp). Gives the sizes of draw_allocation(), bit by bit.

#if defined(FLOPSIEVE_KERNELS_ALLOCATION_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef FLOPSIEVE_KERNELS_ALLOCATION_INL
#undef FLOPSIEVE_KERNELS_ALLOCATION_INL
#else
#define FLOPSIEVE_KERNELS_ALLOCATION_INL
#endif

#include <algorithm>
#include <array>

#include "hwy/highway.h"
#include "kernels/allocation.hpp"
#include "kernels/allocation_detail.hpp"
#include "kernels/math-inl.hpp"
#include "kernels/philox-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace flopsieve::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using ClassTag = hn::CappedTag<double, class_group>;

/// Edges and cumulative shares of one candidate's classes, in units of T / 2^64.
struct Edges {
  HWY_ALIGN double edge[most_allocation_bins + 1 + class_group];
  HWY_ALIGN double share[most_allocation_bins + 1 + class_group];
};

void FindEdges(const Allocation& allocation, Edges& edges) {
  const ClassTag d;
  const auto unit = hn::Set(d, class_unit);
  const auto largest = hn::Set(d, allocation.largest_share);
  const auto step = hn::Set(d, allocation.log10_smallest / allocation.bins);
  for (std::size_t i = 0; i <= allocation.bins; i += hn::Lanes(d)) {
    const auto left =
        hn::Sub(hn::Set(d, static_cast<double>(allocation.bins - i)), hn::Iota(d, 0.0));
    const auto log = hn::Mul(step, left);
    const auto share = PowerOfTen(d, hn::Mul(log, hn::Set(d, allocation.gradient)));
    hn::Store(hn::Mul(hn::Mul(PowerOfTen(d, log), largest), unit), d, edges.edge + i);
    hn::Store(hn::Mul(share, unit), d, edges.share + i);
  }
}

/// The classes of one candidate, which begin at place `first` of the columns. Writes up to a vector
/// too many, which the next candidate or the padding overwrites.
void FillClasses(const AllocationRequest& request, const Edges& edges, std::size_t first,
                 const AllocationClasses& classes) {
  const ClassTag d;
  const hn::RebindToUnsigned<ClassTag> du;
  const auto pair = [&](std::uint32_t low, std::uint32_t high) {
    return hn::Set(du, std::uint64_t{high} << 32 | low);
  };
  const auto word0_3 = pair(0, request.counter[3]);
  const auto word1_2 = pair(request.counter[1], request.counter[2]);
  for (std::size_t i = 0; i < request.allocation.bins; i += hn::Lanes(d)) {
    const std::size_t at = first + i;
    const auto lower = hn::Load(d, edges.edge + i);
    const auto width = hn::Sub(hn::LoadU(d, edges.edge + i + 1), lower);
    const auto compute = hn::Sub(hn::LoadU(d, edges.share + i + 1), hn::Load(d, edges.share + i));
    hn::StoreU(Fma(d, width, hn::Set(d, 0x1p-33), lower), d, classes.base + at);
    hn::StoreU(hn::Mul(width, hn::Set(d, 0x1p-32)), d, classes.step + at);
    hn::StoreU(compute, d, classes.compute + at);
    const auto bin = hn::Iota(du, static_cast<std::uint64_t>(i));
    hn::StoreU(hn::Or(hn::ShiftLeft<20>(bin), word0_3), du, classes.word0_3 + at);
    hn::StoreU(word1_2, du, classes.word1_2 + at);
  }
}

/// Fills the columns, and in most[i] how many models a class of candidate i has at most: each but
/// the last is not below the lower edge, and the ratio of compute to edge is monotone.
void BuildClasses(const AllocationRequest* requests, std::size_t size,
                  const AllocationClasses& classes, double* most) {
  Edges edges;
  std::size_t first = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t bins = requests[i].allocation.bins;
    FindEdges(requests[i].allocation, edges);
    FillClasses(requests[i], edges, first, classes);
    const double bottom = (edges.share[1] - edges.share[0]) / edges.edge[0];
    const double top = (edges.share[bins] - edges.share[bins - 1]) / edges.edge[bins - 1];
    most[i] = std::max(bottom, top) + 2.0;
    first += bins;
  }
}

#if HWY_TARGET == HWY_SCALAR

/// Four random words of each lane, in the low halves of 64-bit lanes; the high halves hold junk.
template <class D64, class V = hn::Vec<D64>>
HWY_INLINE void PhiloxPair(D64 d64, const Key* keys, PhiloxState<V>& a, PhiloxState<V>& b) {
  for (PhiloxState<V>* state : {&a, &b}) {
    const auto word = [](V v) { return static_cast<std::uint32_t>(hn::GetLane(v)); };
    const Words words = philox(
        {word(state->word0), word(state->word1), word(state->word2), word(state->word3)}, keys[0]);
    *state = {hn::Set(d64, words[0]), hn::Set(d64, words[1]), hn::Set(d64, words[2]),
              hn::Set(d64, words[3])};
  }
}

#else

/// Four random words of each lane, in the low halves of 64-bit lanes; the high halves hold junk.
/// Two chains hide the latency of the multiplication. keys[i] is the key of round i.
template <class D64, class V = hn::Vec<D64>>
HWY_INLINE void PhiloxPair(D64 d64, const Key* keys, PhiloxState<V>& a, PhiloxState<V>& b) {
  for (int round = 0; round < philox_rounds; ++round) {
    const V key0 = hn::Set(d64, keys[round][0]);
    const V key1 = hn::Set(d64, keys[round][1]);
    PhiloxRound(d64, key0, key1, a);
    PhiloxRound(d64, key0, key1, b);
  }
}

#endif

/// The words as whole doubles: in the low bits of 2^52 they are exact.
template <class D, class VU = hn::Vec<hn::RebindToUnsigned<D>>>
HWY_INLINE hn::Vec<D> WordsToDouble(D d, VU words) {
  const hn::RebindToUnsigned<D> du;
  const auto magic = hn::Set(d, 0x1p52);
  const auto low = hn::And(words, hn::Set(du, std::uint64_t{0xFFFFFFFF}));
  return hn::Sub(hn::BitCast(d, hn::Or(low, hn::BitCast(du, magic))), magic);
}

/// What a group of classes knows from one block to the next.
struct GroupState {
  alignas(64) std::array<double, class_group> left;     ///< of the compute; negative: full
  alignas(64) std::array<double, class_group> count{};  ///< models so far
};

/// Four draws of each of a vector of classes at `lane` of the group; true if all of them are full.
/// A draw that would be too much becomes what is left, and then less than nothing is left, so that
/// whatever a full class still draws becomes negative and is no model.
template <class D, class VU = hn::Vec<hn::RebindToUnsigned<D>>>
HWY_INLINE bool AddBlock(D d, const PhiloxState<VU>& words, const AllocationClasses& classes,
                         std::size_t at, std::size_t lane, GroupState& state, float* raw) {
  using V = hn::Vec<D>;
  const hn::Rebind<float, D> df;
  const V zero = hn::Zero(d);
  const V one = hn::Set(d, 1.0);
  const V base = hn::LoadU(d, classes.base + at);
  const V step = hn::LoadU(d, classes.step + at);
  V left = hn::Load(d, &state.left[lane]);
  V count = hn::Load(d, &state.count[lane]);
  const auto draw = [&](VU word) HWY_ATTR {
    const V size = Fma(d, step, WordsToDouble(d, word), base);
    const V model = hn::Min(size, left);
    count = hn::Add(count, hn::IfThenElseZero(hn::Gt(left, zero), one));
    left = hn::Sub(left, size);
    return hn::DemoteTo(df, model);
  };
  const auto model0 = draw(words.word0);
  const auto model1 = draw(words.word1);
  const auto model2 = draw(words.word2);
  const auto model3 = draw(words.word3);
  hn::StoreInterleaved4(model0, model1, model2, model3, df, raw + 4 * lane);
  hn::Store(left, d, &state.left[lane]);
  hn::Store(count, d, &state.count[lane]);
  return hn::AllTrue(d, hn::Lt(left, zero));
}

/// The counters of `block` of a vector of classes.
template <class D64, class V = hn::Vec<D64>>
HWY_INLINE PhiloxState<V> ClassCounters(D64 d64, const AllocationClasses& classes, std::size_t at,
                                        std::uint64_t block) {
  // The high halves may hold anything.
  const V word0_3 = hn::LoadU(d64, classes.word0_3 + at);
  const V word1_2 = hn::LoadU(d64, classes.word1_2 + at);
  return {hn::Or(word0_3, hn::Set(d64, block)), word1_2, hn::ShiftRight<32>(word1_2),
          hn::ShiftRight<32>(word0_3)};
}

/// Draws the group of classes that begins at place `first`, two vectors at a time: the number of
/// models of each, and in raw[block, lane, 4] their sizes.
void DrawGroup(Key key, const AllocationClasses& classes, std::size_t first, float* raw,
               std::uint32_t* counts) {
  const ClassTag d;
  const hn::RebindToUnsigned<ClassTag> du;
  const std::size_t lanes = hn::Lanes(d);
  Key keys[philox_rounds];
  for (Key& each : keys) {
    each = key;
    key = {key[0] + philox_weyl_0, key[1] + philox_weyl_1};
  }
  GroupState state;
  std::copy_n(classes.compute + first, class_group, state.left.begin());
  for (std::size_t lane = 0; lane < class_group; lane += 2 * lanes) {
    const std::size_t at = first + lane;
    bool full = false;
    for (std::uint64_t block = 0; !full; ++block) {
      float* const out = raw + block * (4 * class_group);
      auto a = ClassCounters(du, classes, at, block);
      auto b = ClassCounters(du, classes, at + lanes, block);
      PhiloxPair(du, keys, a, b);
      full = AddBlock(d, a, classes, at, lane, state, out);
      full &= AddBlock(d, b, classes, at + lanes, lane + lanes, state, out);
    }
  }
  for (std::size_t i = 0; i < class_group; ++i) {
    counts[i] = static_cast<std::uint32_t>(state.count[i]);
  }
}

/// log10(x / 2^64) for positive, normal x.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V LogOfSize(D d, V x) {
  const hn::RebindToSigned<D> di;
  const auto cut = hn::Set(di, 0x3F3504F3);  // sqrt(1/2)
  const auto shifted = hn::Sub(hn::BitCast(di, x), cut);
  const V exponent =
      hn::ConvertTo(d, hn::Sub(hn::ShiftRight<23>(shifted), hn::Set(di, class_unit_exponent)));
  const V m = hn::BitCast(d, hn::Add(hn::And(shifted, hn::Set(di, 0x007FFFFF)), cut));
  const V f = hn::Sub(m, hn::Set(d, 1.0f));
  const V f2 = hn::Mul(f, f);
  // ln m = f + tail; the tail is small, and so is what the constants lose.
  V tail = hn::Mul(hn::Mul(f2, f), Horner(d, logf_coefficients, f));
  tail = Fma(d, f2, hn::Set(d, -0.5f), tail);
  V low = hn::Mul(tail, hn::Set(d, log10_of_e_float));
  low = Fma(d, f, hn::Set(d, log10_of_e_float_low), low);
  low = Fma(d, exponent, hn::Set(d, log10_of_2_float_low), low);
  const V mantissa_log = Fma(d, f, hn::Set(d, log10_of_e_float), low);
  return Fma(d, exponent, hn::Set(d, log10_of_2_float), mantissa_log);
}

/// Replaces sizes by their logarithms. Reads and writes up to a vector beyond the end.
void ToLogs(float* sizes, std::size_t count) {
  const hn::ScalableTag<float> d;
  for (std::size_t i = 0; i < count; i += hn::Lanes(d)) {
    hn::StoreU(LogOfSize(d, hn::LoadU(d, sizes + i)), d, sizes + i);
  }
}

}  // namespace flopsieve::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
