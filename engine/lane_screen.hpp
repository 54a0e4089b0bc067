#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/plan.hpp"
#include "engine/verdict.hpp"
#include "kernels/sizes.hpp"

namespace flopsieve::engine {

/// Looks at all lanes of a group at once before any of them is looked at alone (judge.hpp): at the
/// matching, then at the constraints at the head of the cascade, as long as they are of sums. Says
/// only what single precision leaves no doubt about (screen.hpp).
class LaneScreen {
 public:
  /// The Plan must outlive it; its constraints are read anew at each call.
  explicit LaneScreen(const Plan& plan);

  /// One candidate in each lane, with x = location + (scale / log2(10)) z.
  struct Lanes {
    alignas(64) kernels::PerLane<double> log10_total{};  ///< the year's total
    alignas(64) kernels::PerLane<double> location{};     ///< unless it is solved for
    alignas(64) kernels::PerLane<double> scale{};
    alignas(64) kernels::PerLane<double> log10_flop_per_usd{};
    alignas(64) kernels::PerLane<double> count{};
    kernels::PerLane<std::uint32_t> year_index{};
    kernels::PerLane<bool> is_open{};  ///< the others are not looked at
  };

  struct Findings {
    kernels::PerLane<Rejections> rejections{};  ///< the first found, or none
    /// Group::judged: 0 if the matching is open, i + 1 if it and i constraints are surely met.
    kernels::PerLane<std::uint32_t> judged{};
  };

  /// `log10_sums` are those of sums.total. Finite error bounds are multiplied by `error_factor`.
  Findings look(const Lanes& lanes, const kernels::GroupSums& sums,
                const kernels::PerLane<double>& log10_sums, double error_factor) const;

 private:
  struct Values;

  bool read_matching(const Lanes& lanes, const Values& known, Values& out) const;
  bool read_constraint(const Constraint& rule, const Lanes& lanes, const kernels::GroupSums& sums,
                       const Values& known, Values& out) const;

  const Plan* plan_;
  /// match = "reject": between which log10 of sum / T the total is met.
  double log10_least_, log10_most_;
};

}  // namespace flopsieve::engine
