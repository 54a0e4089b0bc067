#include "engine/recorder.hpp"

#include <algorithm>

#include "kernels/math.hpp"

namespace flopsieve::engine {

Recorder::Recorder(const Plan& plan, const Draws& draws, BatchResult& result)
    : plan_(plan), draws_(draws), result_(result) {
  for (const double threshold : plan.outputs.thresholds) {
    log10_thresholds_.push_back(kernels::decimal_log(threshold));
  }
  const auto complete = static_cast<std::size_t>(result.tally.complete);
  const std::size_t sets = complete * plan.year_count();
  result.columns.counts.assign(sets * plan.outputs.thresholds.size(), 0);
  result.columns.statistics.assign(sets * plan.outputs.statistics.size(), 0.0);
  frontier_.assign(result.tally.frontier_before.size() * complete, {});
  log10_frontier_.assign(complete, plan.outputs.frontier.log10_start);
  // As many as the whole run keeps: which of them these are is known when batches are joined.
  if (plan.outputs.keep == Keep::samples) {
    rows_with_sizes_ =
        static_cast<std::size_t>(std::min<std::uint64_t>(plan.outputs.keep_samples, complete));
  }
}

void Recorder::begin_rows(std::size_t first, std::size_t last) {
  first_ = first;
  last_ = last;
  staged_.clear();
  staged_sets_.resize((last - first) * plan_.year_count());
}

void Recorder::end_rows() {
  keep_sizes();
  for (std::size_t row = first_; row < last_; ++row) tally_row(row);
}

void Recorder::finish() {
  if (!plan_.outputs.keeps_statistics()) result_.columns.statistics = {};
  if (plan_.outputs.keep == Keep::summary) result_.columns = {};
}

void Recorder::add(std::size_t row, std::uint32_t year_index, const Candidate& candidate,
                   OrderedSizes& ordered) {
  const std::size_t place = row * plan_.year_count() + year_index;
  const std::size_t thresholds = log10_thresholds_.size();
  const auto counts = std::span(result_.columns.counts).subspan(place * thresholds, thresholds);
  ordered.count_from(log10_thresholds_, counts);
  if (!plan_.outputs.observed.empty()) {
    for (std::size_t t = 0; t < thresholds; ++t) {
      const std::int64_t known = plan_.outputs.observed[year_index * thresholds + t];
      if (known >= 0) counts[t] = static_cast<std::uint32_t>(known);
    }
  }
  const auto& statistics = plan_.outputs.statistics;
  for (std::size_t s = 0; s < statistics.size(); ++s) {
    result_.columns.statistics[place * statistics.size() + s] =
        evaluate(statistics[s], candidate, ordered);
  }
  if (!plan_.outputs.frontier.widths.empty()) {
    add_frontier(row, year_index, candidate, ordered);
  }
  if (row < rows_with_sizes_) stage_sizes(row - first_, year_index, candidate, ordered);
}

void Recorder::add_frontier(std::size_t row, std::uint32_t year_index, const Candidate& candidate,
                            OrderedSizes& ordered) {
  const Frontier& frontier = plan_.outputs.frontier;
  const std::size_t widths = frontier.widths.size();
  // Nothing else is looked at; widths ascend. All models where there is no frontier yet.
  const OrderedSizes::Placed models =
      ordered.select_from(log10_frontier_[row] - frontier.widths.back());
  const kernels::FrontierYear year{models.log10_flop, models.places, draws_.key(),
                                   draws_.counter(Stream::dates, candidate.address),
                                   frontier.periods};
  const std::size_t place = (row * plan_.year_count() + year_index) * widths;
  log10_frontier_[row] =
      kernels::count_frontier(year, log10_frontier_[row], frontier.widths,
                              std::span(frontier_).subspan(place, widths), frontier_scratch_);
}

/// Adds a complete trajectory to the tallies. Row after row: the order of the float sums is part
/// of the result.
void Recorder::tally_row(std::size_t row) {
  const std::size_t years = plan_.year_count();
  for (std::size_t i = 0; i < result_.tally.counts.size(); ++i) {
    add_to(result_.tally.counts[i], result_.columns.counts[row * result_.tally.counts.size() + i]);
  }
  const std::size_t frontiers = result_.tally.frontier_before.size();
  for (std::size_t i = 0; i < frontiers; ++i) {
    const kernels::FrontierCount& count = frontier_[row * frontiers + i];
    add_to(result_.tally.frontier_before[i], count.before);
    add_to(result_.tally.frontier_including[i], count.including);
  }
  const auto& statistics = plan_.outputs.statistics;
  for (std::size_t cell = 0; cell < years * statistics.size(); ++cell) {
    const double value = result_.columns.statistics[row * years * statistics.size() + cell];
    const Grid& grid = statistics[cell % statistics.size()].info().grid;
    add_to(result_.tally.statistics[cell], bin_of(grid, value));
    result_.tally.sums[cell] += value;
    result_.tally.square_sums[cell] += value * value;
  }
  tally_cumulative(row);
}

void Recorder::tally_cumulative(std::size_t row) {
  const std::size_t thresholds = plan_.outputs.thresholds.size();
  running_.assign(thresholds, 0);
  for (std::size_t year = 0; year < plan_.year_count(); ++year) {
    if (plan_.years[year] == plan_.outputs.forecast_from) running_ = plan_.outputs.cumulative_base;
    for (std::size_t t = 0; t < thresholds; ++t) {
      running_[t] += result_.columns.counts[(row * plan_.year_count() + year) * thresholds + t];
      add_to(result_.tally.cumulative[year * thresholds + t], running_[t]);
    }
  }
}

/// Sizes come year after year, and are kept row after row. `row` counts from first_.
void Recorder::stage_sizes(std::size_t row, std::uint32_t year_index, const Candidate& candidate,
                           OrderedSizes& ordered) {
  const std::span<const float> ascending = ordered.ascending();
  staged_sets_[row * plan_.year_count() + year_index] = {staged_.size(), ascending.size(),
                                                         candidate.location, candidate.scale};
  staged_.insert(staged_.end(), ascending.begin(), ascending.end());
}

void Recorder::keep_sizes() {
  const std::size_t last = std::min(last_, rows_with_sizes_);
  if (first_ >= last) return;
  Columns& columns = result_.columns;
  // The first rows tell how much room all of them need, or nearly so.
  if (first_ == 0) {
    columns.z.reserve(staged_.size() / last * (rows_with_sizes_ + 1));
    const std::size_t sets = rows_with_sizes_ * plan_.year_count();
    columns.row_size.reserve(sets);
    columns.location.reserve(sets);
    columns.scale.reserve(sets);
  }
  for (std::size_t i = 0; i < (last - first_) * plan_.year_count(); ++i) {
    const Staged& set = staged_sets_[i];
    const auto z = std::span(staged_).subspan(set.first, set.count);
    columns.row_size.push_back(set.count);
    columns.location.push_back(set.location);
    columns.scale.push_back(set.scale);
    columns.z.insert(columns.z.end(), z.begin(), z.end());
  }
}

}  // namespace flopsieve::engine
