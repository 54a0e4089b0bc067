#include "engine/parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/format.hpp"
#include "engine/h5.hpp"
#include "engine/sealed.hpp"
#include "engine/tally_io.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_parts_on_their_way = 8;
constexpr std::size_t enough_waiting_batches = 64;
constexpr std::size_t most_waiting_batches = 512;
constexpr std::size_t most_waiting_bytes = std::size_t{8} << 20;

std::size_t bytes_of(const Columns& columns) {
  return 8 * (columns.trajectory.size() + columns.attempt.size() + columns.statistics.size() +
              columns.row_size.size() + columns.location.size() + columns.scale.size()) +
         4 * (columns.counts.size() + columns.z.size());
}

/// A column of all batches, one after the other.
template <class T>
std::vector<std::span<const T>> column(const std::vector<Columns>& batches,
                                       std::vector<T> Columns::*member) {
  std::vector<std::span<const T>> pieces;
  for (const Columns& columns : batches) pieces.emplace_back(columns.*member);
  return pieces;
}

template <class T>
std::size_t length(const std::vector<std::span<const T>>& pieces) {
  std::size_t values = 0;
  for (const std::span<const T> piece : pieces) values += piece.size();
  return values;
}

/// Keeps the sizes of the first `rows` complete trajectories only.
void cut_sizes(Columns& columns, std::uint64_t rows, std::size_t years) {
  const std::size_t sets =
      static_cast<std::size_t>(std::min<std::uint64_t>(rows * years, columns.row_size.size()));
  columns.row_size.resize(sets);
  columns.location.resize(sets);
  columns.scale.resize(sets);
  columns.z.resize(
      std::accumulate(columns.row_size.begin(), columns.row_size.end(), std::size_t{0}));
}

void write_columns(H5File& file, const Plan& plan, const std::vector<Columns>& batches) {
  const auto trajectory = column(batches, &Columns::trajectory);
  const auto statistics = column(batches, &Columns::statistics);
  const auto row_size = column(batches, &Columns::row_size);
  const auto z = column(batches, &Columns::z);
  const Dimension row{"/row", length(trajectory)};
  const Dimension year = along("", format::year, plan.year_count());
  const Dimension threshold = along("", format::threshold, plan.outputs.thresholds.size());
  const Dimension statistic{"/kept_statistic",
                            length(statistics) == 0 ? 0 : plan.outputs.statistics.size()};
  const auto info = [](std::vector<Dimension> dimensions, const char* units) {
    return DatasetInfo{std::move(dimensions), units, "", 0};
  };
  file.write("/columns/trajectory", trajectory, info({row}, "1"));
  file.write("/columns/attempt", column(batches, &Columns::attempt), info({row, year}, "1"));
  file.write("/columns/counts", column(batches, &Columns::counts),
             info({row, year, threshold}, "1"));
  file.write("/columns/statistics", statistics, info({row, year, statistic}, ""));
  const Dimension set{"/sample_set", length(row_size)};
  file.write("/columns/row_size", row_size, info({set}, "1"));
  file.write("/columns/location", column(batches, &Columns::location), info({set}, ""));
  file.write("/columns/scale", column(batches, &Columns::scale), info({set}, ""));
  file.write("/columns/z", z, info({{"/size", length(z)}}, "1"));
}

Columns read_columns(const H5File& file) {
  Columns columns;
  columns.trajectory = file.read<std::uint64_t>("/columns/trajectory");
  columns.attempt = file.read<std::uint64_t>("/columns/attempt");
  columns.counts = file.read<std::uint32_t>("/columns/counts");
  columns.statistics = file.read<double>("/columns/statistics");
  columns.row_size = file.read<std::uint64_t>("/columns/row_size");
  columns.location = file.read<double>("/columns/location");
  columns.scale = file.read<double>("/columns/scale");
  columns.z = file.read<float>("/columns/z");
  return columns;
}

/// Throws DamagedPart if the batches are not in equal steps, as those of a part are.
BatchRange range_of(const std::vector<std::uint64_t>& batches, const fs::path& path) {
  BatchRange range{batches.at(0), batches.size(), batches.size() > 1 ? batches[1] - batches[0] : 1};
  for (std::size_t i = 0; i < batches.size(); ++i) {
    if (batches[i] != range.first + i * range.step) {
      throw DamagedPart(path.string() + ": damaged part: it leaves batches out");
    }
  }
  return range;
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

H5File open_part(PageBytes image, const fs::path& path) {
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
    : folder_(std::move(folder)), study_(&study), shard_(shard), waiting_(study.plan) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) {
    throw Error(ExitCode::storage,
                fmt::format("{}: cannot create the folder: {}", folder_.string(), error.message()));
  }
}

