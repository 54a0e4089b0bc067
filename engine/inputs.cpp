#include "engine/inputs.hpp"

#include <fmt/format.h>

#include <cmath>

#include "engine/error.hpp"
#include "kernels/math.hpp"

namespace flopsieve::engine {
namespace {

constexpr std::uint32_t most_redraws = 10'000;

double value_of(const Argument& argument, const CandidateInputs& inputs) {
  switch (argument.reference) {
    case Reference::count:
      return argument.value + argument.times * static_cast<double>(inputs.count);
    case Reference::sd:
      return argument.value + argument.times * inputs.sd;
    case Reference::skewness:
      return argument.value + argument.times * inputs.skewness;
    case Reference::none:
      break;
  }
  return argument.value;
}

kernels::Parameters parameters_of(const Distribution& distribution, const CandidateInputs& inputs) {
  const auto& arguments = distribution.arguments;
  return {value_of(arguments[0], inputs), value_of(arguments[1], inputs),
          value_of(arguments[2], inputs)};
}

/// Where the draws of an input of this scope stand.
Address scoped(Scope scope, const Address& address) {
  return scope == Scope::candidate ? address : Address{address.trajectory, 0, per_trajectory};
}

[[noreturn]] void give_up(const char* what, int year) {
  throw Error(ExitCode::budget,
              fmt::format("{} in {}: {} draws in a row were outside the bounds; widen the bounds "
                          "or move the distribution",
                          what, year, most_redraws));
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

double InputSampler::sample(const Input& input, Stream stream, const Address& address,
                            const CandidateInputs& others) const {
  const Distribution& distribution = input.years[address.year_index];
  const kernels::Parameters parameters = parameters_of(distribution, others);
  if (distribution.law == kernels::Law::constant) return parameters.a;
  const Address place = scoped(input.scope, address);
  for (std::uint32_t redraw = 0; redraw < most_redraws; ++redraw) {
    const double value =
        kernels::quantile(distribution.law, parameters, draws_.uniform(stream, place, redraw));
    if (value >= distribution.lower && value <= distribution.upper) return value;
  }
  give_up("a bounded input", plan_->years[address.year_index]);
}

Trajectory InputSampler::trajectory(std::uint64_t index) const {
  Trajectory trajectory{.index = index};
  if (plan_->count.model != CountModel::exponential_trend) return trajectory;
  const TrendFit& fit = plan_->count.trend;
  const Address place{index, 0, per_trajectory};
  const auto normal = [&](std::uint32_t i) {
    return kernels::normal_quantile(draws_.uniform(Stream::count_trend, place, i));
  };
  double chi_square = 0.0;
  for (std::uint32_t i = 0; i < fit.degrees_of_freedom; ++i) {
    const double z = normal(2 + i);
    chi_square += z * z;
  }
  const double sigma =
      std::sqrt(fit.residual_variance * static_cast<double>(fit.degrees_of_freedom) / chi_square);
  trajectory.trend_sigma = sigma;
  trajectory.trend_intercept = fit.intercept + fit.intercept_factor * sigma * normal(0);
  trajectory.trend_slope = fit.slope + fit.slope_factor * sigma * normal(1);
  return trajectory;
}

double InputSampler::log10_total(const Address& address) const {
  const Total& total = plan_->total;
  if (total.model == TotalModel::table) {
    return sample(total.input, Stream::year_total, address, {});
  }
  const int years = plan_->years[address.year_index] - total.base_year;
  const double growth = total.growth + sample(total.input, Stream::growth_noise, address, {});
  return log10_base_ + static_cast<double>(years) * kernels::decimal_log(growth) +
         log10_share_[address.year_index];
}

double InputSampler::unrounded_count(const Trajectory& trajectory, const Address& address,
                                     std::uint32_t redraw) const {
  const Count& count = plan_->count;
  const double year = static_cast<double>(plan_->years[address.year_index]);
  if (count.model == CountModel::exponential_trend) {
    const Address place{address.trajectory, 0, address.year_index};
    const double z =
        kernels::normal_quantile(draws_.uniform(Stream::count_residual, place, redraw));
    const double log_count = trajectory.trend_intercept +
                             trajectory.trend_slope * (year - count.trend.centre) +
                             trajectory.trend_sigma * z;
    return log_count < 700.0 ? kernels::exponential(log_count) : 2.0 * largest_count;
  }
  const Distribution& distribution = count.input.years[address.year_index];
  if (count.model == CountModel::poisson) {
    // Only k is redrawn: rejecting its mean too would select among the means.
    const double mean = sample(count.input, Stream::count_mean, address, {});
    if (!(mean > 0.0 && mean < 2.0 * largest_count)) return 0.0;
    return kernels::poisson_quantile(mean, draws_.uniform(Stream::count, address, redraw));
  }
  if (distribution.law == kernels::Law::constant) return distribution.arguments[0].value;
  const double value =
      kernels::quantile(distribution.law, parameters_of(distribution, {}),
                        draws_.uniform(Stream::count, scoped(count.input.scope, address), redraw));
  return value >= distribution.lower && value <= distribution.upper ? value : 0.0;
}

std::uint32_t InputSampler::count(const Trajectory& trajectory, const Address& address) const {
  for (std::uint32_t redraw = 0; redraw < most_redraws; ++redraw) {
    const double count = std::floor(unrounded_count(trajectory, address, redraw) + 0.5);
    if (count >= 1.0 && count <= largest_count) return static_cast<std::uint32_t>(count);
  }
  give_up("the number of models", plan_->years[address.year_index]);
}

CandidateInputs InputSampler::candidate(const Trajectory& trajectory,
                                        const Address& address) const {
  CandidateInputs inputs;
  inputs.log10_total = log10_total(address);
  inputs.count = count(trajectory, address);
  inputs.sd = sample(plan_->sizes.sd, Stream::size_sd, address, inputs);
  inputs.skewness = sample(plan_->sizes.skewness, Stream::size_skewness, address, inputs);
  if (plan_->matching.match == Match::reject) {
    inputs.mean = sample(plan_->sizes.mean, Stream::size_mean, address, inputs);
  }
  return inputs;
}

kernels::Parameters InputSampler::mean_prior(const CandidateInputs& inputs,
                                             std::uint32_t year_index) const {
  return parameters_of(plan_->sizes.mean.years[year_index], inputs);
}

bool InputSampler::accept_mean(const CandidateInputs& inputs, const Address& address,
                               double mean) const {
  const Distribution& prior = plan_->sizes.mean.years[address.year_index];
  if (mean < prior.lower || mean > prior.upper) return false;
  const double density = kernels::density(prior.law, mean_prior(inputs, address.year_index), mean);
  if (density <= 0.0) return false;
  const double u = draws_.uniform(Stream::mean_acceptance, address, 0);
  return u * plan_->matching.largest_density[address.year_index] < density;
}

}  // namespace flopsieve::engine
