#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/streams.hpp"
#include "engine/tilt.hpp"
#include "engine/tilt_boxes.hpp"
#include "engine/tilt_count.hpp"

/// Candidates with their own number of models and parameters of the law of sizes, under a window of
/// the sum.
///
/// The law of k is cut into the groups of TiltCount, and the priors of the parameters phi, for each
/// group, into boxes (tilt_boxes.hpp). A part is a box of a group. With its C and theta and its
/// prior probability P it is proposed with probability W_s / W, W_s = P exp(-theta edge) * (the sum
/// of prior(k) C^k over the group), then phi from its prior within the box and k with probability
/// proportional to prior(k) C^k. What Tilt::log_keep() keeps of the candidates within the window
/// has the prior's law of (k, phi, sizes) given the window, and P(S in the window) = W * (the share
/// of candidates that is kept), whatever the boxes are.
namespace flopsieve::engine {

class TiltMix {
 public:
  /// Of a trajectory and year with these inputs, which all its candidates share but for what they
  /// draw themselves: k by `count`, parameters by `priors`, which, as the plan, must outlive this.
  /// Tilts are those for the windows of the year.
  TiltMix(const Plan& plan, const CandidateInputs& inputs, std::shared_ptr<const TiltCount> count,
          const TiltPriors& priors, const std::vector<TiltWindow>& windows);

  /// Draws what a candidate draws itself, with uniforms of Stream::thinning. The result lives as
  /// long as this.
  const Tilt& draw(const Draws& draws, const Address& address, CandidateInputs& inputs) const;

  /// ln W.
  double log_constant() const { return log_constant_; }

  /// Of strata and groups.
  std::size_t parts() const { return parts_.size(); }

  /// Which part leaves less than one in 1000 of the candidates to any other, in words; empty if
  /// none does. Its C is far above what its sizes need, and next to none of its candidates is kept.
  std::string obstacle() const;

 private:
  struct Part {
    Tilt tilt;
    std::size_t group;                  ///< of k
    mutable TiltCount::Table counts{};  ///< made when it is first drawn from
  };

  void add_group(const CandidateInputs& inputs, const std::vector<TiltWindow>& windows,
                 std::size_t group, std::vector<double>& log_weights);
  void weigh(std::span<const double> log_weights);
  std::span<const Stratum> strata_of(std::size_t part) const {
    return std::span(strata_).subspan(part * priors_->size(), priors_->size());
  }

  const Plan* plan_;
  std::shared_ptr<const TiltCount> count_;
  const TiltPriors* priors_;
  std::vector<Part> parts_;
  std::vector<Stratum> strata_;     ///< [part, prior]
  std::vector<double> cumulative_;  ///< probability of the parts up to this one
  double largest_share_;            ///< ln of the largest bound of P(part and window)
  TiltStrata obstacle_;             ///< of obstacle(); empty if there is none
  double log_constant_ = 0.0;
};

}  // namespace flopsieve::engine
