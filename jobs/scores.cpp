#include "jobs/scores.hpp"

#include <cmath>
#include <cstddef>

namespace flopsieve::jobs {
namespace {

std::uint64_t sum_of(const engine::Histogram& histogram) {
  std::uint64_t sum = 0;
  for (const std::uint64_t count : histogram) sum += count;
  return sum;
}

double poisson_log_probability(double mean, std::int64_t value) {
  const auto k = static_cast<double>(value);
  return k * std::log(mean) - mean - std::lgamma(k + 1.0);
}

}  // namespace

Shares shares_of(const engine::Histogram& histogram) {
  const auto all = static_cast<double>(sum_of(histogram));
  Shares shares;
  for (const std::uint64_t count : histogram) shares.push_back(static_cast<double>(count) / all);
  return shares;
}

Shares poisson_shares(double mean) {
  Shares shares;
  double left = 1.0;
  while (left > 1e-12) {
    const auto value = static_cast<std::int64_t>(shares.size());
    // The sum of the shares keeps a rounding error, which must not let this go on for ever.
    if (static_cast<double>(value) > mean + 10.0 * std::sqrt(mean) + 40.0) break;
    shares.push_back(std::exp(poisson_log_probability(mean, value)));
    left -= shares.back();
  }
  return shares;
}

std::int64_t share_quantile(const Shares& forecast, double q) {
  double cumulative = 0.0;
  std::size_t value = 0;
  for (; value + 1 < forecast.size(); ++value) {
    cumulative += forecast[value];
    if (cumulative >= q - 1e-12) break;
  }
  return static_cast<std::int64_t>(value);
}

double crps(const Shares& forecast, std::int64_t observed) {
  double score = 0.0;
  double cumulative = 0.0;
  const auto size = static_cast<std::int64_t>(forecast.size());
  // The integrand is constant from one whole number to the next.
  for (std::int64_t value = 0; value < size; ++value) {
    cumulative += forecast[static_cast<std::size_t>(value)];
    const double step = observed <= value ? 1.0 : 0.0;
    score += (cumulative - step) * (cumulative - step);
  }
  if (observed > size) score += static_cast<double>(observed - size);
  return score;
}

double log_score_of_histogram(const engine::Histogram& histogram, std::int64_t observed) {
  const auto value = static_cast<std::size_t>(observed);
  const std::uint64_t equal = value < histogram.size() ? histogram[value] : 0;
  return -std::log((static_cast<double>(equal) + 0.5) /
                   (static_cast<double>(sum_of(histogram)) + 1.0));
}

double poisson_log_score(double mean, std::int64_t observed) {
  return -poisson_log_probability(mean, observed);
}

double randomised_pit(const Shares& forecast, std::int64_t observed, double uniform) {
  double below = 0.0;
  const auto value = static_cast<std::size_t>(observed);
  for (std::size_t i = 0; i < forecast.size() && i < value; ++i) below += forecast[i];
  return below + (value < forecast.size() ? uniform * forecast[value] : 0.0);
}

}  // namespace flopsieve::jobs
