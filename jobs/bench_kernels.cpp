#include "jobs/bench_kernels.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <utility>

#include "kernels/frontier.hpp"
#include "kernels/ordered.hpp"
#include "kernels/sizes.hpp"
#include "kernels/words.hpp"

namespace flopsieve::jobs {
namespace {

using kernels::group_width;
using kernels::PerLane;

constexpr std::size_t draws = bench_draws;
/// Per call of a function of an array.
constexpr std::size_t numbers = 1024;
constexpr double group_draws = static_cast<double>(draws * group_width);
constexpr kernels::Key key{1, 0};

enum class Law { normal, skew_normal };

/// Sixteen candidates, others at each call, so that nothing can be learnt from the call before.
struct Group {
  kernels::GroupAddress address;
  kernels::GroupShape shape;
  PerLane<std::uint32_t> count{};
  PerLane<double> scale{};
  PerLane<float> fast_scale{};
  std::vector<float> z = std::vector<float>(kernels::fast_rows(draws) * group_width);
  kernels::GroupSums sums;

  explicit Group(Law law) {
    count.fill(draws);
    scale.fill(5.0);  // an sd of 1.5 OOM
    fast_scale.fill(5.0f);
    shape.plain = law == Law::normal;
    shape.absolute.fill(law == Law::normal ? 0.0f : -0.8f);
    shape.normal.fill(law == Law::normal ? 1.0f : 0.9f);
    shape.constant.fill(law == Law::normal ? 0.0f : 0.6f);
    for (std::size_t lane = 0; lane < group_width; ++lane) {
      address.word1[lane] = static_cast<std::uint32_t>(lane);
    }
    draw();
  }

  void next() {
    for (std::uint32_t& word : address.word2) ++word;
  }

  void draw() {
    next();
    kernels::draw_sizes(key, address, shape, draws, z);
  }

  void draw_and_sum() {
    next();
    kernels::draw_and_sum(key, address, shape, count, fast_scale, z, sums);
  }

