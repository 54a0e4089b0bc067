#pragma once

#include <array>
#include <optional>
#include <vector>

#include "engine/candidate.hpp"
#include "engine/inputs.hpp"
#include "kernels/size_laws.hpp"
#include "kernels/skew_normal.hpp"

/// From the parameters of a candidate to its law of sizes.
namespace flopsieve::engine {

/// x = location + scale * z.
struct Frame {
  double location = 0.0;
  double scale = 1.0;
};

/// How far the location of the frame lies above the law's location parameter: 0, or for a mixture
/// the mean of its components, so that z stays small.
double location_offset(const Plan& plan, const CandidateInputs& inputs);

/// The frame of a law: location and scale where it has them, otherwise its lower end and its width
/// (grid: its step), and for an allocation the year's total.
inline Frame frame_of(const Plan& plan, const CandidateInputs& inputs) {
  const auto& p = inputs.parameters;
  switch (plan.sizes.family) {
    case SizeFamily::normal:
    case SizeFamily::skew_normal:
    case SizeFamily::skew_normal_direct:
    case SizeFamily::student_t:
    case SizeFamily::empirical:
      return {p[0], p[1]};
    case SizeFamily::mixture:
      return {p[0] + location_offset(plan, inputs), 1.0};
    case SizeFamily::truncated_normal:
      return {p[2], p[3] - p[2]};
    case SizeFamily::uniform:
      return {p[0], p[1] - p[0]};
    case SizeFamily::grid:
      return {p[0], p[2]};
    case SizeFamily::power_law:
      return {p[1], p[2] - p[1]};
    case SizeFamily::allocation:
      break;
  }
  return {inputs.log10_total, 1.0};
}

/// Whether kernels/sizes.hpp draws the family: the normal and skew-normal laws.
bool is_vectorised(SizeFamily family);

/// The shape that kernels/sizes.hpp draws.
kernels::SkewNormalShape shape_of(SizeFamily family, const CandidateInputs& inputs);

/// Where a law keeps what it refers to, for one candidate.
struct LawStorage {
  std::array<kernels::MixtureComponent, most_components> components;
};

/// The law of the standardised sizes of a candidate; not of an allocation. `storage` and the Plan
/// must outlive it. Throws Error(budget) if a truncated normal has no probability between its
/// bounds.
kernels::SizeLaw law_of(const Plan& plan, const CandidateInputs& inputs, LawStorage& storage);

/// The kernel density of empirical sizes.
kernels::KernelDensity kernel_density(const Plan& plan);

/// match = "last": what k - 1 sizes leave to the largest.
struct LastSize {
  double sum = 0.0;        ///< of 10^(scale z) over the others; 0 for k = 1
  double largest_z = 0.0;  ///< of the others; -infinity for k = 1
};

struct LastDraw {
  double weight = 0.0;     ///< k times a probability: 0 to k
  std::optional<float> z;  ///< the standardised largest size; none if the candidate is rejected
};

/// The largest size, not below the others, with which the sum is within the tolerance of the
/// total.
///
/// With S' the sum and m' the largest of the k - 1 others, F the law of a size and [L, U] the
/// window of the total, the largest has the law F on [max(m', L - S'), U - S'], and the candidate
/// the weight k (F(U - S') - F(max(m', L - S'))): every set of sizes is drawn k times, once with
/// each size last, and only the draw with the largest there counts. The weight, divided by its
/// last_weight_bound(), is the probability of keeping the candidate; so the survivors have the law
/// of match = "reject".
LastDraw draw_last(const InputSampler& sampler, const Candidate& candidate, const LastSize& others);

/// A bound of that weight for candidates of at most `sizes` sizes with a density, per OOM, of at
/// most `peak`: sizes * min(1, peak * log10(1 + 2 sizes tolerance / (1 - tolerance))), because the
/// largest is not below L / k and its window at most U - L wide. The share of candidates that
/// survives is that of match = "reject" divided by the bound: `last` pays where it is below 1, as
/// it is for a small tolerance.
double last_weight_bound(double sizes, double tolerance, double peak);

}  // namespace flopsieve::engine
