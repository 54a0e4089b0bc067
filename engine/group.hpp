#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/candidate.hpp"
#include "engine/lane_screen.hpp"
#include "engine/size_draws.hpp"
#include "engine/tilt_trials.hpp"
#include "engine/trial.hpp"
#include "engine/verdict.hpp"
#include "kernels/aligned.hpp"
#include "kernels/ordered.hpp"
#include "kernels/sizes.hpp"

namespace flopsieve::engine {

/// Trials with their inputs, side by side.
struct TrialInputs {
  std::span<const Trial> trials;
  std::span<const CandidateInputs> inputs;  ///< of each trial, or one that all of them have

  const CandidateInputs& of(std::size_t trial) const {
    return inputs[inputs.size() == 1 ? 0 : trial];
  }
};

/// Candidates that are drawn and judged together, one in each vector lane.
struct Group {
  std::size_t lanes = 0;
  std::array<std::size_t, kernels::group_width> trial{};  ///< which of the trials
  std::array<Candidate, kernels::group_width> candidates;
  kernels::AlignedVector<float> z;  ///< [draw, lane] sizes
  std::size_t rows = 0;             ///< the largest number of sizes

  std::array<bool, kernels::group_width> precise{};    ///< sums are those of double precision
  std::array<bool, kernels::group_width> completed{};  ///< match = "last": the total is met
  /// What LaneScreen found to reject the lane, whose candidate is then left unset: or 0.
  std::array<Rejections, kernels::group_width> rejections{};

  bool has_gradients = false;
  kernels::GroupGradients gradients;  ///< with their error bounds

  /// How far each lane has been judged: 0 not at all, i + 1 up to step i of the cascade.
  std::array<std::uint32_t, kernels::group_width> judged{};
  std::array<Verdict, kernels::group_width> verdicts{};

  /// Makes room for so many sizes per lane.
  void reserve(std::size_t draws);
};

/// Draws the sizes of groups and sums them up. Of one thread.
class GroupDraws {
 public:
  /// Both must outlive it.
  GroupDraws(const InputSampler& inputs, const TiltedTrials& tilted);

  /// Fills the group with the trials in `order`, with sums in double precision.
  void draw(const TrialInputs& all, std::span<const std::uint32_t> order, Group& group);

  /// The same with sums in single precision where they have error bounds and room; what LaneScreen
  /// says of the lanes is taken down.
  void screen(const TrialInputs& all, std::span<const std::uint32_t> order, Group& group);

  /// Repeats the sums of one lane in double precision.
  void sum_precisely(std::size_t lane, Group& group) const;

  /// Sieve::audit_all().
  void audit_all() { audits_all_ = true; }

  /// Sieve::scale_error_bounds().
  void scale_error_bounds(double factor) { error_factor_ = factor; }

  /// Sizes drawn since it was made.
  std::uint64_t drawn() const { return drawn_; }

 private:
  void begin(const TrialInputs& all, std::span<const std::uint32_t> order, Group& group);
  void fill(const TrialInputs& all, std::size_t lane, Group& group) const;
  bool has_error_bounds() const;
  kernels::PerLane<float> origins_of(const Group& group) const;
  void draw_sizes(const TrialInputs& all, Group& group);
  void draw_and_sum(const TrialInputs& all, Group& group);
  kernels::GroupAddress address_of(const TrialInputs& all, const Group& group) const;
  kernels::GroupShape shape_of_lanes(const TrialInputs& all, const Group& group) const;
  void draw_tilted(const TrialInputs& all, Group& group) const;
  void set_laws(const TrialInputs& all, const Group& group);
  LaneScreen::Findings look_at_lanes(const TrialInputs& all, const Group& group);
  bool complete(std::size_t lane, Group& group);
  void summarise(std::size_t lane, const kernels::GroupSums& sums, double log10_total,
                 Group& group) const;

  const Plan* plan_;
  const InputSampler* inputs_;
  const TiltedTrials* tilted_;
  SizeDraws size_draws_;
  LaneScreen lane_screen_;
  LaneScreen::Lanes lanes_;
  kernels::PerLane<double> locations_{};
  kernels::PerLane<double> spreads_{};  ///< scales of frames, OOM
  kernels::PerLane<double> scales_{};   ///< the same in powers of two
  kernels::PerLane<std::uint32_t> counts_{};
  kernels::FastLaw law_;
  kernels::GroupSums sums_;
  alignas(64) kernels::PerLane<double> log10_totals_{};  ///< of sums_
  double error_factor_ = 1.0;
  bool audits_all_ = false;
  std::uint64_t drawn_ = 0;
};

}  // namespace flopsieve::engine
