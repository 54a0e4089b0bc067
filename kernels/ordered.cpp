#include "kernels/ordered.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#ifndef FLOPSIEVE_KERNELS_ORDERED_SUMS
#define FLOPSIEVE_KERNELS_ORDERED_SUMS

namespace flopsieve::kernels {

/// What a gradient is made of (ordered.hpp), per lane; d = z - largest z.
struct GradientSums {
  alignas(64) PerLane<double> products{};  ///< sum of d l
  alignas(64) PerLane<double> squares{};   ///< sum of d^2
  alignas(64) PerLane<double> sum{};       ///< sum of d
  alignas(64) PerLane<float> log2_total{};
};

}  // namespace flopsieve::kernels
#endif

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/ordered.cpp"
#include "hwy/foreach_target.h"  // compiles the rest of this file once per target
#include "hwy/highway.h"
#include "kernels/math-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace flopsieve::kernels::HWY_NAMESPACE {

constexpr std::size_t block_rows = 16;

using Floats = hn::CappedTag<float, group_width>;

using Comparator = std::pair<std::size_t, std::size_t>;

/// Batcher's odd-even merge sort of 16 rows.
constexpr std::array<Comparator, 63> BlockNetwork() {
  std::array<Comparator, 63> network{};
  std::size_t size = 0;
  for (std::size_t run = 1; run < block_rows; run *= 2) {
    for (std::size_t k = run; k >= 1; k /= 2) {
      for (std::size_t j = k % run; j + k < block_rows; j += 2 * k) {
        for (std::size_t i = j; i < j + k && i + k < block_rows; ++i) {
          if (i / (2 * run) == (i + k) / (2 * run)) network[size++] = {i, i + k};
        }
      }
    }
  }
  return network;
}

template <class V>
HWY_INLINE void Exchange(V& low, V& high) {
  const V smaller = hn::Min(low, high);
  high = hn::Max(low, high);
  low = smaller;
}

template <class V, std::size_t... i>
HWY_INLINE void SortRows(V (&rows)[block_rows], std::index_sequence<i...>) {
  constexpr auto network = BlockNetwork();
  (Exchange(rows[network[i].first], rows[network[i].second]), ...);
}

/// The vectors of some lanes, row by row; rows from `rows` on are +infinity and stay it.
template <class D>
struct Column {
  D d;
  float* HWY_RESTRICT z;
  std::size_t rows;

  HWY_INLINE hn::Vec<D> load(std::size_t row) const { return hn::LoadU(d, z + row * group_width); }
  HWY_INLINE void store(hn::Vec<D> v, std::size_t row) const {
    hn::StoreU(v, d, z + row * group_width);
  }
};

/// `width` half-cleaners: rows[i] against rows[i + distance] for distance = width / 2, ..., 1.
template <std::size_t width, std::size_t distance = width / 2, class V>
HWY_INLINE void HalfClean(V* rows) {
  if constexpr (distance > 0) {
    for (std::size_t i = 0; i < width; ++i) {
      if ((i & distance) == 0) Exchange(rows[i], rows[i + distance]);
    }
    HalfClean<width, distance / 2>(rows);
  }
}

/// The mirrored first step and the next log2(width) half-cleaners of the merging of rows
/// [base, base + run) with the next `run`, on 2 * width rows at a time; run / width is what is left
/// to be halved. The upper rows stand in descending order.
template <std::size_t width, bool whole, class D>
HWY_INLINE void MergeFirst(const Column<D>& column, std::size_t base, std::size_t run) {
  const std::size_t step = run / width;
  const auto infinity = hn::Set(column.d, std::numeric_limits<float>::infinity());
  for (std::size_t a = 0; a < step; ++a) {
    const std::size_t low = base + a;
    const std::size_t high = base + 2 * run - 1 - a;
    if (!whole && high - (width - 1) * step >= column.rows) continue;  // only +infinity above
    hn::Vec<D> lower[width];
    hn::Vec<D> upper[width];
    for (std::size_t j = 0; j < width; ++j) {
      lower[j] = column.load(low + j * step);
      // Mirrored: upper[width - 1 - j] is the partner of lower[j].
      const std::size_t row = high - j * step;
      upper[width - 1 - j] = whole || row < column.rows ? column.load(row) : infinity;
    }
    for (std::size_t j = 0; j < width; ++j) Exchange(lower[j], upper[width - 1 - j]);
    HalfClean<width>(lower);
    HalfClean<width>(upper);
    for (std::size_t j = 0; j < width; ++j) {
      column.store(lower[j], low + j * step);
      const std::size_t row = high - j * step;
      if (whole || row < column.rows) column.store(upper[width - 1 - j], row);
    }
  }
}

