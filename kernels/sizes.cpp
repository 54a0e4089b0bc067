#include "kernels/sizes.hpp"

#include <algorithm>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/sizes.cpp"
#include "hwy/foreach_target.h"  // compiles the rest of this file once per target
#include "hwy/highway.h"
#include "kernels/fast_sums-inl.hpp"
#include "kernels/math-inl.hpp"
#include "kernels/math_constants.hpp"
#include "kernels/normal_pair-inl.hpp"
#include "kernels/philox-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace flopsieve::kernels::HWY_NAMESPACE {

template <class V>
struct LaneShape {
  V absolute, normal, constant;
};

/// Words that are made before any of them is used, so that they stay in the first cache.
constexpr std::size_t most_words = 2 * chunk;

/// Draws are made eight at a time.
constexpr std::size_t whole_steps(std::size_t draws) {
  return (draws + 7) / 8 * 8;
}

/// Fills z[draw * group_width], draw < draws (a multiple of 4), of the lanes of one vector from
/// their words.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void Normals(D d, std::size_t draws, const std::uint32_t* HWY_RESTRICT words,
                        float* HWY_RESTRICT z) {
  const hn::RebindToUnsigned<D> du;
  for (std::size_t draw = 0; draw < draws; draw += 4) {
    const std::uint32_t* w = words + draw * group_width;
    V first, second, third, fourth;
    BoxMuller(d, hn::Load(du, w), hn::Load(du, w + group_width), first, second);
    BoxMuller(d, hn::Load(du, w + 2 * group_width), hn::Load(du, w + 3 * group_width), third,
              fourth);
    hn::StoreU(first, d, z + draw * group_width);
    hn::StoreU(second, d, z + (draw + 1) * group_width);
    hn::StoreU(third, d, z + (draw + 2) * group_width);
    hn::StoreU(fourth, d, z + (draw + 3) * group_width);
  }
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE void SkewNormals(D d, const LaneShape<V>& shape, std::size_t draws,
                            const std::uint32_t* HWY_RESTRICT words, float* HWY_RESTRICT z) {
  const hn::RebindToUnsigned<D> du;
  const auto size = [&](V first, V second) HWY_ATTR {
    return Fma(d, shape.absolute, hn::Abs(first), Fma(d, shape.normal, second, shape.constant));
  };
  for (std::size_t draw = 0; draw < draws; draw += 2) {
    const std::uint32_t* w = words + 2 * draw * group_width;
    V first, second, third, fourth;
    BoxMuller(d, hn::Load(du, w), hn::Load(du, w + group_width), first, second);
    BoxMuller(d, hn::Load(du, w + 2 * group_width), hn::Load(du, w + 3 * group_width), third,
              fourth);
    hn::StoreU(size(first, second), d, z + draw * group_width);
    hn::StoreU(size(third, fourth), d, z + (draw + 1) * group_width);
  }
}

/// Draws [first, first + draws) of all lanes into z, row by row; both multiples of 8, and at most a
/// chunk of them.
template <class D>
HWY_INLINE void DrawChunk(D d, Key key, const GroupAddress& address, const GroupShape& group,
                          std::size_t first, std::size_t draws, float* HWY_RESTRICT z) {
  const hn::RebindToUnsigned<D> du;
  const std::size_t words_per_draw = group.plain ? 1 : 2;
  const std::size_t blocks = words_per_draw * draws / 4;
  const auto first_block = static_cast<std::uint32_t>(words_per_draw * first / 4);
  HWY_ALIGN std::uint32_t words[most_words * group_width];
  for (std::size_t lane = 0; lane < group_width; lane += hn::Lanes(d)) {
    const PhiloxBlocks<decltype(du)> philox(du, key, hn::Load(du, &address.word1[lane]),
                                            hn::Load(du, &address.word2[lane]),
                                            hn::Load(du, &address.word3[lane]));
    for (std::uint32_t block = 0; block < blocks; block += 2) {
      philox.StoreTwo(first_block + block, words + 4 * block * group_width + lane, group_width);
    }
    if (group.plain) {
      Normals(d, draws, words + lane, z + lane);
    } else {
      const LaneShape<hn::Vec<D>> shape{hn::Load(d, &group.absolute[lane]),
                                        hn::Load(d, &group.normal[lane]),
                                        hn::Load(d, &group.constant[lane])};
      SkewNormals(d, shape, draws, words + lane, z + lane);
    }
  }
}

void DrawSizes(Key key, const GroupAddress& address, const GroupShape& group, std::size_t draws,
               float* HWY_RESTRICT z) {
  const hn::CappedTag<float, group_width> d;
  std::size_t first = 0;
  for (; first + chunk <= draws; first += chunk) {
    DrawChunk(d, key, address, group, first, chunk, z + first * group_width);
  }
  if (first == draws) return;
  HWY_ALIGN float rest[chunk * group_width];
  DrawChunk(d, key, address, group, first, whole_steps(draws - first), rest);
  std::copy_n(rest, (draws - first) * group_width, z + first * group_width);
}

void DrawAndSum(Key key, const GroupAddress& address, const GroupShape& shape,
                const PerLane<std::uint32_t>& count, const PerLane<float>& scale,
                float* HWY_RESTRICT z, GroupSums& out) {
  const hn::CappedTag<float, group_width> d;
  out = empty_sums();
  FastLanes lanes({count, scale, {}}, 0, out);
  const std::uint32_t most = *std::max_element(count.begin(), count.end());
  for (std::size_t first = 0; first < most; first += chunk) {
    const std::size_t draws = std::min<std::size_t>(chunk, most - first);
    DrawChunk(d, key, address, shape, first, whole_steps(draws), z + first * group_width);
    SumChunk<false>(d, draws, z + first * group_width, lanes, out);
  }
  lanes.store_extremes(out);
}

template <bool centred>
void AddChunks(const float* HWY_RESTRICT z, std::size_t draws, FastLanes& lanes, GroupSums& out) {
  const hn::CappedTag<float, group_width> d;
  for (std::size_t first = 0; first < draws; first += chunk) {
    SumChunk<centred>(d, std::min(chunk, draws - first), z + first * group_width, lanes, out);
  }
}

void AddSizes(const float* HWY_RESTRICT z, std::size_t first, std::size_t draws, const FastLaw& law,
              GroupSums& out) {
  FastLanes lanes(law, first, out);
  const auto is_set = [](float origin) { return origin != 0.0f; };
  if (std::any_of(law.origin.begin(), law.origin.end(), is_set)) {
    AddChunks<true>(z, draws, lanes, out);
  } else {
    AddChunks<false>(z, draws, lanes, out);
  }
  lanes.store_extremes(out);
}

template <class V>
struct LaneSums {
  V total, power_1, power_2, power_3, power_4, largest, smallest;
};

/// Adds one draw to the sums of the lanes in `live`.
template <class D, class M, class V = hn::Vec<D>>
HWY_INLINE void AddDraw(D d, V value, V scale, V origin, M live, LaneSums<V>& sums) {
  const V zero = hn::Zero(d);
  const V size = PowerOfTwo(d, hn::Mul(scale, value), zero);
  const V z = hn::Sub(value, origin);
  const V z2 = hn::Mul(z, z);
  const auto add = [&](V sum, V term) { return hn::Add(sum, hn::IfThenElseZero(live, term)); };
  sums.total = add(sums.total, size);
  sums.power_1 = add(sums.power_1, z);
  sums.power_2 = add(sums.power_2, z2);
  sums.power_3 = add(sums.power_3, hn::Mul(z2, z));
  sums.power_4 = add(sums.power_4, hn::Mul(z2, z2));
  sums.largest = hn::IfThenElse(live, hn::Max(sums.largest, value), sums.largest);
  sums.smallest = hn::IfThenElse(live, hn::Min(sums.smallest, value), sums.smallest);
}

void SumSizes(const float* HWY_RESTRICT z, const PerLane<std::uint32_t>& count,
              const PerLane<double>& scales, const PerLane<float>& origins, GroupSums& out) {
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
    const auto origin = hn::PromoteTo(d, hn::LoadU(df, &origins[lane]));
    const auto zero = hn::Zero(d);
    const double infinity = std::numeric_limits<double>::infinity();
    LaneSums<hn::Vec<decltype(d)>> sums{
        zero, zero, zero, zero, zero, hn::Set(d, -infinity), hn::Set(d, infinity)};
    for (std::uint32_t draw = 0; draw < most; ++draw) {
      const auto live = hn::Gt(counts, hn::Set(d, static_cast<double>(draw)));
      const auto value = hn::PromoteTo(d, hn::LoadU(df, z + draw * group_width + lane));
      AddDraw(d, value, scale, origin, live, sums);
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

/// skew_normal_shape() operation by operation.
void SkewNormalGroup(const PerLane<double>& skewness, GroupShape& out) {
  const hn::CappedTag<double, group_width / 2> d;
  const hn::Rebind<float, decltype(d)> df;
  const auto one = hn::Set(d, 1.0);
  const auto two_over_pi = hn::Set(d, skew_normal_two_over_pi);
  for (std::size_t lane = 0; lane < group_width; lane += hn::Lanes(d)) {
    const auto value = hn::LoadU(d, &skewness[lane]);
    const auto symmetric = hn::Eq(value, hn::Zero(d));
    const auto log = NaturalLog(d, hn::IfThenElse(symmetric, one, hn::Abs(value)));
    const auto r = Exponential(d, hn::Mul(log, hn::Set(d, 2.0 / 3.0)));
    const auto delta_squared = hn::Div(hn::Mul(hn::Set(d, skew_normal_half_pi), r),
                                       hn::Add(r, hn::Set(d, skew_normal_offset)));
    const auto delta = hn::CopySign(hn::Sqrt(delta_squared), value);
    const auto sd = hn::Sqrt(hn::Sub(one, hn::Mul(two_over_pi, delta_squared)));
    const auto mean = hn::Mul(hn::Neg(delta), hn::Sqrt(two_over_pi));
    const auto normal = hn::Div(hn::Sqrt(hn::Sub(one, delta_squared)), sd);
    const auto store = [&](auto v, auto if_symmetric, PerLane<float>& to) HWY_ATTR {
      hn::StoreU(hn::DemoteTo(df, hn::IfThenElse(symmetric, if_symmetric, v)), df, &to[lane]);
    };
    store(hn::Div(delta, sd), hn::Zero(d), out.absolute);
    store(normal, one, out.normal);
    store(hn::Div(mean, sd), hn::Zero(d), out.constant);
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
HWY_EXPORT(DrawAndSum);
HWY_EXPORT(AddSizes);
HWY_EXPORT(SkewNormalGroup);
HWY_EXPORT(PowersOfTen);
HWY_EXPORT(DecimalLogs);

void draw_sizes(Key key, const GroupAddress& address, const GroupShape& shape, std::size_t draws,
                std::span<float> z) {
  HWY_DYNAMIC_DISPATCH(DrawSizes)(key, address, shape, draws, z.data());
}

GroupShape skew_normal_group(const PerLane<double>& skewness) {
  GroupShape shape;
  HWY_DYNAMIC_DISPATCH(SkewNormalGroup)(skewness, shape);
  return shape;
}

void sum_sizes(std::span<const float> z, const PerLane<std::uint32_t>& count,
               const PerLane<double>& scale, GroupSums& sums, const PerLane<float>& origin) {
  HWY_DYNAMIC_DISPATCH(SumSizes)(z.data(), count, scale, origin, sums);
}

void draw_and_sum(Key key, const GroupAddress& address, const GroupShape& shape,
                  const PerLane<std::uint32_t>& count, const PerLane<float>& scale,
                  std::span<float> z, GroupSums& sums) {
  HWY_DYNAMIC_DISPATCH(DrawAndSum)(key, address, shape, count, scale, z.data(), sums);
}

GroupSums empty_sums() {
  GroupSums sums;
  sums.largest.fill(-std::numeric_limits<double>::infinity());
  sums.smallest.fill(std::numeric_limits<double>::infinity());
  return sums;
}

void add_sizes(std::span<const float> z, std::size_t first, std::size_t draws, const FastLaw& law,
               GroupSums& sums) {
  HWY_DYNAMIC_DISPATCH(AddSizes)(z.data(), first, draws, law, sums);
}

void powers_of_ten(std::span<const double> x, std::span<double> out) {
  HWY_DYNAMIC_DISPATCH(PowersOfTen)(x.data(), out.data(), x.size());
}

void decimal_logs(std::span<const double> x, std::span<double> out) {
  HWY_DYNAMIC_DISPATCH(DecimalLogs)(x.data(), out.data(), x.size());
}

}  // namespace flopsieve::kernels
#endif
