#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/sieve.hpp"
#include "engine/split.hpp"
#include "engine/split_latent.hpp"
#include "engine/split_sizes.hpp"

namespace flopsieve::engine {

/// Why the years of a Plan cannot be sampled by multilevel splitting, in words for its author;
/// empty where they can: match "last" and "rescale" and allocations are left out, and attempts = 1,
/// which weights trajectories by their chances.
std::string split_refusal(const Plan& plan);

/// The sums of a candidate whose inputs, location and scale are set, in double precision; with
/// match = "shift" its location too, and with an implied total that. Sets ordered.
void complete_candidate(const Plan& plan, std::span<const float> z, Candidate& candidate,
                        OrderedSizes& ordered);

/// The candidates of one trajectory and year as points of a split (split.hpp).
///
/// The normals of a point: the inputs of the candidate (split_latent.hpp), then those of its sizes
/// (split_sizes.hpp), of which it uses as many as it has models. A number of models that only comes
/// about where one of the normals that decide on it is beyond 6.36 (probability 1e-10) is taken as
/// impossible.
///
/// The violation is the largest over the matching of the total and the active constraints. That of
/// a hard one is the distance from its bounds, of match = "reject" abs(log10(sum / T)), both
/// divided by the standard deviation of what they compare among 256 points of the prior; of a soft
/// one z^2 / 2 + ln u, or the distance from its ceiling in standard deviations of that, of match =
/// "shift" ln(u bound / prior density of the location). It is 0 exactly where Sieve would accept
/// the same numbers.
class SplitYear {
 public:
  /// The trajectory and the sampler must outlive this object. Throws Error(budget) where a year may
  /// have more models than 16,384.
  SplitYear(const InputSampler& sampler, const Trajectory& trajectory, std::uint32_t year_index);
  SplitYear(const SplitYear&) = delete;
  SplitYear& operator=(const SplitYear&) = delete;

  /// Refers to this object.
  SplitProblem problem();

  /// The candidate at a point, valid until the next call. Its address has attempt 0. None where its
  /// inputs are impossible.
  const Candidate* candidate(std::span<const double> point);
  OrderedSizes& ordered() { return ordered_; }
  std::span<const float> z() const { return z_; }

 private:
  std::size_t count_at_end(std::size_t signs);
  std::size_t largest_count();
  void find_scales();
  double matching_violation() const;
  double location_violation() const;
  double previous(std::size_t constraint) const;
  double compare(std::size_t constraint);
  double ceiling_violation(const Constraint& rule, double value) const;
  double constraint_violation(std::size_t constraint);
  double violation(std::span<const double> point);

  const InputSampler* sampler_;
  const Trajectory* trajectory_;
  SplitLatent latent_;
  InputSampler inputs_;  ///< from the point
  SplitSizes sizes_;
  std::optional<CandidateInputs> fixed_;  ///< where all candidates have the same
  std::size_t most_count_ = 0;
  std::size_t dimension_ = 0;
  std::vector<double> scales_;  ///< [rejector]
  Candidate candidate_;
  std::vector<float> z_;
  OrderedSizes ordered_;
};

}  // namespace flopsieve::engine
