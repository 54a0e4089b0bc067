#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/candidate.hpp"
#include "engine/inputs.hpp"
#include "engine/size_law.hpp"
#include "engine/tilt_mix.hpp"
#include "engine/trial.hpp"
#include "kernels/sizes.hpp"

namespace flopsieve::engine {

/// The candidates of Method::truncate and tilt: their inputs, the tables of their sizes, and which
/// of them within the window are kept. Owns the tilts of one thread; results depend on the Plan
/// and the addresses only.
class TiltedTrials {
 public:
  /// The sampler must outlive it.
  explicit TiltedTrials(const InputSampler& sampler) : sampler_(&sampler) {}

  /// Whether the method of the Plan is one of the two; nothing else may be called if not.
  bool in_use() const { return is_tilted(sampler_->plan().sampling.method); }

  /// Draws the inputs of all trials.
  void draw(std::span<const Trial> trials, std::span<CandidateInputs> inputs);

  /// Of trials[trial] of the last draw(): what kernels::draw_tilted() needs,
  const Frame& frame(std::size_t trial) const { return tilts_[trial]->table->base().frame(); }
  const std::uint32_t* alias(std::size_t trial) const { return tilts_[trial]->table->alias(); }

  /// whether it is kept, if it lies within the window; its sizes stand at
  /// z[i * kernels::group_width],
  bool keeps(std::size_t trial, const Candidate& candidate, const float* z) const;

  /// and the constant of its trajectory and year: P(total in window) = that times the share of
  /// candidates that lie in the window and are kept; of all windows together, where there are
  /// further ones (tilt_window.hpp).
  double constant(std::size_t trial) const { return constants_[trial]; }

  /// TiltMix::obstacle() of a trajectory and year.
  std::string obstacle(const Trajectory& trajectory, std::uint32_t year_index);

 private:
  std::shared_ptr<const TiltCount> count_of(const Trajectory& trajectory, const Address& address,
                                            const CandidateInputs& shared);
  const TiltMix& mix_of(const Trajectory& trajectory, const Address& address,
                        const CandidateInputs& shared);
  std::shared_ptr<const TiltMix> find_mix(const Trajectory& trajectory, const Address& address,
                                          const CandidateInputs& shared);

  const InputSampler* sampler_;
  std::vector<const Tilt*> tilts_;  ///< [trial]
  std::vector<double> constants_;   ///< [trial]
  /// [year] what was last used, and what decides on it
  struct Known {
    std::array<double, 2> count_parameters{};
    std::shared_ptr<const TiltCount> count;
    double log10_total = 0.0;
    std::shared_ptr<const TiltMix> mix;
  };
  std::map<std::uint32_t, Known> known_;
  std::map<std::uint32_t, TiltPriors> priors_;  ///< [year]
  std::size_t parts_ = 0;                       ///< of all mixes
  std::map<std::pair<std::uint64_t, std::uint32_t>, std::shared_ptr<const TiltMix>>
      mixes_;  ///< [trajectory, year]
};

}  // namespace flopsieve::engine
