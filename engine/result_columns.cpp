#include "engine/result_columns.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "engine/format.hpp"
#include "engine/tally_io.hpp"

namespace flopsieve::engine {
namespace {

/// From this number of candidates on, their sizes stand in chunks of 1 MiB: fewer and longer
/// writes.
constexpr std::uint64_t many_sets = 100'000;

}  // namespace

ResultColumns::ResultColumns(H5File& file, const Plan& plan, std::uint64_t complete) {
  if (plan.outputs.keep == Keep::summary) return;
  const Dimension row{format::root_trajectory, complete};
  const auto year = [&](const char* group) {
    return along(group, format::year, plan.year_count());
  };
  trajectory_.emplace(file, format::root_trajectory,
                      DatasetInfo{{row}, "1", "index of a complete trajectory", 1});
  counts_.emplace(
      file, format::counts_by_trajectory,
      DatasetInfo{{row, year(format::counts),
                   along(format::counts, format::threshold, plan.outputs.thresholds.size())},
                  "1",
                  "models above the threshold in the year",
                  1});
  attempt_.emplace(
      file, format::attempt,
      DatasetInfo{{row, year(format::acceptance)}, "1", "attempt (from 0) of the survivor", 1});
  if (plan.outputs.keeps_statistics()) {
    statistics_.emplace(
        file, format::statistics_by_trajectory,
        DatasetInfo{{row, year(format::statistics),
                     along(format::statistics, format::statistic, plan.outputs.statistics.size())},
                    "",
                    "value of the survivor's statistic"});
  }
  if (plan.outputs.keep == Keep::samples) add_samples(file, plan, complete);
}

void ResultColumns::add_samples(H5File& file, const Plan& plan, std::uint64_t complete) {
  sets_wanted_ = std::min(complete, plan.outputs.keep_samples) * plan.year_count();
  const Dimension set = along(format::samples, "sample_set", sets_wanted_);
  set_trajectory_.emplace(file, format::sample_trajectory,
                          DatasetInfo{{set}, "1", "trajectory of the candidate"});
  set_year_.emplace(file, format::sample_year, DatasetInfo{{set}, "", "year of the candidate"});
  row_size_.emplace(file, format::row_size,
                    DatasetInfo{{set}, "1", "number of models in the candidate"});
  log10_flop_.emplace(file, format::log10_flop,
                      DatasetInfo{{along(format::samples, "model", kGrowing)},
                                  "log10 FLOP",
                                  "sizes of the candidates one after the other, ascending"},
                      std::size_t{sets_wanted_ < many_sets ? 256U : 1024U} << 10);
}

void ResultColumns::append(const Rows& rows) {
  if (!trajectory_) return;
  trajectory_->append(rows.trajectory);
  counts_->append(rows.counts);
  attempt_->append(rows.attempt);
  if (statistics_) statistics_->append(rows.statistics);
}

std::size_t ResultColumns::wanted_sets(std::size_t sets) const {
  if (!row_size_) return 0;
  return static_cast<std::size_t>(std::min<std::uint64_t>(sets, sets_wanted_ - row_size_->rows()));
}

void ResultColumns::append(SampleSets& sets) {
  set_trajectory_->append(sets.trajectory);
  set_year_->append(sets.year);
  row_size_->append(sets.row_size);
  sets.log10_flop = log10_flop_->exchange(std::move(sets.log10_flop));
}

void ResultColumns::finish(H5File& file) {
  if (!trajectory_) return;
  trajectory_->finish();
  counts_->finish();
  attempt_->finish();
  if (statistics_) statistics_->finish();
  if (!row_size_) return;
  set_trajectory_->finish();
  set_year_->finish();
  row_size_->finish();
  log10_flop_->finish();
  file.write_attribute(format::row_size, "sample_dimension", std::string_view("model"));
  file.write_attribute(format::log10_flop, "coordinates", std::string_view("trajectory year"));
}

}  // namespace flopsieve::engine
