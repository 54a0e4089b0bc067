#include "engine/pareto.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "kernels/math.hpp"

namespace flopsieve::engine {
namespace {

constexpr std::size_t enough_weights = 25;

/// The mean of ln(1 - theta x): minus the shape that goes with theta, k of Zhang and Stephens.
double mean_log(const std::vector<double>& excesses, double theta) {
  double sum = 0.0;
  for (const double x : excesses) sum += kernels::log_one_plus(-theta * x);
  return sum / static_cast<double>(excesses.size());
}

}  // namespace

double pareto_shape(const std::vector<double>& excesses) {
  const std::size_t n = excesses.size();
  const auto count = static_cast<double>(n);
  // Their grid of theta = -shape / scale, below 1 / the largest excess, around the first quartile.
  const auto points = static_cast<std::size_t>(20.0 + std::floor(std::sqrt(count)));
  const double quartile = excesses[static_cast<std::size_t>(std::floor(count / 4.0 + 0.5)) - 1];
  std::vector<double> theta(points);
  std::vector<double> log_likelihood(points);
  for (std::size_t j = 0; j < points; ++j) {
    const double step = std::sqrt(static_cast<double>(points) / (static_cast<double>(j) + 0.5));
    theta[j] = 1.0 / excesses.back() + (1.0 - step) / (3.0 * quartile);
    const double shape = mean_log(excesses, theta[j]);
    log_likelihood[j] = count * (kernels::natural_log(-theta[j] / shape) - shape - 1.0);
  }
  // The posterior mean of theta.
  const double best = *std::max_element(log_likelihood.begin(), log_likelihood.end());
  double weight = 0.0;
  double sum = 0.0;
  for (std::size_t j = 0; j < points; ++j) {
    const double each = kernels::exponential(log_likelihood[j] - best);
    weight += each;
    sum += each * theta[j];
  }
  return mean_log(excesses, sum / weight);
}

WeightReport report_weights(std::vector<double> weights) {
  double sum = 0.0;
  double squares = 0.0;
  for (const double weight : weights) {
    sum += weight;
    squares += weight * weight;
  }
  WeightReport report{0.0, std::numeric_limits<double>::quiet_NaN()};
  if (!(sum > 0.0)) return report;
  report.effective_share = sum * sum / (static_cast<double>(weights.size()) * squares);
  std::erase(weights, 0.0);
  if (weights.size() < enough_weights) return report;
  std::sort(weights.begin(), weights.end());
  const std::size_t below = weights.size() - weights.size() / 5;
  std::vector<double> excesses;
  for (std::size_t i = below; i < weights.size(); ++i) {
    // Ties with the threshold, if any, stay positive.
    excesses.push_back(std::max(weights[i] - weights[below - 1], 1e-12 * weights.back()));
  }
  if (weights.back() > weights[below - 1]) report.pareto_shape = pareto_shape(excesses);
  return report;
}

}  // namespace flopsieve::engine
