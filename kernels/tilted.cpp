#include "kernels/tilted.hpp"

#include <algorithm>
#include <array>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/tilted.cpp"
#include "hwy/foreach_target.h"  // compiles the rest of this file once per target
#include "hwy/highway.h"
#include "kernels/math-inl.hpp"
#include "kernels/philox-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace flopsieve::kernels::HWY_NAMESPACE {

constexpr int share_bits = 32 - static_cast<int>(cell_bits);

/// The entries of a table of all lanes.
struct OneTable {
  const std::uint32_t* table;

  template <class D, class VU = hn::Vec<D>>
  HWY_INLINE VU operator()(D du, VU column, std::size_t) const {
    const hn::RebindToSigned<D> di;
    return hn::GatherIndex(du, table, hn::BitCast(di, column));
  }
};

/// The entries of each lane's own table: one by one, since these may lie anywhere.
struct ManyTables {
  const LaneTables& tables;

  template <class D, class VU = hn::Vec<D>>
  HWY_INLINE VU operator()(D du, VU column, std::size_t first) const {
    alignas(64) PerLane<std::uint32_t> entries;
    hn::Store(column, du, entries.data());
    for (std::size_t i = 0; i < hn::Lanes(du); ++i) entries[i] = tables[first + i][entries[i]];
    return hn::Load(du, entries.data());
  }
};

/// Leaves the exponents in `weights`.
double TiltedExponents(const double* HWY_RESTRICT logs, const double* HWY_RESTRICT sizes,
                       double strength, double* HWY_RESTRICT weights) {
  const hn::CappedTag<double, 8> d;
  auto largest = hn::Set(d, -std::numeric_limits<double>::infinity());
  for (std::size_t i = 0; i < cell_count; i += hn::Lanes(d)) {
    const auto exponent =
        Fma(d, hn::LoadU(d, sizes + i), hn::Set(d, strength), hn::LoadU(d, logs + i));
    hn::StoreU(exponent, d, weights + i);
    largest = hn::Max(largest, exponent);
  }
  alignas(64) double lanes[8];
  hn::Store(largest, d, lanes);
  return *std::max_element(lanes, lanes + hn::Lanes(d));
}

void TiltedExponentials(double largest, double* HWY_RESTRICT weights) {
  const hn::CappedTag<double, 8> d;
  const auto factor = hn::Set(d, log2_of_e);
  for (std::size_t i = 0; i < cell_count; i += hn::Lanes(d)) {
    const auto exponent = hn::Sub(hn::LoadU(d, weights + i), hn::Set(d, largest));
    const auto least = hn::Set(d, -690.0);
    const auto clamped = hn::Max(exponent, least);
    const auto high = hn::Mul(clamped, factor);
    const auto low = Fma(d, clamped, factor, hn::Neg(high));
    const auto weight = PowerOfTwo(d, high, low);
    hn::StoreU(hn::IfThenElseZero(hn::Ge(exponent, least), weight), d, weights + i);
  }
}

template <class D, class Lookup, class VU = hn::Vec<hn::RebindToUnsigned<D>>>
HWY_INLINE hn::Vec<D> TiltedSize(D d, const Lookup& lookup, std::size_t lane, VU word0, VU word1) {
  const hn::RebindToUnsigned<D> du;
  const hn::RebindToSigned<D> di;
  const VU column = hn::ShiftRight<share_bits>(word0);
  const VU within = hn::And(word0, hn::Set(du, (1u << share_bits) - 1));
  const VU entry = lookup(du, column, lane);
  const VU share = hn::ShiftRight<static_cast<int>(cell_bits)>(entry);
  const VU alias = hn::And(entry, hn::Set(du, static_cast<std::uint32_t>(cell_count - 1)));
  // All of them are below 2^31.
  const auto own = hn::Lt(hn::BitCast(di, within), hn::BitCast(di, share));
  const VU cell = hn::IfThenElse(hn::RebindMask(du, own), column, alias);
  const VU place = hn::Or(hn::ShiftLeft<24 - static_cast<int>(cell_bits)>(cell),
                          hn::ShiftRight<8 + static_cast<int>(cell_bits)>(word1));
  return hn::Mul(hn::ConvertTo(d, hn::BitCast(di, place)), hn::Set(d, 0x1p-24f));
}