void PartWriter::add(BatchResult result) {
  // A part holds neighbours only: the columns of parts are joined in order of their first batch.
  if (!waiting_.records.empty() && result.batch != waiting_.records.back().batch + shard_.count) {
    begin_seal();
  }
  // Only the first complete trajectories of the run keep their sizes. Those of earlier batches
  // that another process or an earlier start sealed are not counted here: too many are kept then,
  // and joining the parts cuts them.
  const std::uint64_t wanted = study_->plan.outputs.keep_samples;
  cut_sizes(result.columns, wanted - std::min(wanted, sizes_kept_), study_->plan.year_count());
  sizes_kept_ += result.tally.complete;
  waiting_.bytes += bytes_of(result.columns);
  waiting_.histograms.add(result.tally);
  waiting_.records.push_back(record_of(result.batch, std::move(result.tally)));
  waiting_.columns.push_back(std::move(result.columns));
  if (full()) begin_seal();
}

bool PartWriter::full() const {
  const std::size_t batches = waiting_.records.size();
  if (waiting_.bytes >= most_waiting_bytes || batches >= most_waiting_batches) return true;
  return batches >= enough_waiting_batches &&
         (on_their_way_.empty() || on_their_way_.back().written.wait_for(std::chrono::seconds(0)) ==
                                       std::future_status::ready);
}

void PartWriter::begin_seal() {
  finish_parts(most_parts_on_their_way - 1);
  if (waiting_.records.empty()) return;
  const BatchRange range{waiting_.records.front().batch, waiting_.records.size(), shard_.count};
  Part part{folder_ / fmt::format("part-{:010}-{:010}-{}of{}.h5", range.first, range.last(),
                                  shard_.index, shard_.count),
            range, waiting_.histograms.complete};
  auto write = [this, path = part.path,
                batches = std::exchange(waiting_, Waiting(study_->plan))]() mutable {
    write_part(path, std::move(batches));
  };
  on_their_way_.push_back({std::move(part), std::async(std::launch::async, std::move(write))});
}

void PartWriter::seal() {
  begin_seal();
  finish_parts(0);
}

/// Waits until no more than `left` parts are being written. One that failed is none of parts_.
void PartWriter::finish_parts(std::size_t left) {
  while (on_their_way_.size() > left) {
    PartOnItsWay first = std::move(on_their_way_.front());
    on_their_way_.pop_front();
    try {
      first.written.get();
    } catch (...) {
      waiting_ = Waiting(study_->plan);
      throw;
    }
    parts_.push_back(std::move(first.part));
  }
}

void PartWriter::write_part(const fs::path& path, Waiting batches) {
  std::unique_lock lock(building_);
  PageBytes memory;
  if (!memory_.empty()) {
    memory = std::move(memory_.back());
    memory_.pop_back();
  }
  PageBytes image = build_image(path, batches, std::move(memory));
  lock.unlock();
  batches = Waiting(study_->plan);  // before the disk is waited for
  engine::seal(path, image);
  lock.lock();
  memory_.push_back(std::move(image));
}

PageBytes PartWriter::build_image(const fs::path& path, Waiting& batches, PageBytes memory) const {
  const Plan& plan = study_->plan;
  H5File file =
      H5File::create_in_memory(path.filename().string(), std::move(memory), Hashing::none);
  file.write_attribute("/", format::kind, std::string_view(format::kind_part));
  file.write_attribute("/", format::format_version, std::int32_t{format::version});
  file.write_attribute("/", format::identity, study_->identity);
  file.write_strings("/study", {plan_to_json(plan), study_->job}, {{{"/study", 2}}, "", ""});
  write_scales(file, plan, "", {format::year, format::threshold});
  BatchWriter records(file, plan, batches.records.size());
  records.append(batches.records);
  records.finish();
  write_histograms(file, plan, batches.histograms, 1);
  write_columns(file, plan, batches.columns);
  return file.take_image();
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
      parts.push_back({path, range_of(file.read<std::uint64_t>("/batches/batch"), path),
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

PartContents read_part(PageBytes image, const fs::path& path, const Plan& plan) {
  const H5File file = open_part(std::move(image), path);
  PartContents contents{{}, Tally(plan), read_columns(file)};
  read_batches(file, plan,
               [&](BatchRecord record) { contents.batches.push_back(std::move(record)); });
  add_histograms(file, plan, contents.histograms);
  return contents;
}

}  // namespace flopsieve::engine
