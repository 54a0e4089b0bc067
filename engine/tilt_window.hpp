#pragma once

#include <cstdint>
#include <vector>

#include "engine/plan.hpp"

/// Constraints that are windows of a sum over the sizes, as the total's is: sizes can be tilted
/// towards them too.
namespace flopsieve::engine {

/// What each model adds to a sum.
enum class TiltSum : std::uint8_t {
  log10_flop,  ///< x
  flop,        ///< m = 10^x
  models       ///< 1
};

/// The sum over the models with x in [from, below) lies in [low, high].
struct TiltWindow {
  TiltSum sum = TiltSum::log10_flop;
  bool per_model = false;  ///< not the sum, but the sum / k
  double from = 0.0;       ///< log10 FLOP, or -infinity
  double below = 0.0;      ///< log10 FLOP, or +infinity
  double low = 0.0;        ///< log10 FLOP, in units of the total T, or models; or -infinity
  double high = 0.0;
};

/// Whether a constraint is such a window once the total is known: a hard one on `mean`,
/// `cumulative_share`, `share_within`, `class_share`, `count_above`, `count_above_tokens` or
/// `class_count`; shares and counts also relative to k, the mean also relative to the total.
bool is_tilt_window(const Constraint& constraint);

/// Of the constraints that are active in a year with this total.
std::vector<TiltWindow> tilt_windows(const Plan& plan, std::uint32_t year_index,
                                     double log10_total);

}  // namespace flopsieve::engine
