#pragma once

#include <cstddef>
#include <vector>

#include "engine/plan.hpp"

namespace flopsieve::engine {

/// Where the latent uniform of an input, and so its value, lies between two bounds.
struct Stratum {
  double low_u = 0.0;
  double high_u = 1.0;
  double low = 0.0;
  double high = 0.0;

  double probability() const { return high_u - low_u; }
};

/// The law of an input that candidates draw from a law that refers to nothing, cut into strata that
/// are narrow both in probability and in value.
class TiltPrior {
 public:
  TiltPrior() = default;

  /// About 2 `half` strata, half of them equally probable and half equally wide, in the logarithm
  /// where `by_ratio`; one if the law is a constant.
  TiltPrior(const Distribution& distribution, std::size_t half, bool by_ratio);

  const std::vector<Stratum>& strata() const { return strata_; }

  /// The value at a uniform within a stratum.
  double value(const Stratum& stratum, double u) const;

 private:
  double quantile(double u) const;

  Distribution distribution_;
  double below_ = 0.0;  ///< probability below the bounds of the input
  double up_to_ = 1.0;  ///< and up to the upper one
  std::vector<Stratum> strata_;
};

}  // namespace flopsieve::engine
