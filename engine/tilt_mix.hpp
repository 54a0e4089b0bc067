#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/tilt.hpp"
#include "engine/tilt_boxes.hpp"
#include "engine/tilt_count.hpp"

/// Candidates with their own number of models, mean or sd, under a window of the sum.
///
/// The law of k is cut into the groups of TiltCount, and the priors of mean and sd, for each group,
/// into boxes (tilt_boxes.hpp). A part is a box of a group. With its C and theta and its prior
/// probability P it is proposed with probability W_s / W, W_s = P exp(-theta edge) * (the sum of
/// prior(k) C^k over the group), then mean and sd from their priors within the box and k with
/// probability proportional to prior(k) C^k. What Tilt::log_keep() keeps of the candidates within
/// the window has the prior's law of (k, mean, sd, sizes) given the window, and
/// P(S in the window) = W * (the share of candidates that is kept), whatever the boxes are.
namespace flopsieve::engine {

TiltPriors tilt_priors(const Plan& plan, std::uint32_t year_index);

class TiltMix {
 public:
  /// Of a trajectory and year with these inputs, which all its candidates share but for what they
  /// draw themselves: k by `count`, the mean and the sd by `priors`, which must outlive this. Tilts
  /// are those for the windows of the year.
  TiltMix(const Plan& plan, const CandidateInputs& inputs, std::shared_ptr<const TiltCount> count,
          const TiltPriors& priors, const std::vector<TiltWindow>& windows);

  /// Draws what candidates draw themselves, with uniforms in (0, 1). The result lives as long as
  /// this.
  struct Uniforms {
    double part, count, mean, sd;
  };
  const Tilt& draw(const Uniforms& u, CandidateInputs& inputs) const;

  /// ln W.
  double log_constant() const { return log_constant_; }

  /// Of strata and groups.
  std::size_t parts() const { return parts_.size(); }

 private:
  struct Part {
    Tilt tilt;
    std::size_t group;  ///< of k
    TiltStrata strata;
    double cumulative = 0.0;            ///< probability of the parts up to this one
    mutable TiltCount::Table counts{};  ///< made when it is first drawn from
  };

  void add_group(const Plan& plan, const CandidateInputs& inputs,
                 const std::vector<TiltWindow>& windows, std::size_t group);
  void weigh();

  std::shared_ptr<const TiltCount> count_;
  const TiltPriors* priors_;
  std::vector<Part> parts_;
  std::vector<double> log_weights_;  ///< of the parts, until they are weighed
  double largest_ = 0.0;             ///< of these
  double log_constant_ = 0.0;
};

/// Whether candidates draw parameter i of the law of sizes, and tables can hold it: the mean or the
/// sd of a normal or truncated normal law.
bool has_random_parameter(const Plan& plan, std::size_t i);

}  // namespace flopsieve::engine
