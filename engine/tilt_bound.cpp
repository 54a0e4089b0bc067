#include "engine/tilt_bound.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/size_law.hpp"
#include "kernels/math.hpp"
#include "kernels/math_constants.hpp"
#include "kernels/normal.hpp"

namespace flopsieve::engine {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double log_sqrt_two_pi = 0.91893853320467274178;
constexpr double log_two = 0.69314718055994530942;
constexpr double ln_10 = 2.3025850929940456840;

/// An unbounded law is cut where it has less than 1e-15 left.
constexpr double farthest_sd = 8.0;

/// Instead of a probability of 0: a bound without use.
constexpr double least_mass = std::numeric_limits<double>::min();

/// A normal deviate is smaller, but for 1e-16.
constexpr double surely = 8.3;

/// A skew-normal law is cut into slices of this width in delta = alpha / sqrt(1 + alpha^2): mean
/// and sd fixed, its location, scale and alpha vary together, which intervals of each forget.
constexpr double slice_width = 0.004;
constexpr double most_slices = 6.0;

Interval product(const Interval& a, double factor) {
  return factor < 0.0 ? Interval{a.high * factor, a.low * factor}
                      : Interval{a.low * factor, a.high * factor};
}

double largest_product(const Interval& a, double factor) {
  return std::max(a.low * factor, a.high * factor);
}

Interval sum(const Interval& a, const Interval& b) {
  return {a.low + b.low, a.high + b.high};
}

double delta_of(double alpha) {
  return alpha / std::sqrt(1.0 + alpha * alpha);
}

double alpha_of(double delta) {
  return delta / std::sqrt(1.0 - delta * delta);
}

/// Azzalini's scale of a skew-normal law with sd 1, and how far its location is above the mean 0.
double scale_of(double delta) {
  return 1.0 / std::sqrt(1.0 - kernels::skew_normal_two_over_pi * delta * delta);
}
double location_of(double delta) {
  return -std::sqrt(kernels::skew_normal_two_over_pi) * delta * scale_of(delta);
}

/// Integral of exp(-rate * s) over s from 0 to length.
double decay(double rate, double length) {
  if (rate == 0.0) return length;
  return -kernels::exponential_minus_one(std::min(-rate * length, 700.0)) / rate;
}

}  // namespace

bool TiltRange::is_point(const Sizes& sizes) const {
  if (low.parameters != high.parameters) return false;
  for (std::size_t i = 0; i < sizes.components.size(); ++i) {
    const CandidateInputs::Component& a = low.components[i];
    const CandidateInputs::Component& b = high.components[i];
    if (a.weight != b.weight || a.mean != b.mean || a.sd != b.sd) return false;
  }
  return true;
}

TiltBound::TiltBound(const Sizes& sizes, const TiltRange& range) : sizes_(&sizes), range_(range) {
  switch (sizes.family) {
    case SizeFamily::truncated_normal:
      set_normal();
      set_ends(2, 3);
      bells_[0].log_weight -= least_log_mass();
      return;
    case SizeFamily::uniform:
      set_ends(0, 1);
      return;
    case SizeFamily::power_law: {
      const Interval gradient = parameter(0);
      rate_ = {(gradient.low - 1.0) * ln_10, (gradient.high - 1.0) * ln_10};
      set_ends(1, 2);
      return;
    }
    case SizeFamily::skew_normal:
    case SizeFamily::skew_normal_direct:
      set_skewed();
      break;
    case SizeFamily::mixture:
      set_mixture();
      break;
    case SizeFamily::empirical:
      set_empirical();
      break;
    default:
      set_normal();
      break;
  }
  support_ = {infinity, -infinity};
  for (const Bell& each : bells_) {
    support_.low = std::min(support_.low, each.mean.low - farthest_sd * each.sd.high);
    support_.high = std::max(support_.high, each.mean.high + farthest_sd * each.sd.high);
  }
}

Interval TiltBound::parameter(std::size_t i) const {
  return {range_.low.parameters[i], range_.high.parameters[i]};
}

void TiltBound::add_bell(double log_weight, const Interval& mean, const Interval& sd,
                         const Interval& alpha) {
  const Interval log_sd{kernels::natural_log(sd.low), kernels::natural_log(sd.high)};
  bells_.push_back({log_weight - log_sqrt_two_pi, mean, sd, log_sd, alpha});
}

void TiltBound::set_normal() {
  add_bell(0.0, parameter(0), parameter(1));
}

void TiltBound::set_ends(std::size_t lower, std::size_t upper) {
  support_ = {parameter(lower).low, parameter(upper).high};
  narrowest_ = {parameter(lower).high, parameter(upper).low};
}

