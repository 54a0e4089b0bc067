#include "engine/tilt_parameters.hpp"

#include <fmt/format.h>

#include "engine/parameters.hpp"

namespace flopsieve::engine {
namespace {

/// Of a component.
enum Field : std::size_t { weight, mean, sd };

struct Place {
  std::size_t component;
  Field field;
};

Place place_of(const Sizes& sizes, std::size_t i) {
  const std::size_t at = i - sizes.parameters.size();
  return {at / 3, static_cast<Field>(at % 3)};
}

bool is_own(const Sizes& sizes, std::size_t i) {
  return i < sizes.parameters.size();
}

template <class Components>
auto& field_of(Components& components, const Place& place) {
  auto& component = components[place.component];
  if (place.field == weight) return component.weight;
  return place.field == mean ? component.mean : component.sd;
}

}  // namespace

std::size_t size_parameters(const Sizes& sizes) {
  return sizes.parameters.size() + 3 * sizes.components.size();
}

TiltRole size_parameter_role(const Sizes& sizes, std::size_t i) {
  if (!is_own(sizes, i)) {
    constexpr TiltRole roles[] = {TiltRole::weight, TiltRole::location, TiltRole::scale};
    return roles[place_of(sizes, i).field];
  }
  switch (sizes.family) {
    case SizeFamily::uniform:
    case SizeFamily::grid:
      return TiltRole::end;
    case SizeFamily::power_law:
      return i == 0 ? TiltRole::gradient : TiltRole::end;
    default:
      break;
  }
  if (i < 2) return i == 0 ? TiltRole::location : TiltRole::scale;
  if (sizes.family == SizeFamily::skew_normal) return TiltRole::skewness;
  return sizes.family == SizeFamily::skew_normal_direct ? TiltRole::shape : TiltRole::end;
}

std::string size_parameter_name(const Sizes& sizes, std::size_t i) {
  if (is_own(sizes, i)) return std::string(parameters_of(sizes.family)[i].name);
  constexpr const char* names[] = {"weights", "means", "sds"};
  const Place place = place_of(sizes, i);
  return fmt::format("{}[{}]", names[place.field], place.component + 1);
}

const Input& size_parameter(const Sizes& sizes, std::size_t i) {
  if (is_own(sizes, i)) return sizes.parameters[i];
  return field_of(sizes.components, place_of(sizes, i));
}

double& size_parameter(const Sizes& sizes, CandidateInputs& inputs, std::size_t i) {
  if (is_own(sizes, i)) return inputs.parameters[i];
  return field_of(inputs.components, place_of(sizes, i));
}

double size_parameter(const Sizes& sizes, const CandidateInputs& inputs, std::size_t i) {
  if (is_own(sizes, i)) return inputs.parameters[i];
  return field_of(inputs.components, place_of(sizes, i));
}

TiltPriors tilt_priors(const Plan& plan, std::uint32_t year_index) {
  TiltPriors priors;
  for (std::size_t i = 0; i < size_parameters(plan.sizes); ++i) {
    const Distribution& distribution = size_parameter(plan.sizes, i).years[year_index];
    if (distribution.law == kernels::Law::constant) continue;
    const bool by_ratio = size_parameter_role(plan.sizes, i) == TiltRole::scale;
    priors.push_back({i, TiltPrior(distribution, by_ratio)});
  }
  return priors;
}

}  // namespace flopsieve::engine
