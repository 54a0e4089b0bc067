#include "engine/inputs_tile.hpp"

#include <algorithm>
#include <array>

#include "kernels/words.hpp"

namespace flopsieve::engine {
namespace {

/// Blocks of random words come in pairs (kernels/words.hpp); the first uniform is in the first.
constexpr std::size_t blocks_drawn = 2;

/// As many trajectories as a batch has at most (pilot.hpp).
constexpr std::size_t most_held = 4096;

}  // namespace

InputTile::InputTile(const InputSampler& sampler) : sampler_(&sampler) {
  uniforms_.resize(kernels::group_width * sampler.own_uniforms().size());
  if (sampler.same_for_all_trajectories()) {
    of_years_.resize(sampler.plan().year_count());
    year_known_.assign(sampler.plan().year_count(), 0);
  } else if (sampler.year_is_held()) {
    held_.resize(most_held);
    if (sampler.same_for_all_attempts()) held_inputs_.resize(most_held);
  }
}

std::span<const CandidateInputs> InputTile::draw(std::span<const Trial> trials) {
  if (inputs_.size() < trials.size()) inputs_.resize(trials.size());
  if (sampler_->same_for_all_trajectories()) {
    for (std::size_t i = 0; i < trials.size(); ++i) inputs_[i] = of_year(trials[i]);
    return std::span(inputs_).first(trials.size());
  }
  const std::size_t uniforms = sampler_->own_uniforms().size();
  for (std::size_t first = 0; first < trials.size(); first += kernels::group_width) {
    const std::size_t size = std::min(kernels::group_width, trials.size() - first);
    if (uniforms > 0) draw_uniforms(trials.subspan(first, size));
    for (std::size_t lane = 0; lane < size; ++lane) {
      draw_one(trials[first + lane], std::span(uniforms_).subspan(lane * uniforms, uniforms),
               inputs_[first + lane]);
    }
  }
  return std::span(inputs_).first(trials.size());
}

const CandidateInputs* InputTile::find_shared(std::span<const Trial> trials) {
  if (!sampler_->same_for_all_trajectories() || trials.empty()) return nullptr;
  const std::uint32_t year = trials.front().address.year_index;
  const bool one_year = std::all_of(trials.begin(), trials.end(), [year](const Trial& trial) {
    return trial.address.year_index == year;
  });
  return one_year ? &of_year(trials.front()) : nullptr;
}

std::uint32_t InputTile::count_of_year(const Trial& trial) {
  if (held_.empty()) return sampler_->year_inputs(*trial.trajectory, trial.address).count;
  return held_[place_of(trial)].year.count;
}

const CandidateInputs& InputTile::of_year(const Trial& trial) {
  const std::uint32_t year = trial.address.year_index;
  if (year_known_[year] == 0) {
    of_years_[year] = sampler_->candidate(*trial.trajectory, trial.address);
    year_known_[year] = 1;
  }
  return of_years_[year];
}

void InputTile::draw_uniforms(std::span<const Trial> trials) {
  const Draws& draws = sampler_->draws();
  const auto wanted = sampler_->own_uniforms();
  alignas(64) std::array<std::uint32_t, 4 * blocks_drawn * kernels::group_width> words;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    kernels::GroupAddress address;
    for (std::size_t lane = 0; lane < trials.size(); ++lane) {
      const kernels::Counter counter = draws.counter(wanted[i].stream, trials[lane].address);
      address.word1[lane] = counter[1];
      address.word2[lane] = counter[2];
      address.word3[lane] = counter[3];
    }
    kernels::random_words(draws.key(), address, first_index(wanted[i].slot) / 2, blocks_drawn,
                          words);
    for (std::size_t lane = 0; lane < trials.size(); ++lane) {
      uniforms_[lane * wanted.size() + i] =
          kernels::open_uniform(words[lane], words[kernels::group_width + lane]);
    }
  }
}

/// The place of the trajectory's year among those held, worked out first if it is not there.
std::size_t InputTile::place_of(const Trial& trial) {
  const Address& address = trial.address;
  const auto place = static_cast<std::size_t>(address.trajectory % most_held);
  Held& held = held_[place];
  if (held.trajectory == address.trajectory && held.year_index == address.year_index) return place;
  held = {address.trajectory, per_trajectory, {}};
  held.year = sampler_->year_inputs(*trial.trajectory, address);
  if (!held_inputs_.empty()) {
    held_inputs_[place] = sampler_->candidate(*trial.trajectory, address, {&held.year, {}});
  }
  held.year_index = address.year_index;
  return place;
}

void InputTile::draw_one(const Trial& trial, std::span<const double> uniforms,
                         CandidateInputs& inputs) {
  KnownInputs known{nullptr, uniforms};
  if (!held_.empty()) {
    const std::size_t place = place_of(trial);
    if (!held_inputs_.empty()) {
      inputs = held_inputs_[place];
      return;
    }
    known.year = &held_[place].year;
  }
  inputs = sampler_->candidate(*trial.trajectory, trial.address, known);
}

}  // namespace flopsieve::engine
