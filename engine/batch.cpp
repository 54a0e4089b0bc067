#include "engine/batch.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "engine/sieve.hpp"
#include "engine/split_run.hpp"
#include "kernels/frontier.hpp"
#include "kernels/math.hpp"

namespace flopsieve::engine {
namespace {

/// So many attempts are worth computing where few trajectories are left.
constexpr std::size_t worth_filling = 512;

/// Rows that are recorded at a time.
constexpr std::size_t rows_at_once = 256;

/// The work of one batch: years in order, and in each the attempts of all trajectories that are
/// still without a survivor, tile by tile.
class BatchRun {
 public:
  BatchRun(const Plan& plan, std::uint64_t batch, const BatchOptions& options);

  /// False if it was abandoned.
  bool run();
  BatchResult take() { return std::move(result_); }

 private:
  struct Range {
    std::size_t first, last;
  };

  struct Pending {
    std::size_t slot = 0;         ///< which trajectory of the batch
    std::uint64_t made = 0;       ///< attempts already judged, all rejected
    std::uint64_t scheduled = 0;  ///< attempts in the present tile
  };

  /// A survivor's sizes in staged_.
  struct Staged {
    std::size_t first = 0;
    std::size_t count = 0;
    double location = 0.0;
    double scale = 0.0;
  };

  bool run_year(std::uint32_t year_index);
  bool split_year(std::uint32_t year_index);
  void visit(std::span<const Trial> trials, const Sieve::Visitor& visitor);
  std::vector<Pending> all_pending(std::uint32_t year_index);
  std::size_t schedule(std::uint32_t year_index, std::vector<Pending>& pending, std::size_t first);
  std::size_t settle(std::uint32_t year_index, std::vector<Pending>& pending, Range tile,
                     std::size_t left);
  std::optional<std::uint64_t> settle_one(YearTally& tally, const Pending& entry,
                                          std::size_t first);
  void remember(std::uint32_t year_index);
  void record();
  void record_rows(std::size_t first, std::size_t last);
  void record_frontier(std::size_t row, std::uint32_t year_index, const Candidate& candidate,
                       OrderedSizes& ordered);
  void record_survivor(std::size_t row, std::uint32_t year_index, const Candidate& candidate,
                       OrderedSizes& ordered);
  void tally_row(std::size_t row);
  void record_cumulative(std::size_t row);
  void stage_sizes(std::size_t row, std::uint32_t year_index, const Candidate& candidate,
                   OrderedSizes& ordered);
  void keep_sizes(std::size_t first, std::size_t last);
  Trial survivor(std::size_t slot, std::uint32_t year_index) const;
  std::vector<Trial> survivors(std::size_t first, std::size_t last, std::uint32_t year_index) const;

