#include "engine/inputs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "engine/inputs_detail.hpp"
#include "kernels/allocation.hpp"
#include "kernels/math.hpp"
#include "kernels/normal.hpp"
#include "kernels/skew_normal.hpp"

namespace flopsieve::engine {
namespace {

bool inside(const Distribution& distribution, double value) {
  return value >= distribution.lower && value <= distribution.upper;
}

Address whole_trajectory(const Address& address) {
  return {address.trajectory, 0, per_trajectory};
}

}  // namespace

/// The index-th uniform of a stream at the candidate's own address.
double InputSampler::own_uniform(Stream stream, std::uint32_t index, const Context& context) const {
  if (!context.uniforms.empty() && index % first_index(1) == 0) {
    const std::int8_t known = own_index_[static_cast<std::size_t>(stream)][index / first_index(1)];
    if (known >= 0) return context.uniforms[static_cast<std::size_t>(known)];
  }
  return draws_.uniform(stream, context.address, index);
}

double InputSampler::value_of(const Argument& argument, const Context& context) const {
  const CandidateInputs& others = context.others;
  const auto state = [&] {
    return state_values(context.trajectory.path[context.address.year_index]);
  };
  const auto referred = [&] {
    switch (argument.reference) {
      case Reference::count:
        return static_cast<double>(others.count);
      case Reference::sd:
        return others.parameters[1];
      case Reference::skewness:
        return others.parameters[2];
      case Reference::inverse_total:
        return kernels::power_of_ten(-others.log10_total);
      case Reference::state_mean:
        return state().mean;
      case Reference::state_sd:
        return state().sd;
      case Reference::state_skewness:
        return std::clamp(state().skewness, -largest_skewness, largest_skewness);
      case Reference::none:
        break;
    }
    return 0.0;
  };
  if (argument.reference == Reference::none) return argument.value;
  return argument.value + argument.times * referred();
}

kernels::Parameters InputSampler::parameters_of(const Distribution& distribution,
                                                const Context& context) const {
  const auto& arguments = distribution.arguments;
  return {value_of(arguments[0], context), value_of(arguments[1], context),
          value_of(arguments[2], context)};
}

/// The latent uniform of an input: per trajectory, per candidate, or both mixed as normal scores.
double InputSampler::uniform(const Input& input, Stream stream, std::uint32_t index,
                             const Context& context) const {
  const Address& address = context.address;
  if (input.scope == Scope::trajectory) {
    return draws_.uniform(stream, whole_trajectory(address), index);
  }
  const double own = own_uniform(stream, index, context);
  if (input.year_correlation == 0.0) return own;
  const double shared = draws_.uniform(stream, whole_trajectory(address), index);
  const double score = std::sqrt(input.year_correlation) * kernels::normal_quantile(shared) +
                       std::sqrt(1.0 - input.year_correlation) * kernels::normal_quantile(own);
  return std::clamp(kernels::normal_cdf(score), 0x1p-60, 1.0 - 0x1p-53);
}

/// A latent number that years share must give each of them its own law at the same quantile, so it
/// goes through the bounded law's quantile function instead of being drawn again.
double InputSampler::shared_value(const Distribution& distribution,
                                  const kernels::Parameters& parameters, int year, double u) const {
  const double below = std::isfinite(distribution.lower)
                           ? kernels::cumulative(distribution.law, parameters, distribution.lower)
                           : 0.0;
  const double up_to = std::isfinite(distribution.upper)
                           ? kernels::cumulative(distribution.law, parameters, distribution.upper)
                           : 1.0;
  if (!(up_to > below)) give_up("a bounded input", year);
  const double p = std::clamp(below + u * (up_to - below), 0x1p-60, 1.0 - 0x1p-53);
  // Only rounding can lead outside.
  return std::clamp(kernels::quantile(distribution.law, parameters, p), distribution.lower,
                    distribution.upper);
}

double InputSampler::sample(const Input& input, const ParameterInfo& info,
                            const Context& context) const {
  const Distribution& distribution = input.years[context.address.year_index];
  const kernels::Parameters parameters = parameters_of(distribution, context);
  if (distribution.law == kernels::Law::constant) return parameters.a;
  const auto draw = [&](std::uint32_t redraw) {
    return uniform(input, info.stream, first_index(info.slot) + redraw, context);
  };
  if (input.is_shared() || draws_.has_latent())
    return shared_value(distribution, parameters, plan_->years[context.address.year_index],
                        draw(0));
  for (std::uint32_t redraw = 0; redraw < most_redraws; ++redraw) {
    const double value = kernels::quantile(distribution.law, parameters, draw(redraw));
    if (inside(distribution, value)) return value;
  }
  give_up(info.name, plan_->years[context.address.year_index]);
}

Trajectory InputSampler::trajectory(std::uint64_t index) const {
  Trajectory trajectory{.index = index,
                        .count_trend = {},
                        .total_trend = {},
                        .path = {},
                        .log10_growth = 0.0,
                        .previous = {}};
  const auto stream = [&](Stream name) {
    return [this, name, place = Address{index, 0, per_trajectory}](std::uint32_t i) {
      return draws_.uniform(name, place, i);
    };
  };
  switch (plan_->count.model) {
    case CountModel::exponential_trend:
    case CountModel::linear_trend:
      trajectory.count_trend = draw_trend(plan_->count.trend, stream(Stream::count_trend));
      break;
    case CountModel::kinked_trend:
      trajectory.count_trend = draw_kinked(plan_->count.kinks, stream(Stream::count_trend));
      break;
    default:
      break;
  }
  if (plan_->total.model == TotalModel::trend) {
    trajectory.total_trend = draw_trend(plan_->total.trend, stream(Stream::total_trend));
  }
  if (plan_->state.points > 0) trajectory.path = state_path(index);
  if (one_growth_) {
    const CandidateInputs nothing;
    trajectory.log10_growth = log10_growth_per_year({trajectory, {index, 0, 0}, nothing, {}});
  }
  return trajectory;
}

/// A path is drawn again as a whole until its spread, and its number of models where it decides on
/// that, are allowed in all years: the attempts of a year could not change them.
std::vector<StateRow> InputSampler::state_path(std::uint64_t index) const {
  const auto allowed = [this](const StateRow& row) {
    const double sd = kernels::exponential(row[StateSeries::ln_sd]);
    return sd >= least_sd && sd <= most_sd &&
           (plan_->count.model != CountModel::state_space ||
            whole_count(count_of_log(row[StateSeries::ln_count])));
  };
  for (std::uint32_t redraw = 0; redraw < most_redraws; ++redraw) {
    const auto uniform = [&](std::uint32_t i) {
      return draws_.uniform(Stream::state_path, {index, 0, per_trajectory},
                            first_index(redraw) + i);
    };
    std::vector<StateRow> path = draw_state_path(plan_->state, uniform, plan_->years);
    if (std::all_of(path.begin(), path.end(), allowed)) return path;
  }
  give_up("the state space", plan_->years.back());
}

/// Largest share, gradient and smallest size are drawn again together until every bin's compute
/// exceeds its upper edge. One that years share keeps its quantile then, unless all are shared.
void InputSampler::draw_allocation_law(CandidateInputs& inputs, const Context& context) const {
  const Sizes& sizes = plan_->sizes;
  const auto infos = engine::parameters_of(sizes.family);
  const std::uint32_t year_index = context.address.year_index;
  const bool all_held = all_held_[year_index] != 0;
  for (std::uint32_t redraw = 0; redraw < most_redraws; ++redraw) {
    bool good = true;
    for (std::size_t i = 0; i < infos.size() && good; ++i) {
      const Input& input = sizes.parameters[i];
      const Distribution& distribution = input.years[year_index];
      const kernels::Parameters parameters = parameters_of(distribution, context);
      inputs.parameters[i] = parameters.a;
      if (distribution.law == kernels::Law::constant) continue;
      const std::uint32_t index = input.is_shared() && !all_held ? 0 : redraw;
      const double u = uniform(input, infos[i].stream, first_index(infos[i].slot) + index, context);
      inputs.parameters[i] =
          input.is_shared() ? shared_value(distribution, parameters, plan_->years[year_index], u)
                            : kernels::quantile(distribution.law, parameters, u);
      good = inside(distribution, inputs.parameters[i]);
    }
    if (good && kernels::allocation_feasible({inputs.parameters[0], inputs.parameters[1],
                                              inputs.parameters[2], sizes.bins})) {
      return;
    }
  }
  give_up("largest_share, gradient and smallest of the allocation", plan_->years[year_index]);
}

/// `context` refers to the same inputs.
void InputSampler::draw_sizes_law(CandidateInputs& inputs, const Context& context) const {
  const Sizes& sizes = plan_->sizes;
  if (sizes.family == SizeFamily::allocation) return draw_allocation_law(inputs, context);
  const auto infos = engine::parameters_of(sizes.family);
  for (std::uint32_t i = 0; i < sizes.components.size(); ++i) {
    const auto component = parameters_of_component(i);
    inputs.components[i] = {sample(sizes.components[i].weight, component[0], context),
                            sample(sizes.components[i].mean, component[1], context),
                            sample(sizes.components[i].sd, component[2], context)};
  }
  // The location comes last: it may depend on the others.
  for (std::size_t i = infos.size(); i-- > 0;) {
    if (i == 0 && plan_->matching.match == Match::shift) break;
    inputs.parameters[i] = sample(sizes.parameters[i], infos[i], context);
  }
}

YearInputs InputSampler::year_inputs(const Trajectory& trajectory, const Address& address,
                                     std::span<const double> uniforms) const {
  const CandidateInputs nothing;
  const Context context{trajectory, address, nothing, uniforms};
  return {log10_total(context), count(context)};
}

CandidateInputs InputSampler::candidate(const Trajectory& trajectory, const Address& address,
                                        const KnownInputs& known) const {
  CandidateInputs inputs;
  const YearInputs year =
      known.year != nullptr ? *known.year : year_inputs(trajectory, address, known.uniforms);
  inputs.log10_total = year.log10_total;
  inputs.count = year.count;
  draw_sizes_law(inputs, {trajectory, address, inputs, known.uniforms});
  return inputs;
}

std::optional<bool> InputSampler::accept_location(const CandidateInputs& inputs,
                                                  const Trajectory& trajectory,
                                                  const Address& address, double location,
                                                  double error) const {
  const Distribution& prior = plan_->sizes.parameters[0].years[address.year_index];
  if (location + error < prior.lower || location - error > prior.upper) return false;
  if (error > 0.0 && (location - error < prior.lower || location + error > prior.upper)) {
    return std::nullopt;
  }
  const kernels::Parameters parameters = parameters_of(prior, {trajectory, address, inputs, {}});
  const auto density = [&](double at) { return kernels::density(prior.law, parameters, at); };
  const double middle = density(location);
  const double bound = plan_->matching.bound[address.year_index];
  const auto needed = [&] { return draws_.uniform(Stream::acceptance, address, 0) * bound; };
  if (error == 0.0) return middle > 0.0 && needed() < middle;
  // Densities have one peak: where they hardly change over so short a way, the ends and the middle
  // say what lies between.
  constexpr double slack = 1e-4;
  const double below = density(location - error);
  const double above = density(location + error);
  // A uniform is below 1, and its product with the bound, rounded, below the bound.
  if (middle >= bound && below == middle && above == middle) return true;
  const bool flat =
      std::abs(below - middle) <= slack * middle && std::abs(above - middle) <= slack * middle;
  if (!flat) return std::nullopt;
  const double least = needed();
  if (std::abs(least - middle) <= 10.0 * slack * middle) return std::nullopt;
  return least < middle;
}

double InputSampler::location_density(const CandidateInputs& inputs, const Trajectory& trajectory,
                                      const Address& address, double location) const {
  const Distribution& prior = plan_->sizes.parameters[0].years[address.year_index];
  if (!inside(prior, location)) return 0.0;
  return kernels::density(prior.law, parameters_of(prior, {trajectory, address, inputs, {}}),
                          location);
}

double InputSampler::middle_location(const CandidateInputs& inputs, const Trajectory& trajectory,
                                     const Address& address) const {
  const Distribution& prior = plan_->sizes.parameters[0].years[address.year_index];
  return std::clamp(
      kernels::quantile(prior.law, parameters_of(prior, {trajectory, address, inputs, {}}), 0.5),
      prior.lower, prior.upper);
}

double InputSampler::revenue(const Address& address, std::uint32_t rank) const {
  const Distribution& law = plan_->money.revenue[address.year_index];
  const kernels::Parameters parameters{law.arguments[0].value, law.arguments[1].value,
                                       law.arguments[2].value};
  return kernels::quantile(law.law, parameters, draws_.uniform(Stream::revenue, address, rank));
}

}  // namespace flopsieve::engine
