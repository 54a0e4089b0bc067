#include "kernels/contiguous.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/contiguous.cpp"
#include "hwy/foreach_target.h"  // compiles the rest of this file once per target
#include "hwy/highway.h"
#include "kernels/math-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace flopsieve::kernels::HWY_NAMESPACE {

constexpr std::size_t partial_sums = 16;

/// The partial sums of a candidate, in memory between the vectors that make them up.
struct PartialSums {
  HWY_ALIGN double value[5][partial_sums];  ///< total, powers 1 to 4
};

template <class V>
struct LanePowers {
  V total, power_1, power_2, power_3, power_4;
};

/// Adds 2^(scale z) and the powers of z; keep(v) is v, or 0 in lanes without a size.
template <bool with_powers, class D, class Keep, class V = hn::Vec<D>>
HWY_INLINE void AddPowers(D d, V z, V scale, LanePowers<V>& sums, Keep keep) {
  const V z2 = hn::Mul(z, z);
  sums.total = hn::Add(sums.total, keep(PowerOfTwo(d, hn::Mul(scale, z), hn::Zero(d))));
  if constexpr (!with_powers) return;
  sums.power_1 = hn::Add(sums.power_1, z);
  sums.power_2 = hn::Add(sums.power_2, z2);
  sums.power_3 = hn::Add(sums.power_3, hn::Mul(z2, z));
  sums.power_4 = hn::Add(sums.power_4, hn::Mul(z2, z2));
}

/// The partial sums of places `lane` to `lane` + a vector of every 16 sizes.
template <bool with_powers, class D, class V = hn::Vec<D>>
HWY_INLINE void SumLanes(D d, const float* HWY_RESTRICT z, std::size_t size, V scale,
                         std::size_t lane, PartialSums& out) {
  const hn::Rebind<float, D> df;
  const V zero = hn::Zero(d);
  LanePowers<V> sums{zero, zero, zero, zero, zero};
  std::size_t i = lane;
  for (; i + hn::Lanes(d) <= size; i += partial_sums) {
    AddPowers<with_powers>(d, hn::PromoteTo(d, hn::LoadU(df, z + i)), scale, sums,
                           [](V v) HWY_ATTR { return v; });
  }
  if (i < size) {
    const V rest = hn::PromoteTo(d, hn::MaskedLoad(hn::FirstN(df, size - i), df, z + i));
    const auto live = hn::FirstN(d, size - i);
    AddPowers<with_powers>(d, rest, scale, sums,
                           [&](V v) HWY_ATTR { return hn::IfThenElseZero(live, v); });
  }
  hn::Store(sums.total, d, out.value[0] + lane);
  hn::Store(sums.power_1, d, out.value[1] + lane);
  hn::Store(sums.power_2, d, out.value[2] + lane);
  hn::Store(sums.power_3, d, out.value[3] + lane);
  hn::Store(sums.power_4, d, out.value[4] + lane);
}

/// Adds the partial sums in pairs.
void FoldSums(PartialSums& sums) {
  for (double* each : {sums.value[0], sums.value[1], sums.value[2], sums.value[3], sums.value[4]}) {
    for (std::size_t half = partial_sums / 2; half > 0; half /= 2) {
      for (std::size_t i = 0; i < half; ++i) each[i] += each[i + half];
    }
  }
}

/// Largest and smallest of at least one size: exact, so that their order does not matter.
void FindEnds(const float* HWY_RESTRICT z, std::size_t size, SizeSums& out) {
  const hn::ScalableTag<float> d;
  auto largest = hn::Set(d, z[0]);
  auto smallest = largest;
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= size; i += hn::Lanes(d)) {
    const auto v = hn::LoadU(d, z + i);
    largest = hn::Max(largest, v);
    smallest = hn::Min(smallest, v);
  }
  for (; i < size; ++i) {
    largest = hn::Max(largest, hn::Set(d, z[i]));
    smallest = hn::Min(smallest, hn::Set(d, z[i]));
  }
  out.largest = static_cast<double>(hn::GetLane(hn::MaxOfLanes(d, largest)));
  out.smallest = static_cast<double>(hn::GetLane(hn::MinOfLanes(d, smallest)));
}

template <bool with_powers>
HWY_INLINE void Sum(const float* HWY_RESTRICT z, std::size_t size, double scale, SizeSums& out) {
  const hn::CappedTag<double, partial_sums> d;
  PartialSums sums;
  for (std::size_t lane = 0; lane < partial_sums; lane += hn::Lanes(d)) {
    SumLanes<with_powers>(d, z, size, hn::Set(d, scale), lane, sums);
  }
  FoldSums(sums);
  out.total = sums.value[0][0];
  for (std::size_t power = 0; power < 4; ++power) out.power[power] = sums.value[power + 1][0];
  FindEnds(z, size, out);
}

void SumContiguous(const float* HWY_RESTRICT z, std::size_t size, double scale, SizeSums& out) {
  Sum<true>(z, size, scale, out);
}

void TotalContiguous(const float* HWY_RESTRICT z, std::size_t size, double scale, SizeSums& out) {
  Sum<false>(z, size, scale, out);
}