  const Plan& plan_;
  const BatchOptions& options_;
  Sieve sieve_;
  std::vector<double> log10_thresholds_;
  std::uint64_t first_trajectory_;
  std::vector<Trajectory> trajectories_;
  std::vector<std::uint8_t> alive_;
  std::vector<std::uint64_t> attempts_;           ///< [trajectory, year] attempt of the survivor
  std::vector<SplitSurvivor> split_;              ///< [trajectory, year] with Method::split
  std::vector<std::size_t> complete_;             ///< slots, after all years
  std::size_t rows_with_sizes_ = 0;               ///< complete trajectories whose sizes are kept
  std::vector<float> staged_;                     ///< z of the rows recorded at a time
  std::vector<Staged> staged_sets_;               ///< [row of those, year]
  std::vector<double> log10_frontier_;            ///< [complete] largest model so far
  std::vector<kernels::FrontierCount> frontier_;  ///< [complete, year, width]
  kernels::FrontierScratch frontier_scratch_;
  std::vector<std::uint64_t> running_;  ///< [threshold] of record_cumulative()
  std::vector<Trial> trials_;           ///< the first scheduled_, with room for a tile and one
  std::vector<Verdict> verdicts_;       ///< trajectory's attempts more; likewise
  std::size_t scheduled_ = 0;
  BatchResult result_;
};

BatchRun::BatchRun(const Plan& plan, std::uint64_t batch, const BatchOptions& options)
    : plan_(plan),
      options_(options),
      sieve_(plan, Purpose::run),
      first_trajectory_(batch * plan.batch_trajectories) {
  result_.batch = batch;
  for (const double threshold : plan.outputs.thresholds) {
    log10_thresholds_.push_back(kernels::decimal_log(threshold));
  }
  result_.tally = Tally(plan);
  const std::uint64_t last =
      std::min(first_trajectory_ + plan.batch_trajectories, plan.trajectories);
  for (std::uint64_t i = first_trajectory_; i < last; ++i) {
    trajectories_.push_back(sieve_.inputs().trajectory(i));
  }
  trials_.resize(options.tile + worth_filling);
  verdicts_.resize(trials_.size());
  alive_.assign(trajectories_.size(), 1);
  attempts_.assign(trajectories_.size() * plan.year_count(), 0);
  if (plan.sampling.method == Method::split) split_.resize(attempts_.size());
  result_.tally.trajectories = trajectories_.size();
}

bool BatchRun::run() {
  for (std::uint32_t year = 0; year < plan_.year_count(); ++year) {
    if (!run_year(year)) return false;
    remember(year);
  }
  record();
  return true;
}

bool BatchRun::run_year(std::uint32_t year_index) {
  if (plan_.sampling.method == Method::split) return split_year(year_index);
  std::vector<Pending> pending = all_pending(year_index);
  while (!pending.empty()) {
    std::size_t left = 0;
    for (std::size_t first = 0; first < pending.size();) {
      if (options_.abandon != nullptr && options_.abandon->load(std::memory_order_relaxed)) {
        return false;
      }
      const std::size_t last = schedule(year_index, pending, first);
      sieve_.judge(std::span(trials_).first(scheduled_), verdicts_);
      left = settle(year_index, pending, {first, last}, left);
      first = last;
    }
    pending.resize(left);
  }
  return true;
}

/// All trajectories that are alive, in the order in which the sieve wants them. (Sums of tilted
/// candidates are part of the result and stay in the order of trajectories.)
std::vector<BatchRun::Pending> BatchRun::all_pending(std::uint32_t year_index) {
  std::vector<Pending> pending;
  for (std::size_t slot = 0; slot < trajectories_.size(); ++slot) {
    if (alive_[slot] != 0) pending.push_back({slot, 0, 0});
  }
  if (!sieve_.orders_by_year() || is_tilted(plan_.sampling.method)) return pending;
  std::vector<std::uint32_t> counts(trajectories_.size());
  for (const Pending& entry : pending) {
    const Trajectory& trajectory = trajectories_[entry.slot];
    counts[entry.slot] = sieve_.count_of_year({&trajectory, {trajectory.index, 0, year_index}});
  }
  std::stable_sort(pending.begin(), pending.end(), [&](const Pending& a, const Pending& b) {
    return counts[a.slot] < counts[b.slot];
  });
  return pending;
}

/// One survivor of each trajectory's own population.
bool BatchRun::split_year(std::uint32_t year_index) {
  for (std::size_t slot = 0; slot < trajectories_.size(); ++slot) {
    if (alive_[slot] == 0) continue;
    if (options_.abandon != nullptr && options_.abandon->load(std::memory_order_relaxed)) {
      return false;
    }
    auto survivor = split_survivor(sieve_.inputs(), trajectories_[slot], year_index,
                                   result_.tally.years[year_index]);
    if (!survivor) {
      alive_[slot] = 0;
      continue;
    }
    const std::size_t place = slot * plan_.year_count() + year_index;
    attempts_[place] = survivor->particle;
    split_[place] = std::move(*survivor);
  }
  return true;
}

/// Of survivors only: draws them again, or takes those that were kept.
void BatchRun::visit(std::span<const Trial> trials, const Sieve::Visitor& visitor) {
  if (split_.empty()) return sieve_.visit(trials, visitor);
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const auto slot = static_cast<std::size_t>(trials[i].trajectory - trajectories_.data());
    const Address& address = trials[i].address;
    visit_survivor(
        sieve_.inputs(), address, split_[slot * plan_.year_count() + address.year_index],
        [&](const Candidate& candidate, OrderedSizes& ordered) { visitor(i, candidate, ordered); });
  }
}

/// Fills the tile with attempts of pending[first] and the next ones; returns the first that is left
/// out. Where few trajectories are left, one that has failed n times gets up to n / 2 attempts at
/// once, to fill a small part of the tile: few are then computed in vain. Whole groups of lanes
/// where there are so many: attempts of one trajectory have sizes of nearly one number.
std::size_t BatchRun::schedule(std::uint32_t year_index, std::vector<Pending>& pending,
                               std::size_t first) {
  const std::uint64_t room =
      std::max<std::uint64_t>(1, std::min(options_.tile, worth_filling) / pending.size());
  const std::uint64_t full_group = kernels::group_width / pending.size();
  std::size_t filled = 0;
  for (; first < pending.size() && filled < options_.tile; ++first) {
    Pending& entry = pending[first];
    std::uint64_t wanted = std::clamp<std::uint64_t>(std::max(entry.made / 2, full_group), 1, room);
    if (wanted > kernels::group_width) wanted -= wanted % kernels::group_width;
    entry.scheduled = std::min(wanted, plan_.attempts - entry.made);
    Address address{first_trajectory_ + entry.slot, entry.made, year_index};
    const std::uint64_t end = entry.made + entry.scheduled;
    for (; address.attempt < end; ++address.attempt) {
      trials_[filled++] = {&trajectories_[entry.slot], address};
    }
  }
  scheduled_ = filled;
  return first;
}

/// Counts the attempts of the tile up to each trajectory's first survivor, moves those without to
/// pending[left] and the next places, and returns the place after them.
std::size_t BatchRun::settle(std::uint32_t year_index, std::vector<Pending>& pending, Range tile,
                             std::size_t left) {
  YearTally& tally = result_.tally.years[year_index];
  std::size_t first = 0;
  for (std::size_t i = tile.first; i < tile.last; ++i) {
    Pending entry = pending[i];
    const std::optional<std::uint64_t> survivor = settle_one(tally, entry, first);
    first += entry.scheduled;
    entry.made += entry.scheduled;
    if (survivor) {
      attempts_[entry.slot * plan_.year_count() + year_index] = *survivor;
    } else if (entry.made < plan_.attempts) {
      pending[left++] = entry;
    } else {
      alive_[entry.slot] = 0;
      ++tally.exhausted;
    }
  }
  return left;
}

/// The first survivor among the scheduled attempts of one trajectory, which start at
/// trials_[first].
std::optional<std::uint64_t> BatchRun::settle_one(YearTally& tally, const Pending& entry,
                                                  std::size_t first) {
  const Verdict* verdict = &verdicts_[first];
  for (std::uint64_t i = 0; i < entry.scheduled; ++i, ++verdict) {
    tally.add_verdict(*verdict, entry.made + i);
    if (verdict->survives) return entry.made + i;
  }
  return std::nullopt;
}

Trial BatchRun::survivor(std::size_t slot, std::uint32_t year_index) const {
  const Trajectory& trajectory = trajectories_[slot];
  return {&trajectory,
          {trajectory.index, attempts_[slot * plan_.year_count() + year_index], year_index}};
}

std::vector<Trial> BatchRun::survivors(std::size_t first, std::size_t last,
                                       std::uint32_t year_index) const {
  std::vector<Trial> trials;
  trials.reserve(last - first);
  for (std::size_t row = first; row < last; ++row) {
    trials.push_back(survivor(complete_[row], year_index));
  }
  return trials;
}

/// Keeps the statistics of this year's survivors that the next year's are compared with.
void BatchRun::remember(std::uint32_t year_index) {
  std::vector<std::size_t> compared;
  for (std::size_t i = 0; i < plan_.constraints.size(); ++i) {
    if (plan_.constraints[i].relative_to == RelativeTo::previous_year) compared.push_back(i);
  }
  if (compared.empty()) return;
  std::vector<std::size_t> slots;
  std::vector<Trial> trials;
  for (std::size_t slot = 0; slot < trajectories_.size(); ++slot) {
    if (alive_[slot] == 0) continue;
    slots.push_back(slot);
    trials.push_back(survivor(slot, year_index));
  }
  visit(trials, [&](std::size_t i, const Candidate& candidate, OrderedSizes& ordered) {
    std::vector<double>& previous = trajectories_[slots[i]].previous;
    previous.resize(plan_.constraints.size());
    for (const std::size_t each : compared) {
      previous[each] = evaluate(plan_.constraints[each].statistic, candidate, ordered);
    }
  });
}

/// Draws the survivors of the complete trajectories again and takes down what is kept of them.
void BatchRun::record() {
  const std::size_t years = plan_.year_count();
  Columns& columns = result_.columns;
  for (std::size_t slot = 0; slot < trajectories_.size(); ++slot) {
    if (alive_[slot] == 0) continue;
    complete_.push_back(slot);
    columns.trajectory.push_back(trajectories_[slot].index);
    for (std::size_t year = 0; year < years; ++year) {
      columns.attempt.push_back(attempts_[slot * years + year]);
    }
  }
  result_.tally.complete = complete_.size();
  columns.counts.assign(complete_.size() * years * plan_.outputs.thresholds.size(), 0);
  columns.statistics.assign(complete_.size() * years * plan_.outputs.statistics.size(), 0.0);
  frontier_.assign(result_.tally.frontier_before.size() * complete_.size(), {});
  log10_frontier_.assign(complete_.size(), plan_.outputs.frontier.log10_start);
  // As many as the whole run keeps: which of them these are is known when batches are joined.
  if (plan_.outputs.keep == Keep::samples) {
    rows_with_sizes_ = static_cast<std::size_t>(
        std::min<std::uint64_t>(plan_.outputs.keep_samples, complete_.size()));
  }
  for (std::size_t row = 0; row < complete_.size(); row += rows_at_once) {
    record_rows(row, std::min(row + rows_at_once, complete_.size()));
  }
  if (!plan_.outputs.keeps_statistics()) columns.statistics = {};
  if (plan_.outputs.keep == Keep::summary) columns = {};
}

/// All years of some rows, so that their columns stay in the cache until they are tallied.
void BatchRun::record_rows(std::size_t first, std::size_t last) {
  staged_.clear();
  staged_sets_.resize((last - first) * plan_.year_count());
  for (std::uint32_t year = 0; year < plan_.year_count(); ++year) {
    visit(survivors(first, last, year),
          [&](std::size_t i, const Candidate& candidate, OrderedSizes& ordered) {
            if (first + i < rows_with_sizes_) stage_sizes(i, year, candidate, ordered);
            record_survivor(first + i, year, candidate, ordered);
          });
  }
  keep_sizes(first, std::min(last, rows_with_sizes_));
  for (std::size_t row = first; row < last; ++row) tally_row(row);
}

void BatchRun::record_survivor(std::size_t row, std::uint32_t year_index,
                               const Candidate& candidate, OrderedSizes& ordered) {
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
    record_frontier(row, year_index, candidate, ordered);
  }
}

