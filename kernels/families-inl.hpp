// From four random words to draws of a family on vectors, included once per target inside the
// namespace of that target (see families.cpp). They repeat family_draws.cpp operation by operation.

#if defined(FLOPSIEVE_KERNELS_FAMILIES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef FLOPSIEVE_KERNELS_FAMILIES_INL
#undef FLOPSIEVE_KERNELS_FAMILIES_INL
#else
#define FLOPSIEVE_KERNELS_FAMILIES_INL
#endif

#include "hwy/highway.h"
#include "kernels/families.hpp"
#include "kernels/family_constants.hpp"
#include "kernels/math-inl.hpp"
#include "kernels/normal_pair-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace flopsieve::kernels::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// A vector of get(lanes[lane + i]).
template <class D, class Lanes, class Get, class V = hn::Vec<D>>
HWY_INLINE V Constants(D d, const Lanes& lanes, std::size_t lane, Get get) {
  HWY_ALIGN hn::TFromD<D> values[hn::MaxLanes(D())];
  for (std::size_t i = 0; i < hn::Lanes(d); ++i) values[i] = get(lanes[lane + i]);
  return hn::Load(d, values);
}

/// A vector of a member of lanes[lane + i].
template <class D, class Draw, class T, class V = hn::Vec<D>>
HWY_INLINE V Constants(D d, const PerLane<Draw>& lanes, std::size_t lane, T Draw::*member) {
  return Constants(d, lanes, lane, [member](const Draw& each) { return each.*member; });
}

/// In (0, 1], with its digits near 0.
template <class D, class VU = hn::Vec<hn::RebindToUnsigned<D>>>
HWY_INLINE hn::Vec<D> UniformFromZero(D d, VU word) {
  const hn::RebindToSigned<D> di;
  return Fma(d, hn::ConvertTo(d, hn::BitCast(di, hn::ShiftRight<1>(word))), hn::Set(d, 0x1p-31f),
             hn::Set(d, 0x1p-32f));
}

/// Never -0, so that all targets agree.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V AtLeastZero(D d, V x) {
  return hn::IfThenElseZero(hn::Gt(x, hn::Zero(d)), x);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V WithinUnit(D d, V x) {
  return hn::Min(AtLeastZero(d, x), hn::Set(d, 1.0f));
}

/// ln(1 - below) where u is 1 - below with its digits near 0.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V LogFloatLess(D d, V below, V u) {
  const hn::RebindToSigned<D> di;
  const auto cut = hn::Set(di, 0x3F3504F3);  // sqrt(1/2)
  const auto shifted = hn::Sub(hn::BitCast(di, u), cut);
  const V exponent = hn::ConvertTo(d, hn::ShiftRight<23>(shifted));
  const V m = hn::BitCast(d, hn::Add(hn::And(shifted, hn::Set(di, 0x007FFFFF)), cut));
  const V f =
      hn::IfThenElse(hn::Eq(exponent, hn::Zero(d)), hn::Neg(below), hn::Sub(m, hn::Set(d, 1.0f)));
  const V f2 = hn::Mul(f, f);
  V sum = hn::Mul(hn::Mul(f2, f), Horner(d, logf_coefficients, f));
  sum = Fma(d, f2, hn::Set(d, -0.5f), sum);
  return Fma(d, exponent, hn::Set(d, ln2_float), hn::Add(f, sum));
}

/// The upper word of a * b.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V UpperProduct(D d, V a, V b) {
#if HWY_TARGET == HWY_SCALAR
  return hn::Set(
      d, static_cast<std::uint32_t>((std::uint64_t{hn::GetLane(a)} * hn::GetLane(b)) >> 32));
#else
  const hn::RepartitionToWide<D> d64;
  const auto odd = [&](V v)
                       HWY_ATTR { return hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(d64, v))); };
  const auto even_product = hn::ShiftRight<32>(hn::MulEven(a, b));
  const auto odd_product = hn::MulEven(odd(a), odd(b));
  return hn::OddEven(hn::BitCast(d, odd_product), hn::BitCast(d, even_product));
#endif
}

/// e^x - 1 for 0 <= x <= 60.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V ExponentialMinusOneFloat(D d, V x) {
  const hn::RebindToUnsigned<D> du;
  const V shift = hn::Set(d, rounding_shift_float);
  const V one = hn::Set(d, 1.0f);
  const V shifted = Fma(d, x, hn::Set(d, log2_of_e_float), shift);
  const V whole = hn::Sub(shifted, shift);
  V f = Fma(d, whole, hn::Set(d, -ln2_upper_float), x);
  f = Fma(d, whole, hn::Set(d, -ln2_lower_float), f);
  const V small = Fma(d, hn::Mul(f, f), Horner(d, expm1f_coefficients, f), f);
  const V power =
      hn::BitCast(d, hn::Add(hn::ShiftLeft<23>(hn::BitCast(du, shifted)), hn::BitCast(du, one)));
  return Fma(d, power, small, hn::Sub(power, one));
}

