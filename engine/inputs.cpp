#include "engine/inputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "engine/error.hpp"
#include "kernels/allocation.hpp"
#include "kernels/math.hpp"
#include "kernels/normal.hpp"
#include "kernels/skew_normal.hpp"

namespace flopsieve::engine {
namespace {

constexpr double ln_10 = 2.302585092994045684;

bool inside(const Distribution& distribution, double value) {
  return value >= distribution.lower && value <= distribution.upper;
}

Address whole_trajectory(const Address& address) {
  return {address.trajectory, 0, per_trajectory};
}

[[noreturn]] void give_up(std::string_view what, int year) {
  throw Error(ExitCode::budget,
              fmt::format("{} in {}: {} draws in a row were outside the bounds; widen the bounds "
                          "or move the distribution",
                          what, year, most_redraws));
}

/// k from its logarithm, before rounding; what is beyond all counts stays finite.
double count_of_log(double log_count) {
  return log_count < 700.0 ? kernels::exponential(log_count) : 2.0 * largest_count;
}

/// The nearest whole number, if it is an allowed number of models.
std::optional<std::uint32_t> whole_count(double unrounded) {
  const double count = std::floor(unrounded + 0.5);
  if (!(count >= 1.0 && count <= largest_count)) return std::nullopt;
  return static_cast<std::uint32_t>(count);
}

}  // namespace

InputSampler::InputSampler(const Plan& plan, Purpose purpose)
    : plan_(&plan), draws_(plan.seed, purpose) {
  log10_base_ = kernels::decimal_log(plan.total.base_flop * plan.total.usage_multiplier);
  for (const double share : plan.total.train_share) {
    log10_share_.push_back(kernels::decimal_log(share));
  }
  const double log10_flop_per_usd = kernels::decimal_log(plan.money.flop_per_usd);
  const double log10_improvement = kernels::decimal_log(plan.money.improvement);
  for (const int year : plan.years) {
    log10_flop_per_usd_.push_back(log10_flop_per_usd +
                                  (year - plan.money.base_year) * log10_improvement);
  }
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
double InputSampler::uniform(const Input& input, Stream stream, const Address& address,
                             std::uint32_t index) const {
  if (input.scope == Scope::trajectory) {
    return draws_.uniform(stream, whole_trajectory(address), index);
  }
  const double own = draws_.uniform(stream, address, index);
  if (input.year_correlation == 0.0) return own;
  const double shared = draws_.uniform(stream, whole_trajectory(address), index);
  const double score = std::sqrt(input.year_correlation) * kernels::normal_quantile(shared) +
                       std::sqrt(1.0 - input.year_correlation) * kernels::normal_quantile(own);
  return std::clamp(kernels::normal_cdf(score), 0x1p-60, 1.0 - 0x1p-53);
}

/// A latent number that years share must give each of them its own law at the same quantile, so it
/// goes through the bounded law's quantile function instead of being drawn again.
double InputSampler::shared_value(const Distribution& distribution,
                                  const kernels::Parameters& parameters, double u) const {
  const double below = std::isfinite(distribution.lower)
                           ? kernels::cumulative(distribution.law, parameters, distribution.lower)
                           : 0.0;
  const double up_to = std::isfinite(distribution.upper)
                           ? kernels::cumulative(distribution.law, parameters, distribution.upper)
                           : 1.0;
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
    return uniform(input, info.stream, context.address, first_index(info.slot) + redraw);
  };
  if (input.is_shared()) return shared_value(distribution, parameters, draw(0));
  for (std::uint32_t redraw = 0; redraw < most_redraws; ++redraw) {
    const double value = kernels::quantile(distribution.law, parameters, draw(redraw));
    if (inside(distribution, value)) return value;
  }
  give_up(info.name, plan_->years[context.address.year_index]);
}

Trajectory InputSampler::trajectory(std::uint64_t index) const {
  Trajectory trajectory{
      .index = index, .count_trend = {}, .total_trend = {}, .path = {}, .previous = {}};
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
  return trajectory;
}

/// Where the path decides the number of models it is drawn again as a whole until that is allowed
/// in all years: the attempts of a year could not change it.
std::vector<StateRow> InputSampler::state_path(std::uint64_t index) const {
  const auto allowed = [this](const StateRow& row) {
    return plan_->count.model != CountModel::state_space ||
           whole_count(count_of_log(row[StateSeries::ln_count]));
  };
  for (std::uint32_t redraw = 0; redraw < most_redraws; ++redraw) {
    const auto uniform = [&](std::uint32_t i) {
      return draws_.uniform(Stream::state_path, {index, 0, per_trajectory},
                            first_index(redraw) + i);
    };
    std::vector<StateRow> path = draw_state_path(plan_->state, uniform, plan_->years);
    if (std::all_of(path.begin(), path.end(), allowed)) return path;
  }
  give_up("the number of models", plan_->years.back());
}

/// log10 of the growth since the base year: growth, tapering.
double InputSampler::log10_growth(const Context& context) const {
  const Total& total = plan_->total;
  const auto infos = engine::parameters_of(total.model);
  const int years = plan_->years[context.address.year_index] - total.base_year;
  const double first = total.growth + sample(total.parameters[0], infos[0], context);
  if (total.model == TotalModel::growth) {
    return static_cast<double>(years) * kernels::decimal_log(first);
  }
  const double last = kernels::natural_log(sample(total.parameters[1], infos[1], context));
  const double time = sample(total.parameters[2], infos[2], context);
  double sum = 0.0;
  for (int j = 1; j <= years; ++j) {
    const double weight = kernels::exponential(-static_cast<double>(j - 1) / time);
    sum += last + (kernels::natural_log(first) - last) * weight;
  }
  return sum / ln_10;
}

double InputSampler::modelled_log10_total(const Trajectory& trajectory,
                                          const Address& address) const {
  const Total& total = plan_->total;
  const auto infos = engine::parameters_of(total.model);
  const CandidateInputs nothing;
  const Context context{trajectory, address, nothing};
  const double year = static_cast<double>(plan_->years[address.year_index]);
  switch (total.model) {
    case TotalModel::growth:
    case TotalModel::tapering:
      return log10_base_ + log10_growth(context) + log10_share_[address.year_index];
    case TotalModel::table:
      return sample(total.parameters[0], infos[0], context);
    case TotalModel::saturating: {
      const double base = sample(total.parameters[0], infos[0], context);
      const double slope = sample(total.parameters[1], infos[1], context);
      const double room = sample(total.parameters[2], infos[2], context) - base;
      if (!(room > 0.0)) return base;
      return base + room * (1.0 - kernels::exponential(-slope * (year - total.base_year) / room));
    }
    case TotalModel::trend: {
      const Address place{address.trajectory, 0, address.year_index};
      const double z = kernels::normal_quantile(draws_.uniform(Stream::total_residual, place, 0));
      return trajectory.total_trend.mean(year) + trajectory.total_trend.sigma * z;
    }
    case TotalModel::state_space:
      return trajectory.path[address.year_index][StateSeries::log10_total];
    case TotalModel::implied:
      break;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

double InputSampler::log10_total(const Trajectory& trajectory, const Address& address) const {
  const Total& total = plan_->total;
  if (!total.known_log10.empty() && !std::isnan(total.known_log10[address.year_index])) {
    return total.known_log10[address.year_index];
  }
  const double modelled = modelled_log10_total(trajectory, address);
  return total.log10_ceiling.empty() ? modelled
                                     : std::min(modelled, total.log10_ceiling[address.year_index]);
}

double InputSampler::unrounded_count(const Context& context, std::uint32_t redraw) const {
  const Count& count = plan_->count;
  const Address& address = context.address;
  const Trajectory& trajectory = context.trajectory;
  const auto infos = engine::parameters_of(count.model);
  const auto on_line = [&] {
    const Address place{address.trajectory, 0, address.year_index};
    const double z =
        kernels::normal_quantile(draws_.uniform(Stream::count_residual, place, redraw));
    return trajectory.count_trend.mean(static_cast<double>(plan_->years[address.year_index])) +
           trajectory.count_trend.sigma * z;
  };
  switch (count.model) {
    case CountModel::exponential_trend:
      return count_of_log(on_line());
    case CountModel::linear_trend:
    case CountModel::kinked_trend:
      return on_line();
    case CountModel::state_space:
      return count_of_log(trajectory.path[address.year_index][StateSeries::ln_count]);
    case CountModel::poisson:
    case CountModel::negative_binomial: {
      // Only k is redrawn: rejecting its mean too would select among the means.
      const double mean = sample(count.parameters[0], infos[0], context);
      if (!(mean > 0.0 && mean < 2.0 * largest_count)) return 0.0;
      const double u = draws_.uniform(Stream::count, address, redraw);
      if (count.model == CountModel::poisson) return kernels::poisson_quantile(mean, u);
      return kernels::negative_binomial_quantile(mean,
                                                 sample(count.parameters[1], infos[1], context), u);
    }
    case CountModel::input:
    case CountModel::implied:
      break;
  }
  const Input& input = count.parameters[0];
  const Distribution& distribution = input.years[address.year_index];
  const kernels::Parameters parameters = parameters_of(distribution, context);
  if (distribution.law == kernels::Law::constant) return parameters.a;
  const double u = uniform(input, infos[0].stream, address, redraw);
  if (input.is_shared()) return shared_value(distribution, parameters, u);
  const double value = kernels::quantile(distribution.law, parameters, u);
  return inside(distribution, value) ? value : 0.0;
}

std::uint32_t InputSampler::count(const Trajectory& trajectory, const Address& address) const {
  if (plan_->count.model == CountModel::implied) return 0;
  const CandidateInputs nothing;
  for (std::uint32_t redraw = 0; redraw < most_redraws; ++redraw) {
    const auto count = whole_count(unrounded_count({trajectory, address, nothing}, redraw));
    if (count) return *count;
  }
  give_up("the number of models", plan_->years[address.year_index]);
}

/// Largest share, gradient and smallest size are drawn again together until every bin's compute
/// exceeds its upper edge.
void InputSampler::draw_allocation_law(CandidateInputs& inputs, const Context& context) const {
  const Sizes& sizes = plan_->sizes;
  const auto infos = engine::parameters_of(sizes.family);
  for (std::uint32_t redraw = 0; redraw < most_redraws; ++redraw) {
    bool good = true;
    for (std::size_t i = 0; i < infos.size(); ++i) {
      const Distribution& distribution = sizes.parameters[i].years[context.address.year_index];
      const kernels::Parameters parameters = parameters_of(distribution, context);
      inputs.parameters[i] = parameters.a;
      if (distribution.law == kernels::Law::constant) continue;
      const double u = uniform(sizes.parameters[i], infos[i].stream, context.address,
                               first_index(infos[i].slot) + redraw);
      inputs.parameters[i] = sizes.parameters[i].is_shared()
                                 ? shared_value(distribution, parameters, u)
                                 : kernels::quantile(distribution.law, parameters, u);
      good = good && inside(distribution, inputs.parameters[i]);
    }
    if (good && kernels::allocation_feasible({inputs.parameters[0], inputs.parameters[1],
                                              inputs.parameters[2], sizes.bins})) {
      return;
    }
  }
  give_up("largest_share, gradient and smallest of the allocation",
          plan_->years[context.address.year_index]);
}

void InputSampler::draw_sizes_law(CandidateInputs& inputs, const Trajectory& trajectory,
                                  const Address& address) const {
  const Sizes& sizes = plan_->sizes;
  const Context context{trajectory, address, inputs};
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

CandidateInputs InputSampler::candidate(const Trajectory& trajectory,
                                        const Address& address) const {
  CandidateInputs inputs;
  inputs.log10_total = log10_total(trajectory, address);
  inputs.count = count(trajectory, address);
  draw_sizes_law(inputs, trajectory, address);
  return inputs;
}

bool InputSampler::accept_location(const CandidateInputs& inputs, const Trajectory& trajectory,
                                   const Address& address, double location) const {
  const Distribution& prior = plan_->sizes.parameters[0].years[address.year_index];
  if (!inside(prior, location)) return false;
  const double density =
      kernels::density(prior.law, parameters_of(prior, {trajectory, address, inputs}), location);
  if (density <= 0.0) return false;
  const double u = draws_.uniform(Stream::acceptance, address, 0);
  return u * plan_->matching.bound[address.year_index] < density;
}

double InputSampler::revenue(const Address& address, std::uint32_t rank) const {
  const Distribution& law = plan_->money.revenue[address.year_index];
  const kernels::Parameters parameters{law.arguments[0].value, law.arguments[1].value,
                                       law.arguments[2].value};
  return kernels::quantile(law.law, parameters, draws_.uniform(Stream::revenue, address, rank));
}

}  // namespace flopsieve::engine
