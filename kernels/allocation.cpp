#include "kernels/allocation.hpp"

#include <array>
#include <span>

#include "kernels/math.hpp"
#include "kernels/sizes.hpp"

namespace flopsieve::kernels {
namespace {

/// Uniform numbers in (0, 1) from the words of a stream in order. Eight blocks at a time, since
/// independent blocks overlap in the processor.
class UniformStream {
 public:
  UniformStream(Key key, Counter counter) : key_(key), counter_(counter) { counter_[0] = 0; }

  double next() {
    if (used_ == uniforms_.size()) refill();
    return uniforms_[used_++];
  }

 private:
  void refill() {
    for (std::size_t i = 0; i < uniforms_.size(); i += 4) {
      const Words words = philox(counter_, key_);
      ++counter_[0];
      for (std::size_t j = 0; j < 4; ++j) {
        uniforms_[i + j] = (static_cast<double>(words[j]) + 0.5) * 0x1p-32;
      }
    }
    used_ = 0;
  }

  Key key_;
  Counter counter_;
  std::array<double, 32> uniforms_;
  std::size_t used_ = 32;
};

/// Edges and cumulative shares of the classes, in units of T.
struct Classes {
  std::array<double, most_allocation_bins + 1> edge;
  std::array<double, most_allocation_bins + 1> share;

  explicit Classes(const Allocation& allocation) {
    const std::size_t edges = allocation.bins + 1;
    const double step = allocation.log10_smallest / allocation.bins;
    for (std::size_t i = 0; i < edges; ++i) {
      edge[i] = step * static_cast<double>(allocation.bins - i);
      share[i] = edge[i] * allocation.gradient;
    }
    powers_of_ten(std::span(edge).first(edges), std::span(edge).first(edges));
    powers_of_ten(std::span(share).first(edges), std::span(share).first(edges));
    for (std::size_t i = 0; i < edges; ++i) edge[i] *= allocation.largest_share;
  }
};

/// Appends the sizes of one class, in units of T; false if there are too many models.
bool fill_class(double lower, double upper, double compute, UniformStream& uniforms,
                std::vector<double>& sizes) {
  const double width = upper - lower;
  double sum = 0.0;
  while (sizes.size() < most_allocated_models) {
    const double size = lower + width * uniforms.next();
    if (sum + size > compute) {
      if (compute > sum) sizes.push_back(compute - sum);
      return true;
    }
    sizes.push_back(size);
    sum += size;
  }
  return false;
}

}  // namespace

bool allocation_feasible(const Allocation& allocation) {
  // The ratio of a class's compute to its upper edge is monotone in the edge: an end decides.
  const double ratio = allocation.log10_smallest / allocation.bins;
  const double part = 1.0 - power_of_ten(ratio * allocation.gradient);
  const double smallest_upper = allocation.log10_smallest - ratio;
  const double smallest_class = part * power_of_ten(smallest_upper * (allocation.gradient - 1.0));
  return part > allocation.largest_share && smallest_class > allocation.largest_share;
}

bool draw_allocation(const Allocation& allocation, Key key, Counter counter,
                     std::vector<float>& z) {
  const Classes classes(allocation);
  UniformStream uniforms(key, counter);
  thread_local std::vector<double> sizes;
  sizes.clear();
  bool complete = true;
  for (std::size_t i = 0; i < allocation.bins && complete; ++i) {
    const double compute = classes.share[i + 1] - classes.share[i];
    complete = fill_class(classes.edge[i], classes.edge[i + 1], compute, uniforms, sizes);
  }
  decimal_logs(sizes, sizes);
  z.assign(sizes.begin(), sizes.end());
  return complete;
}

}  // namespace flopsieve::kernels
