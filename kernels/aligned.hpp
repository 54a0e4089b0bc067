#pragma once

#include <cstddef>
#include <new>
#include <vector>

/// Buffers for vector code: aligned to cache lines, so that no row of 16 floats lies across two of
/// them (which costs sort_group a quarter of its speed), and no two threads' buffers share one.
namespace flopsieve::kernels {

inline constexpr std::size_t cache_line = 64;

template <class T>
struct CacheAligned {
  using value_type = T;

  CacheAligned() = default;
  template <class U>
  CacheAligned(const CacheAligned<U>& /*other*/) {}

  T* allocate(std::size_t count) {
    return static_cast<T*>(::operator new (count * sizeof(T), std::align_val_t{cache_line}));
  }
  void deallocate(T* pointer, std::size_t /*count*/) {
    ::operator delete (pointer, std::align_val_t{cache_line});
  }
  template <class U>
  bool operator==(const CacheAligned<U>& /*other*/) const {
    return true;
  }
};

template <class T>
using AlignedVector = std::vector<T, CacheAligned<T>>;

}  // namespace flopsieve::kernels
