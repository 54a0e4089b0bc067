#include "engine/tilt_trials.hpp"

#include <utility>

#include "kernels/math.hpp"

namespace flopsieve::engine {

/// The law of k of a trajectory and year; all trajectories share what none of them decides.
std::shared_ptr<const TiltCount> TiltedTrials::count_of(const Trajectory& trajectory,
                                                        const Address& address,
                                                        const CandidateInputs& shared) {
  const Count& count = sampler_->plan().count;
  const std::uint32_t year = address.year_index;
  if (has_held_count(count) || (count.model == CountModel::input &&
                                count.parameters[0].years[year].law == kernels::Law::constant)) {
    return std::make_shared<TiltCount>(shared.count);
  }
  const std::array<double, 2> parameters = sampler_->count_parameters(trajectory, address);
  auto& [known, law] = counts_[year];
  if (!law || known != parameters) {
    known = parameters;
    law = std::make_shared<TiltCount>(count, year, parameters);
  }
  return law;
}

/// Kept while the attempts of a batch go on; they decide no result.
const TiltMix& TiltedTrials::mix_of(const Trajectory& trajectory, const Address& address,
                                    const CandidateInputs& shared) {
  const std::pair place{address.trajectory, address.year_index};
  const auto found = mixes_.find(place);
  if (found != mixes_.end()) return found->second;
  const Plan& plan = sampler_->plan();
  auto priors = priors_.find(address.year_index);
  if (priors == priors_.end()) {
    priors = priors_.emplace(address.year_index, tilt_priors(plan, address.year_index)).first;
  }
  TiltMix mix(plan, shared, count_of(trajectory, address, shared), priors->second,
              tilt_windows(plan, address.year_index, shared.log10_total));
  parts_ += mix.parts();
  return mixes_.emplace(place, std::move(mix)).first->second;
}

void TiltedTrials::draw(std::span<const Trial> trials, std::span<CandidateInputs> inputs) {
  constexpr std::size_t most_parts = std::size_t{1} << 19;
  if (parts_ >= most_parts) {
    mixes_.clear();
    parts_ = 0;
  }
  tilts_.resize(trials.size());
  constants_.resize(trials.size());
  const TiltMix* mix = nullptr;
  double constant = 0.0;
  CandidateInputs shared;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const Address& address = trials[i].address;
    if (i == 0 || trials[i].trajectory != trials[i - 1].trajectory ||
        address.year_index != trials[i - 1].address.year_index) {
      shared = sampler_->candidate(*trials[i].trajectory, address);
      mix = &mix_of(*trials[i].trajectory, address, shared);
      constant = kernels::exponential(mix->log_constant());
    }
    inputs[i] = shared;
    tilts_[i] = &mix->draw(sampler_->draws(), address, inputs[i]);
    constants_[i] = constant;
  }
}

bool TiltedTrials::keeps(std::size_t trial, const Candidate& candidate, const float* z) const {
  const double log_keep = tilts_[trial]->log_keep(candidate.inputs, z, kernels::group_width);
  return sampler_->draws().uniform(Stream::thinning, candidate.address, 0) <
         kernels::exponential(log_keep);
}

}  // namespace flopsieve::engine
