#include "jobs/status.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/summary.hpp"
#include "jobs/clock.hpp"
#include "jobs/console.hpp"
#include "jobs/report_words.hpp"

namespace flopsieve::jobs {
namespace {

namespace fs = std::filesystem;
using engine::Error;
using engine::ExitCode;

constexpr auto shortest_interval = std::chrono::seconds(1);

/// An update may take this share of the time.
constexpr int one_part_in = 100;

constexpr std::pair<RunState, const char*> state_names[] = {{RunState::running, "running"},
                                                            {RunState::joining, "joining"},
                                                            {RunState::finished, "finished"},
                                                            {RunState::stopped, "stopped"},
                                                            {RunState::failed, "failed"}};

std::string state_name(RunState state) {
  for (const auto& [each, name] : state_names) {
    if (each == state) return name;
  }
  return "";
}

RunState state_of(const std::string& text) {
  for (const auto& [each, name] : state_names) {
    if (text == name) return each;
  }
  throw std::invalid_argument(fmt::format("unknown state \"{}\"", text));
}

std::string host_name() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) return "";
  return host.data();
}

/// State and start of a process, from the words after its name in /proc/PID/stat (proc(5)).
struct ProcessRecord {
  std::string state;
  std::uint64_t start = 0;
};

std::optional<ProcessRecord> process_record(const std::string& pid) {
  std::string text;
  try {
    text = engine::read_text(fmt::format("/proc/{}/stat", pid), ExitCode::storage);
  } catch (const Error&) {
    return std::nullopt;
  }
  const std::size_t after_name = text.rfind(')');
  if (after_name == std::string::npos) return std::nullopt;
  std::istringstream words(text.substr(after_name + 1));
  constexpr int words_between = 18;  // state is the third word, the start the twenty-second
  ProcessRecord record;
  words >> record.state;
  std::string ignored;
  for (int i = 0; i < words_between; ++i) words >> ignored;
  words >> record.start;
  if (!words) return std::nullopt;
  return record;
}

Json counts_json(const engine::Plan& plan, const engine::Tally& tally) {
  const engine::Summary summary = engine::summarise_counts(plan, tally);
  const std::vector<std::string> thresholds = number_keys(plan.outputs.thresholds);
  return {{"per_year", whole_json(plan, summary.counts, thresholds)},
          {"per_year_error", bounds_json(plan, summary.counts, thresholds)},
          {"cumulative", whole_json(plan, summary.cumulative, thresholds)},
          {"cumulative_error", bounds_json(plan, summary.cumulative, thresholds)}};
}

}  // namespace

double Status::candidates_per_second() const {
  return elapsed_seconds > 0.0 ? static_cast<double>(progress.candidates) / elapsed_seconds : 0.0;
}

ProcessName this_process() {
  const auto record = process_record("self");
  return {host_name(), getpid(), record ? record->start : 0};
}

std::optional<bool> is_alive(const ProcessName& process) {
  if (process.host != host_name()) return std::nullopt;
  const auto record = process_record(std::to_string(process.pid));
  if (!record || record->state == "Z" || record->state == "X") return false;
  return process.start == 0 || record->start == process.start;
}

