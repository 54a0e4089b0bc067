#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/batch.hpp"
#include "engine/candidate.hpp"
#include "engine/plan.hpp"
#include "engine/streams.hpp"
#include "kernels/frontier.hpp"

namespace flopsieve::engine {

/// Takes down what a batch keeps of its complete trajectories, its rows: some rows at a time, and
/// of these year after year, because a survivor of a later year is looked at after those before it.
class Recorder {
 public:
  /// The number of rows is that of complete trajectories in the result's tally. All three must
  /// outlive the Recorder.
  Recorder(const Plan& plan, const Draws& draws, BatchResult& result);

  /// The rows [first, last) follow, which are the next ones.
  void begin_rows(std::size_t first, std::size_t last);
  /// One of these rows' survivor of a year. Years ascend.
  void add(std::size_t row, std::uint32_t year_index, const Candidate& candidate,
           OrderedSizes& ordered);
  /// Tallies the rows that were begun.
  void end_rows();
  /// Forgets the columns that the Plan does not keep.
  void finish();

 private:
  /// A survivor's sizes in staged_.
  struct Staged {
    std::size_t first = 0;
    std::size_t count = 0;
    double location = 0.0;
    double scale = 0.0;
  };

  void add_frontier(std::size_t row, std::uint32_t year_index, const Candidate& candidate,
                    OrderedSizes& ordered);
  void stage_sizes(std::size_t row, std::uint32_t year_index, const Candidate& candidate,
                   OrderedSizes& ordered);
  void keep_sizes();
  void tally_row(std::size_t row);
  void tally_cumulative(std::size_t row);

  const Plan& plan_;
  const Draws& draws_;
  BatchResult& result_;
  std::vector<double> log10_thresholds_;
  std::size_t first_ = 0;                         ///< of the rows that were begun
  std::size_t last_ = 0;                          ///< behind them
  std::size_t rows_with_sizes_ = 0;               ///< the first ones, whose sizes are kept
  std::vector<float> staged_;                     ///< z of the rows that were begun
  std::vector<Staged> staged_sets_;               ///< [row of those, year]
  std::vector<double> log10_frontier_;            ///< [row] largest model so far
  std::vector<kernels::FrontierCount> frontier_;  ///< [row, year, width]
  kernels::FrontierScratch frontier_scratch_;
  std::vector<std::uint64_t> running_;  ///< [threshold] of tally_cumulative()
};

}  // namespace flopsieve::engine