/// Four half-cleaners, over 8 * step rows to over step rows, on 16 * step rows from `block` on.
template <bool whole, class D>
HWY_INLINE void CleanBlock(const Column<D>& column, std::size_t block, std::size_t step) {
  const auto infinity = hn::Set(column.d, std::numeric_limits<float>::infinity());
  for (std::size_t first = block; first < block + step; ++first) {
    hn::Vec<D> rows[block_rows];
    for (std::size_t j = 0; j < block_rows; ++j) {
      const std::size_t row = first + j * step;
      rows[j] = whole || row < column.rows ? column.load(row) : infinity;
    }
    HalfClean<block_rows>(rows);
    for (std::size_t j = 0; j < block_rows; ++j) {
      const std::size_t row = first + j * step;
      if (whole || row < column.rows) column.store(rows[j], row);
    }
  }
}

template <std::size_t width, class D>
HWY_INLINE void Merge(const Column<D>& column, std::size_t base, std::size_t run) {
  if (base + 2 * run <= column.rows) {
    MergeFirst<width, true>(column, base, run);
  } else {
    MergeFirst<width, false>(column, base, run);
  }
  const std::size_t end = std::min(base + 2 * run, column.rows);
  for (std::size_t step = run / width / block_rows; step > 0; step /= block_rows) {
    for (std::size_t block = base; block < end; block += block_rows * step) {
      if (block + block_rows * step <= column.rows) {
        CleanBlock<true>(column, block, step);
      } else {
        CleanBlock<false>(column, block, step);
      }
    }
  }
}

template <class D>
HWY_INLINE void SortColumn(const Column<D>& column, const float* HWY_RESTRICT z, hn::Vec<D> counts,
                           std::size_t most) {
  const D d;
  const auto infinity = hn::Set(d, std::numeric_limits<float>::infinity());
  for (std::size_t row = 0; row < column.rows; row += block_rows) {
    hn::Vec<D> rows[block_rows];
    for (std::size_t i = 0; i < block_rows; ++i) {
      const auto live = hn::Gt(counts, hn::Set(d, static_cast<float>(row + i)));
      rows[i] = row + i < most
                    ? hn::IfThenElse(live, hn::LoadU(d, z + (row + i) * group_width), infinity)
                    : infinity;
    }
    SortRows(rows, std::make_index_sequence<BlockNetwork().size()>());
    for (std::size_t i = 0; i < block_rows; ++i) column.store(rows[i], row + i);
  }
  // So many half-cleaners go with the mirrored step that whole passes of four are left.
  for (std::size_t run = block_rows, stages = 0; run < column.rows; run *= 2, ++stages) {
    for (std::size_t base = 0; base + run < column.rows; base += 2 * run) {
      switch (stages % 4) {
        case 0:
          Merge<1>(column, base, run);
          break;
        case 1:
          Merge<2>(column, base, run);
          break;
        case 2:
          Merge<4>(column, base, run);
          break;
        default:
          Merge<8>(column, base, run);
      }
    }
  }
}

template <class D>
HWY_INLINE hn::Vec<D> LoadCounts(D d, const PerLane<std::uint32_t>& count, std::size_t lane) {
  const hn::RebindToSigned<D> di;
  const hn::RebindToUnsigned<D> du;
  return hn::ConvertTo(d, hn::BitCast(di, hn::LoadU(du, &count[lane])));
}

void SortGroup(const float* HWY_RESTRICT z, const PerLane<std::uint32_t>& count, std::size_t most,
               float* HWY_RESTRICT sorted) {
  if (most == 0) return;
  const Floats d;
  for (std::size_t lane = 0; lane < group_width; lane += hn::Lanes(d)) {
    const Column<Floats> column{d, sorted + lane, sorted_rows(most)};
    SortColumn(column, z + lane, LoadCounts(d, count, lane), most);
  }
}

/// The size next to the largest has this exponent: room for 226 powers of two below it.
constexpr int exponent_of_largest = 100;

/// What stays the same from row to row.
template <class D>
struct LaneConstants {
  hn::Vec<D> scale, scale_low, largest;
  hn::Vec<hn::RebindToUnsigned<D>> exponent_offset;

  HWY_INLINE LaneConstants(D d, const PerLane<double>& scales, const PerLane<float>& most,
                           std::size_t lane) {
    const hn::RebindToUnsigned<D> du;
    alignas(64) PerLane<float> high{};
    alignas(64) PerLane<float> low{};
    for (std::size_t i = 0; i < hn::Lanes(d); ++i) {
      high[i] = static_cast<float>(scales[lane + i]);
      low[i] = static_cast<float>(scales[lane + i] - static_cast<double>(high[i]));
    }
    scale = hn::Load(d, high.data());
    scale_low = hn::Load(d, low.data());
    largest = hn::LoadU(d, &most[lane]);
    const auto whole = Fma(d, scale, largest, hn::Set(d, rounding_shift_float));
    exponent_offset = hn::Sub(hn::Set(du, exponent_of_largest), hn::BitCast(du, whole));
  }

