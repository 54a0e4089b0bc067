#include <algorithm>

#include "engine/inputs.hpp"
#include "kernels/math.hpp"

// What an InputSampler finds out about its Plan beforehand.

namespace flopsieve::engine {
namespace {

/// Whether an input is drawn anew for each attempt.
bool is_redrawn(const Input& input) {
  return input.scope == Scope::candidate &&
         std::any_of(input.years.begin(), input.years.end(), [](const Distribution& distribution) {
           return distribution.law != kernels::Law::constant;
         });
}

bool any_redrawn(const std::vector<Input>& inputs) {
  return std::any_of(inputs.begin(), inputs.end(), is_redrawn);
}

/// Whether the total or the number of models differs between the attempts of a year.
bool has_redrawn_year(const Plan& plan) {
  return plan.count.model == CountModel::poisson ||
         plan.count.model == CountModel::negative_binomial || any_redrawn(plan.total.parameters) ||
         any_redrawn(plan.count.parameters);
}

/// With match = "shift" the location is not drawn.
std::size_t first_drawn(const Plan& plan) {
  return plan.matching.match == Match::shift ? 1 : 0;
}

bool has_redrawn_inputs(const Plan& plan) {
  if (has_redrawn_year(plan)) return true;
  for (std::size_t i = first_drawn(plan); i < plan.sizes.parameters.size(); ++i) {
    if (is_redrawn(plan.sizes.parameters[i])) return true;
  }
  return std::any_of(plan.sizes.components.begin(), plan.sizes.components.end(),
                     [](const MixtureInputs& component) {
                       return is_redrawn(component.weight) || is_redrawn(component.mean) ||
                              is_redrawn(component.sd);
                     });
}

bool is_constant(const Input& input) {
  return std::all_of(input.years.begin(), input.years.end(), [](const Distribution& distribution) {
    return distribution.law == kernels::Law::constant;
  });
}

/// Whether nothing at all is drawn but sizes. What refers to a state space has one.
bool has_constant_inputs(const Plan& plan) {
  const auto all = [](const std::vector<Input>& inputs) {
    return std::all_of(inputs.begin(), inputs.end(), is_constant);
  };
  const bool counted =
      plan.count.model == CountModel::input || plan.count.model == CountModel::implied;
  const bool drawn = plan.total.model == TotalModel::trend || plan.state.points > 0;
  return counted && !drawn && all(plan.total.parameters) && all(plan.count.parameters) &&
         all(plan.sizes.parameters) &&
         std::all_of(plan.sizes.components.begin(), plan.sizes.components.end(),
                     [](const MixtureInputs& component) {
                       return is_constant(component.weight) && is_constant(component.mean) &&
                              is_constant(component.sd);
                     });
}

}  // namespace

InputSampler::InputSampler(const Plan& plan, Purpose purpose, const LatentUniforms* latent)
    : plan_(&plan),
      draws_(plan.seed, purpose, latent),
      same_for_all_attempts_(!has_redrawn_inputs(plan)),
      same_for_all_trajectories_(has_constant_inputs(plan)),
      year_is_held_(!has_redrawn_year(plan)) {
  list_own_uniforms();
  log10_base_ = kernels::decimal_log(plan.total.base_flop * plan.total.usage_multiplier);
  for (const double share : plan.total.train_share) {
    log10_share_.push_back(kernels::decimal_log(share));
  }
  one_growth_ = has_one_growth();
  for (std::size_t year = 0; year < plan.year_count(); ++year) {
    const auto is_held = [year](const Input& input) {
      return input.is_shared() || input.years[year].law == kernels::Law::constant;
    };
    const auto& parameters = plan.sizes.parameters;
    all_held_.push_back(plan.sizes.family == SizeFamily::allocation &&
                        std::all_of(parameters.begin(), parameters.end(), is_held));
  }
  const double log10_flop_per_usd = kernels::decimal_log(plan.money.flop_per_usd);
  const double log10_improvement = kernels::decimal_log(plan.money.improvement);
  for (const int year : plan.years) {
    log10_flop_per_usd_.push_back(log10_flop_per_usd +
                                  (year - plan.money.base_year) * log10_improvement);
  }
}

void InputSampler::list_own_uniforms() {
  for (auto& slots : own_index_) slots.fill(-1);
  const auto add = [this](Stream stream, std::uint32_t slot) {
    own_index_[static_cast<std::size_t>(stream)][slot] =
        static_cast<std::int8_t>(own_uniforms_.size());
    own_uniforms_.push_back({stream, slot});
  };
  const auto add_input = [&](const Input& input, const ParameterInfo& info) {
    if (is_redrawn(input)) add(info.stream, info.slot);
  };
  const auto add_all = [&](const std::vector<Input>& inputs, std::span<const ParameterInfo> infos,
                           std::size_t first) {
    for (std::size_t i = first; i < std::min(inputs.size(), infos.size()); ++i)
      add_input(inputs[i], infos[i]);
  };
  const CountModel count_model = plan_->count.model;
  if (count_model == CountModel::poisson || count_model == CountModel::negative_binomial) {
    add(Stream::count, 0);
  }
  add_all(plan_->total.parameters, engine::parameters_of(plan_->total.model), 0);
  add_all(plan_->count.parameters, engine::parameters_of(count_model), 0);
  add_all(plan_->sizes.parameters, engine::parameters_of(plan_->sizes.family), first_drawn(*plan_));
  for (std::uint32_t i = 0; i < plan_->sizes.components.size(); ++i) {
    const auto infos = parameters_of_component(i);
    add_input(plan_->sizes.components[i].weight, infos[0]);
    add_input(plan_->sizes.components[i].mean, infos[1]);
    add_input(plan_->sizes.components[i].sd, infos[2]);
  }
}

}  // namespace flopsieve::engine
