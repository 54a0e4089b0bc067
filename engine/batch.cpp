#include "engine/batch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "engine/error.hpp"
#include "engine/recorder.hpp"
#include "engine/sieve.hpp"
#include "engine/split_run.hpp"

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
  /// Attempts that are judged together: those of pending[first] to before pending[last].
  struct Tile {
    std::size_t first, last;
    std::size_t trials;  ///< how many
  };

  struct Pending {
    std::size_t slot = 0;         ///< which trajectory of the batch
    std::uint64_t made = 0;       ///< attempts that are rejected, the first ones
    std::uint64_t scheduled = 0;  ///< attempts in the present tile
    std::uint64_t known = 0;      ///< of those made, known beforehand to be rejected
  };

  bool run_year(std::uint32_t year_index);
  bool split_year(std::uint32_t year_index);
  bool filter_year(std::uint32_t year_index);
  bool judge_known(std::uint32_t year_index, std::vector<Pending>& pending);
  bool judge_telling(std::uint32_t year_index, std::size_t trials);
  std::uint64_t rejected_attempts(std::size_t slot, std::uint32_t year_index) const;
  void visit(std::span<const Trial> trials, const Sieve::Visitor& visitor);
  std::vector<Pending> all_pending(std::uint32_t year_index);
  Tile schedule(std::uint32_t year_index, std::vector<Pending>& pending, std::size_t first);
  std::size_t settle(std::uint32_t year_index, std::vector<Pending>& pending, Tile tile,
                     std::size_t left);
  bool stays_pending(std::uint32_t year_index, const Pending& entry,
                     std::optional<std::uint64_t> survivor);
  std::optional<std::uint64_t> settle_one(YearTally& tally, const Pending& entry,
                                          std::size_t first);
  void remember(std::uint32_t year_index);
  void record();
  Trial survivor(std::size_t slot, std::uint32_t year_index) const;
  std::vector<Trial> survivors(std::size_t first, std::size_t last, std::uint32_t year_index) const;

  const Plan& plan_;
  const BatchOptions& options_;
  Sieve sieve_;
  std::uint64_t first_trajectory_;
  std::vector<Trajectory> trajectories_;
  std::vector<std::uint8_t> alive_;
  std::vector<std::uint64_t> attempts_;  ///< [trajectory, year] attempt of the survivor
  std::vector<SplitSurvivor> split_;     ///< [trajectory, year] with Method::split
  std::vector<std::span<const std::uint64_t>> known_;  ///< [trajectory, if any is] [year] attempts
  std::vector<std::optional<std::uint64_t>> first_survivors_;  ///< [trajectory] of judge_telling()
  std::vector<std::size_t> complete_;                          ///< slots, after all years
  /// Room for a tile, which may end with all attempts of a trajectory that are worth computing.
  std::vector<Trial> trials_;
  std::vector<Verdict> verdicts_;  ///< of these
  BatchResult result_;
};