/// Base of a family that makes a draw of a word: One(word).
template <class D, class Family>
struct FourWords {
  using V = hn::Vec<D>;
  using VU = hn::Vec<hn::RebindToUnsigned<D>>;
  static constexpr std::size_t draws_per_block = 4;

  HWY_INLINE void FromWords(VU a, VU b, VU c, VU e, V* HWY_RESTRICT out) const {
    const auto& family = static_cast<const Family&>(*this);
    out[0] = family.One(a);
    out[1] = family.One(b);
    out[2] = family.One(c);
    out[3] = family.One(e);
  }
};

/// Base of a family that makes a draw of a word that chooses and a normal: One(word, normal).
template <class D, class Family>
struct TwoNormals {
  using V = hn::Vec<D>;
  using VU = hn::Vec<hn::RebindToUnsigned<D>>;
  static constexpr std::size_t draws_per_block = 2;

  HWY_INLINE void FromWords(VU a, VU b, VU c, VU e, V* HWY_RESTRICT out) const {
    const auto& family = static_cast<const Family&>(*this);
    V first, second;
    BoxMuller(D(), a, b, first, second);
    out[0] = family.One(c, first);
    out[1] = family.One(e, second);
  }
};

template <class D>
struct UniformFamily : FourWords<D, UniformFamily<D>> {
  using V = hn::Vec<D>;
  using VU = hn::Vec<hn::RebindToUnsigned<D>>;

  UniformFamily(int, std::size_t) {}

  HWY_INLINE V One(VU word) const {
    const D d;
    const hn::RebindToSigned<D> di;
    return Fma(d, hn::ConvertTo(d, hn::BitCast(di, hn::ShiftRight<8>(word))), hn::Set(d, 0x1p-24f),
               hn::Set(d, 0x1p-25f));
  }
};

template <class D>
struct GridFamily : FourWords<D, GridFamily<D>> {
  using V = hn::Vec<D>;
  using DU = hn::RebindToUnsigned<D>;
  using VU = hn::Vec<DU>;
  VU points;

  GridFamily(const PerLane<GridDraw>& lanes, std::size_t lane)
      : points(Constants(DU(), lanes, lane, &GridDraw::points)) {}

  HWY_INLINE V One(VU word) const {
    const hn::RebindToSigned<D> di;
    return hn::ConvertTo(D(), hn::BitCast(di, UpperProduct(DU(), word, points)));
  }
};

template <class D>
struct PowerLawFamily : FourWords<D, PowerLawFamily<D>> {
  using V = hn::Vec<D>;
  using VU = hn::Vec<hn::RebindToUnsigned<D>>;
  V floor, complement, factor, offset;

  PowerLawFamily(const PerLane<PowerLawDraw>& lanes, std::size_t lane)
      : floor(Constants(D(), lanes, lane, &PowerLawDraw::floor)),
        complement(Constants(D(), lanes, lane, &PowerLawDraw::complement)),
        factor(Constants(D(), lanes, lane, &PowerLawDraw::factor)),
        offset(Constants(D(), lanes, lane, &PowerLawDraw::offset)) {}

  HWY_INLINE V One(VU word) const {
    const D d;
    const V v = UniformFromZero(d, word);
    const V below = hn::Mul(hn::Sub(hn::Set(d, 1.0f), v), complement);
    const V log = LogFloatLess(d, below, Fma(d, v, complement, floor));
    return WithinUnit(d, Fma(d, factor, log, offset));
  }
};

template <class D>
struct TruncatedFamily : FourWords<D, TruncatedFamily<D>> {
  using V = hn::Vec<D>;
  using VU = hn::Vec<hn::RebindToUnsigned<D>>;
  V below, mass, above, factor, offset;

  TruncatedFamily(const PerLane<TruncatedDraw>& lanes, std::size_t lane)
      : below(Constants(D(), lanes, lane, &TruncatedDraw::twice_below)),
        mass(Constants(D(), lanes, lane, &TruncatedDraw::twice_mass)),
        above(Constants(D(), lanes, lane, &TruncatedDraw::twice_above)),
        factor(Constants(D(), lanes, lane, &TruncatedDraw::factor)),
        offset(Constants(D(), lanes, lane, &TruncatedDraw::offset)) {}

