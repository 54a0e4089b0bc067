#include "engine/older_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <utility>

#include "engine/batch.hpp"
#include "engine/error.hpp"
#include "engine/format.hpp"
#include "engine/h5.hpp"
#include "engine/join.hpp"
#include "engine/result_file.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t block_bytes = std::uint64_t{8} << 20;

void check_stop(const std::atomic<bool>* stop) {
  if (stop != nullptr && stop->load()) {
    throw Error(ExitCode::interrupted, "stopped while the older file was copied");
  }
}

[[noreturn]] void fail_to_reproduce(const fs::path& path, std::uint64_t batch) {
  throw Error(ExitCode::storage,
              fmt::format("{}: batch {}, which was cut, does not come out again as it is stored, "
                          "so that the run cannot be extended; compute it anew with --fresh",
                          path.string(), batch));
}

/// Takes the histograms of a cut batch off those of the file.
void take_off(const fs::path& path, const Plan& shorter, BatchRecord& cut, Tally& tally,
              const std::atomic<bool>* stop) {
  std::optional<BatchResult> again = run_batch(shorter, cut.batch, {4096, stop});
  if (!again) check_stop(stop);
  try {
    subtract_histograms(tally, again->tally);
  } catch (const std::invalid_argument&) {
    fail_to_reproduce(path, cut.batch);
  }
  BatchRecord record = record_of(cut.batch, std::move(again->tally));
  if (!equal_records(shorter, record, cut)) fail_to_reproduce(path, cut.batch);
}

/// The first rows of all columns but the sizes.
void copy_rows(const H5File& file, const Plan& plan, std::uint64_t complete, ResultColumns& columns,
               const std::atomic<bool>* stop) {
  const std::uint64_t row_bytes =
      8 + plan.year_count() *
              (8 + 4 * plan.outputs.thresholds.size() +
               (plan.outputs.keeps_statistics() ? 8 : 0) * plan.outputs.statistics.size());
  const std::uint64_t block = std::max<std::uint64_t>(1, block_bytes / row_bytes);
  for (std::uint64_t first = 0; first < complete; first += block) {
    check_stop(stop);
    const std::uint64_t rows = std::min(block, complete - first);
    const auto trajectory = file.read_rows<std::uint64_t>(format::root_trajectory, first, rows);
    const auto attempt = file.read_rows<std::uint64_t>(format::attempt, first, rows);
    const auto counts = file.read_rows<std::uint32_t>(format::counts_by_trajectory, first, rows);
    std::vector<double> statistics;
    if (plan.outputs.keeps_statistics()) {
      statistics = file.read_rows<double>(format::statistics_by_trajectory, first, rows);
    }
    columns.append({trajectory, attempt, counts, statistics});
  }
}

void copy_samples(const H5File& file, std::uint64_t sets_stored, ResultColumns& columns,
                  const std::atomic<bool>* stop) {
  constexpr std::uint64_t block = 4096;
  const std::uint64_t sets = columns.wanted_sets(sets_stored);
  std::uint64_t first_size = 0;
  SampleSets copied;
  for (std::uint64_t first = 0; first < sets; first += block) {
    check_stop(stop);
    const std::uint64_t count = std::min(block, sets - first);
    const auto row_size = file.read_rows<std::uint64_t>(format::row_size, first, count);
    const std::uint64_t sizes = std::accumulate(row_size.begin(), row_size.end(), std::uint64_t{0});
    copied.trajectory = file.read_rows<std::uint64_t>(format::sample_trajectory, first, count);
    copied.year = file.read_rows<std::int32_t>(format::sample_year, first, count);
    copied.row_size = row_size;
    copied.log10_flop = file.read_rows<double>(format::log10_flop, first_size, sizes);
    first_size += sizes;
    columns.append(copied);
  }
}

}  // namespace

OlderRun take_over(const fs::path& path, const Study& study, const std::atomic<bool>* stop) {
  const Results results = read_result_file(path);
  const Plan& plan = study.plan;
  const Plan& shorter = results.study.plan;
  if (results.study.identity != study.identity || shorter.trajectories >= plan.trajectories) {
    throw Error(ExitCode::bad_input,
                fmt::format("{}: another flopsieve has written it meanwhile; look at it with show, "
                            "or choose another output with -o",
                            path.string()));
  }
  OlderRun older{path, 0, 0, Tally(plan)};
  const H5File file = H5File::open(path);
  add_histograms(file, plan, older.tally);
  std::optional<BatchRecord> cut;
  read_batches(file, plan, [&](BatchRecord record) {
    if (record.tally.trajectories < plan.batch_trajectories) {
      cut = std::move(record);
      return;
    }
    ++older.batches;
    older.complete += record.tally.complete;
    older.tally.add(record.tally);
  });
  if (cut) take_off(path, shorter, *cut, older.tally, stop);
  return older;
}

void copy_batches(const OlderRun& older, const Plan& plan, BatchWriter& records,
                  ResultColumns& columns, const std::atomic<bool>* stop) {
  const H5File file = H5File::open(older.path);
  std::uint64_t left = older.batches;
  read_batches(file, plan, [&](BatchRecord record) {
    if (left == 0) return;
    records.append({&record, 1});
    --left;
  });
  if (plan.outputs.keep == Keep::summary) return;
  verify_datasets(file, older.path,
                  {format::root_trajectory, format::attempt, format::counts_by_trajectory,
                   format::statistics_by_trajectory, "/samples/"});
  copy_rows(file, plan, older.complete, columns, stop);
  if (plan.outputs.keep != Keep::samples) return;
  copy_samples(file,
               std::min(older.complete * plan.year_count(), file.shape(format::row_size).at(0)),
               columns, stop);
}

}  // namespace flopsieve::engine
