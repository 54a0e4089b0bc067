#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/inputs.hpp"
#include "engine/trial.hpp"
#include "kernels/sizes.hpp"

namespace flopsieve::engine {

/// The inputs of many candidates at a time: those of InputSampler::candidate(), which they equal
/// bit by bit, from vectors of random words, and without working out again what attempts, or all
/// candidates of a year, have in common. Owns the buffers of one thread.
class InputTile {
 public:
  /// The sampler must outlive it.
  explicit InputTile(const InputSampler& sampler);

  /// Those of all trials, until the next call. Throws as InputSampler does.
  std::span<const CandidateInputs> draw(std::span<const Trial> trials);

  /// Those that all trials have, or null: found without a look at what each of them draws.
  const CandidateInputs* find_shared(std::span<const Trial> trials);

  /// The number of models of the trial's year, where InputSampler::year_is_held().
  std::uint32_t count_of_year(const Trial& trial);

 private:
  /// What is known of a trajectory's year.
  struct Held {
    std::uint64_t trajectory = 0;
    std::uint32_t year_index = per_trajectory;  ///< per_trajectory: nothing yet
    YearInputs year;
  };

  void draw_uniforms(std::span<const Trial> trials);
  void draw_one(const Trial& trial, std::span<const double> uniforms, CandidateInputs& inputs);
  const CandidateInputs& of_year(const Trial& trial);
  std::size_t place_of(const Trial& trial);

  const InputSampler* sampler_;
  std::vector<CandidateInputs> inputs_;  ///< of the trials
  std::vector<double> uniforms_;         ///< [lane, InputSampler::own_uniforms()]
  /// Batches have consecutive trajectories: at index modulo size, so that none displaces another.
  std::vector<Held> held_;
  std::vector<CandidateInputs> held_inputs_;  ///< beside held_, if same for all attempts
  std::vector<CandidateInputs> of_years_;     ///< [year], if same for all trajectories
  std::vector<std::uint8_t> year_known_;
};

}  // namespace flopsieve::engine
