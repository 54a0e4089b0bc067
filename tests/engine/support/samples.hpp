#pragma once

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "engine/batch.hpp"
#include "engine/plan.hpp"

/// Samples of survivors, and comparisons of samples with laws and with each other.
namespace flopsieve::engine::testing {

struct Survivors {
  std::vector<std::vector<double>> statistics;  ///< [statistic of the Plan's outputs][survivor]
  std::vector<std::uint64_t> trajectory;        ///< [survivor]
  std::vector<std::uint64_t> attempt;           ///< [survivor]
  std::uint64_t trajectories = 0;               ///< started
  std::uint64_t candidates = 0;

  std::size_t size() const { return trajectory.size(); }
};

/// A broken build ends, instead of drawing for ever.
inline constexpr std::uint64_t most_candidates = 1'000'000'000;

/// Runs batches of a Plan of one year, of so many trajectories if it has attempts, until `wanted`
/// trajectories are complete.
inline Survivors draw_survivors(Plan plan, std::size_t wanted, std::uint64_t batch_size = 2048) {
  plan.batch_trajectories = plan.attempts == 1 ? 65536 : batch_size;
  plan.trajectories = 10'000 * plan.batch_trajectories;
  plan.outputs.keep = Keep::statistics;
  const std::size_t statistics = plan.outputs.statistics.size();
  Survivors all;
  all.statistics.resize(statistics);
  for (std::uint64_t batch = 0; all.size() < wanted; ++batch) {
    const BatchResult result = *run_batch(plan, batch);
    all.trajectories += result.tally.trajectories;
    all.candidates += result.tally.years[0].candidates;
    if (all.candidates > most_candidates) throw std::runtime_error("survivors are too rare");
    const Columns& columns = result.columns;
    for (std::size_t row = 0; row < columns.trajectory.size(); ++row) {
      all.trajectory.push_back(columns.trajectory[row]);
      all.attempt.push_back(columns.attempt[row]);
      for (std::size_t s = 0; s < statistics; ++s) {
        all.statistics[s].push_back(columns.statistics[statistics * row + s]);
      }
    }
  }
  return all;
}

// --- Two samples ---------------------------------------------------------------------------------

struct MeanAndError {
  double mean = 0.0;
  double error = 0.0;
};

inline MeanAndError weighted_mean(const std::vector<double>& values,
                                  const std::vector<double>& weights) {
  double sum = 0.0;
  double weight = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum += weights[i] * values[i];
    weight += weights[i];
  }
  const double mean = sum / weight;
  double squares = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    squares += weights[i] * weights[i] * (values[i] - mean) * (values[i] - mean);
  }
  return {mean, std::sqrt(squares) / weight};
}

inline MeanAndError plain_mean(const std::vector<double>& values) {
  return weighted_mean(values, std::vector<double>(values.size(), 1.0));
}

inline double difference(const MeanAndError& a, const MeanAndError& b) {
  return std::abs(a.mean - b.mean) / std::hypot(a.error, b.error);
}

inline double mean_difference(const std::vector<double>& a, const std::vector<double>& b) {
  return difference(plain_mean(a), plain_mean(b));
}

inline double share_up_to(const std::vector<double>& values, double limit) {
  const auto below =
      std::count_if(values.begin(), values.end(), [&](double value) { return value <= limit; });
  return static_cast<double>(below) / static_cast<double>(values.size());
}

/// How many standard errors lie between the shares of two samples below a quantile of the first.
inline double quantile_difference(const std::vector<double>& a, const std::vector<double>& b,
                                  double q) {
  std::vector<double> sorted = a;
  std::sort(sorted.begin(), sorted.end());
  const double limit = sorted[static_cast<std::size_t>(q * static_cast<double>(a.size()))];
  const double p = share_up_to(a, limit);
  const double other = share_up_to(b, limit);
  if (p == other) return 0.0;
  const double sizes = 1.0 / static_cast<double>(a.size()) + 1.0 / static_cast<double>(b.size());
  return std::abs(other - p) / std::sqrt(p * (1.0 - p) * sizes);
}

/// The largest difference of the means or of the 5, 50, 95 % quantiles, in standard errors.
inline double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double largest = mean_difference(a, b);
  for (const double q : {0.05, 0.5, 0.95}) {
    largest = std::max(largest, quantile_difference(a, b, q));
  }
  return largest;
}

// --- A sample and a law --------------------------------------------------------------------------

/// The p-value of Pearson's chi-square test of `counts` against probabilities proportional to
/// `masses`. Cells that expect fewer than 10 are taken together.
inline double chi_square_p(const std::vector<double>& counts, const std::vector<double>& masses) {
  const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
  const double mass = std::accumulate(masses.begin(), masses.end(), 0.0);
  double statistic = 0.0;
  double cells = 0.0;
  double rare_count = 0.0;
  double rare_expected = 0.0;
  const auto add = [&](double count, double expected) {
    statistic += (count - expected) * (count - expected) / expected;
    cells += 1.0;
  };
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double expected = total * masses[i] / mass;
    if (expected >= 10.0) {
      add(counts[i], expected);
    } else {
      rare_count += counts[i];
      rare_expected += expected;
    }
  }
  // One event where a hundredth is expected is not yet a finding; five are.
  if (rare_count > 0.0) add(rare_count, std::max(rare_expected, 1.0));
  const boost::math::chi_squared_distribution<> law(cells - 1.0);
  return boost::math::cdf(boost::math::complement(law, statistic));
}

}  // namespace flopsieve::engine::testing