/// One cut after the other: the sizes stay in the first-level cache.
void CountFrom(const float* HWY_RESTRICT z, std::size_t size, const float* cuts, std::size_t n,
               std::uint32_t* HWY_RESTRICT counts) {
  const hn::ScalableTag<float> d;
  const std::size_t whole = size - size % hn::Lanes(d);
  HWY_ALIGN float rest[hn::MaxLanes(d)];
  for (std::size_t j = 0; j < hn::Lanes(d); ++j) {
    rest[j] = whole + j < size ? z[whole + j] : -std::numeric_limits<float>::infinity();
  }
  const auto last = hn::Load(d, rest);
  for (std::size_t c = 0; c < n; ++c) {
    const auto cut = hn::Set(d, cuts[c]);
    // A cut at -infinity would count the padding.
    std::size_t count = std::min(hn::CountTrue(d, hn::Ge(last, cut)), size - whole);
    for (std::size_t i = 0; i < whole; i += hn::Lanes(d)) {
      count += hn::CountTrue(d, hn::Ge(hn::LoadU(d, z + i), cut));
    }
    counts[c] = static_cast<std::uint32_t>(count);
  }
}

std::size_t SelectFrom(const float* HWY_RESTRICT z, std::size_t size, float least,
                       float* HWY_RESTRICT selected, std::uint32_t* HWY_RESTRICT places) {
  const hn::CappedTag<float, 16> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  const auto cut = hn::Set(d, least);
  std::size_t found = 0;
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= size; i += hn::Lanes(d)) {
    const auto v = hn::LoadU(d, z + i);
    const auto above = hn::Ge(v, cut);
    if (hn::AllFalse(d, above)) continue;
    // Whole vectors are stored: there is room behind, and a store of some lanes is slow on AVX2.
    const auto place = hn::Iota(du, static_cast<std::uint32_t>(i));
    hn::StoreU(hn::Compress(place, hn::RebindMask(du, above)), du, places + found);
    hn::StoreU(hn::Compress(v, above), d, selected + found);
    found += hn::CountTrue(d, above);
  }
  for (; i < size; ++i) {
    selected[found] = z[i];
    places[found] = static_cast<std::uint32_t>(i);
    found += z[i] >= least ? 1 : 0;
  }
  return found;
}

}  // namespace flopsieve::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace flopsieve::kernels {

HWY_EXPORT(SumContiguous);
HWY_EXPORT(TotalContiguous);
HWY_EXPORT(CountFrom);
HWY_EXPORT(SelectFrom);

namespace {

SizeSums sums_of_none() {
  SizeSums sums;
  sums.largest = -std::numeric_limits<double>::infinity();
  sums.smallest = std::numeric_limits<double>::infinity();
  return sums;
}

}  // namespace

SizeSums sum_contiguous(std::span<const float> z, double scale) {
  SizeSums sums = sums_of_none();
  if (!z.empty()) HWY_DYNAMIC_DISPATCH(SumContiguous)(z.data(), z.size(), scale, sums);
  return sums;
}

SizeSums total_contiguous(std::span<const float> z, double scale) {
  SizeSums sums = sums_of_none();
  if (!z.empty()) HWY_DYNAMIC_DISPATCH(TotalContiguous)(z.data(), z.size(), scale, sums);
  return sums;
}

namespace {

/// Floats as whole numbers in the same order (both zeros are 0): neighbours differ by 1.
std::int64_t rank_of(float z) {
  const auto bits = std::bit_cast<std::int32_t>(z);
  return bits >= 0 ? std::int64_t{bits} : -(std::int64_t{bits} & 0x7FFFFFFF);
}

float of_rank(std::int64_t rank) {
  const auto bits = static_cast<std::uint32_t>(rank >= 0 ? rank : -rank);
  return std::bit_cast<float>(rank >= 0 ? bits : bits | 0x80000000u);
}

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t highest_rank = 0x7F800000;  ///< of infinity

}  // namespace

float least_z(double location, double scale, double threshold) {
  const auto reaches = [&](std::int64_t rank) {
    return location + scale * static_cast<double>(of_rank(rank)) >= threshold;
  };
  // x grows with z, rounded or not. From near the solution in ever larger steps to either side of
  // it, then by halves: mostly two values of x. Sums from halfway to the double below the threshold
  // are rounded to it, which near z = 0, where floats are dense, makes all the difference.
  const double half_gap =
      std::isfinite(threshold) ? 0.5 * (threshold - std::nextafter(threshold, -infinity)) : 0.0;
  std::int64_t above = rank_of(static_cast<float>((threshold - location - half_gap) / scale));
  std::int64_t step = 1;
  for (; above < highest_rank && !reaches(above); step *= 2) {
    above = std::min(above + step, highest_rank);
  }
  std::int64_t below = above - 1;
  for (step = 1; below > -highest_rank && reaches(below); step *= 2) {
    above = below;
    below = std::max(below - step, -highest_rank);
  }
  while (above - below > 1) {
    const std::int64_t middle = below + (above - below) / 2;
    (reaches(middle) ? above : below) = middle;
  }
  return of_rank(above);
}

void count_from(std::span<const float> z, std::span<const float> cuts,
                std::span<std::uint32_t> counts) {
  HWY_DYNAMIC_DISPATCH(CountFrom)(z.data(), z.size(), cuts.data(), cuts.size(), counts.data());
}

std::size_t select_from(std::span<const float> z, float cut, std::span<float> selected,
                        std::span<std::uint32_t> places) {
  return HWY_DYNAMIC_DISPATCH(SelectFrom)(z.data(), z.size(), cut, selected.data(), places.data());
}

}  // namespace flopsieve::kernels
#endif
