#pragma once

#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/batch.hpp"
#include "tests/engine/support/plans.hpp"

/// Whole runs in memory, and how well a sample fits a law.
namespace flopsieve::engine::testing {

/// All batches of a Plan, joined in order.
struct WholeRun {
  Tally tally;
  Columns columns;

  std::size_t rows() const { return columns.trajectory.size(); }
};

template <class T>
void append(std::vector<T>& into, const std::vector<T>& from) {
  into.insert(into.end(), from.begin(), from.end());
}

/// The sizes of all kept candidates, one after the other.
inline std::vector<double> log10_flop(const Columns& columns) {
  std::vector<double> sizes;
  to_log10_flop(columns, columns.row_size.size(), sizes);
  return sizes;
}

inline WholeRun run_all(const Plan& plan) {
  WholeRun run;
  run.tally = Tally(plan);
  for (std::uint64_t batch = 0; batch < plan.batch_count(); ++batch) {
    const BatchResult result = *run_batch(plan, batch);
    run.tally.add(result.tally);
    append(run.columns.trajectory, result.columns.trajectory);
    append(run.columns.attempt, result.columns.attempt);
    append(run.columns.counts, result.columns.counts);
    append(run.columns.statistics, result.columns.statistics);
    append(run.columns.row_size, result.columns.row_size);
    append(run.columns.location, result.columns.location);
    append(run.columns.scale, result.columns.scale);
    append(run.columns.z, result.columns.z);
  }
  return run;
}

/// Probability of a chi-square at least as large as that of `observed` against `probabilities`,
/// which sum to 1.
inline double fit_p_value(std::span<const std::uint64_t> observed,
                          std::span<const double> probabilities) {
  double n = 0.0;
  for (const std::uint64_t each : observed) n += static_cast<double>(each);
  double sum = 0.0;
  for (std::size_t i = 0; i < observed.size(); ++i) {
    const double expected = n * probabilities[i];
    sum += std::pow(static_cast<double>(observed[i]) - expected, 2.0) / expected;
  }
  const boost::math::chi_squared law(static_cast<double>(observed.size() - 1));
  return boost::math::cdf(boost::math::complement(law, sum));
}

/// How many standard errors a share of n lies from a probability.
inline double errors_from(std::uint64_t hits, std::uint64_t n, double probability) {
  const auto trials = static_cast<double>(n);
  return (static_cast<double>(hits) - trials * probability) /
         std::sqrt(trials * probability * (1.0 - probability));
}

/// P(X <= x) of the standard normal law.
inline double normal_cumulative(double x) {
  return 0.5 * std::erfc(-x / std::sqrt(2.0));
}

/// Sizes of the family with constant parameters, in their order.
inline void set_sizes(Plan& plan, SizeFamily family, const std::vector<double>& parameters) {
  plan.sizes.family = family;
  plan.sizes.parameters.clear();
  for (const double each : parameters) {
    plan.sizes.parameters.push_back(by_candidate(constant(each), plan.year_count()));
  }
}

/// No total is known: the sum of the sizes is the year's total.
inline void set_no_total(Plan& plan) {
  plan.total.model = TotalModel::implied;
  plan.total.parameters.clear();
  plan.matching = {Match::none, 0.0, {}};
}

}  // namespace flopsieve::engine::testing