std::string status_text(const Status& status) {
  const engine::Progress& p = status.progress;
  const Json json = {
      {"state", state_name(status.state)},
      {"message", status.message},
      {"exit_code", status.exit_code},
      {"title", status.title},
      {"identity", status.identity},
      {"resume", status.resume},
      {"host", status.process.host},
      {"pid", status.process.pid},
      {"process_start", status.process.start},
      {"started", status.started},
      {"updated", status.updated},
      {"shard", {{"index", status.shard.index}, {"count", status.shard.count}}},
      {"batches",
       {{"total", p.batches_total}, {"sealed_before", p.batches_sealed}, {"done", p.batches_done}}},
      {"trajectories_total", status.trajectories_total},
      {"trajectories", p.trajectories},
      {"complete", p.complete},
      {"candidates", p.candidates},
      {"survivors", p.survivors},
      {"elapsed_seconds", status.elapsed_seconds},
      {"candidates_per_second", status.candidates_per_second()},
      {"eta_seconds", status.eta_seconds ? Json(*status.eta_seconds) : Json()},
      {"may_stop_early", status.may_stop_early},
      {"counts", status.counts}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Status parse_status(const std::string& text, const std::string& name) {
  try {
    const Json json = Json::parse(text);
    Status status;
    status.state = state_of(json.at("state").get<std::string>());
    json.at("message").get_to(status.message);
    json.at("exit_code").get_to(status.exit_code);
    json.at("title").get_to(status.title);
    json.at("identity").get_to(status.identity);
    json.at("resume").get_to(status.resume);
    json.at("host").get_to(status.process.host);
    json.at("pid").get_to(status.process.pid);
    json.at("process_start").get_to(status.process.start);
    json.at("started").get_to(status.started);
    json.at("updated").get_to(status.updated);
    json.at("shard").at("index").get_to(status.shard.index);
    json.at("shard").at("count").get_to(status.shard.count);
    engine::Progress& p = status.progress;
    json.at("batches").at("total").get_to(p.batches_total);
    json.at("batches").at("sealed_before").get_to(p.batches_sealed);
    json.at("batches").at("done").get_to(p.batches_done);
    json.at("trajectories_total").get_to(status.trajectories_total);
    json.at("trajectories").get_to(p.trajectories);
    json.at("complete").get_to(p.complete);
    json.at("candidates").get_to(p.candidates);
    json.at("survivors").get_to(p.survivors);
    json.at("elapsed_seconds").get_to(status.elapsed_seconds);
    if (!json.at("eta_seconds").is_null()) {
      status.eta_seconds = json.at("eta_seconds").get<double>();
    }
    json.at("may_stop_early").get_to(status.may_stop_early);
    status.counts = json.at("counts");
    p.joining = status.state == RunState::joining;
    return status;
  } catch (const std::exception& error) {
    throw Error(ExitCode::storage,
                fmt::format("{}: not the status of a flopsieve run: {}", name, error.what()));
  }
}

fs::path status_path(const fs::path& output, const engine::Shard& shard) {
  fs::path path = output;
  path += shard.count == 1 ? std::string(".status.json")
                           : fmt::format(".status-{}of{}.json", shard.index, shard.count);
  return path;
}

std::vector<fs::path> status_paths(const fs::path& output) {
  const fs::path folder = output.has_parent_path() ? output.parent_path() : fs::path(".");
  const std::string prefix = output.filename().string() + ".status";
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::directory_iterator entries(folder, error), end; !error && entries != end;
       entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    const char next = name.size() > prefix.size() ? name[prefix.size()] : '\0';
    if (name.starts_with(prefix) && (next == '.' || next == '-') && name.ends_with(".json")) {
      paths.push_back(output.has_parent_path() ? entries->path() : fs::path(name));
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

void remove_status_files(const fs::path& output) {
  std::error_code ignored;
  for (const fs::path& path : status_paths(output)) fs::remove(path, ignored);
}

fs::path output_of_parts(const fs::path& folder) {
  constexpr std::string_view ending = ".parts";
  const std::string name = folder.string();
  return name.ends_with(ending) ? name.substr(0, name.size() - ending.size()) : "";
}

void remove_status_files(const fs::path& output, const std::vector<fs::path>& folders) {
  remove_status_files(output);
  for (const fs::path& folder : folders) {
    if (const fs::path other = output_of_parts(folder); !other.empty()) remove_status_files(other);
  }
}

StatusWriter::StatusWriter(const fs::path& output, engine::Shard shard, const engine::Plan& plan,
                           const std::string& identity, std::string resume, Warn warn)
    : path_(status_path(output, shard)), plan_(&plan), warn_(std::move(warn)) {
  status_.title = plan.title;
  status_.identity = identity;
  status_.resume = std::move(resume);
  status_.process = this_process();
  status_.shard = shard;
  status_.trajectories_total = plan.trajectories;
  status_.may_stop_early = plan.precision.wanted() && shard.count == 1;
}

void StatusWriter::update(const engine::Progress& progress) {
  const Clock::time_point now = Clock::now();
  const bool first = !start_;
  if (first) {
    start_ = now;
    status_.started = utc_now();
  }
  status_.progress = progress;
  status_.progress.tally = nullptr;
  status_.elapsed_seconds = std::chrono::duration<double>(now - *start_).count();
  status_.eta_seconds = seconds_left(progress, status_.elapsed_seconds);
  if (!first && !progress.ended && !progress.joining && now < next_) return;
  status_.state = progress.joining ? RunState::joining : RunState::running;
  if (progress.tally != nullptr) status_.counts = counts_json(*plan_, *progress.tally);
  write();
  const Clock::time_point end = Clock::now();
  next_ = end + std::max<Clock::duration>(shortest_interval, one_part_in * (end - now));
}

void StatusWriter::write() {
  status_.updated = utc_now();
  try {
    engine::replace_file(path_, status_text(status_));
  } catch (const Error& error) {
    if (!warned_) warn_(fmt::format("{} (the run goes on without its status)", error.what()));
    warned_ = true;
  }
}

void StatusWriter::end(RunState state, const std::string& message, int exit_code) {
  if (!start_) return;
  status_.state = state;
  status_.message = message;
  status_.exit_code = exit_code;
  write();
}

}  // namespace flopsieve::jobs
