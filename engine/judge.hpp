#pragma once

#include <cstddef>
#include <optional>

#include "engine/group.hpp"
#include "engine/screen.hpp"

namespace flopsieve::engine {

/// Says which candidates of a group survive: first the matching of the total, then the constraints
/// in the order of Plan::cascade. What single precision leaves open is decided in double precision.
/// Of one thread.
class Judge {
 public:
  /// All must outlive it.
  Judge(const InputSampler& inputs, const TiltedTrials& tilted, const GroupDraws& draws);

  /// Judges the lane, from where it was left. False if it must wait until the group has gradients;
  /// otherwise group.verdicts[lane] is its verdict, which depends on nothing but its candidate.
  /// `ordered` has begun with the candidate.
  bool judge(const Trial& trial, std::size_t lane, Group& group, OrderedSizes& ordered);

  /// Sieve::audit_all().
  void audit_all() { audits_all_ = true; }

  /// Sieve::scale_error_bounds().
  void scale_error_bounds(double factor) { error_factor_ = factor; }

 private:
  /// What is known of a rejector.
  enum class Finding { passes, rejects, unclear };

  /// A candidate at its place.
  struct Lane {
    const Trial& trial;
    std::size_t lane;
    Group& group;
    OrderedSizes& ordered;

    const Candidate& candidate() const { return group.candidates[lane]; }
    bool is_precise() const { return group.precise[lane]; }
  };

  static Finding compare(const Screened& known, double low, double high);
  bool waits_for_gradient(const Constraint& rule, const Lane& at) const;
  void sum_precisely(const Lane& at) const;
  bool matches(const Lane& at) const;
  Finding match_finding(const Lane& at) const;
  Screened known(const Statistic& statistic, const Lane& at) const;
  bool meets(std::size_t constraint, const Lane& at) const;
  bool meets_tilt_windows(const Lane& at) const;
  Finding finding(const Constraint& rule, const Lane& at, double previous) const;

  const Plan* plan_;
  const InputSampler* inputs_;
  const TiltedTrials* tilted_;
  const GroupDraws* draws_;
  bool solved_;  ///< the location comes from the total
  double error_factor_ = 1.0;
  bool audits_all_ = false;
};

}  // namespace flopsieve::engine