/// The mass of a range rises and falls with the mean, and falls or rises and falls with the sd: it
/// is least at a corner.
double TiltBound::least_log_mass() const {
  double least = 1.0;
  for (const CandidateInputs* mean : {&range_.low, &range_.high}) {
    for (const CandidateInputs* sd : {&range_.low, &range_.high}) {
      const double from = (narrowest_.low - mean->parameters[0]) / sd->parameters[1];
      const double to = (narrowest_.high - mean->parameters[0]) / sd->parameters[1];
      least = std::min(least, kernels::normal_between(from, std::max(from, to)));
    }
  }
  return kernels::natural_log(std::max(least, least_mass));
}

void TiltBound::set_mixture() {
  const std::size_t size = sizes_->components.size();
  for (std::size_t i = 0; i < size; ++i) {
    const CandidateInputs::Component& low = range_.low.components[i];
    const CandidateInputs::Component& high = range_.high.components[i];
    if (!(high.weight > 0.0)) continue;
    double others = 0.0;
    for (std::size_t j = 0; j < size; ++j) {
      if (j != i) others += range_.low.components[j].weight;
    }
    add_bell(kernels::natural_log(high.weight / (high.weight + others)),
             sum(parameter(0), {low.mean, high.mean}), {low.sd, high.sd});
  }
}

void TiltBound::set_empirical() {
  const KernelPoints& kernel = sizes_->kernel;
  double below = 0.0;
  for (std::size_t i = 0; i < kernel.centres.size(); ++i) {
    const double weight = kernel.cumulative_weights[i] - below;
    below = kernel.cumulative_weights[i];
    const double centre = (kernel.centres[i] - kernel.mean) / kernel.sd;
    add_bell(kernels::natural_log(weight / kernel.cumulative_weights.back()),
             sum(parameter(0), product(parameter(1), centre)),
             product(parameter(1), kernel.bandwidth / kernel.sd));
  }
}

void TiltBound::set_skewed() {
  const bool is_direct = sizes_->family == SizeFamily::skew_normal_direct;
  const auto alpha = [&](const CandidateInputs& inputs) {
    const kernels::SkewNormalShape shape = shape_of(sizes_->family, inputs);
    return shape.absolute / shape.normal;
  };
  const Interval alphas{alpha(range_.low), alpha(range_.high)};
  const Interval deltas{delta_of(alphas.low), delta_of(alphas.high)};
  const double width = deltas.high - deltas.low;
  const double slices = std::clamp(std::ceil(width / slice_width), 1.0, most_slices);
  for (double i = 0.0; i < slices && !is_direct; ++i) {
    const double from = deltas.low + width * (i / slices);
    const double to = i + 1.0 < slices ? deltas.low + width * ((i + 1.0) / slices) : deltas.high;
    const Interval sd = parameter(1);
    // The location falls with delta; the scale is least where delta is nearest to 0.
    const Interval location{std::min(location_of(to) * sd.low, location_of(to) * sd.high),
                            std::max(location_of(from) * sd.low, location_of(from) * sd.high)};
    const double nearest = scale_of(std::clamp(0.0, from, to));
    const double farthest = std::max(scale_of(from), scale_of(to));
    add_bell(
        0.0, sum(parameter(0), location), {nearest * sd.low, farthest * sd.high},
        {i == 0.0 ? alphas.low : alpha_of(from), i + 1.0 < slices ? alpha_of(to) : alphas.high});
  }
  if (is_direct) add_bell(0.0, parameter(0), parameter(1), alphas);
  has_mode_ = range_.is_point(*sizes_);
  if (has_mode_) mode_ = skewed_mode();
}

/// Between 0 and 1 standard deviation from Azzalini's location, on the side of alpha, where the
/// density has one peak: by thirds.
double TiltBound::skewed_mode() const {
  const Bell& law = bells_[0];
  const double side = law.alpha.low < 0.0 ? -law.sd.low : law.sd.low;
  const auto at = [&](double t) {
    const double x = law.mean.low + side * t;
    return log_bell(law, x, x) + log_lean(law, x, x, -infinity);
  };
  double low = 0.0;
  double high = 1.0;
  for (int step = 0; step < 60; ++step) {
    const double third = (high - low) / 3.0;
    if (at(low + third) < at(high - third)) {
      low += third;
    } else {
      high -= third;
    }
  }
  return law.mean.low + side * 0.5 * (low + high);
}

