#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <new>
#include <optional>
#include <string>
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

[[noreturn]] void fail(const fs::path& path, const std::string& what) {
  throw Error(ExitCode::storage, fmt::format("{}: damaged: {}", path.string(), what));
}

/// What went wrong, without the name of the file before it.
std::string reason_of(const fs::path& path, const std::exception& error) {
  const std::string message = error.what();
  const std::string beginning = path.string() + ": ";
  return message.starts_with(beginning) ? message.substr(beginning.size()) : message;
}

/// Damage that HDF5 meets says so: `FILE: damaged: ...`.
template <class Read>
auto read_or_say_damaged(const fs::path& path, const Read& read) {
  try {
    return read();
  } catch (const Error& error) {
    const std::string reason = reason_of(path, error);
    if (error.code() != ExitCode::storage || !reason.starts_with("cannot ")) throw;
    fail(path, reason);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {  // sizes that cannot be
    fail(path, fmt::format("it cannot be read: {}", error.what()));
  }
}

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
    if (begins_as_hdf5) fail(path, reason_of(path, error));
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

void demand_finished_run(const H5File& file, const fs::path& path) {
  const bool ours = file.has_attribute("/", format::kind) &&
                    file.read_attribute_text("/", format::kind) == format::kind_run;
  if (ours && file.has_attribute("/", format::complete)) return;
  if (!ours && file.has_attribute("/", format::metadata_sha256)) {
    fail(path, "its attribute kind is not that of a result");
  }
  throw Error(ExitCode::bad_input,
              fmt::format("{}: not the result of a finished flopsieve run", path.string()));
}

Study read_study(const H5File& file, const fs::path& path) {
  const std::string text = file.read_attribute_text("/", format::plan);
  std::optional<Plan> plan;
  try {
    plan = plan_from_json(text);
  } catch (const Error& error) {
    fail(path, error.what());
  }
  Study study{std::move(*plan),
              file.read_attribute_text("/", format::identity),
              file.read_attribute_text("/", format::job),
              {}};
  if (plan_identity(study.plan) != study.identity) {
    fail(path, "the stored plan is not that of the stored identity");
  }
  const auto years = file.read<std::int32_t>("/year");
  if (!std::ranges::equal(years, study.plan.years)) {
    fail(path, "the years of the stored plan are not those of /year");
  }
  return study;
}

void demand_unchanged_metadata(const H5File& file, const fs::path& path) {
  if (!file.has_attribute("/", format::metadata_sha256)) {
    fail(path, "its attribute metadata_sha256 is missing");
  }
  if (file.metadata_sha256(format::metadata_sha256) !=
      file.read_attribute_text("/", format::metadata_sha256)) {
    fail(path, "an attribute or a stored text is not what was written");
  }
}

struct OpenResult {
  H5File file;
  Study study;
};

OpenResult open_result(const fs::path& path) {
  demand_file(path);
  H5File file = open_whole(path);
  return read_or_say_damaged(path, [&] {
    demand_finished_run(file, path);
    demand_version(file, path, format::format_version, "format version", format::version);
    demand_version(file, path, "sampling_version", "sampling version", sampling_version);
    Study study = read_study(file, path);
    demand_unchanged_metadata(file, path);
    return OpenResult{std::move(file), std::move(study)};
  });
}

}  // namespace

H5File open_result_file(const fs::path& path) {
  return open_result(path).file;
}

void verify_dataset(const H5File& file, const fs::path& path, const std::string& dataset) {
  read_or_say_damaged(path, [&] {
    if (file.dataset_sha256(dataset) == file.read_attribute_text(dataset, "sha256")) return;
    fail(path, fmt::format("{} is not what was written", dataset));
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
