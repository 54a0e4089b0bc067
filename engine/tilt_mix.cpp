#include "engine/tilt_mix.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "kernels/math.hpp"

namespace flopsieve::engine {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// ln of 1000 candidates for one.
constexpr double hopeless = 6.9;

/// Where a stratum of a parameter lies.
std::string words_of(const Sizes& sizes, const TiltDrawn& drawn, const Stratum& stratum) {
  return fmt::format("{} from {:.4g} to {:.4g}", size_parameter_name(sizes, drawn.index),
                     stratum.low, stratum.high);
}

}  // namespace

TiltMix::TiltMix(const Plan& plan, const CandidateInputs& inputs,
                 std::shared_ptr<const TiltCount> count, const TiltPriors& priors,
                 const std::vector<TiltWindow>& windows)
    : plan_(&plan), count_(std::move(count)), priors_(&priors), largest_share_(-infinity) {
  std::vector<std::size_t> groups(count_->groups());
  std::iota(groups.begin(), groups.end(), std::size_t{0});
  std::sort(groups.begin(), groups.end(), [this](std::size_t a, std::size_t b) {
    return count_->log_prior(a) > count_->log_prior(b);
  });
  std::vector<double> log_weights;
  for (const std::size_t group : groups) {
    // No group is likelier given the total than it is at all.
    if (count_->log_prior(group) > largest_share_ - farthest_weight) {
      add_group(inputs, windows, group, log_weights);
    }
  }
  weigh(log_weights);
}

void TiltMix::add_group(const CandidateInputs& inputs, const std::vector<TiltWindow>& windows,
                        std::size_t group, std::vector<double>& log_weights) {
  const LogMoment log_moment = [&](double log_c) { return count_->log_moment(group, log_c); };
  for (const TiltBox& each : TiltBoxes(*plan_, inputs, *priors_, windows, log_moment).make()) {
    parts_.push_back({each.tilt, group});
    strata_.insert(strata_.end(), each.strata.begin(), each.strata.end());
    log_weights.push_back(each.log_weight);
    largest_share_ = std::max(largest_share_, each.log_share());
  }
}

void TiltMix::weigh(std::span<const double> log_weights) {
  const auto worst = std::max_element(log_weights.begin(), log_weights.end());
  const auto place = static_cast<std::size_t>(worst - log_weights.begin());
  const auto strata = strata_of(place);
  if (*worst > largest_share_ + hopeless) obstacle_.assign(strata.begin(), strata.end());
  if (*worst == infinity) {
    // No share of the candidates is left to any other part, and none of these can be kept.
    parts_[place].tilt.log_edge = -infinity;
    parts_[place].counts = {1, {1.0}};
    cumulative_.assign(parts_.size(), 0.0);
    std::fill(cumulative_.begin() + (worst - log_weights.begin()), cumulative_.end(), 1.0);
    log_constant_ = infinity;
    return;
  }
  double sum = 0.0;
  for (const double each : log_weights) {
    sum += kernels::exponential(std::max(each - *worst, -700.0));
    cumulative_.push_back(sum);
  }
  for (double& each : cumulative_) each /= sum;
  log_constant_ = *worst + kernels::natural_log(sum);
}

const Tilt& TiltMix::draw(const Draws& draws, const Address& address,
                          CandidateInputs& inputs) const {
  const auto uniform = [&](std::size_t index) {
    return draws.uniform(Stream::thinning, address, static_cast<std::uint32_t>(index));
  };
  const auto drawn = std::upper_bound(cumulative_.begin(), cumulative_.end() - 1, uniform(1));
  const auto place = static_cast<std::size_t>(drawn - cumulative_.begin());
  const std::span<const Stratum> strata = strata_of(place);
  for (std::size_t i = 0; i < strata.size(); ++i) {
    const auto& [index, prior] = (*priors_)[i];
    size_parameter(plan_->sizes, inputs, index) = prior.value(strata[i], uniform(3 + index));
  }
  const Part& part = parts_[place];
  std::vector<double>& shares = part.counts.cumulative;
  if (shares.empty()) part.counts = count_->table(part.group, part.tilt.log_constant());
  const auto count = std::upper_bound(shares.begin(), shares.end() - 1, uniform(2));
  inputs.count = part.counts.first + static_cast<std::uint32_t>(count - shares.begin());
  return part.tilt;
}

std::string TiltMix::obstacle() const {
  if (obstacle_.empty()) return {};
  std::vector<std::string> words;
  for (std::size_t i = 0; i < priors_->size(); ++i) {
    words.push_back(words_of(plan_->sizes, (*priors_)[i], obstacle_[i]));
  }
  return fmt::format(
      "the laws of the parameters of the sizes are too wide to tilt to the total: "
      "{} stands in the way; give them bounds, or narrower ones",
      fmt::join(words, " with "));
}

}  // namespace flopsieve::engine
