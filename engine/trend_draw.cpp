#include "engine/trend_draw.hpp"

#include <cmath>
#include <cstddef>

#include "kernels/math.hpp"

namespace flopsieve::engine {
namespace {

using Uniform = std::function<double(std::uint32_t)>;

double normal(const Uniform& uniform, std::uint32_t index) {
  return kernels::normal_quantile(uniform(index));
}

double draw_sigma(double residual_variance, std::uint32_t degrees_of_freedom,
                  const Uniform& uniform, std::uint32_t first) {
  double chi_square = 0.0;
  for (std::uint32_t i = 0; i < degrees_of_freedom; ++i) {
    const double z = normal(uniform, first + i);
    chi_square += z * z;
  }
  return std::sqrt(residual_variance * static_cast<double>(degrees_of_freedom) / chi_square);
}

const Kink& pick(const std::vector<Kink>& kinks, double u) {
  double sum = 0.0;
  for (std::size_t i = 0; i + 1 < kinks.size(); ++i) {
    sum += kinks[i].weight;
    if (u < sum) return kinks[i];
  }
  return kinks.back();
}

}  // namespace

TrendDraw draw_trend(const TrendFit& fit, const Uniform& uniform) {
  const double sigma = draw_sigma(fit.residual_variance, fit.degrees_of_freedom, uniform, 2);
  const double intercept = fit.intercept + fit.intercept_factor * sigma * normal(uniform, 0);
  const double slope = fit.slope + fit.slope_factor * sigma * normal(uniform, 1);
  return {fit.centre, intercept, slope, slope, sigma};
}

TrendDraw draw_kinked(const std::vector<Kink>& kinks, const Uniform& uniform) {
  const Kink& kink = pick(kinks, uniform(0));
  const double sigma = draw_sigma(kink.residual_variance, kink.degrees_of_freedom, uniform, 4);
  const std::array<double, 3> z = {normal(uniform, 1), normal(uniform, 2), normal(uniform, 3)};
  const auto& [l11, l21, l22, l31, l32, l33] = kink.factor;
  const auto& [value, before, after] = kink.coefficients;
  return {kink.knot, value + sigma * l11 * z[0], before + sigma * (l21 * z[0] + l22 * z[1]),
          after + sigma * (l31 * z[0] + l32 * z[1] + l33 * z[2]), sigma};
}

}  // namespace flopsieve::engine
