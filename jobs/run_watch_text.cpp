#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "engine/way_on.hpp"
#include "jobs/console.hpp"
#include "jobs/report_words.hpp"
#include "jobs/run_watch.hpp"
#include "jobs/text_table.hpp"

namespace flopsieve::jobs {
namespace {

constexpr std::size_t most_shards_named = 4;

constexpr std::pair<Standing, const char*> standing_names[] = {
    {Standing::running, "running"},   {Standing::finished, "finished"},
    {Standing::unmerged, "unmerged"}, {Standing::stopped, "stopped"},
    {Standing::failed, "failed"},     {Standing::nothing, "nothing"}};

/// "[10, 15, 20] +-1": quantiles, and the farthest that an end of their Monte Carlo intervals lies
/// from them; "+-?" where one has no such end.
std::string cell_text(const Json& quantiles, const Json& bounds) {
  std::string text = "[";
  double widest = 0.0;
  bool known = true;
  for (const auto& [key, value] : quantiles.items()) {
    text += fmt::format("{}{}", text == "[" ? "" : ", ", value.get<std::uint64_t>());
    for (const Json& end : bounds.at(key)) {
      known = known && !end.is_null();
      if (known) widest = std::max(widest, std::abs(end.get<double>() - value.get<double>()));
    }
  }
  return text + "] +-" + (known ? fmt::format("{:.0f}", widest) : "?");
}

/// [year][threshold] of a status.
std::string counts_table(const Json& values, const Json& errors) {
  std::vector<std::string> heading{"year"};
  for (const auto& [threshold, _] : values.front().items()) {
    heading.push_back("> " + threshold_words(std::stod(threshold)));
  }
  TextTable table(heading);
  for (const auto& [year, thresholds] : values.items()) {
    std::vector<std::string> row{year};
    for (const auto& [threshold, quantiles] : thresholds.items()) {
      row.push_back(cell_text(quantiles, errors.at(year).at(threshold)));
    }
    table.add(row);
  }
  return table.text();
}

std::string live_counts(const Status& status) {
  const Json& counts = status.counts;
  if (counts.is_null() || counts.at("cumulative").empty()) return "No complete trajectory yet.\n";
  std::vector<double> quantiles;
  for (const auto& [key, _] : counts.at("cumulative").front().front().items()) {
    quantiles.push_back(std::stod(key));
  }
  return fmt::format(
      "Models above each threshold (FLOP), {} of {} complete trajectories{}; +- Monte Carlo error "
      "(95 %)\nIn the year\n{}Up to the end of the year\n{}",
      quantile_words(quantiles), grouped(status.progress.complete),
      status.progress.batches_sealed > 0 ? " since this start" : "",
      counts_table(counts.at("per_year"), counts.at("per_year_error")),
      counts_table(counts.at("cumulative"), counts.at("cumulative_error")));
}

std::string left_text(const std::optional<double>& seconds, bool may_stop_early) {
  if (!seconds) return "time left not known";
  return fmt::format("{}{} left", may_stop_early ? "at most " : "", duration(*seconds));
}

std::string state_text(const WatchedRun& run) {
  switch (run.status.state) {
    case RunState::finished:
      return "done";
    case RunState::failed:
      return "failed: " + run.status.message;
    case RunState::stopped:
      return "stopped";
    default:
      break;
  }
  if (run.killed) return "killed";
  const std::string state = run.status.progress.joining ? "joining its parts" : "running";
  if (run.on_this_host) return state;
  return fmt::format("{} on {}, last heard of {} ago", state, run.status.process.host,
                     duration(run.seconds_silent));
}

/// One line per shard.
std::string shard_table(const Watch& watch) {
  TextTable table({"shard", "batches", "candidates/s", "left", "state"});
  for (const WatchedRun& run : watch.runs) {
    const Status& status = run.status;
    const engine::Progress& p = status.progress;
    table.add({fmt::format("{} of {}", status.shard.index, status.shard.count),
               fmt::format("{} of {}", grouped(p.batches_sealed + p.batches_done),
                           grouped(p.batches_total)),
               run.works ? fmt::format("{:.3g}", status.candidates_per_second()) : "-",
               run.works && status.eta_seconds ? duration(*status.eta_seconds) : "-",
               state_text(run)});
  }
  return table.text();
}

std::string working_text(const Watch& watch) {
  const WatchedRun& most = *std::max_element(
      watch.runs.begin(), watch.runs.end(), [](const WatchedRun& a, const WatchedRun& b) {
        return a.status.progress.complete < b.status.progress.complete;
      });
  std::uint64_t candidates = 0;
  std::uint64_t survivors = 0;
  for (const WatchedRun& run : watch.runs) {
    candidates += run.status.progress.candidates;
    survivors += run.status.progress.survivors;
  }
  const double share = watch.batches() == 0 ? 1.0
                                            : static_cast<double>(watch.batches_sealed_or_done()) /
                                                  static_cast<double>(watch.batches());
  const Status& status = most.status;
  std::string text = fmt::format(
      "{} ({}): {}, batch {} of {}\n{} {:3.0f} %  {} candidates, {:.3g} million/s  acceptance "
      "{:.3g}  {}\n",
      status.title.empty() ? "Run" : status.title, watch.output.string(),
      watch.runs.size() == 1 ? state_text(most) : "running",
      grouped(watch.batches_sealed_or_done()), grouped(watch.batches()), bar(share), 100.0 * share,
      grouped(candidates), watch.candidates_per_second() * 1e-6, ratio(survivors, candidates),
      left_text(watch.eta_seconds(), status.may_stop_early));
  if (status.shard.count > 1) text += shard_table(watch);
  text += live_counts(status);
  if (status.shard.count > 1) text += fmt::format("(of shard {} alone)\n", status.shard.index);
  return text;
}

/// Which shards are done, and the commands of those of which nothing is known.
std::string shards_text(const Watch& watch) {
  std::string text;
  std::vector<std::uint64_t> finished;
  for (const WatchedRun& run : watch.runs) {
    if (run.status.state == RunState::finished) finished.push_back(run.status.shard.index);
  }
  const Status& first = watch.runs.front().status;
  if (!finished.empty()) {
    text += fmt::format("{}: {} of {} shards are done: {}\n", watch.output.string(),
                        finished.size(), first.shard.count, fmt::join(finished, ", "));
  }
  const std::vector<engine::Shard> missing = watch.missing_shards();
  for (std::size_t i = 0; i < missing.size(); ++i) {
    if (i == most_shards_named) {
      text += fmt::format("{}: so it is with {} further shards\n", watch.output.string(),
                          missing.size() - i);
      break;
    }
    text += fmt::format("{}, shard {}: nothing is known of it. This command computes it: {}\n",
                        watch.output.string(), missing[i].index,
                        engine::with_shard(first.resume, missing[i]));
  }
  return text;
}

/// What to do about runs that are over.
std::string ended_text(const Watch& watch) {
  std::string text;
  for (const WatchedRun& run : watch.runs) {
    const Status& status = run.status;
    const engine::Progress& p = status.progress;
    if (status.state == RunState::finished) continue;
    const std::string where =
        fmt::format("batch {} of {}", p.batches_sealed + p.batches_done, p.batches_total);
    const std::string what =
        status.state == RunState::failed ? fmt::format("failed at {}: {}", where, status.message)
        : run.killed                     ? fmt::format(
                                               "was killed after {} (what was not yet sealed is computed "
                                                                   "again)",
                                               where)
                     : fmt::format("{} after {}", status.message, where);
    text += fmt::format("{}{}: {}. This command resumes: {}\n", watch.output.string(),
                        status.shard.count > 1 ? fmt::format(", shard {}", status.shard.index) : "",
                        what, status.resume);
  }
  return text + shards_text(watch);
}

}  // namespace

std::string standing_name(Standing standing) {
  for (const auto& [each, name] : standing_names) {
    if (each == standing) return name;
  }
  return "";
}

std::string watch_text(const Watch& watch) {
  const std::string output = watch.output.string();
  switch (watch.standing) {
    case Standing::running:
      return working_text(watch);
    case Standing::finished:
      return fmt::format("finished: {0} (flopsieve show {0})\n", output);
    case Standing::unmerged:
      return fmt::format("all {1} shards are done; flopsieve merge {0} joins them\n", output,
                         watch.runs.size());
    case Standing::stopped:
    case Standing::failed:
      return ended_text(watch);
    case Standing::nothing:
      break;
  }
  return fmt::format("{}: nothing is known of a run that writes it\n", output);
}

std::string watch_json(const Watch& watch) {
  const auto eta = watch.eta_seconds();
  Json json = {{"output", watch.output.string()},
               {"standing", standing_name(watch.standing)},
               {"batches", watch.batches()},
               {"batches_sealed_or_done", watch.batches_sealed_or_done()},
               {"candidates_per_second", watch.candidates_per_second()},
               {"eta_seconds", eta ? Json(*eta) : Json()},
               {"missing_shards", Json::array()},
               {"runs", Json::array()}};
  for (const engine::Shard& shard : watch.missing_shards()) {
    json["missing_shards"].push_back(shard.index);
  }
  for (const WatchedRun& run : watch.runs) {
    Json each = Json::parse(status_text(run.status));
    each["works"] = run.works;
    each["killed"] = run.killed;
    each["seconds_silent"] = run.seconds_silent;
    json["runs"].push_back(each);
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace flopsieve::jobs
