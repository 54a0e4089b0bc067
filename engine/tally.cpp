#include "engine/tally.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "kernels/math.hpp"

namespace flopsieve::engine {

void TiltTally::add(const TiltTally& other) {
  total += other.total;
  square_total += other.square_total;
  passes += other.passes;
  square_passes += other.square_passes;
}

TiltReport report_tilt(const YearTally& year) {
  if (year.first_trials == 0) return {};
  const auto n = static_cast<double>(year.first_trials);
  const double nothing = std::numeric_limits<double>::quiet_NaN();
  const auto mean = [&](double sum) { return sum == 0.0 ? nothing : sum / n; };
  const auto error = [&](double sum, double squares) {
    const double each = mean(sum);
    return std::isnan(each) ? nothing : std::sqrt(std::max(0.0, squares / n - each * each) / n);
  };
  const TiltTally& tilt = year.tilt;
  return {mean(tilt.total), error(tilt.total, tilt.square_total), mean(tilt.passes),
          error(tilt.passes, tilt.square_passes)};
}

void YearTally::resize(std::size_t rejectors) {
  killed.assign(rejectors, 0);
  without.assign(rejectors, 0);
  joint.assign(rejectors * rejectors, 0);
}

/// Of a candidate that says more than that it was there.
void YearTally::add_telling(const Verdict& verdict, std::uint64_t attempt) {
  if (attempt == 0) {
    ++first_trials;
    if (verdict.survives) ++first_passes;
    const double constant = verdict.tilt_constant;
    const double passed = verdict.survives ? constant : 0.0;
    tilt.add({constant, constant * constant, passed, passed * passed});
  }
  if (verdict.survives) ++survivors;
  if (!verdict.audited) return;
  ++audited;
  if (verdict.survives) {
    ++audited_survivors;
    return;
  }
  ++killed[static_cast<std::size_t>(std::countr_zero(verdict.rejections))];
  if (std::has_single_bit(verdict.rejections)) {
    ++without[static_cast<std::size_t>(std::countr_zero(verdict.rejections))];
  }
  for (std::size_t i = 0; i < killed.size(); ++i) {
    if ((verdict.rejections >> i & 1) == 0) continue;
    for (std::size_t j = 0; j < killed.size(); ++j) {
      joint[i * killed.size() + j] += verdict.rejections >> j & 1;
    }
  }
}

void SplitTally::add(const SplitTally& other) {
  populations += other.populations;
  levels += other.levels;
  moved_levels += other.moved_levels;
  pairs += other.pairs;
  disagreeing += other.disagreeing;
  probability += other.probability;
  square_probability += other.square_probability;
  variance += other.variance;
  acceptance += other.acceptance;
}

void YearTally::add(const YearTally& other) {
  candidates += other.candidates;
  survivors += other.survivors;
  first_trials += other.first_trials;
  first_passes += other.first_passes;
  exhausted += other.exhausted;
  audited += other.audited;
  audited_survivors += other.audited_survivors;
  merge(killed, other.killed);
  merge(without, other.without);
  merge(joint, other.joint);
  split.add(other.split);
  tilt.add(other.tilt);
}

void merge(Histogram& into, const Histogram& from) {
  if (from.size() > into.size()) into.resize(from.size(), 0);
  for (std::size_t i = 0; i < from.size(); ++i) into[i] += from[i];
}

std::uint64_t bin_of(const Grid& grid, double value) {
  if (grid.scale == Grid::Scale::whole) return value > 0.0 ? static_cast<std::uint64_t>(value) : 0;
  const double place = grid.scale == Grid::Scale::log10
                           ? (value > 0.0 ? kernels::decimal_log(value) : grid.lower)
                           : value;
  const double bins = static_cast<double>(grid.bins);
  const double bin = std::floor((place - grid.lower) / (grid.upper - grid.lower) * bins);
  if (!(bin >= 0.0)) return 0;  // nan too
  return static_cast<std::uint64_t>(std::min(bin, bins - 1.0));
}

double bin_edge(const Grid& grid, double bin) {
  if (grid.scale == Grid::Scale::whole) return bin;
  const double edge = grid.lower + (grid.upper - grid.lower) * bin / static_cast<double>(grid.bins);
  return grid.scale == Grid::Scale::log10 ? kernels::power_of_ten(edge) : edge;
}

Tally::Tally(const Plan& plan)
    : years(plan.year_count()),
      counts(plan.year_count() * plan.outputs.thresholds.size()),
      cumulative(counts.size()),
      frontier_before(plan.year_count() * plan.outputs.frontier.widths.size()),
      frontier_including(frontier_before.size()),
      statistics(plan.year_count() * plan.outputs.statistics.size()),
      sums(statistics.size(), 0.0),
      square_sums(statistics.size(), 0.0) {
  for (YearTally& year : years) year.resize(plan.constraints.size() + 1);
}

void Tally::add(const Tally& other) {
  trajectories += other.trajectories;
  complete += other.complete;
  for (std::size_t i = 0; i < years.size(); ++i) years[i].add(other.years[i]);
  const auto merge_all = [](std::vector<Histogram>& into, const std::vector<Histogram>& from) {
    for (std::size_t i = 0; i < from.size(); ++i) merge(into[i], from[i]);
  };
  merge_all(counts, other.counts);
  merge_all(cumulative, other.cumulative);
  merge_all(frontier_before, other.frontier_before);
  merge_all(frontier_including, other.frontier_including);
  merge_all(statistics, other.statistics);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    sums[i] += other.sums[i];
    square_sums[i] += other.square_sums[i];
  }
}

}  // namespace flopsieve::engine
