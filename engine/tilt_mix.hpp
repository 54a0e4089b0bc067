#pragma once

#include <memory>
#include <vector>

#include "engine/tilt.hpp"
#include "engine/tilt_count.hpp"

/// Candidates with their own number of models or their own sd, under a window of the sum.
///
/// The prior of the sd is cut into strata of equal probability, the law of k into the groups of
/// TiltCount. Each stratum and group has a tilt of its own, whose table bounds the density for
/// every sd of the stratum. With its C and theta and the probability P of the stratum, it is
/// proposed with probability W_s / W, W_s = P exp(-theta edge) * (the sum of prior(k) C^k over the
/// group), then the sd from its prior within the stratum and k with probability proportional to
/// prior(k) C^k. What Tilt::log_keep() keeps of the candidates within the window has the prior's
/// law of (k, sd, sizes) given the window, and P(S in the window) = W * (the share of candidates
/// that is kept).
namespace flopsieve::engine {

class TiltMix {
 public:
  /// Of a trajectory and year with these inputs, which all its candidates share but for what they
  /// draw themselves: k by `count`, the sd.
  TiltMix(const Plan& plan, const CandidateInputs& inputs, std::uint32_t year_index,
          std::shared_ptr<const TiltCount> count);

  /// Draws what candidates draw themselves, k and the sd, with three uniforms in (0, 1). The result
  /// lives as long as this.
  const Tilt& draw(double stratum_u, double sd_u, double count_u, CandidateInputs& inputs) const;

  /// ln W.
  double log_constant() const { return log_constant_; }

 private:
  struct Part {
    Tilt tilt;
    std::size_t group;  ///< of k
    double least_sd;
    double upper_sd;
    double cumulative = 0.0;            ///< probability of the parts up to this one
    mutable TiltCount::Table counts{};  ///< made when it is first drawn from
  };

  void weigh(const std::vector<double>& log_weights);

  std::shared_ptr<const TiltCount> count_;
  bool has_random_sd_;
  Distribution sd_;  ///< of the year
  std::size_t strata_ = 1;
  std::vector<Part> parts_;
  double log_constant_ = 0.0;
};

/// Whether the law of sizes has an sd that candidates draw.
bool has_random_sd(const Plan& plan);

}  // namespace flopsieve::engine