  /// 2^(scale z) in units in which the largest is next to 2^exponent_of_largest.
  HWY_INLINE hn::Vec<D> size(D d, hn::Vec<D> z) const {
    const hn::RebindToUnsigned<D> du;
    const auto shift = hn::Set(d, rounding_shift_float);
    const auto shifted = Fma(d, scale, z, shift);
    const auto fraction = Fma(d, scale_low, z, Fma(d, scale, z, hn::Sub(shift, shifted)));
    const auto mantissa = Horner(d, exp2f_coefficients, fraction);
    const auto exponent = hn::Add(hn::BitCast(du, shifted), exponent_offset);
    return hn::BitCast(d, hn::Add(hn::BitCast(du, mantissa), hn::ShiftLeft<23>(exponent)));
  }
};

template <class V>
struct RowSums {
  V products, squares, sum;
};

/// Adds the floats of `sums` to the doubles of lanes [lane, ...) of `out`.
template <class D>
HWY_INLINE void Flush(D d, const RowSums<hn::Vec<D>>& sums, std::size_t lane, GradientSums& out) {
  const hn::CappedTag<double, group_width / 2> dd;
  const hn::Rebind<float, decltype(dd)> df;
  alignas(64) std::array<PerLane<float>, 3> lanes;
  hn::Store(sums.products, d, lanes[0].data());
  hn::Store(sums.squares, d, lanes[1].data());
  hn::Store(sums.sum, d, lanes[2].data());
  for (std::size_t i = 0; i < hn::Lanes(d); i += hn::Lanes(dd)) {
    const auto add = [&](const PerLane<float>& from, PerLane<double>& to) HWY_ATTR {
      const auto more = hn::PromoteTo(dd, hn::LoadU(df, &from[i]));
      hn::StoreU(hn::Add(hn::LoadU(dd, &to[lane + i]), more), dd, &to[lane + i]);
    };
    add(lanes[0], out.products);
    add(lanes[1], out.squares);
    add(lanes[2], out.sum);
  }
}

/// One pass over the rows. Models of equal size all have the share of the last of them: their terms
/// are added there, `ties` times.
template <class D>
HWY_INLINE void SumGradients(D d, const float* HWY_RESTRICT z, std::size_t rows,
                             const LaneConstants<D>& lanes, std::size_t lane, GradientSums& out) {
  const auto zero = hn::Zero(d);
  const auto one = hn::Set(d, 1.0f);
  auto base = zero;
  auto ties = one;
  auto next = hn::LoadU(d, z);
  for (std::size_t block = 0; block < rows; block += block_rows) {
    RowSums<hn::Vec<D>> sums{zero, zero, zero};
    auto size_sum = zero;
    for (std::size_t row = block; row < block + block_rows; ++row) {
      const auto value = next;
      next = hn::LoadU(d, z + std::min(row + 1, rows - 1) * group_width);
      const auto live = hn::Le(value, lanes.largest);
      // Rows behind a lane's count repeat its largest size, whose terms are 0.
      const auto size = lanes.size(d, hn::Min(value, lanes.largest));
      size_sum = hn::Add(size_sum, hn::IfThenElseZero(live, size));
      const auto log2_size_sum = Log2Float<exponent_of_largest>(d, hn::Add(base, size_sum));
      const auto below = hn::Sub(hn::Min(value, lanes.largest), lanes.largest);
      const auto tied = hn::Eq(value, next);
      const auto weighted = hn::IfThenElse(tied, zero, hn::Mul(ties, log2_size_sum));
      ties = hn::IfThenElse(tied, hn::Add(ties, one), one);
      sums.products = Fma(d, below, weighted, sums.products);
      sums.squares = Fma(d, below, below, sums.squares);
      sums.sum = hn::Add(sums.sum, below);
    }
    base = hn::Add(base, size_sum);
    Flush(d, sums, lane, out);
  }
  hn::StoreU(Log2Float<exponent_of_largest>(d, base), d, &out.log2_total[lane]);
}

void AllocationGradients(const float* HWY_RESTRICT sorted, std::size_t rows,
                         const PerLane<double>& scales, const PerLane<float>& largest,
                         GradientSums& out) {
  const Floats d;
  for (std::size_t lane = 0; lane < group_width; lane += hn::Lanes(d)) {
    SumGradients(d, sorted + lane, rows, LaneConstants<Floats>(d, scales, largest, lane), lane,
                 out);
  }
}

/// Which lane of packed rows comes from where: -1 for those that stay.
using Sources = std::array<std::int32_t, group_width>;

