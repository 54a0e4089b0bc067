#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "engine/cascade.hpp"
#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/known_survivors.hpp"
#include "engine/merge.hpp"
#include "engine/refilter.hpp"
#include "engine/result_file.hpp"
#include "jobs/base.hpp"
#include "jobs/finish_run.hpp"
#include "jobs/job.hpp"
#include "jobs/job_source.hpp"
#include "jobs/table_reader.hpp"

namespace flopsieve::jobs {
namespace {

namespace fs = std::filesystem;
using engine::Error;
using engine::ExitCode;
using engine::Plan;

/// A key of [outputs]; nullptr if it is not there.
const Value* outputs_value(const Document& job, const char* key) {
  const Entry* outputs = find_entry(job.root, "outputs");
  const Entry* entry = outputs == nullptr ? nullptr : find_entry(outputs->value, key);
  return entry == nullptr ? nullptr : &entry->value;
}

bool same_numbers(const Value* a, const Value* b) {
  if (a == nullptr || b == nullptr) return a == b;
  const auto same = [](const Value& x, const Value& y) {
    return x.kind == y.kind && x.integer == y.integer && x.number == y.number;
  };
  return std::equal(a->elements.begin(), a->elements.end(), b->elements.begin(), b->elements.end(),
                    same);
}

void erase_base(Document& job) {
  for (Entry& table : job.root.entries) {
    if (table.key != "outputs") continue;
    std::erase_if(table.value.entries,
                  [](const Entry& entry) { return entry.key == "cumulative_base"; });
  }
}

/// A stored job lists the known models before the forecast for its thresholds. Where they are what
/// the calibration says, it is asked again for other thresholds.
void look_up_base(const engine::Study& stored, Document& job) {
  Document original = parse_toml(stored.job, "stored job");
  const auto stays = [&](const char* key) {
    return same_numbers(outputs_value(original, key), outputs_value(job, key));
  };
  if (stays("thresholds") || !stays("cumulative_base")) return;
  erase_base(original);
  try {
    const Plan from_calibration = plan_from_job(original, calibration_for(original));
    if (from_calibration.outputs.cumulative_base == stored.plan.outputs.cumulative_base) {
      erase_base(job);
    }
  } catch (const Error&) {
    return;  // they were given, and must be given again
  }
}

/// The stored job with the changes of the command line.
Plan changed_plan(const RunCommand& command, const engine::Study& stored) {
  Document job = parse_toml(stored.job, fmt::format("job of {}", command.refilter));
  if (stored.plan.automatic_batch) set_key(job, "batch_trajectories", "0");
  if (!command.job.file.empty()) {
    JobOptions file;
    file.file = command.job.file;
    lay_over(job, read_job(file));
  }
  apply_options(command.job, job);
  look_up_base(stored, job);
  Plan plan = plan_from_job(job, calibration_for(job));
  const bool names_one = TableReader(job).has("calibration");
  if (!names_one) plan.calibration = stored.plan.calibration;
  return plan;
}

/// Whether a change of this key may leave the candidates as they are; refilter_obstacle() has the
/// last word.
bool may_change(const std::string& key) {
  const auto begins = [&](const char* word) { return key.starts_with(word); };
  return begins("constraint") || begins("outputs") || begins("observed") || begins("precision") ||
         key == "models.method";
}

/// Throws if the stored run cannot answer for the Plan, naming the key.
void demand_answer(const std::string& file, const engine::Study& stored, const Plan& plan) {
  const auto refuse = [&](const std::string& why) {
    throw Error(ExitCode::bad_input,
                fmt::format("{} cannot be refiltered: {}. Run the job anew", file, why));
  };
  for (const std::string& key :
       differing_keys(job_values(stored.job), job_values(resolved_job(plan)))) {
    if (may_change(key)) continue;
    refuse(
        fmt::format("{} differs, so that other candidates are drawn (what may change: "
                    "constraints that become tighter, outputs, precision, trajectories, title)",
                    key));
  }
  const std::string obstacle = engine::refilter_obstacle(stored.plan, plan);
  if (!obstacle.empty()) refuse(obstacle);
}

/// The Plan of --no-sampling: no pilot, and the batches of the stored run.
void make_filter(const std::string& file, const engine::Study& stored, Plan& plan) {
  if (plan.trajectories > stored.plan.trajectories) {
    throw Error(ExitCode::bad_input,
                fmt::format("trajectories: {} holds {}, and --no-sampling draws no further ones",
                            file, stored.plan.trajectories));
  }
  plan.sampling = stored.plan.sampling;
  plan.sampling.filtered = stored.identity;
  plan.cascade = engine::cascade_order(plan.constraints);
  plan.automatic_batch = stored.plan.automatic_batch;
  if (plan.batch_trajectories == 0) plan.batch_trajectories = stored.plan.batch_trajectories;
}

fs::path output_of(const RunCommand& command, const Plan& plan) {
  if (!command.output.empty()) return command.output;
  JobOptions named;
  named.file = command.refilter;
  named.seed = 0;  // the name tells of a change
  return default_output(named, plan);
}

}  // namespace

int refilter(const RunCommand& command, Console& console) {
  engine::demand_result_file(command.refilter);
  const engine::Study stored = engine::read_result_file(command.refilter).study;
  Plan plan = changed_plan(command, stored);
  // Before the pilot: it may take a minute, and decides on nothing else.
  Plan preview = plan;
  preview.sampling = stored.plan.sampling;
  demand_answer(command.refilter, stored, preview);
  RunDetails details;
  details.known = std::make_shared<engine::KnownSurvivors>(
      engine::read_survivors(command.refilter, stored.plan));
  if (command.no_sampling) {
    make_filter(command.refilter, stored, plan);
    details.plan_is_complete = true;
  } else {
    details.accept = [&](const Plan& complete) {
      demand_answer(command.refilter, stored, complete);
    };
  }
  const fs::path output = run_output(output_of(command, plan));
  return report_run(command, console, finish_run(command, console, plan, output, details), output);
}

}  // namespace flopsieve::jobs