double TiltBound::log_largest(double low, double high) const {
  if (bells_.empty()) return log_flat(low, high);
  if (sizes_->family == SizeFamily::mixture || sizes_->family == SizeFamily::empirical) {
    return log_sum(low, high);
  }
  if (has_mode_) low = high = std::clamp(mode_, low, high);
  double largest = -infinity;
  for (const Bell& each : bells_) {
    const double log_normal = log_bell(each, low, high);
    if (log_normal + log_two > largest) {
      largest = std::max(largest, log_normal + log_lean(each, low, high, largest - log_normal));
    }
  }
  return largest;
}

/// The denominator is least at an end of what of [low, high] all laws hold: it falls below the
/// narrowest range, rises above, and has no trough within.
double TiltBound::log_flat(double low, double high) const {
  if (high < support_.low || low > support_.high) return -infinity;
  const auto denominator = [&](double x) {
    return decay(rate_.high, std::max(0.0, x - narrowest_.low)) +
           decay(-rate_.low, std::max(0.0, narrowest_.high - x));
  };
  const double first = std::min(std::max(low, narrowest_.low), high);
  const double last = std::max(std::min(high, narrowest_.high), low);
  return -kernels::natural_log(
      std::max(least_mass, std::min(denominator(first), denominator(last))));
}

double TiltBound::log_sum(double low, double high) const {
  if (bells_.size() == 1) return log_bell(bells_[0], low, high);
  double all = 0.0;
  for (const Bell& each : bells_) {
    all += kernels::exponential(log_bell(each, low, high));
  }
  return all >= std::numeric_limits<double>::min() ? kernels::natural_log(all) : -infinity;
}

/// Every distance from the mean has an sd for which it is likeliest: itself.
double TiltBound::log_bell(const Bell& bell, double low, double high) {
  const double distance = std::max({0.0, low - bell.mean.high, bell.mean.low - high});
  double sd = distance;
  double log_sd = 0.0;
  if (distance <= bell.sd.low) {
    sd = bell.sd.low;
    log_sd = bell.log_sd.low;
  } else if (distance >= bell.sd.high) {
    sd = bell.sd.high;
    log_sd = bell.log_sd.high;
  } else {
    log_sd = kernels::natural_log(distance);
  }
  const double t = distance / sd;
  return bell.log_weight - log_sd - 0.5 * t * t;
}

/// ln of the largest 2 Phi(alpha * t), or of a bound that is not above `enough`: as 2 Phi(-t) <=
/// exp(-t^2 / 2) for t > 0.
double TiltBound::log_lean(const Bell& bell, double low, double high, double enough) {
  if (bell.alpha.low == 0.0 && bell.alpha.high == 0.0) return 0.0;
  const Interval above{low - bell.mean.high, high - bell.mean.low};
  const double most =
      std::max(largest_product(above, bell.alpha.low), largest_product(above, bell.alpha.high));
  const double t = most / (most > 0.0 ? bell.sd.low : bell.sd.high);
  if (t > surely) return log_two;
  if (t < 0.0 && -0.5 * t * t <= enough) return -0.5 * t * t;
  return log_two + kernels::natural_log(std::max(kernels::normal_cdf(t), least_mass));
}

double TiltBound::variation() const {
  double sum = 0.0;
  for (std::size_t i = 0; i < size_parameters(*sizes_); ++i) sum += variation(i);
  return sum;
}

double TiltBound::variation(std::size_t i) const {
  const double low = size_parameter(*sizes_, range_.low, i);
  const double high = size_parameter(*sizes_, range_.high, i);
  if (!(low < high)) return 0.0;
  switch (size_parameter_role(*sizes_, i)) {
    case TiltRole::location:
      return (high - low) / scale_at(i);
    case TiltRole::scale:
      return kernels::natural_log(high / low);
    case TiltRole::skewness:
      return high - low;
    case TiltRole::shape:
      return delta_of(high) - delta_of(low);
    case TiltRole::end:
      return (high - low) * kernels::exponential(log_largest(low, high));
    case TiltRole::gradient:
      return 0.25 * ln_10 * (high - low) * (support_.high - support_.low);
    case TiltRole::weight:
      break;
  }
  double sum = 0.0;
  for (const CandidateInputs::Component& each : range_.high.components) sum += each.weight;
  return (high - low) / sum;
}

/// Of what a location moves: of a mixture, the narrowest component.
double TiltBound::scale_at(std::size_t location) const {
  if (location > 0 || sizes_->family != SizeFamily::mixture) {
    return size_parameter(*sizes_, range_.high, location + 1);
  }
  double least = infinity;
  for (std::size_t i = 0; i < sizes_->components.size(); ++i) {
    least = std::min(least, range_.high.components[i].sd);
  }
  return least;
}

}  // namespace flopsieve::engine
