#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/benchmarks.hpp"
#include "kernels/sizes.hpp"
#include "kernels/target.hpp"

namespace flopsieve::benchmarks {
namespace {

using kernels::group_width;
using kernels::Target;

/// Sizes per candidate, about what the default forecast has, and numbers per call of the others.
constexpr std::size_t draws = 128;
constexpr std::size_t numbers = 4096;
constexpr kernels::Key key{1, 0};

/// The standardised sizes of one group, as the sieve draws them.
class Group {
 public:
  Group() : z_(draws * group_width) {
    for (std::size_t lane = 0; lane < group_width; ++lane) {
      address_.word1[lane] = static_cast<std::uint32_t>(lane);
      shape_.absolute[lane] = -0.8f;
      shape_.normal[lane] = 0.9f;
      shape_.constant[lane] = 0.6f;
    }
    draw();
  }

  void draw() { kernels::draw_sizes(key, address_, shape_, draws, z_); }
  /// Moves on to other candidates.
  void next() { ++address_.word2[0]; }
  const std::vector<float>& z() const { return z_; }

 private:
  kernels::GroupAddress address_;
  kernels::GroupShape shape_;
  std::vector<float> z_;
};

void set_items(benchmark::State& state, std::size_t items) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(items));
}

void draw_sizes(benchmark::State& state) {
  Group group;
  for (auto _ : state) {
    group.next();
    group.draw();
    benchmark::DoNotOptimize(group.z().data());
    benchmark::ClobberMemory();
  }
  set_items(state, group.z().size());
}

void sum_sizes(benchmark::State& state) {
  const Group group;
  kernels::PerLane<std::uint32_t> count;
  kernels::PerLane<double> scale;
  count.fill(draws);
  scale.fill(5.5);  // an sd of 1.66 OOM
  kernels::GroupSums sums;
  for (auto _ : state) {
    kernels::sum_sizes(group.z(), count, scale, sums);
    benchmark::DoNotOptimize(sums);
    benchmark::ClobberMemory();
  }
  set_items(state, group.z().size());
}

void powers_of_ten(benchmark::State& state) {
  std::vector<double> x(numbers), out(numbers);
  for (std::size_t i = 0; i < numbers; ++i) x[i] = 15.0 + 0.003 * static_cast<double>(i);
  for (auto _ : state) {
    kernels::powers_of_ten(x, out);
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  set_items(state, numbers);
}

void decimal_logs(benchmark::State& state) {
  std::vector<double> x(numbers), out(numbers);
  for (std::size_t i = 0; i < numbers; ++i) x[i] = 1e-8 * static_cast<double>(i + 1);
  for (auto _ : state) {
    kernels::decimal_logs(x, out);
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  set_items(state, numbers);
}

/// Includes the copy of the unsorted values.
void sort_ascending(benchmark::State& state) {
  const Group group;
  std::vector<float> unsorted(draws), values(draws);
  for (std::size_t i = 0; i < draws; ++i) unsorted[i] = group.z()[i * group_width];
  for (auto _ : state) {
    std::copy(unsorted.begin(), unsorted.end(), values.begin());
    kernels::sort_ascending(values);
    benchmark::DoNotOptimize(values.data());
    benchmark::ClobberMemory();
  }
  set_items(state, draws);
}

}  // namespace

void register_kernels() {
  struct Kernel {
    const char* name;
    void (*body)(benchmark::State&);
  };
  constexpr Kernel all[] = {{"draw_sizes", draw_sizes},
                            {"sum_sizes", sum_sizes},
                            {"powers_of_ten", powers_of_ten},
                            {"decimal_logs", decimal_logs},
                            {"sort_ascending", sort_ascending}};
  for (const Kernel& kernel : all) {
    for (const Target target : kernels::supported_targets()) {
      const std::string name =
          std::string("kernels/") + kernel.name + "/" + std::string(kernels::name(target));
      benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
        const Target before = kernels::active_target();
        kernels::force_target(target);
        kernel.body(state);
        kernels::force_target(before);
      });
    }
  }
}

}  // namespace flopsieve::benchmarks
