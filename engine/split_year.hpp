#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/sieve.hpp"
#include "engine/split.hpp"

namespace flopsieve::engine {

/// The candidates of one trajectory and year as points of a split (split.hpp), for normal and
/// skew-normal sizes, match = "reject" or "none", a count and a total that are the same for all
/// attempts, and parameters of the law of sizes that are the same too or independent of each other.
///
/// The normals of a point: one for each parameter of the law of sizes (used where it is drawn for
/// each candidate: its value is the quantile at the normal's probability, cut to the bounds), one
/// for each soft constraint (its uniform), then one for each size, or two for the skew-normal law.
///
/// The violation is the largest over the matching of the total and the active constraints. That of
/// a hard one is the distance from its bounds, of a soft one z^2 / 2 + ln u, of the matching
/// abs(log10(sum / T)), each divided by the standard deviation of what it compares among 256
/// points of the prior; 0 exactly where Sieve would accept the same numbers.
class SplitYear {
 public:
  /// Whether a year of the Plan is of this kind; the reason, in words for a message, where not.
  static std::string obstacle(const Plan& plan, std::uint32_t year_index);

  /// The trajectory must outlive this object. Throws Error(bad_input) where there is an obstacle.
  SplitYear(const InputSampler& sampler, const Trajectory& trajectory, std::uint32_t year_index);

  /// Refers to this object.
  SplitProblem problem();

  /// The candidate at a point, valid until the next call. Its address has attempt 0.
  const Candidate& candidate(std::span<const double> point);
  OrderedSizes& ordered() { return ordered_; }

 private:
  void draw_parameters(std::span<const double> point);
  void draw_sizes(std::span<const double> normals);
  void sum_sizes();
  void find_scales();
  double total_violation() const;
  double compared(std::size_t constraint);
  double constraint_violation(std::size_t constraint, std::span<const double> point);
  double violation(std::span<const double> point);

  const InputSampler* sampler_;
  const Trajectory* trajectory_;
  CandidateInputs fixed_;
  std::vector<std::size_t> soft_;  ///< [constraint] place of its normal in a point
  std::size_t sizes_at_ = 0;       ///< place of the normals of the sizes
  std::size_t dimension_ = 0;
  std::vector<double> scales_;  ///< [rejector]
  Candidate candidate_;
  std::vector<float> z_;
  OrderedSizes ordered_;
};

}  // namespace flopsieve::engine
