#include "engine/tilt_skewed.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/math.hpp"
#include "kernels/math_constants.hpp"
#include "kernels/normal.hpp"

namespace flopsieve::engine {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double log_two = 0.69314718055994530942;

/// In delta_of(alpha).
constexpr double slice_width = 0.01;
constexpr double most_slices = 48.0;

double alpha_of(double delta) {
  return delta / std::sqrt(1.0 - delta * delta);
}

/// Azzalini's scale and location of the law with mean 0 and sd 1.
double scale_of(double delta) {
  return 1.0 / std::sqrt(1.0 - kernels::skew_normal_two_over_pi * delta * delta);
}
double location_of(double delta) {
  return -std::sqrt(kernels::skew_normal_two_over_pi) * delta * scale_of(delta);
}

/// ln(2 Phi(y)) for y from lowest to highest on a grid.
constexpr double lowest = -36.0;
constexpr double highest = 8.0;
constexpr double per_step = 128.0;

std::vector<double> make_leans() {
  std::vector<double> leans;
  for (double i = lowest * per_step; i <= highest * per_step; ++i) {
    leans.push_back(log_two + kernels::natural_log(kernels::normal_cdf(i / per_step)));
  }
  return leans;
}

/// A bound of ln(2 Phi(y)), not 1e-5 above it up to y = 8: its second derivative lies between -1
/// and 0, so a line between two of its points is at most step^2 / 8 below it. 2 Phi(y) <= exp(-y^2
/// / 2) for y < 0.
double log_lean(double y) {
  static const std::vector<double> leans = make_leans();
  constexpr double below = 1.0 / (8.0 * per_step * per_step);
  if (y >= highest) return log_two;
  if (y < lowest) return -0.5 * y * y;
  const double at = (y - lowest) * per_step;
  const auto place = std::min(static_cast<std::size_t>(at), leans.size() - 2);
  const double share = at - static_cast<double>(place);
  return below + leans[place] + share * (leans[place + 1] - leans[place]);
}

/// Where an increasing function passes 0, to 1e-8 of the interval: at a peak that changes its
/// height by the square of that.
template <class Function>
double root(double low, double high, const Function& value) {
  for (int step = 0; step < 27; ++step) {
    const double middle = 0.5 * (low + high);
    (value(middle) < 0.0 ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace

double delta_of(double alpha) {
  return alpha / std::sqrt(1.0 + alpha * alpha);
}

SkewedBound::SkewedBound(Given given, const Interval& mean, const Interval& sd,
                         const Interval& alpha)
    : mean_(mean), sd_(sd), log_sd_{kernels::natural_log(sd.low), kernels::natural_log(sd.high)} {
  if (given == Given::azzalini) {
    add_slice({}, {1.0, 1.0}, alpha);
    return;
  }
  const Interval delta{delta_of(alpha.low), delta_of(alpha.high)};
  const double width = delta.high - delta.low;
  const double slices = std::clamp(std::ceil(width / slice_width), 1.0, most_slices);
  for (double i = 0.0; i < slices; ++i) {
    const bool is_last = i + 1.0 == slices;
    const double from = delta.low + width * (i / slices);
    const double to = is_last ? delta.high : delta.low + width * ((i + 1.0) / slices);
    // The location falls with delta; the scale is least where delta is nearest to 0.
    add_slice({location_of(to), location_of(from)},
              {scale_of(std::clamp(0.0, from, to)), std::max(scale_of(from), scale_of(to))},
              {i == 0.0 ? alpha.low : alpha_of(from), is_last ? alpha.high : alpha_of(to)});
  }
}

void SkewedBound::add_slice(const Interval& location, const Interval& scale,
                            const Interval& alpha) {
  Slice slice{};
  slice.location = 0.5 * (location.low + location.high);
  slice.scale = 0.5 * (scale.low + scale.high);
  slice.log_scale = kernels::natural_log(scale.low) + log_sqrt_two_pi;
  slice.location_slack = 0.5 * (location.high - location.low);
  slice.scale_slack = 0.5 * (scale.high - scale.low) / slice.scale;
  slice.leans = {lean_of(slice, alpha.low), lean_of(slice, alpha.high)};
  slices_.push_back(slice);
}

double SkewedBound::log_density(const Slice& slice, double alpha, double z) {
  const double t = (z - slice.location) / slice.scale;
  const double log_normal = -0.5 * t * t - slice.log_scale;
  if (alpha == 0.0) return log_normal;
  return log_normal + log_lean(alpha * t);
}

/// Of -ln h.
double SkewedBound::slope(const Slice& slice, double alpha, double z) {
  const double t = (z - slice.location) / slice.scale;
  const double at = alpha * t;
  // phi / Phi, far out by its bound from below, which is as near.
  const double ratio = at > -30.0 ? kernels::normal_density(at) / kernels::normal_cdf(at) : -at;
  return (t - alpha * ratio) / slice.scale;
}

SkewedBound::Lean SkewedBound::lean_of(const Slice& slice, double alpha) {
  Lean lean{alpha, 0.0, 0.0, 0.0, 0.0};
  const double reach = 2.0 * slice.scale;
  lean.mode = root(slice.location - reach, slice.location + reach,
                   [&](double z) { return slope(slice, alpha, z); });
  lean.log_peak = log_density(slice, alpha, lean.mode);
  const auto falls = [&](double z) { return z * slope(slice, alpha, z) - 1.0; };
  const double far = 4.0 * slice.scale + std::abs(slice.location);
  lean.up = root(std::max(0.0, lean.mode), far, falls);
  lean.down = -root(std::max(0.0, -lean.mode), far, [&](double z) { return falls(-z); });
  return lean;
}

double SkewedBound::largest_of(const Slice& slice, const Lean& lean, const Interval& u) const {
  // Sds for which the mode lies within u.
  Interval over{0.0, infinity};
  if (lean.mode > 0.0) over = {u.low / lean.mode, u.high / lean.mode};
  if (lean.mode < 0.0) over = {u.high / lean.mode, u.low / lean.mode};
  const bool is_over = lean.mode == 0.0 ? u.low <= 0.0 && u.high >= 0.0
                                        : over.low <= sd_.high && over.high >= sd_.low;
  if (is_over && over.low <= sd_.low) return lean.log_peak - log_sd_.low;
  // Of smaller ones, up to that for which it is the mode, the nearest end of u is best, at the sd
  // that suits it.
  const double last = is_over ? over.low : sd_.high;
  const double end = lean.mode * sd_.low < u.low ? u.low : u.high;
  const double best = end == 0.0 ? sd_.low : end / (end > 0.0 ? lean.up : lean.down);
  const double sd = std::clamp(best, sd_.low, last);
  const double log_sd = sd == sd_.low    ? log_sd_.low
                        : sd == sd_.high ? log_sd_.high
                                         : kernels::natural_log(sd);
  return log_density(slice, lean.alpha, end / sd) - log_sd;
}

double SkewedBound::log_largest(double low, double high) const {
  double largest = -infinity;
  for (const Slice& each : slices_) {
    Interval u{low - mean_.high, high - mean_.low};
    double farthest_u = 0.0;
    for (const double sd : {sd_.low, sd_.high}) {
      const double origin = each.location * sd;
      farthest_u = std::max({farthest_u, std::abs(u.low - origin), std::abs(u.high - origin)});
    }
    // (x - mean - location sd) / (sd scale) for those of the middle and a u so far away.
    const double slack =
        (sd_.high * each.location_slack + each.scale_slack * farthest_u) / (1.0 - each.scale_slack);
    u = {u.low - slack, u.high + slack};
    // Of alphas, the least suits negative t best, the largest positive ones.
    const auto is_above = [&](double end) {
      return end > each.location * sd_.low && end > each.location * sd_.high;
    };
    const auto is_below = [&](double end) {
      return end < each.location * sd_.low && end < each.location * sd_.high;
    };
    if (!is_above(u.low)) largest = std::max(largest, largest_of(each, each.leans[0], u));
    if (!is_below(u.high)) largest = std::max(largest, largest_of(each, each.leans[1], u));
  }
  return largest;
}

Interval SkewedBound::support() const {
  Interval all{infinity, -infinity};
  for (const Slice& each : slices_) {
    const double reach = farthest_scale * each.scale * (1.0 + each.scale_slack);
    for (const double sd : {sd_.low, sd_.high}) {
      all.low = std::min(all.low, mean_.low + sd * (each.location - each.location_slack - reach));
      all.high =
          std::max(all.high, mean_.high + sd * (each.location + each.location_slack + reach));
    }
  }
  return all;
}

}  // namespace flopsieve::engine
