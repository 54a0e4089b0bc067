#include "engine/size_draws.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>

#include "engine/size_law.hpp"
#include "kernels/size_laws.hpp"

namespace flopsieve::engine {

using kernels::PerLane;

bool is_drawn_by_family(SizeFamily family) {
  return !is_vectorised(family) && family != SizeFamily::allocation;
}

SizeDraws::SizeDraws(const Plan& plan) : plan_(&plan), constants_(constants_of(plan)) {
  for (auto& each : parameters_) each.fill(std::numeric_limits<double>::quiet_NaN());
  if (plan.sizes.family == SizeFamily::uniform) origins_.fill(0.5f);
}

SizeDraws::Constants SizeDraws::constants_of(const Plan& plan) {
  switch (plan.sizes.family) {
    case SizeFamily::grid:
      return PerLane<kernels::GridDraw>{};
    case SizeFamily::power_law:
      return PerLane<kernels::PowerLawDraw>{};
    case SizeFamily::truncated_normal:
      return PerLane<kernels::TruncatedDraw>{};
    case SizeFamily::student_t:
      return PerLane<kernels::StudentDraw>{};
    case SizeFamily::mixture:
      return PerLane<kernels::MixtureDraw>{};
    case SizeFamily::empirical:
      return kernels::EmpiricalSizes(kernel_density(plan)).drawing();
    default:
      return std::monostate{};
  }
}

namespace {

/// Where sums are taken about; any number would do.
template <class Draw>
float middle(const Draw& draw) {
  constexpr std::uint32_t half = 0x80000000u;
  if constexpr (std::is_same_v<Draw, kernels::TruncatedDraw>) {
    return draw.single ? draw.from_word(half) : draw.from_words({half, half});
  } else if constexpr (requires { draw.from_word(half); }) {
    return draw.from_word(half);
  } else {
    return 0.0f;
  }
}

}  // namespace

void SizeDraws::set_constants(std::size_t lane, const CandidateInputs& inputs) {
  LawStorage storage;
  const kernels::SizeLaw law = law_of(*plan_, inputs, storage);
  std::visit(
      [&](const auto& sizes) {
        if constexpr (requires { sizes.drawing(); }) {
          using Draw = decltype(sizes.drawing());
          if constexpr (!std::is_same_v<Draw, kernels::CentreTable>) {
            const Draw drawing = sizes.drawing();
            std::get<PerLane<Draw>>(constants_)[lane] = drawing;
            origins_[lane] = middle(drawing);
          }
        }
      },
      law);
}

void SizeDraws::set_lane(std::size_t lane, const CandidateInputs& inputs,
                         const kernels::Counter& counter) {
  address_.word1[lane] = counter[1];
  address_.word2[lane] = counter[2];
  address_.word3[lane] = counter[3];
  const SizeFamily family = plan_->sizes.family;
  if (family == SizeFamily::uniform || family == SizeFamily::empirical) return;
  // The components of a mixture are not among the parameters.
  if (family != SizeFamily::mixture && parameters_[lane] == inputs.parameters) return;
  set_constants(lane, inputs);
  parameters_[lane] = inputs.parameters;
}

namespace {

/// Calls the kernel of the constants' family.
struct DrawGroup {
  kernels::Key key;
  const kernels::GroupAddress& address;
  std::size_t first;
  std::size_t draws;
  std::span<float> z;

  void operator()(std::monostate) const { kernels::draw_uniform(key, address, first, draws, z); }
  void operator()(const PerLane<kernels::GridDraw>& lanes) const {
    kernels::draw_grid(key, address, lanes, first, draws, z);
  }
  void operator()(const PerLane<kernels::PowerLawDraw>& lanes) const {
    kernels::draw_power_law(key, address, lanes, first, draws, z);
  }
  void operator()(const PerLane<kernels::TruncatedDraw>& lanes) const {
    kernels::draw_truncated_normal(key, address, lanes, first, draws, z);
  }
  void operator()(const PerLane<kernels::StudentDraw>& lanes) const {
    kernels::draw_student_t(key, address, lanes, first, draws, z);
  }
  void operator()(const PerLane<kernels::MixtureDraw>& lanes) const {
    kernels::draw_mixture(key, address, lanes, first, draws, z);
  }
  void operator()(const kernels::CentreTable& table) const {
    kernels::draw_empirical(key, address, table, first, draws, z);
  }
};

}  // namespace

void SizeDraws::draw(kernels::Key key, std::size_t first, std::size_t draws,
                     std::span<float> z) const {
  std::visit(DrawGroup{key, address_, first, draws, z}, constants_);
}

void SizeDraws::draw_and_sum(kernels::Key key, const kernels::FastLaw& law, std::span<float> z,
                             kernels::GroupSums& sums) const {
  constexpr std::size_t block = 128;
  const std::size_t most = *std::max_element(law.count.begin(), law.count.end());
  sums = kernels::empty_sums();
  for (std::size_t first = 0; first < most; first += block) {
    const std::size_t draws = std::min(block, most - first);
    const std::span<float> rows = z.subspan(first * kernels::group_width);
    draw(key, first, draws, rows);
    kernels::add_sizes(rows, first, draws, law, sums);
  }
}

}  // namespace flopsieve::engine
