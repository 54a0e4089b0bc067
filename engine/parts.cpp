#include "engine/parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <set>
#include <utility>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/format.hpp"
#include "engine/h5.hpp"
#include "engine/part_check.hpp"
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

/// What a file of one study is marked with.
void write_study(H5File& file, const Study& study, const char* kind) {
  file.write_attribute("/", format::kind, std::string_view(kind));
  file.write_attribute("/", format::format_version, std::int32_t{format::version});
  file.write_attribute("/", format::identity, study.identity);
  std::string command_line;
  for (const auto& [name, value] : study.provenance) {
    if (name == format::command_line) command_line = value;
  }
  file.write_strings("/study", {plan_to_json(study.plan), study.job, command_line},
                     {{{"/study", 3}}, "", ""});
}

/// Throws as plan_from_json(), with the name of the file.
Plan read_plan(const std::string& text, const fs::path& path) {
  try {
    return plan_from_json(text);
  } catch (const UnreadablePlan& error) {
    throw DamagedPart(fmt::format("{}: damaged part: {}", path.string(), error.what()));
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", path.string(), error.what()));
  }
}

/// Throws DamagedPart if there is no Plan or the identity is another one.
Study read_study(const H5File& file, const fs::path& path) {
  const std::vector<std::string> texts = file.read_strings("/study");
  Study study{read_plan(texts.at(0), path),
              file.read_attribute_text("/", format::identity),
              texts.at(1),
              {}};
  if (plan_identity(study.plan) != study.identity) {
    throw DamagedPart(path.string() + ": damaged part: its plan is not that of its identity");
  }
  if (texts.size() > 2) study.provenance.emplace_back(format::command_line, texts[2]);
  return study;
}

/// Throws DamagedPart if the batches are not in equal steps upwards, as those of a part are.
BatchRange range_of(const std::vector<std::uint64_t>& batches, const fs::path& path) {
  BatchRange range{batches.at(0), batches.size(), batches.size() > 1 ? batches[1] - batches[0] : 1};
  for (std::size_t i = 0; i < batches.size(); ++i) {
    if (batches[i] != range.first + i * range.step || (i > 0 && batches[i] <= batches[i - 1])) {
      throw DamagedPart(path.string() + ": damaged part: it leaves batches out");
    }
  }
  return range;
}

[[noreturn]] void refuse_sweep(const fs::path& folder) {
  throw Error(ExitCode::bad_input,
              fmt::format("{}: holds the parts of a sweep, not of a run; move the folder away, or "
                          "choose another output with -o",
                          folder.string()));
}

H5File open_part(PageBytes image, const fs::path& path, const char* kind = format::kind_part) {
  H5File file = H5File::open_image(std::move(image), path.string());
  const std::string found = file.read_attribute_text("/", format::kind);
  if (found == format::kind_sweep_study) refuse_sweep(path.parent_path());
  if (found != kind) {
    throw Error(ExitCode::storage, fmt::format("{}: not a part of a flopsieve run", path.string()));
  }
  const auto version = file.read_attribute<std::int32_t>("/", format::format_version);
  if (version != format::version) {
    throw Error(ExitCode::storage, fmt::format("{}: format version {}, this program reads {}",
                                               path.string(), version, format::version));
  }
  return file;
}

H5File open_part(const fs::path& path) {
  return open_part(unseal(path), path);
}

/// The place of a study among those found; it is added if it is new.
std::size_t place_of(Study study, std::vector<Study>& studies) {
  for (std::size_t i = 0; i < studies.size(); ++i) {
    if (studies[i].identity == study.identity &&
        studies[i].plan.trajectories == study.plan.trajectories) {
      return i;
    }
  }
  studies.push_back(std::move(study));
  return studies.size() - 1;
}

/// How a part fits a study of perhaps another number of trajectories.
enum class Fit { whole, outdated };

