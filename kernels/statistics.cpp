#include "kernels/statistics.hpp"

#include "kernels/math.hpp"

namespace flopsieve::kernels {
namespace {

/// How many of at least one size are below the threshold. Halves without a branch, which nothing
/// could foretell.
std::size_t count_below(std::span<const double> ascending, double threshold) {
  const double* first = ascending.data();
  for (std::size_t size = ascending.size(); size > 1;) {
    const std::size_t half = size / 2;
    first += static_cast<std::size_t>(first[half - 1] < threshold) * half;
    size -= half;
  }
  return static_cast<std::size_t>(first - ascending.data()) +
         static_cast<std::size_t>(*first < threshold);
}

}  // namespace

double median(std::span<const double> ascending) {
  const std::size_t middle = ascending.size() / 2;
  if (ascending.size() % 2 == 1) return ascending[middle];
  return 0.5 * (ascending[middle - 1] + ascending[middle]);
}

double allocation_gradient(const SortedSizes& sizes) {
  const double largest = sizes.log10_flop.back();
  double products = 0.0;
  double squares = 0.0;
  for (std::size_t i = 0; i < sizes.log10_flop.size(); ++i) {
    const double x = sizes.log10_flop[i] - largest;
    products += x * sizes.log10_cumulative_share[i];
    squares += x * x;
  }
  return squares > 0.0 ? products / squares : 1.0;
}

Line allocation_line(const SortedSizes& sizes) {
  const double log10_total = sizes.log10_flop.back() + decimal_log(sizes.relative_total);
  const auto n = static_cast<double>(sizes.log10_flop.size());
  double mean_x = 0.0;
  double mean_y = 0.0;
  for (std::size_t i = 0; i < sizes.log10_flop.size(); ++i) {
    mean_x += sizes.log10_flop[i] - log10_total;
    mean_y += sizes.log10_cumulative_share[i];
  }
  mean_x /= n;
  mean_y /= n;
  double products = 0.0;
  double squares = 0.0;
  for (std::size_t i = 0; i < sizes.log10_flop.size(); ++i) {
    const double x = sizes.log10_flop[i] - log10_total - mean_x;
    products += x * (sizes.log10_cumulative_share[i] - mean_y);
    squares += x * x;
  }
  const double slope = squares > 0.0 ? products / squares : 0.0;
  return {slope, mean_y - slope * mean_x};
}

double gini(const SortedSizes& sizes) {
  const auto n = static_cast<double>(sizes.relative.size());
  double ranked = 0.0;
  double rank = 0.0;
  for (const double size : sizes.relative) ranked += (rank += 1.0) * size;
  return 2.0 * ranked / (n * sizes.relative_total) - (n + 1.0) / n;
}

std::size_t count_from(std::span<const double> ascending, double threshold) {
  return ascending.size() - count_below(ascending, threshold);
}

double relative_between(const SortedSizes& sizes, double from, double below) {
  const std::size_t first = count_below(sizes.log10_flop, from);
  const std::size_t last = count_below(sizes.log10_flop, below);
  const auto up_to = [&](std::size_t count) {
    return count > 0 ? sizes.cumulative[count - 1] : 0.0;
  };
  return first < last ? up_to(last) - up_to(first) : 0.0;
}

}  // namespace flopsieve::kernels
