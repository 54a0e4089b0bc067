#include "jobs/trend.hpp"

#include <Eigen/Dense>
#include <cmath>

namespace flopsieve::jobs {

engine::TrendFit fit_trend(const std::vector<double>& years, const std::vector<double>& y) {
  using Eigen::ArrayXd;
  const auto n = static_cast<Eigen::Index>(years.size());
  const ArrayXd x = Eigen::Map<const ArrayXd>(years.data(), n);
  const ArrayXd values = Eigen::Map<const ArrayXd>(y.data(), n);
  const ArrayXd centred = x - x.mean();
  const double squares = centred.square().sum();
  engine::TrendFit fit;
  fit.centre = x.mean();
  fit.intercept = values.mean();
  fit.slope = (centred * values).sum() / squares;
  fit.degrees_of_freedom = static_cast<std::uint32_t>(n - 2);
  const ArrayXd residuals = values - fit.intercept - fit.slope * centred;
  fit.residual_variance = residuals.square().sum() / static_cast<double>(n - 2);
  fit.intercept_factor = 1.0 / std::sqrt(static_cast<double>(n));
  fit.slope_factor = 1.0 / std::sqrt(squares);
  return fit;
}

double trend_at(const engine::TrendFit& fit, double year) {
  return fit.intercept + fit.slope * (year - fit.centre);
}

}  // namespace flopsieve::jobs
