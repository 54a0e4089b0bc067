#include "engine/tilt_mix.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/math.hpp"

namespace flopsieve::engine {
namespace {

constexpr std::size_t strata_of_sd = 128;

/// The bounded quantile function of an input's year, as bounds that draw again leave it.
double bounded_quantile(const Distribution& distribution, double u) {
  const kernels::Parameters p{distribution.arguments[0].value, distribution.arguments[1].value,
                              distribution.arguments[2].value};
  const double below = std::isfinite(distribution.lower)
                           ? kernels::cumulative(distribution.law, p, distribution.lower)
                           : 0.0;
  const double up_to = std::isfinite(distribution.upper)
                           ? kernels::cumulative(distribution.law, p, distribution.upper)
                           : 1.0;
  const double at = std::clamp(below + u * (up_to - below), 0x1p-60, 1.0 - 0x1p-53);
  return std::clamp(kernels::quantile(distribution.law, p, at), distribution.lower,
                    distribution.upper);
}

}  // namespace

bool has_random_sd(const Plan& plan) {
  const SizeFamily family = plan.sizes.family;
  if (family != SizeFamily::normal && family != SizeFamily::truncated_normal) return false;
  const Input& sd = plan.sizes.parameters[1];
  return std::any_of(sd.years.begin(), sd.years.end(),
                     [](const Distribution& each) { return each.law != kernels::Law::constant; });
}

/// ln of exp(-theta edge) * E[C^k].
double TiltMix::log_weight(const Tilt& tilt, double count) const {
  if (!has_poisson_) return count * tilt.table->log_constant() - tilt.log_edge;
  const double constant = kernels::exponential(tilt.table->log_constant());
  // k = 0 is drawn again.
  return mean_ * (constant - 1.0) - tilt.log_edge +
         kernels::natural_log(-kernels::exponential_minus_one(-mean_ * constant)) -
         kernels::natural_log(-kernels::exponential_minus_one(-mean_));
}

TiltMix::TiltMix(const Plan& plan, const CandidateInputs& inputs, std::uint32_t year_index)
    : has_poisson_(plan.count.model == CountModel::poisson), has_random_sd_(has_random_sd(plan)) {
  if (has_random_sd_) sd_ = plan.sizes.parameters[1].years[year_index];
  if (has_poisson_) mean_ = plan.count.parameters[0].years[year_index].arguments[0].value;
  const double count = has_poisson_ ? mean_ : static_cast<double>(inputs.count);
  const std::size_t size = has_random_sd_ ? strata_of_sd : 1;
  std::vector<double> log_weights;
  CandidateInputs stratum = inputs;
  for (std::size_t i = 0; i < size; ++i) {
    double most = inputs.parameters[1];
    if (has_random_sd_) {
      const auto n = static_cast<double>(size);
      stratum.parameters[1] = bounded_quantile(sd_, static_cast<double>(i) / n);
      most = bounded_quantile(sd_, static_cast<double>(i + 1) / n);
    }
    strata_.push_back({tilt_of(plan, stratum, most, count), 0.0, stratum.parameters[1], most});
    log_weights.push_back(log_weight(strata_.back().tilt, count));
  }
  const double largest = *std::max_element(log_weights.begin(), log_weights.end());
  double sum = 0.0;
  for (std::size_t i = 0; i < size; ++i) {
    sum += kernels::exponential(log_weights[i] - largest);
    strata_[i].cumulative = sum;
  }
  for (Stratum& each : strata_) each.cumulative /= sum;
  log_constant_ = largest + kernels::natural_log(sum / static_cast<double>(size));
}

const Tilt& TiltMix::draw(double stratum_u, double sd_u, double count_u,
                          CandidateInputs& inputs) const {
  const auto found =
      std::upper_bound(strata_.begin(), strata_.end() - 1, stratum_u,
                       [](double u, const Stratum& each) { return u < each.cumulative; });
  const Stratum& stratum = *found;
  if (has_random_sd_) {
    const auto place = static_cast<double>(found - strata_.begin()) + sd_u;
    const double value = bounded_quantile(sd_, place / static_cast<double>(strata_.size()));
    inputs.parameters[1] = std::clamp(value, stratum.least_sd, stratum.upper_sd);
  }
  if (has_poisson_) {
    const double tilted = mean_ * kernels::exponential(stratum.tilt.table->log_constant());
    const double none = kernels::exponential(-tilted);
    const double u = std::min(none + count_u * (1.0 - none), 1.0 - 0x1p-53);
    const double count = kernels::poisson_quantile(tilted, u);
    inputs.count = static_cast<std::uint32_t>(std::clamp(count, 1.0, largest_count));
  }
  return stratum.tilt;
}

}  // namespace flopsieve::engine
