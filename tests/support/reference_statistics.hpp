#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

/// Statistics of one candidate written from their definitions, in extended precision and in any
/// order of the sizes x (log10 FLOP). Nothing here uses kernels/ or engine/.
namespace flopsieve::test {

using Sizes = std::vector<double>;

inline long double flop(double x) {
  return std::pow(10.0L, static_cast<long double>(x));
}

inline long double total_flop(const Sizes& x) {
  long double sum = 0.0L;
  for (const double value : x) sum += flop(value);
  return sum;
}

inline double largest(const Sizes& x) {
  return *std::max_element(x.begin(), x.end());
}

/// The value with as many sizes below as above it; the middle of the two candidates if k is even.
inline double median(const Sizes& x) {
  const auto rank_value = [&](std::size_t rank) {
    for (const double value : x) {
      std::size_t below = 0;
      std::size_t equal = 0;
      for (const double other : x) {
        below += other < value ? 1 : 0;
        equal += other == value ? 1 : 0;
      }
      if (below <= rank && rank < below + equal) return value;
    }
    return std::nan("");
  };
  return (rank_value((x.size() - 1) / 2) + rank_value(x.size() / 2)) / 2.0;
}

/// For each model, log10 of the share of the sum that models of at most its size have.
inline std::vector<long double> log10_cumulative_shares(const Sizes& x) {
  std::vector<long double> sizes;
  for (const double value : x) sizes.push_back(flop(value));
  const long double total = total_flop(x);
  std::vector<long double> shares;
  for (const long double at : sizes) {
    long double sum = 0.0L;
    for (const long double size : sizes) sum += size <= at ? size : 0.0L;
    shares.push_back(std::log10(sum / total));
  }
  return shares;
}

/// Slope through the origin of log10(cumulative share) on log10(m / largest).
inline long double allocation_gradient(const Sizes& x) {
  long double products = 0.0L;
  long double squares = 0.0L;
  const std::vector<long double> shares = log10_cumulative_shares(x);
  const long double largest_flop = flop(largest(x));
  for (std::size_t i = 0; i < x.size(); ++i) {
    const long double relative = std::log10(flop(x[i]) / largest_flop);
    products += relative * shares[i];
    squares += relative * relative;
  }
  return products / squares;
}

struct ReferenceLine {
  long double slope;
  long double intercept;
};

/// Free least squares of log10(cumulative share) on log10(m / sum m), by the normal equations about
/// the first point.
inline ReferenceLine allocation_line(const Sizes& x) {
  const long double origin = static_cast<long double>(x[0]) - std::log10(total_flop(x));
  long double n = 0.0L, sx = 0.0L, sy = 0.0L, sxx = 0.0L, sxy = 0.0L;
  const std::vector<long double> shares = log10_cumulative_shares(x);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const long double dx = static_cast<long double>(x[i]) - static_cast<long double>(x[0]);
    const long double y = shares[i];
    n += 1.0L;
    sx += dx;
    sy += y;
    sxx += dx * dx;
    sxy += dx * y;
  }
  const long double slope = (n * sxy - sx * sy) / (n * sxx - sx * sx);
  return {slope, (sy - slope * sx) / n - slope * origin};
}

/// Half the mean absolute difference of two sizes, relative to their mean.
inline long double gini(const Sizes& x) {
  const long double n = static_cast<long double>(x.size());
  std::vector<long double> sizes;
  for (const double value : x) sizes.push_back(flop(value));
  long double differences = 0.0L;
  for (const long double a : sizes) {
    for (const long double b : sizes) differences += std::abs(a - b);
  }
  return differences / (2.0L * n * total_flop(x));
}

inline std::size_t count_from(const Sizes& x, double threshold) {
  std::size_t count = 0;
  for (const double value : x) count += value >= threshold ? 1 : 0;
  return count;
}

/// Sum of m over from <= x < below.
inline long double flop_between(const Sizes& x, double from, double below) {
  long double sum = 0.0L;
  for (const double value : x) sum += value >= from && value < below ? flop(value) : 0.0L;
  return sum;
}

}  // namespace flopsieve::test
