#include "engine/tilt_window.hpp"

#include <limits>
#include <optional>

#include "engine/scaling.hpp"
#include "kernels/math.hpp"

namespace flopsieve::engine {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Without the bounds of the constraint.
std::optional<TiltWindow> window_of(const Constraint& constraint, const Scaling& scaling,
                                    double log10_total) {
  const double parameter = constraint.statistic.parameter;
  const bool per_model = constraint.relative_to == RelativeTo::count;
  const auto sum_between = [&](TiltSum sum, double from, double below) {
    return TiltWindow{sum, per_model, from, below, -infinity, infinity};
  };
  if (constraint.relative_to == RelativeTo::previous_year || constraint.is_soft()) return {};
  const bool is_mean = constraint.statistic.kind == StatisticKind::mean;
  if (constraint.relative_to == (is_mean ? RelativeTo::count : RelativeTo::total)) return {};
  const double class_end = log10_total - (parameter - 1.0);
  switch (constraint.statistic.kind) {
    case StatisticKind::mean:
      return TiltWindow{TiltSum::log10_flop, true, -infinity, infinity, -infinity, infinity};
    case StatisticKind::cumulative_share:
      return sum_between(TiltSum::flop, -infinity, kernels::decimal_log(parameter));
    case StatisticKind::share_within:
      return sum_between(TiltSum::flop, log10_total - parameter, infinity);
    case StatisticKind::class_share:
      return sum_between(TiltSum::flop, log10_total - parameter, class_end);
    case StatisticKind::count_above:
      return sum_between(TiltSum::models, kernels::decimal_log(parameter), infinity);
    case StatisticKind::count_above_tokens:
      return sum_between(TiltSum::models, log10_flop_of_tokens(scaling, parameter), infinity);
    case StatisticKind::class_count:
      return sum_between(TiltSum::models, log10_total - parameter, class_end);
    default:
      return {};
  }
}

}  // namespace

bool is_tilt_window(const Constraint& constraint) {
  return window_of(constraint, {}, 0.0).has_value();
}

std::vector<TiltWindow> tilt_windows(const Plan& plan, std::uint32_t year_index,
                                     double log10_total) {
  std::vector<TiltWindow> windows;
  for (const Constraint& each : plan.constraints) {
    std::optional<TiltWindow> window = window_of(each, plan.scaling, log10_total);
    if (!window || each.active[year_index] == 0) continue;
    const double origin = each.relative_to == RelativeTo::total ? log10_total : 0.0;
    window->low = origin + each.lower[year_index];
    window->high = origin + each.upper[year_index];
    windows.push_back(*window);
  }
  return windows;
}

}  // namespace flopsieve::engine
