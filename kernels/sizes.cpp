#include "kernels/sizes.hpp"

#include <limits>

#include "hwy/contrib/sort/vqsort.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/sizes.cpp"
#include "hwy/foreach_target.h"  // compiles the rest of this file once per target
#include "hwy/highway.h"
#include "kernels/math-inl.hpp"
#include "kernels/philox-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace flopsieve::kernels::HWY_NAMESPACE {

/// Two independent standard normals from two random words.
template <class D, class V = hn::Vec<D>, class VU = hn::Vec<hn::RebindToUnsigned<D>>>
HWY_INLINE void BoxMuller(D d, VU radius_word, VU angle_word, V& first, V& second) {
  const hn::RebindToSigned<D> di;
  const V whole = hn::ConvertTo(d, hn::BitCast(di, hn::ShiftRight<1>(radius_word)));
  // (n + 1/2) / 2^31, never 0: the tail reaches 6.66 standard deviations.
  const V uniform = Fma(d, whole, hn::Set(d, 0x1p-31f), hn::Set(d, 0x1p-32f));
  const V radius = hn::Sqrt(hn::Mul(hn::Set(d, -2.0f), LogFloat(d, uniform)));
  V sine, cosine;
  SinCosTurn(d, angle_word, sine, cosine);
  first = hn::Mul(radius, cosine);
  second = hn::Mul(radius, sine);
}

template <class V>
struct LaneShape {
  V absolute, normal, constant;
};

template <class D, class V = hn::Vec<D>, class VU = hn::Vec<hn::RebindToUnsigned<D>>>
HWY_INLINE V StandardisedSize(D d, const LaneShape<V>& shape, VU word0, VU word1) {
  V first, second;
  BoxMuller(d, word0, word1, first, second);
  return Fma(d, shape.absolute, hn::Abs(first), Fma(d, shape.normal, second, shape.constant));
}

void DrawSizes(Key key, const GroupAddress& address, const GroupShape& group, std::size_t draws,
               float* HWY_RESTRICT z) {
  const hn::CappedTag<float, group_width> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  using VU = hn::Vec<decltype(du)>;
  for (std::size_t lane = 0; lane < group_width; lane += hn::Lanes(d)) {
    const LaneShape<hn::Vec<decltype(d)>> shape{hn::Load(d, &group.absolute[lane]),
                                                hn::Load(d, &group.normal[lane]),
                                                hn::Load(d, &group.constant[lane])};
    const VU word1 = hn::Load(du, &address.word1[lane]);
    const VU word2 = hn::Load(du, &address.word2[lane]);
    const VU word3 = hn::Load(du, &address.word3[lane]);
    for (std::size_t draw = 0; draw < draws; draw += 2) {
      PhiloxState<VU> state{hn::Set(du, static_cast<std::uint32_t>(draw / 2)), word1, word2, word3};
      Philox(du, key, state);
      hn::StoreU(StandardisedSize(d, shape, state.word0, state.word1), d,
                 z + draw * group_width + lane);
      if (draw + 1 == draws) break;
      hn::StoreU(StandardisedSize(d, shape, state.word2, state.word3), d,
                 z + (draw + 1) * group_width + lane);
    }
  }
}

template <class V>
struct LaneSums {
  V total, power_1, power_2, power_3, power_4, largest, smallest;
};

/// Adds one draw to the sums of the lanes in `live`.
template <class D, class M, class V = hn::Vec<D>>
HWY_INLINE void AddDraw(D d, V z, V scale, M live, LaneSums<V>& sums) {
  const V zero = hn::Zero(d);
  const V size = PowerOfTwo(d, hn::Mul(scale, z), zero);
  const V z2 = hn::Mul(z, z);
  const auto add = [&](V sum, V value) { return hn::Add(sum, hn::IfThenElseZero(live, value)); };
  sums.total = add(sums.total, size);
  sums.power_1 = add(sums.power_1, z);
  sums.power_2 = add(sums.power_2, z2);
  sums.power_3 = add(sums.power_3, hn::Mul(z2, z));
  sums.power_4 = add(sums.power_4, hn::Mul(z2, z2));
  sums.largest = hn::IfThenElse(live, hn::Max(sums.largest, z), sums.largest);
  sums.smallest = hn::IfThenElse(live, hn::Min(sums.smallest, z), sums.smallest);
}

