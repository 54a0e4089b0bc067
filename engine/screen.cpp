#include "engine/screen.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/math.hpp"
#include "kernels/math_constants.hpp"
#include "kernels/sizes.hpp"

namespace flopsieve::engine {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double ln_10 = 2.30258509299404568402;

/// Of the sizes, in powers of two from the location.
double farthest(const Candidate& c) {
  return std::max(std::abs(c.largest_z), std::abs(c.smallest_z)) * c.scale * kernels::log2_of_10;
}

double relative_sum_error(double farthest) {
  return (40.0 + 2.0 * farthest) * single_unit_roundoff;
}

Moments moments(const Candidate& c) {
  return moments_of(static_cast<double>(c.inputs.count), c.power_1, c.power_2, c.power_3,
                    c.power_4);
}

/// Bound of the error of the value from errors of the sums alone.
double error_from_sums(StatisticKind kind, const Candidate& c, double value, double location_error,
                       double sum_error) {
  using enum StatisticKind;
  const auto of_power = [value](double exponent_error) {
    return std::abs(value) * ln_10 * bound_margin * exponent_error;
  };
  switch (kind) {
    case count:
    case range:
      return 0.0;
    case largest:
    case smallest:
      return location_error;
    case total:
      return sum_error;
    case total_error:
      return (1.0 + std::abs(value)) * ln_10 * bound_margin * sum_error;
    case largest_share:
      return value * bound_margin * relative_sum_error(farthest(c));
    case cost_total:
      return of_power(sum_error);
    case cost_largest:
    case tokens_largest:
    case parameters_largest:
      return of_power(location_error);
    case mean:
      return location_error + c.scale * moments(c).mean_error;
    default:
      break;
  }
  const Moments m = moments(c);
  if (!(m.least_variance > 0.0)) return infinity;
  switch (kind) {
    case sd:
      return c.scale * 0.5 * (m.most_variance - m.least_variance) / std::sqrt(m.least_variance);
    case skewness:
      return skewness_error(m);
    case excess_kurtosis:
      return kurtosis_error(m);
    default:
      return infinity;
  }
}

/// Statistics of the sizes in order: from the same z in double precision, so that only an error of
/// the location can change them.
double error_in_order(StatisticKind kind, bool solved) {
  using enum StatisticKind;
  switch (kind) {
    case allocation_gradient:
    case allocation_slope:
    case allocation_intercept:
    case gini:
      return 0.0;  // do not depend on the location
    case median_skewness:
      return infinity;
    default:
      return solved ? infinity : 0.0;
  }
}

}  // namespace

bool fits_single_precision(const Candidate& candidate) {
  return farthest(candidate) <= kernels::largest_fast_exponent;
}

double log10_sum_error(const Candidate& candidate) {
  return log10_sum_error(farthest(candidate));
}

Screened screen(const Statistic& statistic, const Candidate& candidate, bool solved,
                OrderedSizes& ordered) {
  const StatisticInfo& info = statistic.info();
  double error = 0.0;
  if (info.cost > 0) {
    error = error_in_order(statistic.kind, solved);
    if (error == infinity) return {0.0, infinity};
  }
  const double value = evaluate(statistic, candidate, ordered);
  if (info.cost == 0) {
    const double log_error = log10_sum_error(candidate);
    error = error_from_sums(statistic.kind, candidate, value, solved ? log_error : 0.0,
                            solved ? 0.0 : log_error);
  }
  const bool same_bits =
      !solved || statistic.kind == StatisticKind::count || statistic.kind == StatisticKind::range;
  if (error == 0.0 && same_bits) return {value, 0.0};
  return {value, error + double_rounding(static_cast<double>(candidate.inputs.count), value)};
}

Screened compared(const Constraint& rule, const Candidate& candidate, const Screened& known,
                  double previous) {
  switch (rule.relative_to) {
    case RelativeTo::total:
      return {known.value - candidate.inputs.log10_total, known.error};
    case RelativeTo::count: {
      const auto count = static_cast<double>(candidate.inputs.count);
      return {known.value / count, known.error / count};
    }
    case RelativeTo::previous_year:
      if (rule.statistic.is_log10_flop()) {
        const double ratio =
            std::isnan(previous) ? previous : kernels::power_of_ten(known.value - previous);
        return {ratio, known.error == 0.0 ? 0.0 : ratio * ln_10 * bound_margin * known.error};
      }
      if (previous == 0.0) {
        return {known.value == 0.0 ? 1.0 : infinity, known.error == 0.0 ? 0.0 : infinity};
      }
      return {known.value / previous, std::abs(known.error / previous)};
    case RelativeTo::nothing:
      break;
  }
  return known;
}

}  // namespace flopsieve::engine
