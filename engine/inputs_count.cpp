#include <algorithm>
#include <cmath>

#include "engine/inputs.hpp"
#include "engine/inputs_detail.hpp"
#include "kernels/math.hpp"
#include "kernels/normal.hpp"

// The number of models.

namespace flopsieve::engine {
namespace {

/// What rounds to 1 and to largest_count.
constexpr double least_unrounded = 0.5;
constexpr double most_unrounded = largest_count + 0.499;

}  // namespace

/// A year's value on the trajectory's line with its residual, given that it lies in [low, high].
/// Drawn by inversion: a line far outside would never be redrawn into it.
double InputSampler::on_line(const Trajectory& trajectory, const Address& address, double low,
                             double high) const {
  const TrendDraw& line = trajectory.count_trend;
  const double mean = line.mean(static_cast<double>(plan_->years[address.year_index]));
  if (!(line.sigma > 0.0)) return std::clamp(mean, low, high);
  const Address place{address.trajectory, 0, address.year_index};
  const double u = draws_.uniform(Stream::count_residual, place, 0);
  const double z =
      kernels::normal_quantile_between((low - mean) / line.sigma, (high - mean) / line.sigma, u);
  return std::clamp(mean + line.sigma * z, low, high);
}

/// Whether k comes from a latent uniform: as it cannot be drawn again, it is taken from the law of
/// numbers that need not be.
bool InputSampler::is_latent() const {
  const Count& count = plan_->count;
  return draws_.has_latent() &&
         (count.model != CountModel::input || count.parameters[0].scope == Scope::candidate);
}

/// The uniform that stands for u where k, which is 0 with probability `none`, is not.
double InputSampler::some_models(double none, double u) const {
  return is_latent() ? std::min(none + u * (1.0 - none), 1.0 - 0x1p-53) : u;
}

double InputSampler::unrounded_count(const Context& context, std::uint32_t redraw) const {
  const Count& count = plan_->count;
  const Address& address = context.address;
  const Trajectory& trajectory = context.trajectory;
  const auto infos = engine::parameters_of(count.model);
  switch (count.model) {
    case CountModel::exponential_trend:
      return count_of_log(on_line(trajectory, address, kernels::natural_log(least_unrounded),
                                  kernels::natural_log(most_unrounded)));
    case CountModel::linear_trend:
    case CountModel::kinked_trend:
      return on_line(trajectory, address, least_unrounded, most_unrounded);
    case CountModel::state_space:
      return count_of_log(trajectory.path[address.year_index][StateSeries::ln_count]);
    case CountModel::poisson:
    case CountModel::negative_binomial: {
      // Only k is redrawn: rejecting its mean too would select among the means.
      const double mean = sample(count.parameters[0], infos[0], context);
      if (!(mean > 0.0 && mean < 2.0 * largest_count)) return 0.0;
      const double u = own_uniform(Stream::count, redraw, context);
      if (count.model == CountModel::poisson) {
        return kernels::poisson_quantile(mean, some_models(kernels::exponential(-mean), u));
      }
      const double size = sample(count.parameters[1], infos[1], context);
      const double none = kernels::exponential(-size * kernels::natural_log(1.0 + mean / size));
      return kernels::negative_binomial_quantile(mean, size, some_models(none, u));
    }
    case CountModel::input:
    case CountModel::implied:
      break;
  }
  const Input& input = count.parameters[0];
  Distribution distribution = input.years[address.year_index];
  const kernels::Parameters parameters = parameters_of(distribution, context);
  if (distribution.law == kernels::Law::constant) return parameters.a;
  const double u = uniform(input, infos[0].stream, redraw, context);
  if (is_latent()) {
    distribution.lower = std::max(distribution.lower, least_unrounded);
    distribution.upper = std::min(distribution.upper, most_unrounded);
  }
  if (input.is_shared() || draws_.has_latent()) {
    return shared_value(distribution, parameters, plan_->years[address.year_index], u);
  }
  const double value = kernels::quantile(distribution.law, parameters, u);
  return value >= distribution.lower && value <= distribution.upper ? value : 0.0;
}

std::array<double, 2> InputSampler::count_parameters(const Trajectory& trajectory,
                                                     const Address& address) const {
  const Count& count = plan_->count;
  const auto infos = engine::parameters_of(count.model);
  const CandidateInputs nothing;
  const Context context{trajectory, address, nothing, {}};
  std::array<double, 2> found{};
  if (count.model != CountModel::poisson && count.model != CountModel::negative_binomial) {
    return found;
  }
  for (std::size_t i = 0; i < infos.size(); ++i) {
    found[i] = sample(count.parameters[i], infos[i], context);
  }
  return found;
}

std::uint32_t InputSampler::count(const Context& context) const {
  if (plan_->count.model == CountModel::implied) return 0;
  const std::uint32_t redraws = is_latent() ? 1 : most_redraws;
  for (std::uint32_t redraw = 0; redraw < redraws; ++redraw) {
    const auto count = whole_count(unrounded_count(context, redraw));
    if (count) return *count;
  }
  give_up("the number of models", plan_->years[context.address.year_index]);
}

}  // namespace flopsieve::engine
