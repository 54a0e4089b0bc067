#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

/// Kolmogorov's distances, of a sample from a law and between two samples.
namespace flopsieve::test {

/// The largest distance of a sample from the law that `cdf` gives, times the square root of its
/// size.
template <class Cdf>
double kolmogorov(std::vector<double> values, const Cdf& cdf) {
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  double largest = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double p = cdf(values[i]);
    const auto rank = static_cast<double>(i);
    largest = std::max({largest, p - rank / n, (rank + 1.0) / n - p});
  }
  return largest * std::sqrt(n);
}

/// The same of a sample that should be uniform on (0, 1).
inline double unevenness(std::vector<double> values) {
  return kolmogorov(std::move(values), [](double x) { return x; });
}

/// The largest distance between two samples of sizes n and m, times sqrt(n m / (n + m)), which has
/// the same limit law.
inline double unlikeness(std::vector<double> a, std::vector<double> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  const auto n = static_cast<double>(a.size());
  const auto m = static_cast<double>(b.size());
  double largest = 0.0;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() && j < b.size()) {
    const double next = std::min(a[i], b[j]);
    while (i < a.size() && a[i] <= next) ++i;
    while (j < b.size() && b[j] <= next) ++j;
    largest = std::max(largest, std::abs(static_cast<double>(i) / n - static_cast<double>(j) / m));
  }
  return std::sqrt(n * m / (n + m)) * largest;
}

/// What a sample of the right law exceeds with this probability at most: 2 exp(-2 d^2), the bound
/// of Massart (Annals of Probability 18 (1990) 1269).
inline double kolmogorov_limit(double false_alarm) {
  return std::sqrt(0.5 * std::log(2.0 / false_alarm));
}

inline const double kolmogorov_bound = kolmogorov_limit(1e-6);

}  // namespace flopsieve::test
