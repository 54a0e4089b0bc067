#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <vector>

#include "engine/batch.hpp"
#include "engine/error.hpp"
#include "engine/known_survivors.hpp"
#include "engine/parts.hpp"
#include "engine/replay.hpp"
#include "engine/result_file.hpp"
#include "engine/runner.hpp"
#include "engine/sealed.hpp"
#include "jobs/commands.hpp"
#include "jobs/console.hpp"
#include "jobs/replay_report.hpp"
#include "jobs/report.hpp"

namespace flopsieve::jobs {
namespace {

namespace fs = std::filesystem;
using engine::BatchRecord;
using engine::Error;
using engine::ExitCode;
using engine::Plan;

[[noreturn]] void fail(const std::string& message) {
  throw Error(ExitCode::bad_input, message);
}

/// A run of which something is to be drawn again: finished, or under way.
struct StoredRun {
  fs::path path;
  Plan plan;
  bool finished = true;
};

StoredRun open_run(const fs::path& path) {
  if (!fs::exists(path)) {
    const fs::path folder = engine::parts_folder(path);
    if (const auto study = engine::stored_study(folder)) return {path, study->plan, false};
  }
  return {path, engine::read_result_file(path).study.plan, true};
}

std::uint64_t address_number(std::int64_t number, const char* option) {
  if (number < 0 || number >= static_cast<std::int64_t>(engine::address_limit)) {
    fail(fmt::format("{} {}: must be from 0 to 2^40 - 1", option, number));
  }
  return static_cast<std::uint64_t>(number);
}

std::uint32_t year_index(const Plan& plan, std::int64_t year) {
  const auto found = std::find(plan.years.begin(), plan.years.end(), year);
  if (found == plan.years.end()) {
    fail(fmt::format("--year {}: the run has the years {} to {}", year, plan.years.front(),
                     plan.years.back()));
  }
  return static_cast<std::uint32_t>(found - plan.years.begin());
}

int replay_candidate(const ReplayCommand& command, const StoredRun& run) {
  if (!command.trajectory || !command.year) {
    fail("replay needs --trajectory and --year, or --batch");
  }
  engine::ReplayRequest request;
  request.trajectory = address_number(*command.trajectory, "--trajectory");
  request.year_index = year_index(run.plan, *command.year);
  if (command.attempt) request.attempt = address_number(*command.attempt, "--attempt");
  if (run.finished) {
    request.survivors = engine::read_survivors_of(run.path, run.plan, request.trajectory);
  }
  const engine::Replay replay = engine::replay(run.plan, request);
  ReplayContent content{run.plan, replay, std::nullopt, command.sizes};
  if (!request.survivors.empty()) content.survivor = request.survivors.at(request.year_index);
  if (!command.attempt) content.survivor = replay.address.attempt;
  const ReportFormat format =
      command.json ? ReportFormat::json : parse_report_format(command.format);
  if (format == ReportFormat::csv) fail("--format must be table or json");
  const bool json = format == ReportFormat::json;
  print_result(json ? replay_json(content) : replay_text(content));
  return static_cast<int>(ExitCode::done);
}

/// The row of a batch in the parts of a run that is under way. Looks at names first: a part is
/// called after its batches.
std::optional<BatchRecord> find_in_parts(const StoredRun& run, std::uint64_t batch) {
  for (const auto& entry : fs::directory_iterator(engine::parts_folder(run.path))) {
    const std::string name = entry.path().filename().string();
    unsigned long long first = 0, last = 0;
    if (!name.ends_with(".h5") || std::sscanf(name.c_str(), "part-%llu-%llu-", &first, &last) < 2 ||
        batch < first || batch > last) {
      continue;
    }
    try {
      engine::PartContents part = engine::read_part(entry.path(), run.plan);
      for (BatchRecord& record : part.batches) {
        if (record.batch == batch) return std::move(record);
      }
    } catch (const engine::DamagedPart&) {
      continue;  // whoever resumes sets it aside
    }
  }
  return std::nullopt;
}

std::optional<BatchRecord> find_stored(const StoredRun& run, std::uint64_t batch) {
  if (!run.finished) return find_in_parts(run, batch);
  std::optional<BatchRecord> found;
  engine::read_batches(engine::H5File::open(run.path), run.plan, [&](BatchRecord record) {
    if (record.batch == batch) found = std::move(record);
  });
  return found;
}

int replay_batch(const ReplayCommand& command, const StoredRun& run) {
  if (command.trajectory || command.year || command.attempt || command.sizes) {
    fail("--batch stands alone: it computes a whole batch again");
  }
  const std::uint64_t batches = run.plan.batch_count();
  if (*command.batch < 0 || static_cast<std::uint64_t>(*command.batch) >= batches) {
    fail(fmt::format("--batch {}: the run has the batches 0 to {}", *command.batch, batches - 1));
  }
  if (!run.plan.sampling.filtered.empty()) {
    fail(fmt::format("{}: class \"joint\": its batches are survivors of another run",
                     run.path.string()));
  }
  const auto batch = static_cast<std::uint64_t>(*command.batch);
  std::optional<BatchRecord> stored = find_stored(run, batch);
  BatchRecord computed =
      engine::record_of(batch, std::move(engine::run_batch(run.plan, batch)->tally));
  if (!stored) {
    print_result(fmt::format("batch {}: computed; {} holds none to compare it with\n", batch,
                             run.path.string()));
    return static_cast<int>(ExitCode::done);
  }
  const auto differing = engine::differing_fields(run.plan, *stored, computed);
  if (!differing.empty()) {
    throw Error(ExitCode::storage,
                fmt::format("{}: batch {} is not what this program computes: it differs in {}",
                            run.path.string(), batch, fmt::join(differing, ", ")));
  }
  print_result(
      fmt::format("batch {}: computed, equal to what {} holds\n", batch, run.path.string()));
  return static_cast<int>(ExitCode::done);
}

}  // namespace

int replay_command(const ReplayCommand& command) {
  const StoredRun run = open_run(command.file);
  return command.batch ? replay_batch(command, run) : replay_candidate(command, run);
}

}  // namespace flopsieve::jobs
