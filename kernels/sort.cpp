#include <algorithm>

#include "kernels/sizes.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/sort.cpp"
#include "hwy/foreach_target.h"  // compiles the rest of this file once per target
#include "hwy/highway.h"
// After it, as it is compiled once per target too.
#include "hwy/contrib/sort/traits-inl.h"
#include "hwy/contrib/sort/vqsort-inl.h"

HWY_BEFORE_NAMESPACE();
namespace flopsieve::kernels::HWY_NAMESPACE {

/// hwy::Sorter without its call of the system for random pivots, which costs more than the sorting
/// of a hundred values.
void SortAscending(float* values, std::size_t size) {
#if VQSORT_ENABLED
  namespace detail = hwy::HWY_NAMESPACE::detail;
  if (size < 2) return;
  const hwy::HWY_NAMESPACE::SortTag<float> d;
  const detail::SharedTraits<detail::TraitsLane<detail::OrderAscending<float>>> traits;
  HWY_ALIGN float buffer[hwy::SortConstants::BufNum<float>(HWY_LANES(float))] = {};
  detail::Generator pivots(1);
  const std::size_t deepest = 2 * hwy::CeilLog2(size) + 4;
  detail::Recurse(d, traits, values, values + size, size, buffer, pivots, deepest);
#else
  std::sort(values, values + size);
#endif
}

}  // namespace flopsieve::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace flopsieve::kernels {

HWY_EXPORT(SortAscending);

void sort_ascending(std::span<float> values) {
  HWY_DYNAMIC_DISPATCH(SortAscending)(values.data(), values.size());
}

}  // namespace flopsieve::kernels
#endif
