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

TiltPrior::TiltPrior(const Distribution& distribution, std::size_t half, bool by_ratio)
    : distribution_(distribution) {
  const kernels::Parameters p = parameters_of(distribution);
  if (distribution.law == kernels::Law::constant) {
    strata_.push_back({0.0, 1.0, p.a, p.a});
    return;
  }
  const auto cumulative = [&](double x) { return kernels::cumulative(distribution.law, p, x); };
  if (std::isfinite(distribution.lower)) below_ = cumulative(distribution.lower);
  if (std::isfinite(distribution.upper)) up_to_ = cumulative(distribution.upper);
  const double least = quantile(0.0);
  const double most = quantile(1.0);
  std::vector<double> places{0.0, 1.0};
  for (std::size_t i = 1; i < half; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(half);
    places.push_back(share);
    const double value =
        by_ratio ? least * kernels::exponential(share * kernels::natural_log(most / least))
                 : least + share * (most - least);
    places.push_back(std::clamp((cumulative(value) - below_) / (up_to_ - below_), 0.0, 1.0));
  }
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  for (std::size_t i = 0; i + 1 < places.size(); ++i) {
    strata_.push_back({places[i], places[i + 1], quantile(places[i]), quantile(places[i + 1])});
  }
}

/// As bounds that draw again leave it.
double TiltPrior::quantile(double u) const {
  const double at = std::clamp(below_ + u * (up_to_ - below_), 0x1p-60, 1.0 - 0x1p-53);
  return std::clamp(kernels::quantile(distribution_.law, parameters_of(distribution_), at),
                    distribution_.lower, distribution_.upper);
}

double TiltPrior::value(const Stratum& stratum, double u) const {
  if (distribution_.law == kernels::Law::constant) return stratum.low;
  // Only rounding can lead outside.
  return std::clamp(quantile(stratum.low_u + u * stratum.probability()), stratum.low, stratum.high);
}

}  // namespace flopsieve::engine
