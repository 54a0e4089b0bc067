#include "jobs/submit_work.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <utility>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/runner.hpp"
#include "engine/sweep_study.hpp"
#include "jobs/finish_run.hpp"
#include "jobs/job.hpp"
#include "jobs/job_source.hpp"
#include "jobs/planning.hpp"
#include "jobs/sweep_check.hpp"

namespace flopsieve::jobs {
namespace {

namespace fs = std::filesystem;
using engine::Error;
using engine::ExitCode;

/// The Plan with all that a pilot decides, or the one on which shards in the folder have agreed.
engine::Plan agreed_plan(engine::Plan plan, const fs::path& output, bool force) {
  const fs::path folder = engine::parts_folder(output);
  std::optional<engine::Study> other;
  const auto accept = [&](const engine::Study& study) {
    const bool same = differences(study, plan).empty();
    if (!same) other = study;
    return same;
  };
  if (const std::optional<engine::Study> found = engine::find_study(folder, accept)) {
    engine::Plan stored = found->plan;
    stored.trajectories = plan.trajectories;
    return stored;
  }
  if (other) {
    throw Error(ExitCode::bad_input,
                fmt::format("{} belongs to another job: it differs in {}; choose another output "
                            "with -o",
                            folder.string(), fmt::join(differences(*other, plan), ", ")));
  }
  complete_plan(plan, force ? Force::yes : Force::no);
  return plan;
}

/// Its job as it is written, not resolved: a swept key may be one of which others are made.
std::map<std::string, std::string> files_of_sweep(const Document& job) {
  std::map<std::string, std::string> files;
  std::map<std::string, fs::path> names = named_files(job);
  for (auto& [key, path] : names) {
    const std::string text = engine::read_text(path, ExitCode::bad_input);
    path = key == "calibration" ? "calibration.toml" : "variants.csv";
    files[path] = text;
  }
  files["job.toml"] = job_with_files(job, names);
  return files;
}

}  // namespace

Work run_work(engine::Plan plan, const fs::path& output, bool force) {
  Work work;
  work.plan = agreed_plan(std::move(plan), output, force);
  work.identity = engine::plan_identity(work.plan);
  work.files["job.toml"] = resolved_job(work.plan);
  work.disk = expected_disk_need(work.plan);
  // Tasks that find what the pilot has decided need none of their own.
  work.agree = [plan = work.plan](const fs::path& folder, const std::vector<std::string>& command) {
    engine::agree_on_study(folder, make_study(plan, command));
  };
  return work;
}

Work sweep_work(const Document& job, JobVariants& variants, const fs::path& output) {
  demand_valid(variants, check_variants(variants, engine::default_threads()).invalid);
  variants.resolve();
  Work work;
  work.plan = variants.base();
  work.variants = variants.count();
  work.identity = variants.identity();
  work.files = files_of_sweep(job);
  work.disk = expected_sweep_need(work.plan, work.variants);
  const engine::SweepStudy study = sweep_study(variants, {});
  engine::demand_same_sweep(engine::parts_folder(output), study);
  work.agree = [study](const fs::path& folder, const std::vector<std::string>& command) {
    engine::SweepStudy named = study;
    named.provenance = make_study(study.base, command).provenance;
    engine::agree_on_sweep(folder, named);
  };
  return work;
}

}  // namespace flopsieve::jobs
