#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <variant>

#include "engine/inputs.hpp"
#include "engine/plan.hpp"
#include "kernels/families.hpp"

/// Draws of the families that kernels/families.hpp knows: all but the normal and skew-normal laws
/// (kernels/sizes.hpp) and allocations (kernels/allocation.hpp).
namespace flopsieve::engine {

bool is_drawn_by_family(SizeFamily family);

/// Draws the standardised sizes of a group of candidates. Holds the constants of each lane, which
/// are computed when the lane is set. One per thread.
class SizeDraws {
 public:
  /// The Plan must outlive it.
  explicit SizeDraws(const Plan& plan);

  /// Candidate `lane` from now on; `counter` is that of block 0 of its stream. Throws Error(budget)
  /// if a truncated normal has no probability between its bounds. Unchanged parameters cost
  /// nothing.
  void set_lane(std::size_t lane, const CandidateInputs& inputs, const kernels::Counter& counter);

  /// Fills z[(draw - first) * group_width + lane] for first <= draw < first + draws with the bits
  /// of kernels::draw_size(). `first` is a multiple of 8. Lanes that were never set have any
  /// number.
  void draw(kernels::Key key, std::size_t first, std::size_t draws, std::span<float> z) const;

  /// The same from draw 0 on, for the largest of the counts, with their single-precision sums
  /// (kernels::add_sizes), block by block while the draws are in the first cache.
  void draw_and_sum(kernels::Key key, const kernels::FastLaw& law, std::span<float> z,
                    kernels::GroupSums& sums) const;

  /// What the powers of sums are best taken about: where z lies between 0 and 1 the median of its
  /// law, otherwise 0.
  const kernels::PerLane<float>& origins() const { return origins_; }

 private:
  /// Nothing: uniform sizes have no constants.
  using Constants =
      std::variant<std::monostate, kernels::PerLane<kernels::GridDraw>,
                   kernels::PerLane<kernels::PowerLawDraw>,
                   kernels::PerLane<kernels::TruncatedDraw>, kernels::PerLane<kernels::StudentDraw>,
                   kernels::PerLane<kernels::MixtureDraw>, kernels::CentreTable>;

  static Constants constants_of(const Plan& plan);
  void set_constants(std::size_t lane, const CandidateInputs& inputs);

  const Plan* plan_;
  kernels::GroupAddress address_;
  Constants constants_;
  /// Of the constants; nan, which equals nothing, where there are none yet.
  std::array<std::array<double, most_parameters>, kernels::group_width> parameters_;
  kernels::PerLane<float> origins_{};
};

}  // namespace flopsieve::engine