Fit fit_of(const PartSurvey::Found& part, const Plan& plan) {
  Fit fit = Fit::whole;
  for (std::size_t i = 0; i < part.batches.count; ++i) {
    const std::uint64_t first = part.batches.at(i) * plan.batch_trajectories;
    const std::uint64_t wanted =
        std::min(plan.trajectories - std::min(first, plan.trajectories), plan.batch_trajectories);
    const std::uint64_t found = part.trajectories.at(i);
    if (found > wanted) {
      throw Error(ExitCode::bad_input,
                  fmt::format("{}: holds trajectories up to {}, the run is to have {}; ask for "
                              "no fewer than are stored, or choose another output with -o",
                              part.path.string(), first + found, plan.trajectories));
    }
    if (found < wanted) fit = Fit::outdated;
  }
  // Precision may end a run after any batch of a shard, so these have parts of their own.
  if (plan.precision.wanted() && part.batches.count > 1 && part.batches.step > 1) {
    fit = Fit::outdated;
  }
  return fit;
}

PartSurvey::Found found_part(const fs::path& path, std::vector<Study>& studies) {
  const H5File file = open_part(path);
  Study study = read_study(file, path);
  const auto batches = file.read<std::uint64_t>("/batches/batch");
  PartSurvey::Found found{path,
                          0,
                          part_name(path).value_or(PartName{}).shard,
                          range_of(batches, path),
                          file.read<std::uint64_t>("/batches/trajectories"),
                          file.read<std::uint64_t>("/batches/complete")};
  if (found.trajectories.size() != batches.size() || found.complete.size() != batches.size()) {
    throw DamagedPart(path.string() + ": damaged part: numbers of its batches are missing");
  }
  found.study = place_of(std::move(study), studies);
  return found;
}

}  // namespace

PartWriter::PartWriter(fs::path folder, const Study& study, Shard shard)
    : folder_(std::move(folder)), study_(&study), shard_(shard), waiting_(study.plan) {
  create_parts_folder(folder_);
}

void PartWriter::add(BatchResult result) {
  // A part holds neighbours only.
  const bool alone = stands_alone(result);
  if (!waiting_.records.empty() &&
      (alone || result.batch != waiting_.records.back().batch + shard_.count)) {
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
  if (alone || full()) begin_seal();
}

/// The lock of a shard stands where its parts do, so that remove_parts() finds it.
FileLock lock_shard(const fs::path& folder, Shard shard) {
  create_parts_folder(folder);
  return {folder / fmt::format("shard-{}of{}.lock", shard.index, shard.count), LockKind::exclusive};
}

bool PartWriter::stands_alone(const BatchResult& result) const {
  const Plan& plan = study_->plan;
  return (shard_.count > 1 && plan.precision.wanted()) ||
         result.batch * plan.batch_trajectories + plan.batch_trajectories > plan.trajectories;
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
            range,
            {}};
  for (const BatchRecord& record : waiting_.records) part.complete.push_back(record.tally.complete);
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
  write_study(file, *study_, format::kind_part);
  write_scales(file, plan, "", {format::year, format::threshold});
  BatchWriter records(file, plan, batches.records.size());
  records.append(batches.records);
  records.finish();
  write_histograms(file, plan, batches.histograms, 1);
  write_columns(file, plan, batches.columns);
  return file.take_image();
}

bool concerns(const Shard& shard, const fs::path& path, std::string_view ending) {
  const std::optional<PartName> name = part_name(path, ending);
  return !name || name->shard.count != shard.count || name->shard.index == shard.index;
}

PartSurvey survey_parts(const fs::path& folder, const Shard& shard) {
  PartSurvey survey;
  for (const fs::path& path : part_paths(folder)) {
    if (!concerns(shard, path)) continue;
    try {
      survey.parts.push_back(read_checked(path, [&] { return found_part(path, survey.studies); }));
    } catch (const DamagedPart& error) {
      survey.damaged.push_back({path, error.what()});
    }
  }
  return survey;
}

