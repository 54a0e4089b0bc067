#include "engine/split_latent.hpp"

#include <algorithm>

#include "engine/inputs.hpp"
#include "engine/parameters.hpp"
#include "kernels/normal.hpp"

namespace flopsieve::engine {

double uniform_of_normal(double normal) {
  return std::clamp(kernels::normal_cdf(normal), 0x1p-60, 1.0 - 0x1p-53);
}

SplitLatent::SplitLatent(const Plan& plan, std::uint32_t year_index) : year_index_(year_index) {
  const auto totals = parameters_of(plan.total.model);
  for (std::size_t i = 0; i < totals.size(); ++i) {
    add(plan.total.parameters[i], totals[i].stream, first_index(totals[i].slot));
  }
  add_count(plan);
  const auto sizes = parameters_of(plan.sizes.family);
  const std::size_t solved = plan.matching.match == Match::shift ? 1 : 0;
  for (std::size_t i = solved; i < sizes.size(); ++i) {
    add(plan.sizes.parameters[i], sizes[i].stream, first_index(sizes[i].slot));
  }
  for (std::uint32_t i = 0; i < plan.sizes.components.size(); ++i) {
    const MixtureInputs& inputs = plan.sizes.components[i];
    const Input* parts[] = {&inputs.weight, &inputs.mean, &inputs.sd};
    const auto infos = parameters_of_component(i);
    for (std::size_t j = 0; j < infos.size(); ++j) {
      add(*parts[j], infos[j].stream, first_index(infos[j].slot));
    }
  }
  if (solved > 0) keys_.push_back({Stream::acceptance, 0});
  for (const Constraint& each : plan.constraints) {
    if (each.has_own_uniform() && each.active[year_index] != 0) {
      keys_.push_back({Stream::soft, each.address});
    }
  }
}

void SplitLatent::add(const Input& input, Stream stream, std::uint32_t index) {
  if (input.scope != Scope::candidate || input.years[year_index_].law == kernels::Law::constant) {
    return;
  }
  keys_.push_back({stream, index});
}

void SplitLatent::add_count(const Plan& plan) {
  const std::size_t first = keys_.size();
  const auto infos = parameters_of(plan.count.model);
  const bool drawn_once = plan.count.model == CountModel::input;
  if (!drawn_once) {
    for (std::size_t i = 0; i < infos.size(); ++i) {
      add(plan.count.parameters[i], infos[i].stream, first_index(infos[i].slot));
    }
  }
  const std::size_t drawn = keys_.size();
  if (drawn_once) {
    add(plan.count.parameters[0], infos[0].stream, 0);
  } else if (!infos.empty()) {
    keys_.push_back({Stream::count, 0});
  }
  for (std::size_t i = first; i < drawn; ++i) count_parameters_.push_back(i);
  for (std::size_t i = drawn; i < keys_.size(); ++i) count_draws_.push_back(i);
}

std::optional<double> SplitLatent::find(Stream stream, std::uint32_t index) const {
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (keys_[i].stream == stream && keys_[i].index == index) return uniform_of_normal(point_[i]);
  }
  return std::nullopt;
}

}  // namespace flopsieve::engine
