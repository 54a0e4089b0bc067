#include "jobs/trend.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

namespace flopsieve::jobs {
namespace {

/// Sum of squared residuals of a kinked line.
double squared_residuals(const engine::Kink& kink) {
  return kink.residual_variance * static_cast<double>(kink.degrees_of_freedom);
}

engine::Kink fit_kink(const Eigen::ArrayXd& years, const Eigen::VectorXd& y, double knot) {
  Eigen::MatrixX3d design(years.size(), 3);
  design.col(0).setOnes();
  design.col(1) = (years - knot).min(0.0);
  design.col(2) = (years - knot).max(0.0);
  const Eigen::Vector3d beta = design.colPivHouseholderQr().solve(y);
  const Eigen::Matrix3d inverse = (design.transpose() * design).inverse();
  const Eigen::Matrix3d factor = inverse.llt().matrixL();
  engine::Kink kink;
  kink.knot = knot;
  kink.coefficients = {beta(0), beta(1), beta(2)};
  kink.factor = {factor(0, 0), factor(1, 0), factor(1, 1),
                 factor(2, 0), factor(2, 1), factor(2, 2)};
  kink.degrees_of_freedom = static_cast<std::uint32_t>(years.size() - 3);
  kink.residual_variance = (y - design * beta).squaredNorm() / kink.degrees_of_freedom;
  return kink;
}

/// Relative to the best knot, whose weight stays finite when its line passes through all points.
void set_weights(std::vector<engine::Kink>& kinks) {
  const engine::Kink best = *std::min_element(kinks.begin(), kinks.end(),
                                              [](const engine::Kink& a, const engine::Kink& b) {
                                                return a.residual_variance < b.residual_variance;
                                              });
  double sum = 0.0;
  for (engine::Kink& kink : kinks) {
    const double excess = squared_residuals(kink) - squared_residuals(best);
    kink.weight = excess > 0.0 ? std::exp(-excess / (2.0 * best.residual_variance)) : 1.0;
    sum += kink.weight;
  }
  for (engine::Kink& kink : kinks) kink.weight /= sum;
}

}  // namespace

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

std::vector<engine::Kink> fit_kinked_trend(const std::vector<double>& years,
                                           const std::vector<double>& y) {
  const auto n = static_cast<Eigen::Index>(years.size());
  const Eigen::ArrayXd x = Eigen::Map<const Eigen::ArrayXd>(years.data(), n);
  const Eigen::VectorXd values = Eigen::Map<const Eigen::VectorXd>(y.data(), n);
  std::vector<engine::Kink> kinks;
  for (Eigen::Index i = 1; i + 1 < n; ++i) kinks.push_back(fit_kink(x, values, x(i)));
  set_weights(kinks);
  return kinks;
}

}  // namespace flopsieve::jobs