void BatchRun::record_frontier(std::size_t row, std::uint32_t year_index,
                               const Candidate& candidate, OrderedSizes& ordered) {
  const Frontier& frontier = plan_.outputs.frontier;
  const std::size_t widths = frontier.widths.size();
  const Draws& draws = sieve_.inputs().draws();
  // Nothing else is looked at; widths ascend. All models where there is no frontier yet.
  const OrderedSizes::Placed models =
      ordered.select_from(log10_frontier_[row] - frontier.widths.back());
  const kernels::FrontierYear year{models.log10_flop, models.places, draws.key(),
                                   draws.counter(Stream::dates, candidate.address),
                                   frontier.periods};
  const std::size_t place = (row * plan_.year_count() + year_index) * widths;
  log10_frontier_[row] =
      kernels::count_frontier(year, log10_frontier_[row], frontier.widths,
                              std::span(frontier_).subspan(place, widths), frontier_scratch_);
}

/// Adds a complete trajectory to the tallies. Row after row: the order of the float sums is part
/// of the result.
void BatchRun::tally_row(std::size_t row) {
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
  record_cumulative(row);
}

void BatchRun::record_cumulative(std::size_t row) {
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

/// Sizes come year after year, and are kept row after row. `row` counts from the first one that is
/// recorded with it.
void BatchRun::stage_sizes(std::size_t row, std::uint32_t year_index, const Candidate& candidate,
                           OrderedSizes& ordered) {
  const std::span<const float> ascending = ordered.ascending();
  staged_sets_[row * plan_.year_count() + year_index] = {staged_.size(), ascending.size(),
                                                         candidate.location, candidate.scale};
  staged_.insert(staged_.end(), ascending.begin(), ascending.end());
}

void BatchRun::keep_sizes(std::size_t first, std::size_t last) {
  if (first >= last) return;
  Columns& columns = result_.columns;
  // The first rows tell how much room all of them need, or nearly so.
  if (first == 0) {
    columns.z.reserve(staged_.size() / last * (rows_with_sizes_ + 1));
    const std::size_t sets = rows_with_sizes_ * plan_.year_count();
    columns.row_size.reserve(sets);
    columns.location.reserve(sets);
    columns.scale.reserve(sets);
  }
  for (std::size_t i = 0; i < (last - first) * plan_.year_count(); ++i) {
    const Staged& set = staged_sets_[i];
    const auto z = std::span(staged_).subspan(set.first, set.count);
    columns.row_size.push_back(set.count);
    columns.location.push_back(set.location);
    columns.scale.push_back(set.scale);
    columns.z.insert(columns.z.end(), z.begin(), z.end());
  }
}

}  // namespace

void to_log10_flop(const Columns& columns, std::size_t sets, std::vector<double>& sizes) {
  const auto counts = std::span(columns.row_size).first(sets);
  sizes.resize(std::accumulate(counts.begin(), counts.end(), std::size_t{0}));
  std::size_t first = 0;
  for (std::size_t set = 0; set < sets; ++set) {
    const auto count = static_cast<std::size_t>(counts[set]);
    to_log10_flop(columns.location[set], columns.scale[set],
                  std::span(columns.z).subspan(first, count),
                  std::span(sizes).subspan(first, count));
    first += count;
  }
}

std::optional<BatchResult> run_batch(const Plan& plan, std::uint64_t batch,
                                     const BatchOptions& options) {
  BatchRun run(plan, batch, options);
  if (!run.run()) return std::nullopt;
  return run.take();
}

}  // namespace flopsieve::engine
