#include "jobs/empirical_kernel.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace flopsieve::jobs {
namespace {

/// The smallest centre at which the cumulative weight reaches p.
double quantile(const engine::KernelPoints& kernel, double p) {
  const auto at =
      std::lower_bound(kernel.cumulative_weights.begin(), kernel.cumulative_weights.end(), p);
  return kernel.centres[static_cast<std::size_t>(at - kernel.cumulative_weights.begin())];
}

}  // namespace

engine::KernelPoints kernel_points(std::vector<double> centres, const std::vector<double>& weights,
                                   double bandwidth) {
  engine::KernelPoints kernel;
  kernel.centres = std::move(centres);
  kernel.bandwidth = bandwidth;
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  const double unit = std::abs(sum - 1.0) <= 1e-9 ? 1.0 : sum;
  double running = 0.0;
  for (const double weight : weights) {
    running += weight;
    kernel.cumulative_weights.push_back(running / unit);
  }
  kernel.cumulative_weights.back() = 1.0;
  // From the cumulative weights alone: they are all that a resolved job keeps.
  std::vector<double> shares(weights.size());
  std::adjacent_difference(kernel.cumulative_weights.begin(), kernel.cumulative_weights.end(),
                           shares.begin());
  kernel.mean = std::inner_product(shares.begin(), shares.end(), kernel.centres.begin(), 0.0);
  double second = 0.0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const double distance = kernel.centres[i] - kernel.mean;
    second += shares[i] * distance * distance;
  }
  kernel.sd = std::sqrt(second + bandwidth * bandwidth);
  return kernel;
}

engine::KernelPoints calibration_kernel(const Calibration& calibration) {
  std::vector<std::pair<double, double>> votes;
  double models = 0.0;
  for (const CalibrationYear& year : calibration.years) {
    for (std::size_t bin = 0; bin < year.histogram.size(); ++bin) {
      if (year.histogram[bin] == 0) continue;
      const double x =
          year.histogram_start + (static_cast<double>(bin) + 0.5) * calibration_bin_width;
      votes.emplace_back((x - year.mean) / year.sd, static_cast<double>(year.histogram[bin]));
      models += votes.back().second;
    }
  }
  std::sort(votes.begin(), votes.end());
  std::vector<double> centres, weights;
  for (const auto& [centre, weight] : votes) {
    centres.push_back(centre);
    weights.push_back(weight);
  }
  const engine::KernelPoints points = kernel_points(centres, weights, 0.0);
  const double range = quantile(points, 0.75) - quantile(points, 0.25);
  const double spread = range > 0.0 ? std::min(points.sd, range / 1.34) : points.sd;
  return kernel_points(std::move(centres), weights, 0.9 * spread * std::pow(models, -0.2));
}

}  // namespace flopsieve::jobs