void SumSizes(const float* HWY_RESTRICT z, const PerLane<std::uint32_t>& count,
              const PerLane<double>& scales, GroupSums& out) {
  const hn::CappedTag<double, group_width> d;
  const hn::Rebind<float, decltype(d)> df;
  for (std::size_t lane = 0; lane < group_width; lane += hn::Lanes(d)) {
    alignas(64) PerLane<double> lane_count{};
    std::uint32_t most = 0;
    for (std::size_t i = 0; i < hn::Lanes(d); ++i) {
      lane_count[i] = static_cast<double>(count[lane + i]);
      if (count[lane + i] > most) most = count[lane + i];
    }
    const auto counts = hn::Load(d, lane_count.data());
    const auto scale = hn::LoadU(d, &scales[lane]);
    const auto zero = hn::Zero(d);
    const double infinity = std::numeric_limits<double>::infinity();
    LaneSums<hn::Vec<decltype(d)>> sums{
        zero, zero, zero, zero, zero, hn::Set(d, -infinity), hn::Set(d, infinity)};
    for (std::uint32_t draw = 0; draw < most; ++draw) {
      const auto live = hn::Gt(counts, hn::Set(d, static_cast<double>(draw)));
      AddDraw(d, hn::PromoteTo(d, hn::LoadU(df, z + draw * group_width + lane)), scale, live, sums);
    }
    hn::Store(sums.total, d, &out.total[lane]);
    hn::Store(sums.power_1, d, &out.power_1[lane]);
    hn::Store(sums.power_2, d, &out.power_2[lane]);
    hn::Store(sums.power_3, d, &out.power_3[lane]);
    hn::Store(sums.power_4, d, &out.power_4[lane]);
    hn::Store(sums.largest, d, &out.largest[lane]);
    hn::Store(sums.smallest, d, &out.smallest[lane]);
  }
}

/// Applies `function` to whole vectors, and to a padded copy of what is left over.
template <class Function>
HWY_INLINE void Transform(const double* x, double* out, std::size_t size, Function function) {
  const hn::ScalableTag<double> d;
  const std::size_t lanes = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + lanes <= size; i += lanes) hn::StoreU(function(d, hn::LoadU(d, x + i)), d, out + i);
  if (i == size) return;
  HWY_ALIGN double rest[hn::MaxLanes(d)];
  for (std::size_t j = 0; j < lanes; ++j) rest[j] = i + j < size ? x[i + j] : 1.0;
  hn::Store(function(d, hn::Load(d, rest)), d, rest);
  for (std::size_t j = 0; i + j < size; ++j) out[i + j] = rest[j];
}

void PowersOfTen(const double* x, double* out, std::size_t size) {
  Transform(x, out, size, [](auto d, auto v) HWY_ATTR { return PowerOfTen(d, v); });
}

void DecimalLogs(const double* x, double* out, std::size_t size) {
  Transform(x, out, size, [](auto d, auto v) HWY_ATTR { return DecimalLog(d, v); });
}

}  // namespace flopsieve::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace flopsieve::kernels {

HWY_EXPORT(DrawSizes);
HWY_EXPORT(SumSizes);
HWY_EXPORT(PowersOfTen);
HWY_EXPORT(DecimalLogs);

void draw_sizes(Key key, const GroupAddress& address, const GroupShape& shape, std::size_t draws,
                std::span<float> z) {
  HWY_DYNAMIC_DISPATCH(DrawSizes)(key, address, shape, draws, z.data());
}

void sum_sizes(std::span<const float> z, const PerLane<std::uint32_t>& count,
               const PerLane<double>& scale, GroupSums& sums) {
  HWY_DYNAMIC_DISPATCH(SumSizes)(z.data(), count, scale, sums);
}

void powers_of_ten(std::span<const double> x, std::span<double> out) {
  HWY_DYNAMIC_DISPATCH(PowersOfTen)(x.data(), out.data(), x.size());
}

void decimal_logs(std::span<const double> x, std::span<double> out) {
  HWY_DYNAMIC_DISPATCH(DecimalLogs)(x.data(), out.data(), x.size());
}

void sort_ascending(std::span<float> values) {
  thread_local const hwy::Sorter sorter;  // owns its buffer
  sorter(values.data(), values.size(), hwy::SortAscending());
}

}  // namespace flopsieve::kernels
#endif
