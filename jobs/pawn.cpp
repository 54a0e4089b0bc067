#include "jobs/pawn.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace flopsieve::jobs {
namespace {

constexpr std::size_t most_slices = 10;
constexpr std::size_t least_rows_of_slice = 30;
constexpr std::uint32_t permutations = 200;

std::vector<std::size_t> ascending(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t x, std::size_t y) { return values[x] < values[y]; });
  return order;
}

/// The output's distribution in slices against that in all rows.
class Distances {
 public:
  explicit Distances(const std::vector<double>& output)
      : order_(ascending(output)), last_of_value_(output.size()) {
    for (std::size_t i = 0; i < order_.size(); ++i) {
      last_of_value_[i] = i + 1 == order_.size() || output[order_[i + 1]] != output[order_[i]];
    }
  }

  /// The Kolmogorov-Smirnov distance of each slice, where slice_of(row) is the slice of a row.
  template <class SliceOf>
  std::vector<double> of(const std::vector<std::size_t>& sizes, const SliceOf& slice_of) const {
    std::vector<double> distances(sizes.size(), 0.0);
    std::vector<std::size_t> below(sizes.size(), 0);
    const auto all = static_cast<double>(order_.size());
    for (std::size_t i = 0; i < order_.size(); ++i) {
      ++below[slice_of(order_[i])];
      if (!last_of_value_[i]) continue;
      const double share = static_cast<double>(i + 1) / all;
      for (std::size_t s = 0; s < sizes.size(); ++s) {
        const double own = static_cast<double>(below[s]) / static_cast<double>(sizes[s]);
        distances[s] = std::max(distances[s], std::abs(own - share));
      }
    }
    return distances;
  }

  std::size_t rows() const { return order_.size(); }

 private:
  std::vector<std::size_t> order_;
  std::vector<bool> last_of_value_;  ///< ends of steps of the distribution function
};

struct Floors {
  double median = 0.0;
  double maximum = 0.0;
};

double median(const std::vector<double>& values) {
  return interpolated_quantile(values, 0.5);
}

double maximum(const std::vector<double>& values) {
  return *std::max_element(values.begin(), values.end());
}

/// Which rows are in a slice does not matter once they are permuted: only the slices' sizes do.
Floors noise_floors(const Distances& distances, const std::vector<std::size_t>& sizes) {
  std::vector<std::size_t> slices;
  for (std::size_t s = 0; s < sizes.size(); ++s) slices.insert(slices.end(), sizes[s], s);
  std::vector<double> medians;
  std::vector<double> maxima;
  for (std::uint32_t number = 0; number < permutations; ++number) {
    const auto shuffled = permutation(distances.rows(), number);
    const auto all = distances.of(sizes, [&](std::size_t row) { return slices[shuffled[row]]; });
    medians.push_back(median(all));
    maxima.push_back(maximum(all));
  }
  return {interpolated_quantile(medians, 0.95), interpolated_quantile(maxima, 0.95)};
}

}  // namespace

std::vector<std::size_t> pawn_slices(const std::vector<double>& input) {
  const std::size_t slices =
      std::clamp<std::size_t>(input.size() / least_rows_of_slice, 2, most_slices);
  const std::size_t share = (input.size() + slices - 1) / slices;
  const std::vector<std::size_t> order = ascending(input);
  std::vector<std::size_t> result(input.size(), 0);
  std::size_t slice = 0;
  std::size_t first = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const bool new_value = i > 0 && input[order[i]] != input[order[i - 1]];
    if (new_value && i - first >= share) {
      ++slice;
      first = i;
    }
    result[order[i]] = slice;
  }
  if (slice > 0 && 2 * (order.size() - first) < share) {
    for (std::size_t i = first; i < order.size(); ++i) result[order[i]] = slice - 1;
  }
  return result;
}

std::vector<PawnIndex> pawn_indices(const Columns& inputs, const std::vector<double>& output) {
  const Distances distances(output);
  std::map<std::vector<std::size_t>, Floors> floors;
  std::vector<PawnIndex> result;
  for (const auto& input : inputs) {
    const std::vector<std::size_t> slices = pawn_slices(input);
    std::vector<std::size_t> sizes(*std::max_element(slices.begin(), slices.end()) + 1, 0);
    for (const std::size_t slice : slices) ++sizes[slice];
    const auto own = distances.of(sizes, [&](std::size_t row) { return slices[row]; });
    if (!floors.contains(sizes)) floors[sizes] = noise_floors(distances, sizes);
    const Floors& floor = floors[sizes];
    result.push_back({median(own), maximum(own), floor.median, floor.maximum, sizes.size()});
  }
  return result;
}

}  // namespace flopsieve::jobs