/// Takes lanes [to, ...) of the packed rows from lanes [from, ...), one vector each.
void PackVectors(const float* HWY_RESTRICT z, std::size_t rows, const Sources& sources,
                 std::size_t from, std::size_t to, float* HWY_RESTRICT packed) {
  const Floats d;
  const hn::RebindToSigned<Floats> di;
  alignas(64) Sources places{};
  alignas(64) Sources taken{};
  bool any = false;
  for (std::size_t i = 0; i < hn::Lanes(d); ++i) {
    const std::int32_t place = sources[to + i] - static_cast<std::int32_t>(from);
    if (place < 0 || place >= static_cast<std::int32_t>(hn::Lanes(d))) continue;
    places[i] = place;
    taken[i] = -1;
    any = true;
  }
  if (!any) return;
  const auto table = hn::SetTableIndices(d, places.data());
  const auto mask = hn::RebindMask(d, hn::MaskFromVec(hn::Load(di, taken.data())));
  for (std::size_t row = 0; row < rows * group_width; row += group_width) {
    const auto moved = hn::TableLookupLanes(hn::LoadU(d, z + row + from), table);
    hn::StoreU(hn::IfThenElse(mask, moved, hn::LoadU(d, packed + row + to)), d, packed + row + to);
  }
}

void PackLanes(const float* HWY_RESTRICT z, std::size_t rows, std::uint32_t lanes,
               std::size_t column, float* HWY_RESTRICT packed) {
  Sources sources;
  sources.fill(-1);
  for (; lanes != 0; lanes &= lanes - 1) sources[column++] = std::countr_zero(lanes);
  const std::size_t step = hn::Lanes(Floats());
  for (std::size_t to = 0; to < group_width; to += step) {
    for (std::size_t from = 0; from < group_width; from += step) {
      PackVectors(z, rows, sources, from, to, packed);
    }
  }
}

}  // namespace flopsieve::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace flopsieve::kernels {
namespace {

HWY_EXPORT(SortGroup);
HWY_EXPORT(PackLanes);
HWY_EXPORT(AllocationGradients);

/// Rounding of single precision, and the least and largest powers of two that sizes may span.
constexpr double unit = 0x1p-24;
constexpr double least_span = 0x1p-6;
constexpr double largest_span = 200.0;

/// The error bound of ordered.hpp. `weight` = |S| / (c Q).
double gradient_bound(double gradient, double weight, double log2_total, std::uint32_t count) {
  const double log2_error = 1.4427 * (22.0 + count / 16.0) + 3.0;
  return 1.05 * unit *
         (41.0 * gradient + (2.0 * log2_error + 37.0 * std::abs(log2_total)) * weight);
}

}  // namespace

void sort_group(std::span<const float> z, const PerLane<std::uint32_t>& count,
                std::span<float> sorted) {
  const std::size_t most = *std::max_element(count.begin(), count.end());
  HWY_DYNAMIC_DISPATCH(SortGroup)(z.data(), count, most, sorted.data());
}

std::size_t pack_lanes(std::span<const float> z, std::size_t rows, std::uint32_t lanes,
                       std::size_t column, std::span<float> packed) {
  HWY_DYNAMIC_DISPATCH(PackLanes)(z.data(), rows, lanes, column, packed.data());
  return column + static_cast<std::size_t>(std::popcount(lanes));
}

void allocation_gradients(std::span<const float> sorted, const PerLane<std::uint32_t>& count,
                          const PerLane<double>& scale, GroupGradients& out) {
  alignas(64) PerLane<float> largest{};
  std::uint32_t most = 0;
  for (std::size_t lane = 0; lane < group_width; ++lane) {
    if (count[lane] > 0) largest[lane] = sorted[(count[lane] - 1) * group_width + lane];
    most = std::max(most, count[lane]);
  }
  GradientSums sums;
  HWY_DYNAMIC_DISPATCH(AllocationGradients)
  (sorted.data(), sorted_rows(most), scale, largest, sums);
  for (std::size_t lane = 0; lane < group_width; ++lane) {
    out.gradient[lane] = std::numeric_limits<double>::quiet_NaN();
    out.bound[lane] = std::numeric_limits<double>::infinity();
    if (count[lane] == 1) {
      out.gradient[lane] = 1.0;
      out.bound[lane] = 0.0;
    }
    if (count[lane] < 2) continue;
    const double range = static_cast<double>(largest[lane]) - static_cast<double>(sorted[lane]);
    const double span = scale[lane] * range;
    if (!(span >= least_span && span <= largest_span)) continue;
    const auto log2_total = static_cast<double>(sums.log2_total[lane]);
    const double weight = -sums.sum[lane] / (scale[lane] * sums.squares[lane]);
    out.gradient[lane] =
        sums.products[lane] / (scale[lane] * sums.squares[lane]) + log2_total * weight;
    out.bound[lane] = gradient_bound(out.gradient[lane], weight, log2_total, count[lane]);
  }
}

}  // namespace flopsieve::kernels
#endif
