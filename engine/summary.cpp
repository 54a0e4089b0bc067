#include "engine/summary.hpp"

#include <algorithm>
#include <cmath>

namespace flopsieve::engine {
namespace {

void set_mean(Estimate& estimate, double sum, double square_sum, double n) {
  estimate.mean = sum / n;
  const double variance = std::max(0.0, square_sum / n - estimate.mean * estimate.mean);
  estimate.standard_error = n > 1.0 ? std::sqrt(variance / (n - 1.0)) : 0.0;
}

Estimate of_whole_numbers(const Histogram& histogram, const std::vector<double>& quantiles) {
  double n = 0.0;
  double sum = 0.0;
  double square_sum = 0.0;
  for (std::size_t value = 0; value < histogram.size(); ++value) {
    const auto weight = static_cast<double>(histogram[value]);
    n += weight;
    sum += weight * static_cast<double>(value);
    square_sum += weight * static_cast<double>(value) * static_cast<double>(value);
  }
  Estimate estimate;
  estimate.quantiles = whole_quantiles(histogram, quantiles);
  set_mean(estimate, sum, square_sum, n);
  return estimate;
}

std::vector<Estimate> of_all(const std::vector<Histogram>& histograms,
                             const std::vector<double>& quantiles) {
  std::vector<Estimate> estimates;
  for (const Histogram& each : histograms) estimates.push_back(of_whole_numbers(each, quantiles));
  return estimates;
}

}  // namespace

Summary summarise_counts(const Plan& plan, const Tally& tally) {
  Summary summary;
  if (tally.complete == 0) return summary;
  summary.counts = of_all(tally.counts, plan.outputs.quantiles);
  summary.cumulative = of_all(tally.cumulative, plan.outputs.quantiles);
  return summary;
}

Summary summarise(const Plan& plan, const Tally& tally) {
  Summary summary = summarise_counts(plan, tally);
  if (tally.complete == 0) return summary;
  const std::vector<double>& quantiles = plan.outputs.quantiles;
  summary.frontier_before = of_all(tally.frontier_before, quantiles);
  summary.frontier_including = of_all(tally.frontier_including, quantiles);
  const auto& statistics = plan.outputs.statistics;
  for (std::size_t cell = 0; cell < tally.statistics.size(); ++cell) {
    const Grid& grid = statistics[cell % statistics.size()].info().grid;
    Estimate estimate;
    estimate.quantiles = grid.scale == Grid::Scale::whole
                             ? whole_quantiles(tally.statistics[cell], quantiles)
                             : grid_quantiles(tally.statistics[cell], grid, quantiles);
    set_mean(estimate, tally.sums[cell], tally.square_sums[cell],
             static_cast<double>(tally.complete));
    summary.statistics.push_back(estimate);
  }
  return summary;
}

SplitReport report_split(const YearTally& year) {
  const SplitTally& tally = year.split;
  const auto share = [](double sum, std::uint64_t number) {
    return sum / static_cast<double>(std::max<std::uint64_t>(number, 1));
  };
  const auto n = static_cast<double>(std::max<std::uint64_t>(year.first_trials, 1));
  const double mean = tally.probability / n;
  const double scatter = (tally.square_probability / n - mean * mean) / std::max(n - 1.0, 1.0);
  return {mean, std::sqrt(std::max(tally.variance / (n * n), scatter)),
          share(static_cast<double>(tally.levels), tally.populations + tally.pairs),
          share(tally.acceptance, tally.moved_levels)};
}

std::string_view result_class(const Plan& plan) {
  if (!plan.sampling.filtered.empty()) return "joint";
  if (plan.matching.match == Match::rescale) return "biased";
  return plan.sampling.method == Method::split ? "correlated" : "exact";
}

bool stopped_early(const Plan& plan, const Tally& tally) {
  return tally.trajectories < plan.trajectories;
}

bool is_precise(const Plan& plan, const Tally& tally) {
  if (tally.complete < least_for_precision) return false;
  const auto precise = [&](const Histogram& histogram) {
    for (const QuantileEstimate& q : whole_quantiles(histogram, plan.outputs.quantiles)) {
      if (!q.low || !q.high) return false;
      const double half_width = std::max(*q.high - q.value, q.value - *q.low);
      const double allowed = std::max(plan.precision.absolute, plan.precision.relative * q.value);
      if (half_width > allowed) return false;
    }
    return true;
  };
  const auto all_precise = [&](const std::vector<Histogram>& histograms) {
    return std::all_of(histograms.begin(), histograms.end(), precise);
  };
  return all_precise(tally.cumulative) && all_precise(tally.counts) &&
         all_precise(tally.frontier_before) && all_precise(tally.frontier_including);
}

std::vector<RejectorReport> cutflow(const Plan& plan, const YearTally& year) {
  std::vector<RejectorReport> reports;
  const std::vector<std::string> names = rejector_names(plan);
  for (std::size_t i = 0; i < names.size(); ++i) {
    reports.push_back(
        {names[i], year.killed[i], year.joint[i * names.size() + i], year.without[i]});
  }
  return reports;
}

}  // namespace flopsieve::engine
