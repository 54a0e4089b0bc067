#pragma once

#include <array>
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

/// The law of an input that candidates draw from a law that refers to nothing, for cutting it into
/// strata.
class TiltPrior {
 public:
  TiltPrior() = default;

  /// Strata are halved in the middle of their values, or `by_ratio`, which takes positive ones.
  TiltPrior(const Distribution& distribution, bool by_ratio);

  /// All values. A single one if the law is a constant.
  const Stratum& whole() const { return whole_; }

  /// The lower and the upper half; one of them may have probability 0.
  std::array<Stratum, 2> halves(const Stratum& stratum) const;

  /// The value at a uniform within a stratum.
  double value(const Stratum& stratum, double u) const;

 private:
  double cumulative(double x) const;
  double quantile(double u) const;

  Distribution distribution_;
  bool by_ratio_ = false;
  double below_ = 0.0;  ///< probability below the bounds of the input
  double up_to_ = 1.0;  ///< and up to the upper one
  Stratum whole_;
};

}  // namespace flopsieve::engine