PartList sort_parts(const PartSurvey& survey, const Study& study) {
  PartList list;
  list.damaged = survey.damaged;
  for (const PartSurvey::Found& part : survey.parts) {
    if (survey.studies[part.study].identity != study.identity) {
      list.foreign.push_back(
          {part.path, fmt::format("{}: belongs to another job", part.path.string())});
    } else if (fit_of(part, study.plan) == Fit::outdated) {
      list.outdated.push_back(part.path);
    } else {
      list.parts.push_back({part.path, part.batches, part.complete});
    }
  }
  std::stable_sort(list.parts.begin(), list.parts.end(),
                   [](const Part& a, const Part& b) { return a.batches.first < b.batches.first; });
  return list;
}

PartList list_parts(const fs::path& folder, const Study& study,
                    const std::function<void(const std::string&)>& warn, const Shard& shard) {
  if (!part_paths(folder, format::sweep_part_ending).empty()) refuse_sweep(folder);
  PartList list = sort_parts(survey_parts(folder, shard), study);
  if (!list.foreign.empty() && list.parts.empty() && list.outdated.empty()) {
    throw Error(ExitCode::bad_input, fmt::format("{}; move the folder {} away, or choose another "
                                                 "output with -o",
                                                 list.foreign.front().reason, folder.string()));
  }
  set_damaged_aside(list.damaged, ", its batches are computed again", warn);
  set_foreign_aside(list.foreign, warn);
  return list;
}

void set_foreign_aside(const std::vector<UnusedPart>& parts,
                       const std::function<void(const std::string&)>& warn) {
  for (const UnusedPart& part : parts) {
    set_aside(part.path, ".foreign");
    warn(fmt::format("{}; set aside as {}.foreign", part.reason, part.path.filename().string()));
  }
}

void set_damaged_aside(const std::vector<UnusedPart>& parts, std::string_view what_follows,
                       const std::function<void(const std::string&)>& warn) {
  for (const UnusedPart& part : parts) {
    set_aside(part.path, ".damaged");
    warn(fmt::format("{}; set aside as {}.damaged{}", part.reason, part.path.filename().string(),
                     what_follows));
  }
}

std::optional<Study> find_study(const fs::path& folder,
                                const std::function<bool(const Study&)>& accept) {
  std::set<std::string> asked;
  const auto try_file = [&](const fs::path& path, const char* kind) -> std::optional<Study> {
    try {
      const H5File file = open_part(unseal(path), path, kind);
      if (!asked.insert(file.read_attribute_text("/", format::identity)).second) return {};
      Study study = read_checked(path, [&] { return read_study(file, path); });
      if (accept(study)) return study;
    } catch (const DamagedPart&) {
      // list_parts() and agree_on_study() report it
    }
    return std::nullopt;
  };
  if (fs::exists(folder / format::study_file)) {
    if (auto study = try_file(folder / format::study_file, format::kind_study)) return study;
  }
  for (const fs::path& path : part_paths(folder)) {
    if (auto study = try_file(path, format::kind_part)) return study;
  }
  return std::nullopt;
}

std::optional<Study> stored_study(const fs::path& folder) {
  return find_study(folder, [](const Study&) { return true; });
}

Study agree_on_study(const fs::path& folder, const Study& study) {
  create_parts_folder(folder);
  const fs::path path = folder / format::study_file;
  while (true) {
    try {
      if (fs::exists(path)) {
        const H5File file = open_part(unseal(path), path, format::kind_study);
        return read_checked(path, [&] { return read_study(file, path); });
      }
    } catch (const DamagedPart&) {
      set_aside(path, ".damaged");
    }
    H5File file = H5File::create_in_memory(format::study_file, {}, Hashing::none);
    write_study(file, study, format::kind_study);
    if (seal_new(path, file.take_image())) return study;
  }
}

PartContents read_part(const fs::path& path, const Plan& plan) {
  return read_part(unseal(path), path, plan);
}

PartContents read_part(PageBytes image, const fs::path& path, const Plan& plan) {
  return read_checked(path, [&] {
    const H5File file = open_part(std::move(image), path);
    PartContents contents{{}, Tally(plan), read_columns(file)};
    read_batches(file, plan,
                 [&](BatchRecord record) { contents.batches.push_back(std::move(record)); });
    add_histograms(file, plan, contents.histograms);
    demand_consistent(contents, plan, path);
    return contents;
  });
}

}  // namespace flopsieve::engine
