#include "jobs/scaling/fit_residuals.hpp"

#include <algorithm>
#include <boost/math/tools/minima.hpp>
#include <cmath>
#include <numbers>
#include <numeric>

#include "kernels/student_t.hpp"

namespace flopsieve::jobs {
namespace {

double huber(double z, double delta) {
  const double size = std::abs(z);
  return size <= delta ? 0.5 * z * z : delta * (size - 0.5 * delta);
}

}  // namespace

HuberLikelihood huber_likelihood(const std::vector<double>& residuals, double delta) {
  const double constant =
      std::sqrt(2.0 * std::numbers::pi) * std::erf(delta / std::numbers::sqrt2) +
      2.0 * std::exp(-0.5 * delta * delta) / delta;
  const auto n = static_cast<double>(residuals.size());
  // Convex in ln s: the sum of a linear function and of compositions of a convex one with exp(-x).
  const auto less_likely = [&](double ln_scale) {
    double sum = n * (ln_scale + std::log(constant));
    for (const double each : residuals) sum += huber(each * std::exp(-ln_scale), delta);
    return sum;
  };
  const auto [ln_scale, value] =
      boost::math::tools::brent_find_minima(less_likely, -40.0, 10.0, 50);
  return {-value, ln_scale};
}

ResidualSummary summarise(const std::vector<double>& residuals, double delta) {
  ResidualSummary result;
  const auto n = static_cast<double>(residuals.size());
  result.mean = std::accumulate(residuals.begin(), residuals.end(), 0.0) / n;
  std::size_t within = 0;
  double squares = 0.0;
  double cubes = 0.0;
  for (const double each : residuals) {
    const double from_mean = each - result.mean;
    squares += from_mean * from_mean;
    cubes += from_mean * from_mean * from_mean;
    if (std::abs(each) <= delta) ++within;
  }
  result.within_delta = static_cast<double>(within) / n;
  result.sd = std::sqrt(squares / (n - 1.0));
  if (squares > 0.0) {
    result.t = result.mean / (result.sd / std::sqrt(n));
    result.p = 2.0 * kernels::StudentT(n - 1.0).tail(std::abs(result.t));
    result.skewness = cubes / n / std::pow(squares / n, 1.5);
  } else {
    result.p = 1.0;
  }
  const HuberLikelihood likelihood = huber_likelihood(residuals, delta);
  result.log_likelihood = likelihood.log_likelihood;
  result.ln_scale = likelihood.ln_scale;
  result.largest.resize(residuals.size());
  std::iota(result.largest.begin(), result.largest.end(), std::size_t{0});
  std::stable_sort(result.largest.begin(), result.largest.end(), [&](std::size_t a, std::size_t b) {
    return std::abs(residuals[a]) > std::abs(residuals[b]);
  });
  result.largest.resize(std::min<std::size_t>(5, residuals.size()));
  return result;
}

}  // namespace flopsieve::jobs
