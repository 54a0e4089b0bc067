#include <fmt/format.h>

#include <map>

#include "jobs/csv_rows.hpp"
#include "jobs/estimates_json.hpp"
#include "jobs/report_words.hpp"
#include "jobs/run_list.hpp"
#include "jobs/text_table.hpp"

namespace flopsieve::jobs {
namespace {

using engine::KeyCount;
using engine::Overview;

std::string count_words(const KeyCount& count) {
  return fmt::format("{:.0f} [{:.0f}, {:.0f}]", count.median, count.low, count.high);
}

/// "2026-11-22 19:30".
std::string minute_words(const std::string& created) {
  if (created.size() < 16) return created.empty() ? "-" : created;
  return created.substr(0, 10) + " " + created.substr(11, 5);
}

/// A sweep has no counts of its own: how many variants it has stands for them.
std::string title_words(const Overview& overview) {
  const std::string title = overview.title.empty() ? "-" : overview.title;
  if (overview.variants == 0) return title;
  return fmt::format("{} ({} variants)", title, grouped(overview.variants));
}

double acceptance(const Overview& overview) {
  return ratio(overview.survivors, overview.candidates);
}

std::string acceptance_words(const Overview& overview) {
  return overview.candidates == 0 ? "-" : fmt::format("{:.3g}", acceptance(overview));
}

Json run_json(const ListedRun& run) {
  const Overview& o = run.overview;
  const auto whole = [](double number) { return static_cast<std::uint64_t>(number); };
  Json counts = Json::object();
  for (const KeyCount& count : o.counts) {
    counts[fmt::format("{}", count.threshold)] = {
        {"0.05", whole(count.low)}, {"0.5", whole(count.median)}, {"0.95", whole(count.high)}};
  }
  return {{"name", run.name},
          {"variants", o.variants == 0 ? Json() : Json(o.variants)},
          {"state", run.state},
          {"title", o.title},
          {"created", o.created},
          {"identity", o.identity},
          {"result_class", o.result_class},
          {"seed", o.seed},
          {"trajectories", o.trajectories},
          {"complete_trajectories", o.complete},
          {"candidates", o.candidates},
          {"survivors", o.survivors},
          {"acceptance", acceptance(o)},
          {"last_year", o.last_year == 0 ? Json() : Json(o.last_year)},
          {"cumulative", counts}};
}

}  // namespace

std::string list_text(const RunList& list) {
  std::map<double, std::size_t> columns;  // of all thresholds that some run shows
  for (const ListedRun& run : list.runs) {
    for (const KeyCount& count : shown_counts(run.overview)) columns[count.threshold] = 0;
  }
  std::vector<std::string> heading{"run",          "title",      "state",        "created",
                                   "trajectories", "acceptance", "by the end of"};
  for (auto& [threshold, column] : columns) {
    column = heading.size();
    heading.push_back("> " + threshold_words(threshold));
  }
  TextTable table(heading);
  for (const ListedRun& run : list.runs) {
    const Overview& o = run.overview;
    std::vector<std::string> row{run.name,
                                 title_words(o),
                                 run.state,
                                 minute_words(o.created),
                                 grouped(o.complete),
                                 acceptance_words(o),
                                 o.last_year == 0 ? "-" : std::to_string(o.last_year)};
    row.resize(heading.size(), "-");
    for (const KeyCount& count : shown_counts(o))
      row[columns.at(count.threshold)] = count_words(count);
    table.add(row);
  }
  std::string text = list.runs.empty() ? "No runs here.\n" : table.text();
  for (const LeftOut& each : list.left_out) {
    text += fmt::format("left out: {}: {}\n", each.name, each.reason);
  }
  return text;
}

std::string line_text(const ListedRun& run) {
  const Overview& o = run.overview;
  std::string text =
      fmt::format("{}  {}  {}  {} trajectories  acceptance {}", run.name, title_words(o),
                  minute_words(o.created), grouped(o.complete), acceptance_words(o));
  for (const KeyCount& count : shown_counts(o)) {
    text += fmt::format("  > {} by {}: {}", threshold_words(count.threshold), o.last_year,
                        count_words(count));
  }
  return text + "\n";
}

std::string csv_heading() {
  return "name,state,title,created,identity,class,seed,trajectories,complete_trajectories,"
         "candidates,survivors,acceptance,year,threshold,q05,q50,q95\n";
}

std::string line_csv(const ListedRun& run) {
  const Overview& o = run.overview;
  const std::string beginning =
      fmt::format("{},{},{},{},{},{},{},{},{},{},{},{}", csv_quoted(run.name), run.state,
                  csv_quoted(o.title), o.created, o.identity, o.result_class, o.seed,
                  o.trajectories, o.complete, o.candidates, o.survivors, acceptance(o));
  if (o.counts.empty()) return beginning + ",,,,,\n";
  std::string text;
  for (const KeyCount& count : o.counts) {
    text += fmt::format("{},{},{},{},{},{}\n", beginning, o.last_year, count.threshold, count.low,
                        count.median, count.high);
  }
  return text;
}

std::string list_csv(const RunList& list) {
  std::string text = csv_heading();
  for (const ListedRun& run : list.runs) text += line_csv(run);
  return text;
}

std::string line_json(const ListedRun& run) {
  return run_json(run).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string list_json(const RunList& list) {
  Json json = {{"runs", Json::array()}, {"left_out", Json::array()}};
  for (const ListedRun& run : list.runs) json["runs"].push_back(run_json(run));
  for (const LeftOut& each : list.left_out) {
    json["left_out"].push_back({{"name", each.name}, {"reason", each.reason}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace flopsieve::jobs