BatchRun::BatchRun(const Plan& plan, std::uint64_t batch, const BatchOptions& options)
    : plan_(plan),
      options_(options),
      sieve_(plan, Purpose::run),
      first_trajectory_(batch * plan.batch_trajectories) {
  result_.batch = batch;
  result_.tally = Tally(plan);
  const std::uint64_t last =
      std::min(first_trajectory_ + plan.batch_trajectories, plan.trajectories);
  for (std::uint64_t i = first_trajectory_; i < last; ++i) {
    trajectories_.push_back(sieve_.inputs().trajectory(i));
    if (options.known != nullptr) known_.push_back(options.known->find(i));
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
  if (!plan_.sampling.filtered.empty()) return filter_year(year_index);
  if (plan_.sampling.method == Method::split) return split_year(year_index);
  std::vector<Pending> pending = all_pending(year_index);
  if (!known_.empty() && !judge_known(year_index, pending)) return false;
  while (!pending.empty()) {
    std::size_t left = 0;
    for (std::size_t first = 0; first < pending.size();) {
      if (options_.abandon != nullptr && options_.abandon->load(std::memory_order_relaxed)) {
        return false;
      }
      const Tile tile = schedule(year_index, pending, first);
      sieve_.judge(std::span(trials_).first(tile.trials), std::span(verdicts_).first(tile.trials));
      left = settle(year_index, pending, tile, left);
      first = tile.last;
    }
    pending.resize(left);
  }
  return true;
}

/// How many first attempts are known to be rejected: those before the survivor of the other run,
/// unless its verdicts hung on a survivor of the year before that is another one here.
std::uint64_t BatchRun::rejected_attempts(std::size_t slot, std::uint32_t year_index) const {
  if (known_.empty() || known_[slot].empty()) return 0;
  if (year_index > 0 && options_.known->looks_back[year_index] != 0) {
    const std::uint64_t before = attempts_[slot * plan_.year_count() + year_index - 1];
    if (before != known_[slot][year_index - 1]) return 0;
  }
  return known_[slot][year_index];
}

/// Judges those of the known attempts that a tally looks at: the audited ones and, with tilted
/// methods, the first of every trajectory, known or not, because their sums are taken in order of
/// trajectories.
bool BatchRun::judge_known(std::uint32_t year_index, std::vector<Pending>& pending) {
  YearTally& tally = result_.tally.years[year_index];
  const bool sums_firsts = is_tilted(plan_.sampling.method);
  first_survivors_.assign(trajectories_.size(), std::nullopt);
  std::size_t trials = 0;
  for (Pending& entry : pending) {
    if (sums_firsts) entry.made = std::max<std::uint64_t>(entry.made, 1);
    if (entry.made == 0) continue;
    Address address{first_trajectory_ + entry.slot, 0, year_index};
    std::uint64_t judged = 0;
    const auto add = [&](std::uint64_t attempt) {
      address.attempt = attempt;
      trials_[trials++] = {&trajectories_[entry.slot], address};
      ++judged;
      if (trials < options_.tile) return true;
      return judge_telling(year_index, std::exchange(trials, 0));
    };
    if (sums_firsts || is_audited(address)) {
      if (!add(0)) return false;
    } else {
      ++tally.first_trials;
    }
    for (std::uint64_t i = next_audited(address, 1); i < entry.made;
         i = next_audited(address, i + 1)) {
      if (!add(i)) return false;
    }
    tally.candidates += entry.made - judged;
  }
  if (!judge_telling(year_index, trials)) return false;
  std::erase_if(pending, [&](const Pending& entry) {
    return entry.made > 0 && !stays_pending(year_index, entry, first_survivors_[entry.slot]);
  });
  return true;
}

/// Judges the first of trials_ and counts them. Only an attempt that is not known may survive.
bool BatchRun::judge_telling(std::uint32_t year_index, std::size_t trials) {
  if (options_.abandon != nullptr && options_.abandon->load(std::memory_order_relaxed)) {
    return false;
  }
  sieve_.judge(std::span(trials_).first(trials), std::span(verdicts_).first(trials));
  for (std::size_t i = 0; i < trials; ++i) {
    const Address& address = trials_[i].address;
    result_.tally.years[year_index].add_verdict(verdicts_[i], address.attempt);
    if (!verdicts_[i].survives) continue;
    const std::size_t slot = address.trajectory - first_trajectory_;
    if (address.attempt < rejected_attempts(slot, year_index)) {
      throw Error(
          ExitCode::storage,
          fmt::format("attempt {} of trajectory {} in {} survives, which the stored run says "
                      "is rejected: it is not of a looser job",
                      address.attempt, address.trajectory, plan_.years[year_index]));
    }
    first_survivors_[slot] = address.attempt;
  }
  return true;
}

/// Sampling::filtered: only the survivors of the other run are judged, and each counts as a first
/// attempt.
bool BatchRun::filter_year(std::uint32_t year_index) {
  std::vector<Trial> trials;
  for (std::size_t slot = 0; slot < trajectories_.size(); ++slot) {
    if (known_.empty() || known_[slot].empty()) alive_[slot] = 0;
    if (alive_[slot] == 0) continue;
    attempts_[slot * plan_.year_count() + year_index] = known_[slot][year_index];
    trials.push_back(survivor(slot, year_index));
  }
  std::vector<Verdict> verdicts(trials.size());
  for (std::size_t first = 0; first < trials.size(); first += options_.tile) {
    if (options_.abandon != nullptr && options_.abandon->load(std::memory_order_relaxed)) {
      return false;
    }
    const std::size_t count = std::min(options_.tile, trials.size() - first);
    sieve_.judge(std::span(trials).subspan(first, count),
                 std::span(verdicts).subspan(first, count));
  }
  for (std::size_t i = 0; i < trials.size(); ++i) {
    verdicts[i].tilt_constant = 0.0;  // it tells of candidates, not of survivors
    result_.tally.years[year_index].add_verdict(verdicts[i], 0);
    if (!verdicts[i].survives) alive_[trials[i].address.trajectory - first_trajectory_] = 0;
  }
  return true;
}

/// All trajectories that are alive, in the order in which the sieve wants them. (Sums of tilted
/// candidates are part of the result and stay in the order of trajectories.)
std::vector<BatchRun::Pending> BatchRun::all_pending(std::uint32_t year_index) {
  std::vector<Pending> pending;
  for (std::size_t slot = 0; slot < trajectories_.size(); ++slot) {
    if (alive_[slot] == 0) continue;
    const std::uint64_t known = rejected_attempts(slot, year_index);
    pending.push_back({slot, known, 0, known});
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

/// Fills a tile with attempts of pending[first] and the next ones. Where few trajectories are left,
/// one that has failed n times gets up to n / 2 attempts at once, to fill a small part of the tile:
/// few are then computed in vain. Whole groups of lanes where there are so many: attempts of one
/// trajectory have sizes of nearly one number.
BatchRun::Tile BatchRun::schedule(std::uint32_t year_index, std::vector<Pending>& pending,
                                  std::size_t first) {
  const std::uint64_t room =
      std::max<std::uint64_t>(1, std::min(options_.tile, worth_filling) / pending.size());
  const std::uint64_t full_group = kernels::group_width / pending.size();
  Tile tile{first, first, 0};
  for (; tile.last < pending.size() && tile.trials < options_.tile; ++tile.last) {
    Pending& entry = pending[tile.last];
    std::uint64_t wanted =
        std::clamp<std::uint64_t>(std::max((entry.made - entry.known) / 2, full_group), 1, room);
    if (wanted > kernels::group_width) wanted -= wanted % kernels::group_width;
    entry.scheduled = std::min(wanted, plan_.attempts - entry.made);
    Address address{first_trajectory_ + entry.slot, entry.made, year_index};
    const std::uint64_t end = entry.made + entry.scheduled;
    for (; address.attempt < end; ++address.attempt) {
      trials_[tile.trials++] = {&trajectories_[entry.slot], address};
    }
  }
  return tile;
}

/// Counts the attempts of the tile up to each trajectory's first survivor, moves those without to
/// pending[left] and the next places, and returns the place after them.
std::size_t BatchRun::settle(std::uint32_t year_index, std::vector<Pending>& pending, Tile tile,
                             std::size_t left) {
  YearTally& tally = result_.tally.years[year_index];
  std::size_t first = 0;
  for (std::size_t i = tile.first; i < tile.last; ++i) {
    Pending entry = pending[i];
    const std::optional<std::uint64_t> survivor = settle_one(tally, entry, first);
    first += entry.scheduled;
    entry.made += entry.scheduled;
    if (stays_pending(year_index, entry, survivor)) pending[left++] = entry;
  }
  return left;
}

/// Takes down its survivor, or that its attempts ran out.
bool BatchRun::stays_pending(std::uint32_t year_index, const Pending& entry,
                             std::optional<std::uint64_t> survivor) {
  if (survivor) {
    attempts_[entry.slot * plan_.year_count() + year_index] = *survivor;
    return false;
  }
  if (entry.made < plan_.attempts) return true;
  alive_[entry.slot] = 0;
  ++result_.tally.years[year_index].exhausted;
  return false;
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
  if (!looks_back(plan_)) return;
  std::vector<std::size_t> slots;
  std::vector<Trial> trials;
  for (std::size_t slot = 0; slot < trajectories_.size(); ++slot) {
    if (alive_[slot] == 0) continue;
    slots.push_back(slot);
    trials.push_back(survivor(slot, year_index));
  }
  visit(trials, [&](std::size_t i, const Candidate& candidate, OrderedSizes& ordered) {
    trajectories_[slots[i]].previous = remembered(plan_, candidate, ordered);
  });
}

/// Draws the survivors of the complete trajectories again and takes down what is kept of them.
void BatchRun::record() {
  const std::size_t years = plan_.year_count();
  for (std::size_t slot = 0; slot < trajectories_.size(); ++slot) {
    if (alive_[slot] == 0) continue;
    complete_.push_back(slot);
    result_.columns.trajectory.push_back(trajectories_[slot].index);
    for (std::size_t year = 0; year < years; ++year) {
      result_.columns.attempt.push_back(attempts_[slot * years + year]);
    }
  }
  result_.tally.complete = complete_.size();
  Recorder recorder(plan_, sieve_.inputs().draws(), result_);
  // All years of some rows, so that their columns stay in the cache until they are tallied.
  for (std::size_t first = 0; first < complete_.size(); first += rows_at_once) {
    const std::size_t last = std::min(first + rows_at_once, complete_.size());
    recorder.begin_rows(first, last);
    for (std::uint32_t year = 0; year < years; ++year) {
      visit(survivors(first, last, year),
            [&](std::size_t i, const Candidate& candidate, OrderedSizes& ordered) {
              recorder.add(first + i, year, candidate, ordered);
            });
    }
    recorder.end_rows();
  }
  recorder.finish();
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