  HWY_INLINE V One(VU word) const {
    const D d;
    const V from_low = Fma(d, UniformFromZero(d, word), mass, below);
    const V from_high = Fma(d, UniformFromZero(d, hn::Not(word)), mass, above);
    const V tail = hn::Min(hn::Min(from_low, from_high), hn::Set(d, 1.0f));
    const V w = AtLeastZero(d, hn::Neg(LogFloat(d, tail)));
    const V r = hn::Sqrt(w);
    const V t = hn::Div(hn::Mul(w, Horner(d, half_normal_numerator, r)),
                        Horner(d, half_normal_denominator, r));
    const V signed_t = hn::IfThenElse(hn::Le(from_low, from_high), hn::Neg(t), t);
    return WithinUnit(d, Fma(d, factor, signed_t, offset));
  }
};

template <class D>
struct StudentFamily {
  using V = hn::Vec<D>;
  using VU = hn::Vec<hn::RebindToUnsigned<D>>;
  static constexpr std::size_t draws_per_block = 2;
  V nu, exponent;

  StudentFamily(const PerLane<StudentDraw>& lanes, std::size_t lane)
      : nu(Constants(D(), lanes, lane, &StudentDraw::nu)),
        exponent(Constants(D(), lanes, lane, &StudentDraw::exponent)) {}

  HWY_INLINE V One(VU radius_word, VU angle_word) const {
    const D d;
    const V log = LogFloat(d, UniformFromZero(d, radius_word));
    const V power = AtLeastZero(d, hn::Mul(exponent, log));
    V sine, cosine;
    RandomTurn(d, angle_word, sine, cosine);
    return hn::Mul(hn::Sqrt(hn::Mul(nu, ExponentialMinusOneFloat(d, power))), cosine);
  }

  HWY_INLINE void FromWords(VU a, VU b, VU c, VU e, V* HWY_RESTRICT out) const {
    out[0] = One(a, b);
    out[1] = One(c, e);
  }
};

template <class D>
struct MixtureFamily : TwoNormals<D, MixtureFamily<D>> {
  using V = hn::Vec<D>;
  using DU = hn::RebindToUnsigned<D>;
  using VU = hn::Vec<DU>;
  VU threshold[most_drawn_components - 1];
  V mean[most_drawn_components], sd[most_drawn_components];

  MixtureFamily(const PerLane<MixtureDraw>& lanes, std::size_t lane) {
    for (std::size_t i = 0; i < most_drawn_components; ++i) {
      mean[i] = Constants(D(), lanes, lane, [i](const MixtureDraw& each) { return each.mean[i]; });
      sd[i] = Constants(D(), lanes, lane, [i](const MixtureDraw& each) { return each.sd[i]; });
    }
    for (std::size_t i = 0; i + 1 < most_drawn_components; ++i) {
      threshold[i] =
          Constants(DU(), lanes, lane, [i](const MixtureDraw& each) { return each.threshold[i]; });
    }
  }

  HWY_INLINE V One(VU word, V normal) const {
    const D d;
    V chosen_mean = mean[0];
    V chosen_sd = sd[0];
    for (std::size_t i = 0; i + 1 < most_drawn_components; ++i) {
      const auto later = hn::RebindMask(d, hn::Gt(word, threshold[i]));
      chosen_mean = hn::IfThenElse(later, mean[i + 1], chosen_mean);
      chosen_sd = hn::IfThenElse(later, sd[i + 1], chosen_sd);
    }
    return Fma(d, chosen_sd, normal, chosen_mean);
  }
};

template <class D>
struct EmpiricalFamily : TwoNormals<D, EmpiricalFamily<D>> {
  using V = hn::Vec<D>;
  using DU = hn::RebindToUnsigned<D>;
  using VU = hn::Vec<DU>;
  const std::uint32_t* cutoff;
  const float* centre;
  VU places;
  V spread;

  EmpiricalFamily(const CentreTable& table, std::size_t)
      : cutoff(table.cutoff.data()),
        centre(table.centre.data()),
        places(hn::Set(DU(), static_cast<std::uint32_t>(table.cutoff.size()))),
        spread(hn::Set(D(), table.spread)) {}

  HWY_INLINE V One(VU word, V normal) const {
    const D d;
    const DU du;
    const hn::RebindToSigned<D> di;
    const VU place = UpperProduct(du, word, places);
    const VU limit = hn::BitCast(
        du,
        hn::GatherIndex(di, reinterpret_cast<const std::int32_t*>(cutoff), hn::BitCast(di, place)));
    const auto alias = hn::Gt(hn::Mul(word, places), limit);
    const VU at = hn::Add(place, hn::IfThenElseZero(alias, places));
    return Fma(d, spread, normal, hn::GatherIndex(d, centre, hn::BitCast(di, at)));
  }
};

}  // namespace flopsieve::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
