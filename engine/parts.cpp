#include "engine/parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/format.hpp"
#include "engine/h5.hpp"
#include "engine/sealed.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_waiting_batches = 64;
constexpr std::size_t most_waiting_bytes = std::size_t{16} << 20;

std::size_t bytes_of(const Columns& columns) {
  return 8 * (columns.trajectory.size() + columns.attempt.size() + columns.statistics.size() +
              columns.row_size.size() + columns.log10_flop.size()) +
         4 * columns.counts.size();
}

template <class T>
void append(std::vector<T>& into, const std::vector<T>& from) {
  into.insert(into.end(), from.begin(), from.end());
}

void append(Columns& into, const Columns& from) {
  append(into.trajectory, from.trajectory);
  append(into.attempt, from.attempt);
  append(into.counts, from.counts);
  append(into.statistics, from.statistics);
  append(into.row_size, from.row_size);
  append(into.log10_flop, from.log10_flop);
}

/// Keeps the sizes of the first `rows` complete trajectories only.
void cut_sizes(Columns& columns, std::uint64_t rows, std::size_t years) {
  const std::size_t sets =
      static_cast<std::size_t>(std::min<std::uint64_t>(rows * years, columns.row_size.size()));
  columns.row_size.resize(sets);
  std::uint64_t sizes = 0;
  for (const std::uint64_t size : columns.row_size) sizes += size;
  columns.log10_flop.resize(sizes);
}

void write_columns(H5File& file, const Plan& plan, const Columns& columns) {
  const Dimension row{"/row", columns.trajectory.size()};
  const Dimension year = along("", format::year, plan.year_count());
  file.write("/columns/trajectory", columns.trajectory, {{row}, "1", ""});
  file.write("/columns/attempt", columns.attempt, {{row, year}, "1", ""});
  file.write("/columns/counts", columns.counts,
             {{row, year, along("", format::threshold, plan.outputs.thresholds.size())}, "1", ""});
  const std::size_t statistics = columns.statistics.empty() ? 0 : plan.outputs.statistics.size();
  file.write("/columns/statistics", columns.statistics,
             {{row, year, {"/kept_statistic", statistics}}, "", ""});
  file.write("/columns/row_size", columns.row_size,
             {{{"/sample_set", columns.row_size.size()}}, "1", ""});
  file.write("/columns/log10_flop", columns.log10_flop,
             {{{"/size", columns.log10_flop.size()}}, "", ""});
}

Columns read_columns(const H5File& file) {
  Columns columns;
  columns.trajectory = file.read<std::uint64_t>("/columns/trajectory");
  columns.attempt = file.read<std::uint64_t>("/columns/attempt");
  columns.counts = file.read<std::uint32_t>("/columns/counts");
  columns.statistics = file.read<double>("/columns/statistics");
  columns.row_size = file.read<std::uint64_t>("/columns/row_size");
  columns.log10_flop = file.read<double>("/columns/log10_flop");
  return columns;
}

std::vector<fs::path> part_paths(const fs::path& folder) {
  std::vector<fs::path> paths;
  if (!fs::is_directory(folder)) return paths;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("part-") && name.ends_with(".h5")) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

H5File open_part(std::vector<std::byte> image, const fs::path& path) {
  H5File file = H5File::open_image(std::move(image), path.string());
  if (file.read_attribute_text("/", format::kind) != format::kind_part) {
    throw Error(ExitCode::storage, fmt::format("{}: not a part of a flopsieve run", path.string()));
  }
  const auto version = file.read_attribute<std::int32_t>("/", format::format_version);
  if (version != format::version) {
    throw Error(ExitCode::bad_input, fmt::format("{}: format version {}, this program reads {}",
                                                 path.string(), version, format::version));
  }
  return file;
}

H5File open_part(const fs::path& path) {
  return open_part(unseal(path), path);
}

}  // namespace

PartWriter::PartWriter(fs::path folder, const Study& study, Shard shard)
    : folder_(std::move(folder)), study_(&study), shard_(shard) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) {
    throw Error(ExitCode::storage,
                fmt::format("{}: cannot create the folder: {}", folder_.string(), error.message()));
  }
}

