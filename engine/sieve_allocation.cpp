#include <fmt/format.h>

#include <algorithm>

#include "engine/error.hpp"
#include "engine/sieve.hpp"
#include "kernels/contiguous.hpp"
#include "kernels/math.hpp"
#include "kernels/math_constants.hpp"

// Allocations: a candidate's classes, not candidates, are the vector lanes of its draws, and its
// sizes stand side by side.

namespace flopsieve::engine {
namespace {

/// Candidates drawn at a time: their sizes and classes stay in the caches of one core.
constexpr std::size_t drawn_together = 32;

[[noreturn]] void refuse(const CandidateInputs& inputs) {
  const auto& p = inputs.parameters;
  throw Error(ExitCode::budget,
              fmt::format("an allocation with largest_share {}, gradient {} and smallest {} has "
                          "more than {} models; raise the gradient or the smallest",
                          p[0], p[1], p[2], kernels::most_allocated_models));
}

}  // namespace

void Sieve::for_each_allocation(std::span<const Trial> trials,
                                const std::function<void(const Trial&)>& body) {
  for (std::size_t first = 0; first < trials.size(); first += drawn_together) {
    const auto some = trials.subspan(first, std::min(drawn_together, trials.size() - first));
    const std::span<const CandidateInputs> inputs = draw_allocations(some);
    for (std::size_t i = 0; i < some.size(); ++i) {
      begin_allocation(some[i], inputs[i], allocations_.of(i));
      group_.trial[0] = first + i;
      body(some[i]);
    }
  }
}

std::span<const CandidateInputs> Sieve::draw_allocations(std::span<const Trial> trials) {
  const auto inputs = input_tile_.draw(trials);
  requests_.resize(trials.size());
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const auto& p = inputs[i].parameters;
    requests_[i] = {{p[0], p[1], p[2], plan_->sizes.bins},
                    inputs_.draws().counter(Stream::sizes, trials[i].address)};
  }
  allocations_.draw(requests_, inputs_.draws().key());
  return inputs;
}

void Sieve::begin_allocation(const Trial& trial, const CandidateInputs& inputs,
                             std::span<const float> z) {
  if (z.empty()) refuse(inputs);
  Candidate& candidate = group_.candidates[0];
  candidate.inputs = inputs;
  candidate.inputs.count = static_cast<std::uint32_t>(z.size());
  candidate.address = trial.address;
  candidate.sampler = &inputs_;
  candidate.location = inputs.log10_total;  // sizes are in units of T
  candidate.scale = 1.0;
  const kernels::SizeSums sums = needs_powers_ ? kernels::sum_contiguous(z, kernels::log2_of_10)
                                               : kernels::total_contiguous(z, kernels::log2_of_10);
  candidate.size_sum = sums.total;
  candidate.log10_size_sum = kernels::decimal_log(sums.total);
  candidate.power_1 = sums.power[0];
  candidate.power_2 = sums.power[1];
  candidate.power_3 = sums.power[2];
  candidate.power_4 = sums.power[3];
  candidate.largest_z = sums.largest;
  candidate.smallest_z = sums.smallest;
  group_.precise[0] = true;
  ordered_.begin(candidate, z.data(), 1);
  allocated_ += z.size();
}

}  // namespace flopsieve::engine
