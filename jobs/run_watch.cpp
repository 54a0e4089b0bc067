#include "jobs/run_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "engine/error.hpp"
#include "engine/files.hpp"

namespace flopsieve::jobs {
namespace {

namespace fs = std::filesystem;
using engine::Error;
using engine::ExitCode;

WatchedRun look_at(const Status& status, const fs::file_time_type& written) {
  WatchedRun run;
  run.status = status;
  const std::optional<bool> alive = is_alive(status.process);
  const bool over = status.state != RunState::running && status.state != RunState::joining;
  run.on_this_host = alive.has_value();
  run.works = !over && alive.value_or(true);
  run.killed = !over && !run.works;
  const auto silent = fs::file_time_type::clock::now() - written;
  run.seconds_silent = std::max(0.0, std::chrono::duration<double>(silent).count());
  return run;
}

Standing standing_of(const Watch& watch, bool result_is_newer) {
  const auto any = [&](auto is) { return std::any_of(watch.runs.begin(), watch.runs.end(), is); };
  if (any([](const WatchedRun& run) { return run.works; })) return Standing::running;
  if (result_is_newer) return Standing::finished;
  if (watch.runs.empty()) return Standing::nothing;
  if (any([](const WatchedRun& run) { return run.status.state == RunState::failed; })) {
    return Standing::failed;
  }
  const bool all = watch.runs.size() == watch.runs.front().status.shard.count;
  const bool done =
      !any([](const WatchedRun& run) { return run.status.state != RunState::finished; });
  return all && done ? Standing::unmerged : Standing::stopped;
}

}  // namespace

std::uint64_t Watch::batches() const {
  std::uint64_t sum = 0;
  for (const WatchedRun& run : runs) sum += run.status.progress.batches_total;
  return sum;
}

std::uint64_t Watch::batches_sealed_or_done() const {
  std::uint64_t sum = 0;
  for (const WatchedRun& run : runs) {
    sum += run.status.progress.batches_sealed + run.status.progress.batches_done;
  }
  return sum;
}

double Watch::candidates_per_second() const {
  double sum = 0.0;
  for (const WatchedRun& run : runs) {
    if (run.works) sum += run.status.candidates_per_second();
  }
  return sum;
}

std::optional<double> Watch::eta_seconds() const {
  std::optional<double> last;
  for (const WatchedRun& run : runs) {
    if (!run.works) continue;
    if (!run.status.eta_seconds) return std::nullopt;
    const double left = std::max(0.0, *run.status.eta_seconds - run.seconds_silent);
    last = std::max(last.value_or(0.0), left);
  }
  return last;
}

std::vector<engine::Shard> Watch::missing_shards() const {
  std::vector<engine::Shard> missing;
  const std::uint64_t count = runs.empty() ? 0 : runs.front().status.shard.count;
  for (std::uint64_t index = 0; index < count; ++index) {
    const bool known = std::any_of(runs.begin(), runs.end(), [&](const WatchedRun& run) {
      return run.status.shard.index == index && run.status.shard.count == count;
    });
    if (!known) missing.push_back({index, count});
  }
  return missing;
}

Watch watch(const fs::path& output) {
  Watch watch;
  watch.output = output;
  const bool result = engine::path_kind(output) == engine::PathKind::file;
  std::error_code error;
  const fs::file_time_type written =
      result ? fs::last_write_time(output, error) : fs::file_time_type::min();
  bool newer = result;
  for (const fs::path& path : status_paths(output)) {
    const fs::file_time_type updated = fs::last_write_time(path, error);
    std::string text;
    try {
      text = engine::read_text(path, ExitCode::storage);
    } catch (const Error&) {
      continue;  // a run that has just finished took it away
    }
    watch.runs.push_back(look_at(parse_status(text, path.string()), updated));
    newer = newer && written >= updated;
  }
  std::sort(watch.runs.begin(), watch.runs.end(), [](const WatchedRun& a, const WatchedRun& b) {
    return a.status.shard.index < b.status.shard.index;
  });
  watch.standing = standing_of(watch, newer);
  return watch;
}

}  // namespace flopsieve::jobs
