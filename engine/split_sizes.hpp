#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/inputs.hpp"
#include "engine/plan.hpp"
#include "kernels/family_draws.hpp"

namespace flopsieve::engine {

/// Standardised sizes from the normals of a point (split.hpp): with the draws of
/// kernels/family_draws.hpp, whose words are the normals' probabilities, so that the law is that of
/// any other candidate. All laws of sizes but allocations.
class SplitSizes {
 public:
  explicit SplitSizes(const Plan& plan);

  /// Normals of a size: one for the normal law, otherwise two.
  std::size_t normals_per_size() const;

  /// Fills z with as many sizes as there are normals for. Throws as law_of() does.
  void draw(const CandidateInputs& inputs, std::span<const double> normals,
            std::span<float> z) const;

 private:
  void draw_by_family(const CandidateInputs& inputs, std::span<const double> normals,
                      std::span<float> z) const;

  const Plan* plan_;
  kernels::CentreTable centres_;  ///< of empirical sizes
};

}  // namespace flopsieve::engine
