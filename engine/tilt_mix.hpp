#pragma once

#include <vector>

#include "engine/tilt.hpp"

/// Candidates with their own number of models or their own sd, under a window of the sum.
///
/// The prior of the sd is cut into strata of equal probability P, each with a tilt of its own whose
/// table bounds the density for every sd of the stratum; k is Poisson with mean lambda. With C and
/// theta of stratum s, s is proposed with probability W_s / W, W_s = P exp(-theta edge) *
/// sum over k of prior(k) C^k, the sd from its prior within s, k with probability proportional to
/// prior(k) C^k: again a Poisson law, of mean lambda C. What Tilt::log_keep() keeps of the
/// candidates within the window then has the prior's law of (k, sd, sizes) given the window, and
/// P(S in the window) = W * (the share of candidates that is kept).
namespace flopsieve::engine {

class TiltMix {
 public:
  /// Of a trajectory and year with these inputs, which all its candidates share but for what they
  /// draw themselves.
  TiltMix(const Plan& plan, const CandidateInputs& inputs, std::uint32_t year_index);

  /// Draws what candidates draw themselves, k and the sd, with three uniforms in (0, 1). The result
  /// lives as long as this.
  const Tilt& draw(double stratum_u, double sd_u, double count_u, CandidateInputs& inputs) const;

  /// ln W.
  double log_constant() const { return log_constant_; }

 private:
  struct Stratum {
    Tilt tilt;
    double cumulative;  ///< probability of the strata up to this one
    double least_sd;
    double upper_sd;
  };

  double log_weight(const Tilt& tilt, double count) const;

  bool has_poisson_ = false;
  bool has_random_sd_ = false;
  Distribution sd_;    ///< of the year
  double mean_ = 0.0;  ///< lambda
  std::vector<Stratum> strata_;
  double log_constant_ = 0.0;
};

/// The largest mean of a Poisson number that can be tilted.
inline constexpr double largest_tilted_mean = 20'000.0;

/// Whether the law of sizes has an sd that candidates draw.
bool has_random_sd(const Plan& plan);

}  // namespace flopsieve::engine
