#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/philox.hpp"

/// The allocation method of Kumar and Manning, "Trends in Frontier AI Model Count: A Forecast to
/// 2028" (arXiv 2504.16138, 2025), section 3: a year's training compute T is divided over classes
/// of model size, and each class is filled with models.
namespace flopsieve::kernels {

/// With M = largest_share * T the largest size, the `bins` classes are bounded by bins + 1 edges
/// that are equally spaced in log10(m / M) from log10_smallest to 0. Models of at most size m have
/// the share (m / M)^gradient of T; what lies below the smallest edge becomes no model.
struct Allocation {
  double largest_share = 0.2;    ///< M / T, in [1e-6, 1]
  double gradient = 1.0;         ///< in (0, 5]
  double log10_smallest = -7.0;  ///< log10(m_min / M), in [-30, 0)
  std::uint32_t bins = 19;       ///< 1 to `most_allocation_bins`
};

inline constexpr std::uint32_t most_allocation_bins = 255;

/// More models than this end a draw.
inline constexpr std::size_t most_allocated_models = 1'000'000;

/// Whether the compute of every class exceeds its upper edge. T cancels.
bool allocation_feasible(const Allocation& allocation);

/// Replaces z by the drawn sizes log10(m / T), classes in ascending order, and returns true; false,
/// with z unfinished, if there would be more than `most_allocated_models`.
///
/// In a class, sizes are uniform (linear, in FLOP) between its edges until the next one would take
/// more than is left of the class's compute; instead of that one the last model takes what is left
/// and may be smaller than the class's lower edge. Sizes and what is left, which each size lessens,
/// are in double precision; then a size is rounded to float32 and z is its logarithm, in error by
/// at most half an ulp + 4e-8.
///
/// Class i has words of its own, so that its draws do not depend on the other classes: its draw j
/// uses word j % 4 of the block i << 20 | j / 4 of the stream `counter`, whose word 0 is replaced.
/// With n a word and [lower, upper] the edges, a size is lower + (upper - lower) * (n + 1/2) /
/// 2^32.
bool draw_allocation(const Allocation& allocation, Key key, Counter counter, std::vector<float>& z);

/// One candidate of AllocationDraws.
struct AllocationRequest {
  Allocation allocation;
  Counter counter{};  ///< of its stream; word 0 is replaced
};

/// Draws many candidates at once, one vector lane for each class of a candidate. Reuse one object:
/// it owns the buffers, which grow to what the largest call needed.
class AllocationDraws {
 public:
  /// of(i) becomes what draw_allocation() gives for requests[i], bit by bit.
  void draw(std::span<const AllocationRequest> requests, Key key);

  /// The sizes of a candidate; none if there would be more than `most_allocated_models`.
  std::span<const float> of(std::size_t i) const {
    return std::span(z_).subspan(ranges_[i].first, ranges_[i].size);
  }

 private:
  struct Range {
    std::size_t first = 0;
    std::size_t size = 0;
  };

  void draw_classes(std::span<const AllocationRequest> requests, Key key);
  void make_room(std::size_t classes, double most);
  void collect_group(const std::uint32_t* counts);
  void find_ranges(std::span<const AllocationRequest> requests);
  void draw_apart(const AllocationRequest& request, Key key, Range& range);

  std::vector<Range> ranges_;          ///< [candidate]
  std::vector<float> z_;               ///< candidate after candidate, then room to spare
  std::size_t filled_ = 0;             ///< of z_
  std::vector<double> most_;           ///< [candidate] no class has more models
  std::vector<double> amounts_;        ///< columns of AllocationClasses (allocation_detail.hpp)
  std::vector<std::uint64_t> words_;   ///< likewise
  std::vector<std::uint32_t> counts_;  ///< [class of a candidate] models
  std::vector<float> raw_;             ///< sizes of one group of classes
  std::vector<float> apart_;           ///< sizes of one candidate
};

}  // namespace flopsieve::kernels
