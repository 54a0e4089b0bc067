#include "engine/tilt_strata.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/math.hpp"

namespace flopsieve::engine {
namespace {

kernels::Parameters parameters_of(const Distribution& distribution) {
  return {distribution.arguments[0].value, distribution.arguments[1].value,
          distribution.arguments[2].value};
}

}  // namespace

TiltPrior::TiltPrior(const Distribution& distribution, bool by_ratio)
    : distribution_(distribution), by_ratio_(by_ratio) {
  if (distribution.law == kernels::Law::constant) {
    const double value = distribution.arguments[0].value;
    whole_ = {0.0, 1.0, value, value};
    return;
  }
  if (std::isfinite(distribution.lower)) below_ = cumulative(distribution.lower);
  if (std::isfinite(distribution.upper)) up_to_ = cumulative(distribution.upper);
  whole_ = {0.0, 1.0, quantile(0.0), quantile(1.0)};
}

double TiltPrior::cumulative(double x) const {
  return kernels::cumulative(distribution_.law, parameters_of(distribution_), x);
}

/// As bounds that draw again leave it.
double TiltPrior::quantile(double u) const {
  const double at = std::clamp(below_ + u * (up_to_ - below_), 0x1p-60, 1.0 - 0x1p-53);
  return std::clamp(kernels::quantile(distribution_.law, parameters_of(distribution_), at),
                    distribution_.lower, distribution_.upper);
}

std::array<Stratum, 2> TiltPrior::halves(const Stratum& stratum) const {
  const double middle = by_ratio_ ? std::sqrt(stratum.low) * std::sqrt(stratum.high)
                                  : 0.5 * (stratum.low + stratum.high);
  const double u =
      std::clamp((cumulative(middle) - below_) / (up_to_ - below_), stratum.low_u, stratum.high_u);
  const double value = std::clamp(quantile(u), stratum.low, stratum.high);
  return {{{stratum.low_u, u, stratum.low, value}, {u, stratum.high_u, value, stratum.high}}};
}

double TiltPrior::value(const Stratum& stratum, double u) const {
  if (distribution_.law == kernels::Law::constant) return stratum.low;
  // Only rounding can lead outside.
  return std::clamp(quantile(stratum.low_u + u * stratum.probability()), stratum.low, stratum.high);
}

}  // namespace flopsieve::engine
