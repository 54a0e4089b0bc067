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

TiltMix::TiltMix(const Plan& plan, const CandidateInputs& inputs, std::uint32_t year_index,
                 std::shared_ptr<const TiltCount> count)
    : count_(std::move(count)), has_random_sd_(has_random_sd(plan)) {
  if (has_random_sd_) {
    sd_ = plan.sizes.parameters[1].years[year_index];
    strata_ = strata_of_sd;
  }
  std::vector<double> log_weights;
  CandidateInputs stratum = inputs;
  for (std::size_t group = 0; group < count_->groups(); ++group) {
    const auto log_moment = [&](double log_c) { return count_->log_moment(group, log_c); };
    int step = 0;
    for (std::size_t i = 0; i < strata_; ++i) {
      double most = inputs.parameters[1];
      if (has_random_sd_) {
        const auto n = static_cast<double>(strata_);
        stratum.parameters[1] = bounded_quantile(sd_, static_cast<double>(i) / n);
        most = bounded_quantile(sd_, static_cast<double>(i + 1) / n);
      }
      const Tilt tilt = tilt_of(plan, stratum, most, log_moment, step);
      parts_.push_back({tilt, group, stratum.parameters[1], most});
      log_weights.push_back(log_moment(tilt.table->log_constant()) - tilt.log_edge);
    }
  }
  weigh(log_weights);
}

void TiltMix::weigh(const std::vector<double>& log_weights) {
  const double largest = *std::max_element(log_weights.begin(), log_weights.end());
  double sum = 0.0;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    sum += kernels::exponential(std::max(log_weights[i] - largest, -700.0));
    parts_[i].cumulative = sum;
  }
  for (Part& each : parts_) each.cumulative /= sum;
  log_constant_ = largest + kernels::natural_log(sum / static_cast<double>(strata_));
}

const Tilt& TiltMix::draw(double stratum_u, double sd_u, double count_u,
                          CandidateInputs& inputs) const {
  const auto found =
      std::upper_bound(parts_.begin(), parts_.end() - 1, stratum_u,
                       [](double u, const Part& each) { return u < each.cumulative; });
  const Part& part = *found;
  if (has_random_sd_) {
    const auto stratum =
        static_cast<double>(static_cast<std::size_t>(found - parts_.begin()) % strata_);
    const double value = bounded_quantile(sd_, (stratum + sd_u) / static_cast<double>(strata_));
    inputs.parameters[1] = std::clamp(value, part.least_sd, part.upper_sd);
  }
  TiltCount::Table& counts = part.counts;
  if (counts.cumulative.empty())
    counts = count_->table(part.group, part.tilt.table->log_constant());
  const auto place =
      std::upper_bound(counts.cumulative.begin(), counts.cumulative.end() - 1, count_u);
  inputs.count = counts.first + static_cast<std::uint32_t>(place - counts.cumulative.begin());
  return part.tilt;
}

}  // namespace flopsieve::engine