template <class Lookup>
HWY_INLINE void DrawWith(Key key, const GroupAddress& address, const Lookup& lookup,
                         std::size_t draws, float* HWY_RESTRICT z) {
  const hn::CappedTag<float, group_width> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  using VU = hn::Vec<decltype(du)>;
  for (std::size_t lane = 0; lane < group_width; lane += hn::Lanes(d)) {
    const VU word1 = hn::Load(du, &address.word1[lane]);
    const VU word2 = hn::Load(du, &address.word2[lane]);
    const VU word3 = hn::Load(du, &address.word3[lane]);
    for (std::size_t draw = 0; draw < draws; draw += 2) {
      PhiloxState<VU> state{hn::Set(du, static_cast<std::uint32_t>(draw / 2)), word1, word2, word3};
      Philox(du, key, state);
      hn::StoreU(TiltedSize(d, lookup, lane, state.word0, state.word1), d,
                 z + draw * group_width + lane);
      if (draw + 1 == draws) break;
      hn::StoreU(TiltedSize(d, lookup, lane, state.word2, state.word3), d,
                 z + (draw + 1) * group_width + lane);
    }
  }
}

void DrawTilted(Key key, const GroupAddress& address, const LaneTables& tables, bool are_one,
                std::size_t draws, float* HWY_RESTRICT z) {
  if (are_one) {
    DrawWith(key, address, OneTable{tables[0]}, draws, z);
  } else {
    DrawWith(key, address, ManyTables{tables}, draws, z);
  }
}

}  // namespace flopsieve::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace flopsieve::kernels {

HWY_EXPORT(DrawTilted);
HWY_EXPORT(TiltedExponents);
HWY_EXPORT(TiltedExponentials);

TiltedWeights tilted_weights(std::span<const double> logs, std::span<const double> sizes,
                             double strength, std::span<double> weights) {
  TiltedWeights found;
  found.largest =
      HWY_DYNAMIC_DISPATCH(TiltedExponents)(logs.data(), sizes.data(), strength, weights.data());
  HWY_DYNAMIC_DISPATCH(TiltedExponentials)(found.largest, weights.data());
  // The order of the additions is part of the result.
  std::array<double, 8> sums{};
  for (std::size_t i = 0; i < cell_count; i += sums.size()) {
    for (std::size_t j = 0; j < sums.size(); ++j) sums[j] += weights[i + j];
  }
  for (const double each : sums) found.sum += each;
  return found;
}

AliasTable alias_table(std::span<const std::uint64_t> weights) {
  constexpr std::uint64_t full = cell_weights / cell_count;
  std::vector<std::uint64_t> left(weights.begin(), weights.end());
  std::vector<std::uint32_t> small;
  std::vector<std::uint32_t> large;
  for (std::uint32_t i = 0; i < cell_count; ++i) (left[i] < full ? small : large).push_back(i);
  AliasTable table(cell_count);
  // While a column has room another one has too much: the sum is that of full columns.
  while (!small.empty()) {
    const std::uint32_t poor = small.back();
    const std::uint32_t rich = large.back();
    small.pop_back();
    table[poor] = static_cast<std::uint32_t>(left[poor]) << cell_bits | rich;
    left[rich] -= full - left[poor];
    if (left[rich] < full) {
      large.pop_back();
      small.push_back(rich);
    }
  }
  for (const std::uint32_t i : large) table[i] = i;
  return table;
}

void draw_tilted(Key key, const GroupAddress& address, const LaneTables& tables, std::size_t draws,
                 std::span<float> z) {
  LaneTables used = tables;
  bool are_one = true;
  for (std::size_t lane = 0; lane < group_width; ++lane) {
    if (used[lane] == nullptr) used[lane] = used[0];
    are_one = are_one && used[lane] == used[0];
  }
  HWY_DYNAMIC_DISPATCH(DrawTilted)(key, address, used, are_one, draws, z.data());
}

void to_cells(std::span<float> z) {
  constexpr float width = 1.0f / static_cast<float>(cell_count);
  for (float& each : z) each = static_cast<float>(cell_of(each)) * width;
}

}  // namespace flopsieve::kernels
#endif
