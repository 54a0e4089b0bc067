#include "kernels/tilted.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/tilted.cpp"
#include "hwy/foreach_target.h"  // compiles the rest of this file once per target
#include "hwy/highway.h"
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

}  // namespace flopsieve::kernels
#endif
