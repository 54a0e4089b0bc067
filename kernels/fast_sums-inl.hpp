// Single-precision sums of sizes (sizes.hpp), included once per target inside the namespace of that
// target (see sizes.cpp).

#if defined(FLOPSIEVE_KERNELS_FAST_SUMS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef FLOPSIEVE_KERNELS_FAST_SUMS_INL
#undef FLOPSIEVE_KERNELS_FAST_SUMS_INL
#else
#define FLOPSIEVE_KERNELS_FAST_SUMS_INL
#endif

#include "hwy/highway.h"
#include "kernels/math-inl.hpp"
#include "kernels/sizes.hpp"

HWY_BEFORE_NAMESPACE();
namespace flopsieve::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Draws that are added in single precision before their sum goes to double precision.
constexpr std::size_t chunk = 32;

/// What the lanes of a group bring along from chunk to chunk.
struct FastLanes {
  alignas(64) PerLane<float> left;  ///< draws that are not added yet
  alignas(64) PerLane<float> scale;
  alignas(64) PerLane<float> origin;
  alignas(64) PerLane<float> largest;
  alignas(64) PerLane<float> smallest;

  /// Before draw `first`.
  FastLanes(const FastLaw& law, std::size_t first, const GroupSums& sums)
      : scale(law.scale), origin(law.origin) {
    for (std::size_t lane = 0; lane < group_width; ++lane) {
      left[lane] = static_cast<float>(law.count[lane]) - static_cast<float>(first);
      largest[lane] = static_cast<float>(sums.largest[lane]);
      smallest[lane] = static_cast<float>(sums.smallest[lane]);
    }
  }

  void store_extremes(GroupSums& sums) const {
    for (std::size_t lane = 0; lane < group_width; ++lane) {
      sums.largest[lane] = static_cast<double>(largest[lane]);
      sums.smallest[lane] = static_cast<double>(smallest[lane]);
    }
  }
};

/// Single-precision sums of up to `chunk` draws.
template <class V>
struct FastSums {
  V total, power_1, power_2, power_3, power_4;
};

template <bool centred, class D, class V = hn::Vec<D>>
HWY_INLINE void AddFast(D d, V scale, V origin, V value, FastSums<V>& sums) {
  const V z = centred ? hn::Sub(value, origin) : value;
  const V z2 = hn::Mul(z, z);
  sums.total = hn::Add(sums.total, PowerOfTwoFloat(d, scale, value));
  sums.power_1 = hn::Add(sums.power_1, z);
  sums.power_2 = Fma(d, z, z, sums.power_2);
  sums.power_3 = Fma(d, z2, z, sums.power_3);
  sums.power_4 = Fma(d, z2, z2, sums.power_4);
}

/// Adds a vector of floats to doubles in memory.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void Flush([[maybe_unused]] D d, V sum, double* HWY_RESTRICT out) {
#if HWY_TARGET == HWY_SCALAR
  *out += static_cast<double>(hn::GetLane(sum));
#else
  const hn::Repartition<double, D> dd;
  const hn::Half<D> half;
  const auto low = hn::PromoteTo(dd, hn::LowerHalf(half, sum));
  const auto high = hn::PromoteTo(dd, hn::UpperHalf(half, sum));
  hn::Store(hn::Add(hn::Load(dd, out), low), dd, out);
  hn::Store(hn::Add(hn::Load(dd, out + hn::Lanes(dd)), high), dd, out + hn::Lanes(dd));
#endif
}

/// The sums of the next `draws` draws, at most a chunk, of the lanes of one vector. Where all lanes
/// have so many left, nothing is masked.
template <bool centred, class D, class V = hn::Vec<D>>
HWY_INLINE FastSums<V> SumOfChunk(D d, std::size_t draws, const float* HWY_RESTRICT z,
                                  std::size_t lane, FastLanes& lanes) {
  const V scale = hn::Load(d, &lanes.scale[lane]);
  const V origin = hn::Load(d, &lanes.origin[lane]);
  const V left = hn::Load(d, &lanes.left[lane]);
  V most = hn::Load(d, &lanes.largest[lane]);
  V least = hn::Load(d, &lanes.smallest[lane]);
  const V zero = hn::Zero(d);
  FastSums<V> sums{zero, zero, zero, zero, zero};
  if (hn::AllTrue(d, hn::Ge(left, hn::Set(d, static_cast<float>(draws))))) {
    for (std::size_t draw = 0; draw < draws; ++draw) {
      const V value = hn::LoadU(d, z + draw * group_width + lane);
      AddFast<centred>(d, scale, origin, value, sums);
      most = hn::Max(most, value);
      least = hn::Min(least, value);
    }
  } else {
    for (std::size_t draw = 0; draw < draws; ++draw) {
      const auto live = hn::Gt(left, hn::Set(d, static_cast<float>(draw)));
      const V value = hn::LoadU(d, z + draw * group_width + lane);
      FastSums<V> next = sums;
      AddFast<centred>(d, scale, origin, value, next);
      sums.total = hn::IfThenElse(live, next.total, sums.total);
      sums.power_1 = hn::IfThenElse(live, next.power_1, sums.power_1);
      sums.power_2 = hn::IfThenElse(live, next.power_2, sums.power_2);
      sums.power_3 = hn::IfThenElse(live, next.power_3, sums.power_3);
      sums.power_4 = hn::IfThenElse(live, next.power_4, sums.power_4);
      most = hn::IfThenElse(live, hn::Max(most, value), most);
      least = hn::IfThenElse(live, hn::Min(least, value), least);
    }
  }
  hn::Store(most, d, &lanes.largest[lane]);
  hn::Store(least, d, &lanes.smallest[lane]);
  return sums;
}

/// Adds the next `draws` draws, at most a chunk, of all lanes.
template <bool centred, class D>
HWY_INLINE void SumChunk(D d, std::size_t draws, const float* HWY_RESTRICT z, FastLanes& lanes,
                         GroupSums& out) {
  for (std::size_t lane = 0; lane < group_width; lane += hn::Lanes(d)) {
    const auto sums = SumOfChunk<centred>(d, draws, z, lane, lanes);
    Flush(d, sums.total, &out.total[lane]);
    Flush(d, sums.power_1, &out.power_1[lane]);
    Flush(d, sums.power_2, &out.power_2[lane]);
    Flush(d, sums.power_3, &out.power_3[lane]);
    Flush(d, sums.power_4, &out.power_4[lane]);
  }
  for (float& each : lanes.left) each -= static_cast<float>(draws);
}

}  // namespace flopsieve::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