void PartWriter::add(BatchResult result) {
  // A part holds neighbours only: the columns of parts are joined in order of their first batch.
  if (!waiting_.empty() && result.batch != waiting_.back().batch + shard_.count) begin_seal();
  // Only the first complete trajectories of the run keep their sizes. Those of earlier batches
  // that another process or an earlier start sealed are not counted here: too many are kept then,
  // and joining the parts cuts them.
  const std::uint64_t wanted = study_->plan.outputs.keep_samples;
  cut_sizes(result.columns, wanted - std::min(wanted, sizes_kept_), study_->plan.year_count());
  sizes_kept_ += result.tally.complete;
  waiting_bytes_ += bytes_of(result.columns);
  waiting_.push_back(std::move(result));
  if (waiting_.size() >= most_waiting_batches || waiting_bytes_ >= most_waiting_bytes) begin_seal();
}

void PartWriter::begin_seal() {
  finish_part();
  if (waiting_.empty()) return;
  Part part{folder_ / fmt::format("part-{:010}-{:010}-{}of{}.h5", waiting_.front().batch,
                                  waiting_.back().batch, shard_.index, shard_.count),
            {},
            0};
  for (const BatchResult& result : waiting_) {
    part.batches.push_back(result.batch);
    part.complete += result.tally.complete;
  }
  writing_ = std::async(std::launch::async,
                        [this, path = part.path, batches = std::exchange(waiting_, {})] {
                          write_part(path, batches);
                        });
  parts_.push_back(std::move(part));
  waiting_bytes_ = 0;
}

void PartWriter::seal() {
  begin_seal();
  finish_part();
}

/// Waits for the part that is being written. One that failed is none of parts_.
void PartWriter::finish_part() {
  if (!writing_.valid()) return;
  try {
    writing_.get();
  } catch (...) {
    parts_.pop_back();
    waiting_.clear();
    throw;
  }
}

void PartWriter::write_part(const fs::path& path, const std::vector<BatchResult>& batches) const {
  const Plan& plan = study_->plan;
  Tally histograms(plan);
  Columns columns;
  std::vector<BatchRecord> records;
  for (const BatchResult& result : batches) {
    histograms.add(result.tally);
    append(columns, result.columns);
    records.push_back({result.batch, result.tally});
  }
  H5File file = H5File::create_in_memory(path.filename().string());
  file.write_attribute("/", format::kind, std::string_view(format::kind_part));
  file.write_attribute("/", format::format_version, std::int32_t{format::version});
  file.write_attribute("/", format::identity, study_->identity);
  file.write_strings("/study", {plan_to_json(plan), study_->job}, {{{"/study", 2}}, "", ""});
  write_scales(file, plan, "", {format::year, format::threshold});
  write_batches(file, plan, records);
  write_histograms(file, plan, histograms, 1);
  write_columns(file, plan, columns);
  engine::seal(path, file.image());
}

std::optional<Study> stored_study(const fs::path& folder) {
  for (const fs::path& path : part_paths(folder)) {
    try {
      const H5File file = open_part(path);
      const std::vector<std::string> texts = file.read_strings("/study");
      return Study{plan_from_json(texts.at(0)),
                   file.read_attribute_text("/", format::identity),
                   texts.at(1),
                   {}};
    } catch (const DamagedPart&) {
      continue;  // list_parts() reports it
    }
  }
  return std::nullopt;
}

std::vector<Part> list_parts(const fs::path& folder, const Study& study,
                             const std::function<void(const std::string&)>& warn) {
  std::vector<Part> parts;
  for (const fs::path& path : part_paths(folder)) {
    try {
      const H5File file = open_part(path);
      if (file.read_attribute_text("/", format::identity) != study.identity) {
        throw Error(ExitCode::bad_input,
                    fmt::format("{}: belongs to another job; move the folder {} away, or choose "
                                "another output with -o",
                                path.string(), folder.string()));
      }
      const auto complete = file.read<std::uint64_t>("/batches/complete");
      parts.push_back({path, file.read<std::uint64_t>("/batches/batch"),
                       std::accumulate(complete.begin(), complete.end(), std::uint64_t{0})});
    } catch (const DamagedPart& error) {
      fs::path aside = path;
      aside += ".damaged";
      fs::rename(path, aside);
      warn(fmt::format("{}; set aside as {}, its batches are computed again", error.what(),
                       aside.filename().string()));
    }
  }
  return parts;
}

PartContents read_part(const fs::path& path, const Plan& plan) {
  return read_part(unseal(path), path, plan);
}

PartContents read_part(std::vector<std::byte> image, const fs::path& path, const Plan& plan) {
  const H5File file = open_part(std::move(image), path);
  PartContents contents{read_batches(file, plan), Tally(plan), read_columns(file)};
  add_histograms(file, plan, contents.histograms);
  return contents;
}

}  // namespace flopsieve::engine
