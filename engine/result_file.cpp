#include "engine/result_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "engine/batch_io.hpp"
#include "engine/candidate.hpp"
#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/format.hpp"
#include "engine/h5.hpp"
#include "engine/result_columns.hpp"
#include "engine/result_seal.hpp"
#include "engine/result_tables.hpp"
#include "engine/tally_io.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;

/// After so many bytes the system is told to begin to write.
constexpr std::size_t worth_writing = std::size_t{4} << 20;

/// Batches that are written together: HDF5 takes its time for each piece, and the parts of shards
/// give them one at a time.
constexpr std::size_t records_at_once = 256;

void check_stop(const std::atomic<bool>* stop) {
  if (stop != nullptr && stop->load()) {
    throw Error(ExitCode::interrupted, "stopped while joining the parts");
  }
}

template <class T>
std::span<const T> rows_of(const std::vector<T>& values, const Piece& piece) {
  const std::size_t rows = piece.part.columns.trajectory.size();
  const std::size_t width = rows == 0 ? 0 : values.size() / rows;
  return std::span(values).subspan(piece.first_row * width, piece.rows * width);
}

/// The sizes of the first `sets` of a piece.
void take_samples(const Piece& piece, const Plan& plan, std::size_t sets, SampleSets& samples) {
  const Columns& columns = piece.part.columns;
  const std::size_t years = plan.year_count();
  samples.trajectory.resize(sets);
  samples.year.resize(sets);
  samples.row_size = std::span(columns.row_size).subspan(piece.first_set, sets);
  samples.log10_flop.resize(
      std::accumulate(samples.row_size.begin(), samples.row_size.end(), std::size_t{0}));
  std::size_t place = 0;
  for (std::size_t i = 0; i < sets; ++i) {
    const std::size_t set = piece.first_set + i;
    const auto count = static_cast<std::size_t>(columns.row_size[set]);
    samples.trajectory[i] = columns.trajectory.at(piece.first_row + i / years);
    samples.year[i] = plan.years[i % years];
    to_log10_flop(columns.location[set], columns.scale[set],
                  std::span(columns.z).subspan(piece.first_size + place, count),
                  std::span(samples.log10_flop).subspan(place, count));
    place += count;
  }
}

/// Appends a piece; returns how many bytes that are.
std::size_t append(const Piece& piece, const Plan& plan, SampleSets& samples,
                   ResultColumns& columns) {
  const Columns& all = piece.part.columns;
  const Rows rows{rows_of(all.trajectory, piece), rows_of(all.attempt, piece),
                  rows_of(all.counts, piece), rows_of(all.statistics, piece)};
  columns.append(rows);
  std::size_t bytes = rows.attempt.size_bytes() + rows.counts.size_bytes();
  const std::size_t sets = columns.wanted_sets(piece.sets);
  if (sets > 0) {
    take_samples(piece, plan, sets, samples);
    bytes += 8 * samples.log10_flop.size();
    columns.append(samples);
  }
  return bytes;
}

/// Throws Error(interrupted) where a fold ended because it was to stop.
void add_histograms_or_stop(JoinedBatches& batches, const std::atomic<bool>* stop, Tally& tally) {
  const std::optional<Tally> histograms = batches.histograms(stop);
  if (!histograms) check_stop(stop);
  tally.add(*histograms);
}

void write_tables(H5File& file, const Study& study, const Tally& tally) {
  write_attributes(file, study, tally);
  write_summary(file, study.plan, tally);
  write_acceptance(file, study.plan, tally);
  write_histograms(file, study.plan, tally, 1);
  mark_complete(file);
}

}  // namespace

Tally write_result_file(const fs::path& path, const Study& study, const std::vector<Part>& parts,
                        const std::atomic<bool>* stop,
                        std::optional<std::uint64_t> batches_wanted) {
  const std::uint64_t batches = batches_wanted.value_or(study.plan.batch_count());
  return write_result_file(path, study, arrange(study.plan, parts, 0, batches), nullptr, stop);
}

Tally write_result_file(const fs::path& path, const Study& study, const Joining& joining,
                        const OlderRun* older, const std::atomic<bool>* stop) {
  const Plan& plan = study.plan;
  Tally tally = older == nullptr ? Tally(plan) : older->tally;
  TemporaryFile temporary(path);
  std::vector<ByteRange> large_arrays;
  {
    H5File file = H5File::create(temporary.path());
    write_group_scales(file, plan);
    ResultColumns columns(file, plan,
                          joining.complete() + (older == nullptr ? 0 : older->complete));
    BatchWriter records(file, plan, joining.end());
    if (older != nullptr) copy_batches(*older, plan, records, columns, stop);
    JoinedBatches batches(joining, plan);
    SampleSets samples;
    std::vector<BatchRecord> waiting;
    std::size_t written = 0;
    while (const std::optional<Piece> piece = batches.next()) {
      check_stop(stop);
      written += append(*piece, plan, samples, columns);
      if (written >= worth_writing) {
        temporary.begin_commit();
        written = 0;
      }
      for (BatchRecord& record :
           std::span(piece->part.batches).subspan(piece->first_batch, piece->batches)) {
        tally.add(record.tally);
        waiting.push_back(std::move(record));
      }
      if (waiting.size() >= records_at_once) {
        records.append(waiting);
        waiting.clear();
      }
    }
    records.append(waiting);
    add_histograms_or_stop(batches, stop, tally);
    columns.finish(file);
    records.finish();
    write_tables(file, study, tally);
    file.flush();
    large_arrays = file.plain_numbers(kLargeArray);
  }
  append_seal(temporary, large_arrays);
  temporary.commit();
  return tally;
}

Tally fold_batches(const Plan& plan, const Joining& joining, const OlderRun* older,
                   const std::atomic<bool>* stop) {
  Tally tally = older == nullptr ? Tally(plan) : older->tally;
  JoinedBatches batches(joining, plan);
  while (const std::optional<Piece> piece = batches.next()) {
    check_stop(stop);
    const auto own = std::span(piece->part.batches).subspan(piece->first_batch, piece->batches);
    for (const BatchRecord& record : own) tally.add(record.tally);
  }
  add_histograms_or_stop(batches, stop, tally);
  return tally;
}

}  // namespace flopsieve::engine