  void sum() { kernels::sum_sizes(z, count, scale, sums); }
};

using Call = std::function<void()>;

Call words() {
  struct State {
    kernels::GroupAddress address;
    std::vector<std::uint32_t> words = std::vector<std::uint32_t>(draws * group_width);
  };
  return [state = std::make_shared<State>()] {
    for (std::uint32_t& word : state->address.word2) ++word;
    kernels::random_words(key, state->address, 0, draws / 4, state->words);
    keep_results(state->words.data());
  };
}

std::function<Call()> draw_and_sum(Law law) {
  return [law]() -> Call {
    return [group = std::make_shared<Group>(law)] {
      group->draw_and_sum();
      keep_results(&group->sums);
    };
  };
}

std::function<Call()> draw_only(Law law) {
  return [law]() -> Call {
    return [group = std::make_shared<Group>(law)] {
      group->draw();
      keep_results(group->z.data());
    };
  };
}

Call sum_only() {
  return [group = std::make_shared<Group>(Law::normal)] {
    group->sum();
    keep_results(&group->sums);
  };
}

/// The single-precision sums of sizes that were drawn before.
Call add_only() {
  auto group = std::make_shared<Group>(Law::normal);
  auto law = std::make_shared<kernels::FastLaw>();
  law->count = group->count;
  law->scale = group->fast_scale;
  law->origin.fill(0.5f);
  return [group, law] {
    group->sums = kernels::empty_sums();
    kernels::add_sizes(group->z, 0, draws, *law, group->sums);
    keep_results(&group->sums);
  };
}

/// What bounds a function of whole arrays: reading and writing them.
Call copy() {
  auto x = std::make_shared<std::vector<double>>(numbers, 1.5);
  return [x, out = std::make_shared<std::vector<double>>(numbers)] {
    std::copy(x->begin(), x->end(), out->begin());
    keep_results(out->data());
  };
}

/// A function of whole arrays, of first, first + step, ...
std::function<Call()> transform(void (*function)(std::span<const double>, std::span<double>),
                                double first, double step) {
  return [=]() -> Call {
    auto x = std::make_shared<std::vector<double>>(numbers);
    for (std::size_t i = 0; i < numbers; ++i) (*x)[i] = first + step * static_cast<double>(i);
    return [=, out = std::make_shared<std::vector<double>>(numbers)] {
      function(*x, *out);
      keep_results(out->data());
    };
  };
}

using Sorted = std::vector<float>;

Call sort_sixteen() {
  auto sorted = std::make_shared<Sorted>(kernels::sorted_rows(draws) * group_width);
  return [sorted, group = std::make_shared<Group>(Law::normal)] {
    kernels::sort_group(group->z, group->count, *sorted);
    keep_results(sorted->data());
  };
}

Call gradients() {
  const Group group(Law::normal);
  auto sorted = std::make_shared<Sorted>(kernels::sorted_rows(draws) * group_width);
  kernels::sort_group(group.z, group.count, *sorted);
  return [=, count = group.count, scale = group.scale,
          out = std::make_shared<kernels::GroupGradients>()] {
    kernels::allocation_gradients(*sorted, count, scale, *out);
    keep_results(out.get());
  };
}

/// The frontier counts of one year of 128 models.
Call frontier() {
  struct State {
    std::vector<double> sizes;
    std::vector<std::uint32_t> places;
    std::array<kernels::FrontierCount, 3> counts{};
    kernels::FrontierScratch scratch;
    std::uint32_t year = 0;
  };
  const Group group(Law::normal);
  auto state = std::make_shared<State>();
  for (std::size_t i = 0; i < draws; ++i) {
    state->sizes.push_back(24.0 + 1.5 * static_cast<double>(group.z[i * group_width]));
    state->places.push_back(static_cast<std::uint32_t>(i));
  }
  return [state] {
    static constexpr std::array widths{0.5, 1.0, 1.5};
    const kernels::FrontierYear year{state->sizes, state->places, key, {0, state->year++, 0, 0}};
    kernels::count_frontier(year, 26.0, widths, state->counts, state->scratch);
    keep_results(state->counts.data());
  };
}

std::vector<KernelCase> all_cases() {
  constexpr auto all = static_cast<double>(numbers);
  constexpr auto one = static_cast<double>(draws);
  std::vector<KernelCase> cases{
      {bare_generator, "words", group_draws, "", 1.0, words},
      {bare_fused_kernel, "draws", group_draws, bare_generator, 1.0, draw_and_sum(Law::normal)},
      {"draw_and_sum/skew_normal", "draws", group_draws, bare_generator, 2.0,
       draw_and_sum(Law::skew_normal)},
      {"draw_sizes/normal", "draws", group_draws, bare_generator, 1.0, draw_only(Law::normal)},
      {"draw_sizes/skew_normal", "draws", group_draws, bare_generator, 2.0,
       draw_only(Law::skew_normal)},
      {"sum_sizes", "draws", group_draws, bare_generator, 1.0, sum_only},
      {"add_sizes", "draws", group_draws, bare_generator, 1.0, add_only},
      {bare_copy, "numbers", all, "", 1.0, copy},
      {"powers_of_ten", "numbers", all, bare_copy, 1.0,
       transform(kernels::powers_of_ten, 15.0, 0.003)},
      {"decimal_logs", "numbers", all, bare_copy, 1.0,
       transform(kernels::decimal_logs, 1e-8, 1e-8)},
      {"sort_group", "draws", group_draws, bare_copy, 1.0, sort_sixteen},
      {"allocation_gradients", "draws", group_draws, bare_copy, 1.0, gradients},
      {"count_frontier", "draws", one, bare_generator, 1.0, frontier}};
  for (KernelCase& family : family_cases()) cases.push_back(std::move(family));
  return cases;
}

}  // namespace

const std::vector<KernelCase>& kernel_cases() {
  static const std::vector<KernelCase> cases = all_cases();
  return cases;
}

}  // namespace flopsieve::jobs
