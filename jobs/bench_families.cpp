#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "jobs/bench_kernels.hpp"
#include "kernels/allocation.hpp"
#include "kernels/families.hpp"
#include "kernels/tilted.hpp"

// The kernels of tilted draws and of the families of sizes other than the normal and skew-normal
// laws.

namespace flopsieve::jobs {
namespace {

using kernels::group_width;
using kernels::PerLane;

constexpr std::size_t draws = bench_draws;
constexpr kernels::Key key{1, 0};

/// Fills the sizes of sixteen candidates, others at each call.
template <class Draw>
std::function<std::function<void()>()> family(Draw draw) {
  struct State {
    kernels::GroupAddress address;
    std::vector<float> z = std::vector<float>(draws * group_width);
  };
  return [draw]() -> std::function<void()> {
    auto state = std::make_shared<State>();
    for (std::size_t lane = 0; lane < group_width; ++lane) {
      state->address.word1[lane] = static_cast<std::uint32_t>(lane);
    }
    return [draw, state] {
      for (std::uint32_t& word : state->address.word2) ++word;
      draw(state->address, std::span(state->z));
      keep_results(state->z.data());
    };
  };
}

/// `draw` of a kernel whose lanes have constants, all the same.
template <class Constants, class Kernel>
auto with_lanes(const Constants& constants, Kernel kernel) {
  PerLane<Constants> lanes;
  lanes.fill(constants);
  return family([=](const kernels::GroupAddress& address, std::span<float> z) {
    kernel(key, address, lanes, 0, draws, z);
  });
}

auto mixture() {
  constexpr std::array<kernels::MixtureComponent, 2> parts{{{0.7, 0.0, 1.0}, {0.3, 2.0, 0.5}}};
  return with_lanes(kernels::MixtureDraw(parts), kernels::draw_mixture);
}

auto empirical() {
  std::vector<double> centres;
  std::vector<double> weights;
  for (int i = 0; i < 200; ++i) {
    centres.push_back(22.0 + 0.02 * i);
    weights.push_back(i + 1.0);
  }
  auto table = std::make_shared<kernels::CentreTable>(centres, weights, 0.2, 24.0, 1.2);
  return family([=](const kernels::GroupAddress& address, std::span<float> z) {
    kernels::draw_empirical(key, address, *table, 0, draws, z);
  });
}

/// Weights that grow by 2^20 from the first cell to the last, as a tilt makes them.
kernels::AliasTable tilted_cells() {
  std::vector<std::uint64_t> weights(kernels::cell_count);
  std::uint64_t left = kernels::cell_weights;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weights[i] = std::uint64_t{1} << (20 * i / weights.size());
    left -= weights[i];
  }
  weights.back() += left;
  return kernels::alias_table(weights);
}

auto tilted() {
  auto table = std::make_shared<kernels::AliasTable>(tilted_cells());
  return family([=](const kernels::GroupAddress& address, std::span<float> z) {
    kernels::LaneTables tables;
    tables.fill(table->data());
    kernels::draw_tilted(key, address, tables, draws, z);
  });
}

/// As many years of the published method as keep the vectors full, always the same ones: their
/// classes differ too much for a processor to learn anything.
std::vector<kernels::AllocationRequest> allocation_requests() {
  std::vector<kernels::AllocationRequest> requests;
  for (std::uint32_t i = 0; i < 256; ++i) {
    const double shift = i / 256.0;
    requests.push_back(
        {{0.1 + 0.2 * shift, 0.9 + 0.2 * shift, -8.0 + 2.0 * shift, 19}, {0, i, 0, 0}});
  }
  return requests;
}

double models(const std::vector<kernels::AllocationRequest>& requests) {
  kernels::AllocationDraws allocations;
  allocations.draw(requests, key);
  std::size_t models = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) models += allocations.of(i).size();
  return static_cast<double>(models);
}

std::function<void()> allocation() {
  return [requests = allocation_requests(),
          allocations = std::make_shared<kernels::AllocationDraws>()] {
    allocations->draw(requests, key);
    keep_results(allocations->of(0).data());
  };
}

}  // namespace

std::vector<KernelCase> family_cases() {
  constexpr auto all = static_cast<double>(draws * group_width);
  const auto row = [&](const char* name, double words,
                       std::function<std::function<void()>()> make) {
    return KernelCase{name, "draws", all, bare_generator, words, std::move(make)};
  };
  std::vector<KernelCase> cases{
      row("draw_uniform", 1.0, family([](const kernels::GroupAddress& address, std::span<float> z) {
            kernels::draw_uniform(key, address, 0, draws, z);
          })),
      row("draw_grid", 1.0, with_lanes(kernels::GridDraw{1000}, kernels::draw_grid)),
      row("draw_power_law", 1.0, with_lanes(kernels::PowerLawDraw(-3.0), kernels::draw_power_law)),
      row("draw_truncated_normal", 1.0,
          with_lanes(kernels::TruncatedDraw(-3.1, 5.6, true), kernels::draw_truncated_normal)),
      row("draw_student_t", 2.0, with_lanes(kernels::StudentDraw(5.0), kernels::draw_student_t)),
      row("draw_mixture", 2.0, mixture()),
      row("draw_empirical", 2.0, empirical()),
      row(tilted_kernel, 2.0, tilted())};
  cases.push_back(row("draw_allocation", 1.0, allocation));
  cases.back().items = models(allocation_requests());
  return cases;
}

}  // namespace flopsieve::jobs
