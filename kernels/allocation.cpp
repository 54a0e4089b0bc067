#include "kernels/allocation.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numeric>
#include <span>

#include "kernels/allocation_detail.hpp"
#include "kernels/math.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/allocation.cpp"
#include "hwy/foreach_target.h"  // compiles the rest of this file once per target
#include "hwy/highway.h"
#include "kernels/allocation-inl.hpp"

#if HWY_ONCE
namespace flopsieve::kernels {

HWY_EXPORT(BuildClasses);
HWY_EXPORT(DrawGroup);
HWY_EXPORT(ToLogs);

namespace {

/// A candidate with larger classes is drawn alone: its group would wait for the largest of them.
constexpr double most_together = 65536.0;

/// So many floats behind the last may be read and written.
constexpr std::size_t slack = 64;

/// Uniform numbers of one class in order. Eight blocks at a time, since independent blocks overlap
/// in the processor.
class ClassWords {
 public:
  ClassWords(Key key, Counter counter, std::uint32_t bin) : key_(key), counter_(counter) {
    counter_[0] = bin << 20;
  }

  std::uint32_t next() {
    if (used_ == words_.size()) refill();
    return words_[used_++];
  }

 private:
  void refill() {
    for (std::size_t i = 0; i < words_.size(); i += 4) {
      const Words words = philox(counter_, key_);
      ++counter_[0];
      std::copy(words.begin(), words.end(), words_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    used_ = 0;
  }

  Key key_;
  Counter counter_;
  std::array<std::uint32_t, 32> words_;
  std::size_t used_ = 32;
};

/// Edges and cumulative shares of the classes, in units of T / 2^64.
struct Classes {
  std::array<double, most_allocation_bins + 1> edge;
  std::array<double, most_allocation_bins + 1> share;

  explicit Classes(const Allocation& allocation) {
    const double step = allocation.log10_smallest / allocation.bins;
    for (std::size_t i = 0; i <= allocation.bins; ++i) {
      const double log = step * static_cast<double>(allocation.bins - i);
      edge[i] = power_of_ten(log) * allocation.largest_share * class_unit;
      share[i] = power_of_ten(log * allocation.gradient) * class_unit;
    }
  }
};

/// Appends the sizes of one class, in units of T / 2^64; false if there are too many models.
bool fill_class(double lower, double upper, double compute, ClassWords& words,
                std::vector<float>& sizes) {
  const double step = (upper - lower) * 0x1p-32;
  const double base = lower + (upper - lower) * 0x1p-33;
  double left = compute;
  while (sizes.size() < most_allocated_models) {
    const double size = std::fma(step, static_cast<double>(words.next()), base);
    if (size > left) {
      if (left > 0.0) sizes.push_back(static_cast<float>(left));
      return true;
    }
    sizes.push_back(static_cast<float>(size));
    left -= size;
  }
  return false;
}

/// Whether a candidate with at most `most` models in a class is drawn alone.
bool is_large(const Allocation& allocation, double most) {
  return !(most < most_together) ||
         !(most * allocation.bins < static_cast<double>(most_allocated_models));
}

}  // namespace

bool allocation_feasible(const Allocation& allocation) {
  // The ratio of a class's compute to its upper edge is monotone in the edge: an end decides.
  const double ratio = allocation.log10_smallest / allocation.bins;
  const double part = 1.0 - power_of_ten(ratio * allocation.gradient);
  if (!(part > allocation.largest_share)) return false;
  if (allocation.gradient <= 1.0) return true;  // the factor of the other end is at least 1
  const double smallest_upper = allocation.log10_smallest - ratio;
  return part * power_of_ten(smallest_upper * (allocation.gradient - 1.0)) >
         allocation.largest_share;
}

bool draw_allocation(const Allocation& allocation, Key key, Counter counter,
                     std::vector<float>& z) {
  const Classes classes(allocation);
  z.clear();
  bool complete = true;
  for (std::uint32_t i = 0; i < allocation.bins && complete; ++i) {
    ClassWords words(key, counter, i);
    const double compute = classes.share[i + 1] - classes.share[i];
    complete = fill_class(classes.edge[i], classes.edge[i + 1], compute, words, z);
  }
  const std::size_t models = z.size();
  z.resize(models + slack);
  HWY_DYNAMIC_DISPATCH(ToLogs)(z.data(), models);
  z.resize(models);
  return complete;
}

void AllocationDraws::draw(std::span<const AllocationRequest> requests, Key key) {
  draw_classes(requests, key);
  find_ranges(requests);
  HWY_DYNAMIC_DISPATCH(ToLogs)(z_.data(), filled_);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (is_large(requests[i].allocation, most_[i])) draw_apart(requests[i], key, ranges_[i]);
  }
}

/// Draws the classes of all candidates that are not large, in groups, and lines their sizes up.
void AllocationDraws::draw_classes(std::span<const AllocationRequest> requests, Key key) {
  std::size_t size = 0;
  for (const AllocationRequest& request : requests) size += request.allocation.bins;
  const std::size_t room = size + class_group;
  amounts_.resize(3 * room);
  words_.resize(2 * room);
  const AllocationClasses classes{amounts_.data(), amounts_.data() + room,
                                  amounts_.data() + 2 * room, words_.data(), words_.data() + room};
  most_.resize(requests.size());
  HWY_DYNAMIC_DISPATCH(BuildClasses)(requests.data(), requests.size(), classes, most_.data());
  std::fill_n(classes.compute + size, class_group, 0.0);
  std::fill_n(classes.step + size, class_group, 0.0);
  std::fill_n(classes.base + size, class_group, 1.0);
  std::size_t first = 0;
  double most = 0.0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const std::uint32_t bins = requests[i].allocation.bins;
    if (is_large(requests[i].allocation, most_[i])) {
      std::fill_n(classes.compute + first, bins, 0.0);  // no models
    } else {
      most = std::max(most, most_[i]);
    }
    first += bins;
  }
  make_room(size, most);
  for (first = 0; first < size; first += class_group) {
    HWY_DYNAMIC_DISPATCH(DrawGroup)(key, classes, first, raw_.data(), &counts_[first]);
    collect_group(&counts_[first]);
  }
}

/// For the counts of all classes, and for the sizes of a group with at most `most` models in each.
void AllocationDraws::make_room(std::size_t classes, double most) {
  filled_ = 0;
  counts_.resize(classes + class_group);
  const std::size_t blocks = static_cast<std::size_t>(most) / 4 + 5;
  raw_.resize(std::max(raw_.size(), blocks * 4 * class_group));
}

/// Appends the sizes of a group, class after class. Four blocks are copied whether the class fills
/// them or not: most classes of the published forecast take two or three.
void AllocationDraws::collect_group(const std::uint32_t* counts) {
  constexpr std::size_t block = 4 * class_group;
  std::size_t sum = slack;
  for (std::size_t lane = 0; lane < class_group; ++lane) sum += counts[lane];
  if (filled_ + sum > z_.size()) z_.resize(std::max(filled_ + sum, 2 * z_.size()));
  float* to = z_.data() + filled_;
  for (std::size_t lane = 0; lane < class_group; ++lane) {
    const float* from = raw_.data() + 4 * lane;
    for (std::size_t copied = 0; copied < counts[lane]; copied += 16, from += 4 * block) {
      for (std::size_t i = 0; i < 4; ++i) {
        std::memcpy(to + copied + 4 * i, from + i * block, 4 * sizeof(float));
      }
    }
    to += counts[lane];
  }
  filled_ = static_cast<std::size_t>(to - z_.data());
}

void AllocationDraws::find_ranges(std::span<const AllocationRequest> requests) {
  ranges_.resize(requests.size());
  std::size_t place = 0;
  const std::uint32_t* counts = counts_.data();
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const std::uint32_t bins = requests[i].allocation.bins;
    ranges_[i] = {place, std::accumulate(counts, counts + bins, std::size_t{0})};
    counts += bins;
    place += ranges_[i].size;
  }
}

/// Appends a large candidate; nothing if it is too large.
void AllocationDraws::draw_apart(const AllocationRequest& request, Key key, Range& range) {
  if (!draw_allocation(request.allocation, key, request.counter, apart_)) return;
  range = {filled_, apart_.size()};
  z_.resize(std::max(z_.size(), filled_ + apart_.size() + slack));
  std::copy(apart_.begin(), apart_.end(), z_.begin() + static_cast<std::ptrdiff_t>(filled_));
  filled_ += apart_.size();
}

}  // namespace flopsieve::kernels
#endif
