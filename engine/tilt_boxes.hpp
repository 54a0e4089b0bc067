#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "engine/tilt.hpp"
#include "engine/tilt_parameters.hpp"

namespace flopsieve::engine {

/// Boxes and groups of k whose prior is exp(-42) = 6e-19 of the largest weight do not matter.
inline constexpr double farthest_weight = 42.0;

/// A part of the priors with a tilt of its own, whose table bounds the density of sizes for all
/// laws with parameters in the strata.
struct TiltBox {
  TiltStrata strata;
  Tilt tilt;
  double log_prior = 0.0;   ///< ln of the prior probability P of the strata and the group of k
  double log_weight = 0.0;  ///< ln of W = P exp(-theta edge) E[C^k]: P(strata and window) <= W
  double log_width = 0.0;   ///< ln of about how much ln of the density of a likely size varies
  std::size_t widest = 0;   ///< the stratum for which it varies most
  TiltSteps steps = {};     ///< where the search for the tilt ended

  /// ln of a bound of P(strata and window).
  double log_share() const { return std::min(log_prior, log_weight); }
};

/// Cuts the priors into boxes whose weights are together about as small as they can be: their sum
/// in units of P(window) is how many candidates within the windows there are for one that is kept.
/// Strata without whose prior probability nobody would notice are left away: exp(-42) = 6e-19 of
/// the probability that another may have.
class TiltBoxes {
 public:
  /// Of a trajectory and year with these inputs, and a group of k with this moment. All arguments
  /// must outlive this.
  TiltBoxes(const Plan& plan, const CandidateInputs& inputs, const TiltPriors& priors,
            const std::vector<TiltWindow>& windows, const LogMoment& log_moment);

  std::vector<TiltBox> make() const;

 private:
  TiltBox box_of(TiltStrata strata, TiltSteps steps) const;
  void halve(std::vector<TiltBox>& boxes, std::size_t place, double least_prior) const;

  const Plan* plan_;
  const CandidateInputs* inputs_;
  const TiltPriors* priors_;
  const std::vector<TiltWindow>* windows_;
  const LogMoment* log_moment_;
};

}  // namespace flopsieve::engine
