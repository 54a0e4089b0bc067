#include "jobs/run_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "jobs/run_watch.hpp"

namespace flopsieve::jobs {
namespace {

namespace fs = std::filesystem;
using engine::Error;
using engine::ExitCode;
using engine::KeyCount;

/// The name of the result file to which a file or folder belongs; empty if it is of no run.
std::string output_name(const std::string& name) {
  if (name.ends_with(".h5")) return name;
  if (name.ends_with(".h5.parts")) return name.substr(0, name.rfind(".parts"));
  const std::size_t status = name.rfind(".h5.status");
  if (status != std::string::npos && name.ends_with(".json")) return name.substr(0, status + 3);
  return "";
}

std::set<std::string> output_names(const fs::path& folder) {
  if (engine::path_kind(folder) != engine::PathKind::folder) {
    throw Error(ExitCode::bad_input, fmt::format("{}: there is no such folder", folder.string()));
  }
  std::set<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entries(folder, error), end; !error && entries != end;
       entries.increment(error)) {
    const std::string name = output_name(entries->path().filename().string());
    if (!name.empty()) names.insert(name);
  }
  if (error) {
    throw Error(ExitCode::bad_input,
                fmt::format("{}: cannot be listed: {}", folder.string(), error.message()));
  }
  return names;
}

/// The last year of a status's cumulative counts, where it has the key quantiles.
std::vector<KeyCount> key_counts(const Json& counts) {
  std::vector<KeyCount> found;
  if (counts.is_null() || counts.at("cumulative").empty()) return found;
  for (const auto& [threshold, quantiles] : counts.at("cumulative").back().items()) {
    if (!quantiles.contains("0.05") || !quantiles.contains("0.5") || !quantiles.contains("0.95")) {
      return {};
    }
    found.push_back({std::stod(threshold), quantiles.at("0.05").get<double>(),
                     quantiles.at("0.5").get<double>(), quantiles.at("0.95").get<double>()});
  }
  return found;
}

/// What the status files of an unfinished run say: sums over shards, counts of the first.
engine::Overview overview_of(const Watch& watch) {
  engine::Overview overview;
  for (const WatchedRun& run : watch.runs) {
    const Status& status = run.status;
    overview.trajectories += status.progress.trajectories;
    overview.complete += status.progress.complete;
    overview.candidates += status.progress.candidates;
    overview.survivors += status.progress.survivors;
  }
  if (watch.runs.empty()) return overview;
  const Status& first = watch.runs.front().status;
  overview.title = first.title;
  overview.created = first.started;
  overview.identity = first.identity;
  overview.counts = key_counts(first.counts);
  if (!overview.counts.empty()) {
    overview.last_year = std::stoi(std::prev(first.counts.at("cumulative").end()).key());
  }
  return overview;
}

}  // namespace

const RunLister::Known& RunLister::read(const std::string& name) {
  const fs::path path = folder_ / name;
  std::error_code error;
  const fs::file_time_type written = fs::last_write_time(path, error);
  const std::uintmax_t size = fs::file_size(path, error);
  Known& known = known_[name];
  if (!error && known.written == written && known.size == size) return known;
  known = {written, size, {}, ""};
  try {
    known.overview = engine::read_overview(path);
  } catch (const std::exception& failure) {
    const std::string beginning = path.string() + ": ";
    known.reason = failure.what();
    if (known.reason.starts_with(beginning)) known.reason.erase(0, beginning.size());
  }
  return known;
}

RunList RunLister::look() {
  RunList list;
  for (const std::string& name : output_names(folder_)) {
    const fs::path path = folder_ / name;
    std::error_code ignored;
    const bool result = fs::exists(path, ignored);
    Watch seen;
    try {
      seen = watch(path);
    } catch (const std::exception& error) {
      list.left_out.push_back({name, error.what()});
    }
    const bool working = seen.standing == Standing::running;
    if (!result) {
      const std::string state =
          seen.standing == Standing::nothing ? "unfinished" : standing_name(seen.standing);
      list.runs.push_back({name, state, overview_of(seen)});
      continue;
    }
    const Known& known = read(name);
    if (!known.reason.empty()) {
      list.left_out.push_back({name, known.reason});
    } else {
      list.runs.push_back({name, working ? "running" : "finished", known.overview});
    }
  }
  std::stable_sort(list.runs.begin(), list.runs.end(), [](const ListedRun& a, const ListedRun& b) {
    return a.overview.created < b.overview.created;
  });
  return list;
}

std::vector<KeyCount> shown_counts(const engine::Overview& overview) {
  std::vector<KeyCount> usual;
  for (const KeyCount& count : overview.counts) {
    if (count.threshold == 1e25 || count.threshold == 1e26) usual.push_back(count);
  }
  if (usual.size() == 2) return usual;
  const std::size_t most = std::min<std::size_t>(overview.counts.size(), 3);
  return {overview.counts.begin(), overview.counts.begin() + static_cast<std::ptrdiff_t>(most)};
}

}  // namespace flopsieve::jobs
