#include "engine/part_check.hpp"

#include <cstddef>
#include <cstdint>
#include <stdexcept>

namespace flopsieve::engine {
namespace {

void demand(bool condition, const char* what) {
  if (!condition) throw std::out_of_range(what);
}

/// Complete trajectories of all batches.
std::size_t demand_batches(const PartContents& contents, const Plan& plan) {
  std::size_t complete = 0;
  for (const BatchRecord& record : contents.batches) {
    demand(record.tally.trajectories <= plan.batch_trajectories, "a batch is too long");
    demand(record.tally.complete <= record.tally.trajectories, "more complete than there are");
    complete += static_cast<std::size_t>(record.tally.complete);
  }
  return complete;
}

void demand_histograms(const Tally& tally, std::size_t complete) {
  for (const auto* list : {&tally.counts, &tally.cumulative, &tally.frontier_before,
                           &tally.frontier_including, &tally.statistics}) {
    for (const Histogram& histogram : *list) {
      std::uint64_t left = complete;
      for (const std::uint64_t members : histogram) {
        demand(members <= left, "a histogram counts more than are complete");
        left -= members;
      }
    }
  }
}

void demand_sizes(const Columns& columns, std::size_t rows, std::size_t years) {
  const std::size_t sets = columns.row_size.size();
  demand(sets <= rows * years, "more sets of sizes than rows");
  demand(columns.location.size() == sets && columns.scale.size() == sets, "sets differ in number");
  std::uint64_t left = columns.z.size();
  for (const std::uint64_t size : columns.row_size) {
    demand(size <= left, "fewer sizes than their sets say");
    left -= size;
  }
  demand(left == 0, "more sizes than their sets say");
}

}  // namespace

void demand_consistent(const PartContents& contents, const Plan& plan,
                       const std::filesystem::path& path) {
  read_checked(path, [&] {
    const Columns& columns = contents.columns;
    const std::size_t complete = demand_batches(contents, plan);
    const std::size_t rows = columns.trajectory.size();
    const std::size_t years = plan.year_count();
    demand(rows == (plan.outputs.keep == Keep::summary ? 0 : complete), "rows are missing");
    demand(columns.attempt.size() == rows * years, "attempts are missing");
    demand(columns.counts.size() == rows * years * plan.outputs.thresholds.size(),
           "counts are missing");
    const std::size_t statistics =
        plan.outputs.keeps_statistics() ? plan.outputs.statistics.size() : 0;
    demand(columns.statistics.size() == rows * years * statistics, "statistics are missing");
    demand_sizes(columns, rows, years);
    demand_histograms(contents.histograms, complete);
  });
}

}  // namespace flopsieve::engine
