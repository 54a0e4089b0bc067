#pragma once

#include <array>
#include <cmath>
#include <cstddef>

namespace flopsieve::kernels {

/// A polynomial at x by Horner's rule, lowest power first, each step rounded once. Vectors: Horner
/// of math-inl.hpp.
template <class T, std::size_t n>
T horner(const std::array<T, n>& coefficients, T x) {
  T sum = coefficients[n - 1];
  for (std::size_t i = n - 1; i-- > 0;) sum = std::fma(sum, x, coefficients[i]);
  return sum;
}

}  // namespace flopsieve::kernels
