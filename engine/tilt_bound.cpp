#include "engine/tilt_bound.hpp"

#include <algorithm>
#include <limits>

#include "engine/size_law.hpp"
#include "kernels/math.hpp"
#include "kernels/normal.hpp"

namespace flopsieve::engine {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double ln_10 = 2.3025850929940456840;

/// Instead of a probability of 0: a bound without use.
constexpr double least_mass = std::numeric_limits<double>::min();

Interval product(const Interval& a, double factor) {
  return factor < 0.0 ? Interval{a.high * factor, a.low * factor}
                      : Interval{a.low * factor, a.high * factor};
}

Interval sum(const Interval& a, const Interval& b) {
  return {a.low + b.low, a.high + b.high};
}

/// Integral of exp(-rate * s) over s from 0 to length.
double decay(double rate, double length) {
  if (rate == 0.0) return length;
  return -kernels::exponential_minus_one(std::min(-rate * length, 700.0)) / rate;
}

}  // namespace

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
      return;
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
    support_.low = std::min(support_.low, each.mean.low - farthest_scale * each.sd.high);
    support_.high = std::max(support_.high, each.mean.high + farthest_scale * each.sd.high);
  }
}

Interval TiltBound::parameter(std::size_t i) const {
  return {range_.low.parameters[i], range_.high.parameters[i]};
}

void TiltBound::add_bell(double log_weight, const Interval& mean, const Interval& sd) {
  const Interval log_sd{kernels::natural_log(sd.low), kernels::natural_log(sd.high)};
  bells_.push_back({log_weight - log_sqrt_two_pi, mean, sd, log_sd});
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
  const auto alpha = [&](const CandidateInputs& inputs) {
    const kernels::SkewNormalShape shape = shape_of(sizes_->family, inputs);
    return shape.absolute / shape.normal;
  };
  const bool is_direct = sizes_->family == SizeFamily::skew_normal_direct;
  skewed_.emplace(is_direct ? SkewedBound::Given::azzalini : SkewedBound::Given::moments,
                  parameter(0), parameter(1), Interval{alpha(range_.low), alpha(range_.high)});
  support_ = skewed_->support();
}

double TiltBound::log_largest(double low, double high) const {
  if (skewed_) return skewed_->log_largest(low, high);
  if (bells_.empty()) return log_flat(low, high);
  if (sizes_->family == SizeFamily::mixture || sizes_->family == SizeFamily::empirical) {
    return log_sum(low, high);
  }
  return log_bell(bells_[0], low, high);
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
