#include "engine/tilt_mix.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "kernels/math.hpp"

namespace flopsieve::engine {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

bool has_random_parameter(const Plan& plan, std::size_t i) {
  const SizeFamily family = plan.sizes.family;
  if (i > 1 || (family != SizeFamily::normal && family != SizeFamily::truncated_normal)) {
    return false;
  }
  const auto& years = plan.sizes.parameters[i].years;
  return std::any_of(years.begin(), years.end(),
                     [](const Distribution& each) { return each.law != kernels::Law::constant; });
}

TiltPriors tilt_priors(const Plan& plan, std::uint32_t year_index) {
  TiltPriors priors;
  for (std::size_t i = 0; i < priors.size(); ++i) {
    Distribution distribution{kernels::Law::constant, {}, 0.0, 0.0};
    if (i < plan.sizes.parameters.size()) distribution = plan.sizes.parameters[i].years[year_index];
    priors[i] = TiltPrior(distribution, i == 1);
  }
  return priors;
}

TiltMix::TiltMix(const Plan& plan, const CandidateInputs& inputs,
                 std::shared_ptr<const TiltCount> count, const TiltPriors& priors,
                 const std::vector<TiltWindow>& windows)
    : count_(std::move(count)), priors_(&priors), largest_(-infinity) {
  std::vector<std::size_t> groups(count_->groups());
  std::iota(groups.begin(), groups.end(), std::size_t{0});
  std::sort(groups.begin(), groups.end(), [this](std::size_t a, std::size_t b) {
    return count_->log_prior(a) > count_->log_prior(b);
  });
  for (const std::size_t group : groups) {
    // No group is likelier given the total than it is at all.
    if (count_->log_prior(group) > largest_ - farthest_weight)
      add_group(plan, inputs, windows, group);
  }
  weigh();
}

void TiltMix::add_group(const Plan& plan, const CandidateInputs& inputs,
                        const std::vector<TiltWindow>& windows, std::size_t group) {
  const LogMoment log_moment = [&](double log_c) { return count_->log_moment(group, log_c); };
  for (const TiltBox& each : TiltBoxes(plan, inputs, *priors_, windows, log_moment).make()) {
    parts_.push_back({each.tilt, group, each.strata});
    log_weights_.push_back(each.log_weight);
    largest_ = std::max(largest_, each.log_weight);
  }
}

void TiltMix::weigh() {
  double sum = 0.0;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    sum += kernels::exponential(std::max(log_weights_[i] - largest_, -700.0));
    parts_[i].cumulative = sum;
  }
  for (Part& each : parts_) each.cumulative /= sum;
  log_constant_ = largest_ + kernels::natural_log(sum);
  log_weights_ = {};
}

const Tilt& TiltMix::draw(const Uniforms& u, CandidateInputs& inputs) const {
  const Part& part =
      *std::upper_bound(parts_.begin(), parts_.end() - 1, u.part,
                        [](double at, const Part& each) { return at < each.cumulative; });
  inputs.parameters[0] = (*priors_)[0].value(part.strata[0], u.mean);
  inputs.parameters[1] = (*priors_)[1].value(part.strata[1], u.sd);
  std::vector<double>& shares = part.counts.cumulative;
  if (shares.empty()) part.counts = count_->table(part.group, part.tilt.log_constant());
  const auto place = std::upper_bound(shares.begin(), shares.end() - 1, u.count);
  inputs.count = part.counts.first + static_cast<std::uint32_t>(place - shares.begin());
  return part.tilt;
}

}  // namespace flopsieve::engine
