#include "engine/result_open.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/batch_io.hpp"
#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/format.hpp"
#include "engine/result_file.hpp"
#include "engine/result_seal.hpp"
#include "engine/tally_io.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;

void demand_file(const fs::path& path) {
  const PathKind kind = path_kind(path);
  const auto refuse = [&](const char* what) {
    throw Error(ExitCode::bad_input, fmt::format("{}: {}", path.string(), what));
  };
  if (kind == PathKind::nothing) refuse("no such file");
  if (kind == PathKind::folder) refuse("a folder, not the result of a run");
  if (kind == PathKind::other) refuse("no ordinary file, not the result of a run");
}

H5File open_whole(const fs::path& path) {
  const bool begins_as_hdf5 = begins_whole(path);
  try {
    return H5File::open(path);
  } catch (const Error& error) {
    if (begins_as_hdf5) say_damaged(path, reason_of(path, error));
    throw Error(ExitCode::bad_input, fmt::format("{}: not an HDF5 file", path.string()));
  }
}

/// Which program has written the file and so reads it, as far as it says.
std::string writer_of(const H5File& file) {
  if (!file.has_attribute("/", "program_version")) return "";
  const std::string git =
      file.has_attribute("/", "git_hash") ? file.read_attribute_text("/", "git_hash") : "";
  return fmt::format("; flopsieve {}{} has written it and reads it",
                     file.read_attribute_text("/", "program_version"),
                     git.empty() ? "" : fmt::format(" ({})", git));
}

void demand_version(const H5File& file, const fs::path& path, const char* attribute,
                    const char* words, int ours) {
  const auto version = file.read_attribute<std::int32_t>("/", attribute);
  if (version == ours) return;
  throw Error(ExitCode::storage, fmt::format("{}: {} {}, this program reads {}{}", path.string(),
                                             words, version, ours, writer_of(file)));
}

/// What a file is, for who expected something else.
std::string words_of(std::string_view kind) {
  if (kind == format::kind_scaling_fit) return "the result of flopsieve scaling fit";
  return kind == format::kind_sweep ? "the result of a sweep" : "the result of a single run";
}

void demand_finished(const H5File& file, const fs::path& path, std::string_view kind) {
  const std::string found =
      file.has_attribute("/", format::kind) ? file.read_attribute_text("/", format::kind) : "";
  const bool ours =
      found == format::kind_run || found == format::kind_sweep || found == format::kind_scaling_fit;
  const bool whole = file.has_attribute("/", format::complete);
  if (found == kind && whole) return;
  if (ours && whole) {
    throw Error(ExitCode::bad_input,
                fmt::format("{}: {}, not {}", path.string(), words_of(found), words_of(kind)));
  }
  if (!ours && file.has_attribute("/", format::metadata_sha256)) {
    say_damaged(path, "its attribute kind is not that of a result");
  }
  throw Error(ExitCode::bad_input,
              fmt::format("{}: not the result of a finished flopsieve {}", path.string(),
                          kind == format::kind_sweep ? "sweep" : "run"));
}

Study read_study(const H5File& file, const fs::path& path) {
  const std::string text = file.read_attribute_text("/", format::plan);
  std::optional<Plan> plan;
  try {
    plan = plan_from_json(text);
  } catch (const Error& error) {
    say_damaged(path, error.what());
  }
  Study study{std::move(*plan),
              file.read_attribute_text("/", format::identity),
              file.read_attribute_text("/", format::job),
              {}};
  if (plan_identity(study.plan) != study.identity) {
    say_damaged(path, "the stored plan is not that of the stored identity");
  }
  const auto years = file.read<std::int32_t>("/year");
  if (!std::ranges::equal(years, study.plan.years)) {
    say_damaged(path, "the years of the stored plan are not those of /year");
  }
  return study;
}

struct OpenResult {
  H5File file;
  Study study;
};

OpenResult open_result(const fs::path& path) {
  H5File file = open_result_of(path, format::kind_run);
  return read_or_say_damaged(path, [&] {
    Study study = read_study(file, path);
    demand_unchanged_metadata(file, path);
    return OpenResult{std::move(file), std::move(study)};
  });
}

}  // namespace

void say_damaged(const fs::path& path, const std::string& what) {
  throw Error(ExitCode::storage, fmt::format("{}: damaged: {}", path.string(), what));
}

std::string reason_of(const fs::path& path, const std::exception& error) {
  const std::string message = error.what();
  const std::string beginning = path.string() + ": ";
  return message.starts_with(beginning) ? message.substr(beginning.size()) : message;
}

H5File open_result_of(const fs::path& path, std::string_view kind) {
  demand_file(path);
  H5File file = open_whole(path);
  read_or_say_damaged(path, [&] {
    demand_finished(file, path, kind);
    demand_version(file, path, format::format_version, "format version", format::version);
    demand_version(file, path, "sampling_version", "sampling version", sampling_version);
  });
  return file;
}

void demand_unchanged_metadata(const H5File& file, const fs::path& path) {
  if (!file.has_attribute("/", format::metadata_sha256)) {
    say_damaged(path, "its attribute metadata_sha256 is missing");
  }
  if (file.metadata_sha256(format::metadata_sha256) !=
      file.read_attribute_text("/", format::metadata_sha256)) {
    say_damaged(path, "an attribute or a stored text is not what was written");
  }
}

H5File open_result_file(const fs::path& path) {
  return open_result(path).file;
}

void verify_dataset(const H5File& file, const fs::path& path, const std::string& dataset) {
  read_or_say_damaged(path, [&] {
    if (file.dataset_sha256(dataset) == file.read_attribute_text(dataset, "sha256")) return;
    say_damaged(path, fmt::format("{} is not what was written", dataset));
  });
}

void verify_datasets(const H5File& file, const fs::path& path,
                     const std::vector<std::string>& beginnings) {
  for (const std::string& dataset : file.datasets()) {
    const bool meant = std::any_of(beginnings.begin(), beginnings.end(),
                                   [&](const auto& text) { return dataset.starts_with(text); });
    if (meant && file.has_attribute(dataset, "sha256")) verify_dataset(file, path, dataset);
  }
}

Results read_result_file(const fs::path& path) {
  OpenResult result = open_result(path);
  // The tallies are what everything shown is made of: they must be as they were written.
  verify_datasets(result.file, path, {"/batches/", "/histograms/"});
  return read_or_say_damaged(path, [&] {
    Results results{std::move(result.study), {}};
    results.tally = Tally(results.study.plan);
    read_batches(result.file, results.study.plan,
                 [&](const BatchRecord& record) { results.tally.add(record.tally); });
    add_histograms(result.file, results.study.plan, results.tally);
    return results;
  });
}

}  // namespace flopsieve::engine
