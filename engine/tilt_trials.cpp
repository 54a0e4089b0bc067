#include "engine/tilt_trials.hpp"

#include <utility>

#include "kernels/math.hpp"

namespace flopsieve::engine {

/// The law of k of a trajectory and year; trajectories in a row share what they have in common.
std::shared_ptr<const TiltCount> TiltedTrials::count_of(const Trajectory& trajectory,
                                                        const Address& address,
                                                        const CandidateInputs& shared) {
  const Count& count = sampler_->plan().count;
  const std::uint32_t year = address.year_index;
  const bool is_held =
      has_held_count(count) || (count.model == CountModel::input &&
                                count.parameters[0].years[year].law == kernels::Law::constant);
  const std::array<double, 2> parameters = is_held
                                               ? std::array{static_cast<double>(shared.count), 0.0}
                                               : sampler_->count_parameters(trajectory, address);
  Known& known = known_[year];
  if (!known.count || known.count_parameters != parameters) {
    known.count_parameters = parameters;
    known.count = is_held ? std::make_shared<TiltCount>(shared.count)
                          : std::make_shared<TiltCount>(count, year, parameters);
    known.mix = nullptr;
  }
  return known.count;
}

/// Trajectories in a row with the same total and law of k share theirs.
std::shared_ptr<const TiltMix> TiltedTrials::find_mix(const Trajectory& trajectory,
                                                      const Address& address,
                                                      const CandidateInputs& shared) {
  const Plan& plan = sampler_->plan();
  const std::uint32_t year = address.year_index;
  auto priors = priors_.find(year);
  if (priors == priors_.end()) priors = priors_.emplace(year, tilt_priors(plan, year)).first;
  const std::shared_ptr<const TiltCount> count = count_of(trajectory, address, shared);
  Known& known = known_[year];
  if (!known.mix || known.log10_total != shared.log10_total) {
    known.log10_total = shared.log10_total;
    known.mix = std::make_shared<TiltMix>(plan, shared, count, priors->second,
                                          tilt_windows(plan, year, shared.log10_total));
    parts_ += known.mix->parts();
  }
  return known.mix;
}

/// Kept while the attempts of a batch go on; they decide no result.
const TiltMix& TiltedTrials::mix_of(const Trajectory& trajectory, const Address& address,
                                    const CandidateInputs& shared) {
  const std::pair place{address.trajectory, address.year_index};
  const auto found = mixes_.find(place);
  if (found != mixes_.end()) return *found->second;
  return *mixes_.emplace(place, find_mix(trajectory, address, shared)).first->second;
}

std::string TiltedTrials::obstacle(const Trajectory& trajectory, std::uint32_t year_index) {
  const Address address{trajectory.index, 0, year_index};
  return mix_of(trajectory, address, sampler_->candidate(trajectory, address)).obstacle();
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
