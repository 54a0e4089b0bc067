#pragma once

#include <cstdint>
#include <vector>

#include "engine/plan.hpp"
#include "engine/verdict.hpp"

namespace flopsieve::engine {

/// Method::split: what the populations of one year found (split.hpp).
struct SplitTally {
  std::uint64_t populations = 0;    ///< trajectories with an estimate
  std::uint64_t levels = 0;         ///< of all populations
  std::uint64_t moved_levels = 0;   ///< of these, filled up by moves
  std::uint64_t pairs = 0;          ///< trajectories with two populations
  std::uint64_t disagreeing = 0;    ///< of these, farther apart than most_split_sigmas
  double probability = 0.0;         ///< sum of the estimates of P(constraints)
  double square_probability = 0.0;  ///< sum of their squares
  double variance = 0.0;            ///< sum of their variances, corrected for correlated chains
  double acceptance = 0.0;          ///< sum over moved levels of the share of moves accepted

  void add(const SplitTally& other);
};

/// Method::truncate and tilt: what first attempts say of the candidates that nobody draws. Of each
/// the constant W of its trajectory (tilt_trials.hpp), if it passes, otherwise 0.
struct TiltTally {
  double total = 0.0;         ///< sum of those within the windows of the total and of other sums
  double square_total = 0.0;  ///< sum of their squares
  double passes = 0.0;        ///< sum of survivors
  double square_passes = 0.0;

  void add(const TiltTally& other);
};

/// What happened to the candidates of one year. With Method::split, `candidates` are points judged,
/// all audits are empty, and nothing passes first. Otherwise counted up to and including each
/// trajectory's survivor; attempts computed beyond it do not exist.
struct YearTally {
  std::uint64_t candidates = 0;
  std::uint64_t survivors = 0;
  std::uint64_t first_trials = 0;  ///< trajectories that reached this year
  std::uint64_t first_passes = 0;  ///< of these, survivors at attempt 0: estimates P(constraints)
  std::uint64_t exhausted = 0;     ///< trajectories that ran out of attempts in this year
  std::uint64_t audited = 0;       ///< candidates judged in full
  std::uint64_t audited_survivors = 0;
  std::vector<std::uint64_t> killed;   ///< [rejector] audited: first, in declared order, to reject
  std::vector<std::uint64_t> without;  ///< [rejector] audited: rejected by this one alone
  std::vector<std::uint64_t> joint;    ///< [rejector, rejector] audited: rejected by both; the
                                       ///< diagonal counts all that this one rejects
  SplitTally split;
  TiltTally tilt;

  void resize(std::size_t rejectors);
  void add_verdict(const Verdict& verdict, std::uint64_t attempt) {
    ++candidates;
    // Nearly all that there are: rejected, later than the first, not audited.
    if (attempt > 0 && !verdict.survives && !verdict.audited) return;
    add_telling(verdict, attempt);
  }
  void add(const YearTally& other);

 private:
  void add_telling(const Verdict& verdict, std::uint64_t attempt);
};

/// Estimates from the first attempts of a year with Method::truncate or tilt, each with its
/// standard error: unbiased means over trajectories. Both are nan where no first attempt passed:
/// that says little, for survivors come from later attempts too.
struct TiltReport {
  double total_probability = 0.0;  ///< P(total in window), and other sums (tilt_window.hpp)
  double total_error = 0.0;
  double probability = 0.0;  ///< P(constraints), the total among them
  double error = 0.0;
};
TiltReport report_tilt(const YearTally& year);

/// How often each value occurred. For whole numbers the value itself is the index.
using Histogram = std::vector<std::uint64_t>;

inline void add_to(Histogram& histogram, std::uint64_t bin) {
  if (bin >= histogram.size()) histogram.resize(bin + 1, 0);
  ++histogram[bin];
}
void merge(Histogram& into, const Histogram& from);

/// The bin of a value on a grid; values beyond the ends fall into the end bins.
std::uint64_t bin_of(const Grid& grid, double value);

/// The lower edge of a bin, in the unit of the statistic; bin = grid.bins is the upper end.
double bin_edge(const Grid& grid, double bin);

/// Everything that summaries are made of. Integers merge exactly in any order; the float sums are
/// folded in order of batch.
struct Tally {
  std::uint64_t trajectories = 0;  ///< started
  std::uint64_t complete = 0;      ///< with a survivor in every year; the only ones in what follows
  std::vector<YearTally> years;
  std::vector<Histogram> counts;  ///< [year, threshold] models above it in the year
  std::vector<Histogram>
      cumulative;  ///< [year, threshold] up to the year's end: Outputs::forecast_from
  /// [year, width] frontier-connected models in the year, by both conventions
  /// (kernels/frontier.hpp).
  std::vector<Histogram> frontier_before;
  std::vector<Histogram> frontier_including;
  std::vector<Histogram> statistics;  ///< [year, statistic] on the statistic's grid
  std::vector<double> sums;           ///< [year, statistic]
  std::vector<double> square_sums;    ///< [year, statistic]

  Tally() = default;
  explicit Tally(const Plan& plan);
  /// `other` may lack its lists of histograms.
  void add(const Tally& other);
};

}  // namespace flopsieve::engine
