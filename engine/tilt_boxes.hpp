#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "engine/tilt.hpp"
#include "engine/tilt_strata.hpp"

namespace flopsieve::engine {

/// Boxes and groups of k whose prior is exp(-42) = 6e-19 of the largest weight do not matter.
inline constexpr double farthest_weight = 42.0;

/// Priors of the first two parameters of the law of sizes in a year, and a stratum of each.
using TiltPriors = std::array<TiltPrior, 2>;
using TiltStrata = std::array<Stratum, 2>;

/// A part of the priors with a tilt of its own, whose table bounds the density of sizes for all
/// means and sds of the strata.
struct TiltBox {
  TiltStrata strata;
  Tilt tilt;
  double log_prior = 0.0;   ///< ln of the prior probability P of the strata
  double log_weight = 0.0;  ///< ln of W = P exp(-theta edge) E[C^k]: P(strata and window) <= W
  double log_width = 0.0;   ///< ln of about how much ln of the density of a likely size varies
  TiltSteps steps = {};     ///< where the search for the tilt ended
};

/// Cuts the priors into boxes whose weights are together about as small as they can be: their sum
/// in units of P(window) is how many candidates within the windows there are for one that is kept.
/// Strata without whose prior probability nobody would notice are left away: exp(-42) = 6e-19 of
/// the probability that another may have.
class TiltBoxes {
 public:
  /// Of a trajectory and year with these inputs. All arguments must outlive this.
  TiltBoxes(const Plan& plan, const CandidateInputs& inputs, const TiltPriors& priors,
            const std::vector<TiltWindow>& windows, const LogMoment& log_moment);

  /// Throws Error(budget) if a box is left whose weight would leave next to nothing to the others.
  std::vector<TiltBox> make() const;

 private:
  TiltBox box_of(const TiltStrata& strata, TiltSteps steps) const;
  void halve(std::vector<TiltBox>& boxes, std::size_t place, double least_prior) const;

  const Plan* plan_;
  const CandidateInputs* inputs_;
  const TiltPriors* priors_;
  const std::vector<TiltWindow>* windows_;
  const LogMoment* log_moment_;
};

}  // namespace flopsieve::engine
