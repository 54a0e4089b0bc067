#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/runner.hpp"
#include "engine/sha256.hpp"
#include "engine/sweep_positions.hpp"
#include "jobs/commands.hpp"
#include "jobs/disk.hpp"
#include "jobs/finish_run.hpp"
#include "jobs/job_source.hpp"
#include "jobs/shell.hpp"
#include "jobs/slurm_queue.hpp"
#include "jobs/slurm_scripts.hpp"
#include "jobs/submission.hpp"
#include "jobs/submit_work.hpp"
#include "jobs/sweep_commands.hpp"
#include "jobs/text_table.hpp"
#include "jobs/too_wide.hpp"

namespace flopsieve::jobs {
namespace {

namespace fs = std::filesystem;
using engine::Error;
using engine::ExitCode;

fs::path full_name(const fs::path& path) {
  const fs::path full = fs::absolute(path).lexically_normal();
  return full.has_filename() ? full : full.parent_path();  // of "DIR/"
}

fs::path this_program() {
  return fs::read_symlink("/proc/self/exe");
}

void demand_free_output(const fs::path& output) {
  if (engine::path_kind(output) == engine::PathKind::nothing) return;
  throw Error(ExitCode::bad_input,
              fmt::format("{}: exists already; choose another output with -o (a finished run is "
                          "extended by flopsieve run)",
                          output.string()));
}

void demand_few_shards(const Work& work, std::int64_t shards) {
  const auto batches = static_cast<std::int64_t>(work.batches());
  if (shards >= 1 && shards <= batches) return;
  throw Error(
      ExitCode::bad_input,
      fmt::format("--shards {}: must be from 1 to {}, for the job has {} batch{} of {} "
                  "trajectories{}",
                  shards, batches, batches, batches == 1 ? "" : "es", work.plan.batch_trajectories,
                  shards > batches ? " (batch_trajectories makes them smaller)" : ""));
}

/// An existing folder is written to only if it holds a submission of the same work.
void demand_free_directory(const Submission& submission) {
  const engine::PathKind kind = engine::path_kind(submission.directory);
  if (kind == engine::PathKind::nothing) {
    engine::demand_short_name(submission.directory, ".XXXXXX");
    const fs::path parent = submission.directory.parent_path();
    if (engine::path_kind(parent) == engine::PathKind::folder) return;
    throw Error(ExitCode::bad_input, fmt::format("{}: there is no folder {}",
                                                 submission.directory.string(), parent.string()));
  }
  const std::string name = submission.directory.string();
  if (kind != engine::PathKind::folder || !is_submission(submission.directory)) {
    throw Error(ExitCode::bad_input,
                fmt::format("{}: exists, and flopsieve submit has not written it; choose another "
                            "one with --directory",
                            name));
  }
  const Submission there = read_submission(submission.directory);
  std::vector<std::string> others;
  if (there.identity != submission.identity || there.trajectories != submission.trajectories) {
    others.emplace_back("another job");
  }
  if (there.output != submission.output) others.emplace_back("another output");
  if (there.shards != submission.shards) {
    others.push_back(fmt::format("{} shards", there.shards));
  }
  if (others.empty()) return;
  throw Error(ExitCode::bad_input,
              fmt::format("{}: is a submission of {}; choose another one with --directory", name,
                          fmt::join(others, ", ")));
}

/// A new folder that appears under its name only when it is complete.
class NewFolder {
 public:
  explicit NewFolder(const fs::path& final_path) : final_path_(final_path) {
    std::string name = final_path.string() + ".XXXXXX";
    if (mkdtemp(name.data()) == nullptr) fail("create", errno);
    path_ = name;
    fs::permissions(path_, fs::perms(0755));
  }
  ~NewFolder() {
    std::error_code ignored;
    if (!committed_) fs::remove_all(path_, ignored);
  }
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;

  const fs::path& path() const { return path_; }

  void commit() {
    std::error_code error;
    fs::rename(path_, final_path_, error);
    if (error) fail("rename a folder to it", error.value());
    committed_ = true;
  }

 private:
  [[noreturn]] void fail(const char* what, int number) const {
    throw Error(ExitCode::storage, fmt::format("{}: cannot {}: {}", final_path_.string(), what,
                                               std::generic_category().message(number)));
  }

  fs::path final_path_;
  fs::path path_;
  bool committed_ = false;
};

void write_files(const fs::path& folder, const std::map<std::string, std::string>& files) {
  for (const auto& [name, text] : files) engine::write_file_atomically(folder / name, text);
}

/// The logs' folder first: sbatch does not create it, and a task without its log fails.
void write_submission(const Submission& submission,
                      const std::map<std::string, std::string>& files) {
  if (is_submission(submission.directory)) {
    write_files(submission.directory, files);
    return;
  }
  NewFolder folder(submission.directory);
  fs::create_directory(folder.path() / "logs");
  write_files(folder.path(), files);
  folder.commit();
}

Submission describe(const SubmitCommand& command, const Work& work, const fs::path& output) {
  Submission submission;
  submission.output = output;
  submission.program = this_program();
  const std::string stem = output.stem().string();
  submission.directory = full_name(command.directory.empty() ? stem + "-slurm" : command.directory);
  submission.title = work.plan.title;
  submission.identity = work.identity;
  submission.variants = work.variants;
  submission.trajectories = work.plan.trajectories;
  submission.batches = work.batches();
  submission.shards = static_cast<std::uint64_t>(command.shards);
  const std::string place = submission.directory.string() + submission.identity;
  submission.name = job_name(stem, engine::sha256_hex(place).substr(0, 8));
  return submission;
}

/// The command of the run, without its shard: what messages advise where batches are missing.
std::vector<std::string> run_words(const Submission& submission) {
  return {submission.program.string(), "run", (submission.directory / "job.toml").string(), "-o",
          submission.output.string()};
}

std::string work_words(const Work& work, std::uint64_t shards) {
  const std::uint64_t batches = work.plan.batch_count();
  const bool by_variants = work.variants > 0 && engine::shares_variants(work.variants, shards);
  const std::uint64_t count = by_variants ? work.variants : work.batches();
  std::string text = fmt::format("{} {}", grouped(count), by_variants ? "variants" : "batches");
  if (by_variants)
    text += fmt::format(" of {} batch{}", grouped(batches), batches == 1 ? "" : "es");
  if (work.variants > 0 && !by_variants) text += fmt::format(" of {} variants", work.variants);
  return text + fmt::format(", at most {} each", grouped((count + shards - 1) / shards));
}

std::string report(const Submission& submission, const Work& work) {
  const fs::path folder = folder_of(submission.output);
  std::string text = fmt::format(
      "{}: {} shard{} of {}, and then a merge into {}\n"
      "disk: about {} while it runs; {} are free in {}\n",
      submission.directory.string(), grouped(submission.shards), submission.shards == 1 ? "" : "s",
      work_words(work, submission.shards), submission.output.string(), size_words(work.disk.most()),
      size_words(engine::free_disk_space(folder)), folder.string());
  if (work.variants == 0 && work.plan.precision.wanted()) {
    text +=
        "the job has a precision: shards compute all batches, the merge takes as many as it "
        "needs\n";
  }
  return text;
}

std::string next_step(const Submission& submission) {
  return fmt::format("submit with: {}\n",
                     shell_command({"bash", (submission.directory / "submit.sh").string()}));
}

void submit_now(const Submission& submission) {
  const int code = run_submit_script(submission);
  if (code == 0) return;
  throw Error(ExitCode::bad_input, fmt::format("not submitted, see above; {} is written",
                                               submission.directory.string()));
}

int submit_job(const SubmitCommand& command, const Document& job) {
  const auto output_of = [&](const std::string& usual) {
    const fs::path output = full_name(run_output(command.output.empty() ? usual : command.output));
    demand_free_output(output);
    return output;
  };
  fs::path output;
  Work work;
  if (is_sweep_job(job)) {
    JobVariants variants(job);
    output = output_of(default_output(command.job, variants.identity()));
    work = sweep_work(job, variants, output);
  } else {
    engine::Plan plan = read_plan(job);
    output = output_of(default_output(command.job, plan));
    work = run_work(std::move(plan), output, command.force);
  }
  demand_few_shards(work, command.shards);
  const Submission submission = describe(command, work, output);
  demand_free_directory(submission);
  std::map<std::string, std::string> files =
      submission_files(submission, command.slurm, command.force);
  files.insert(work.files.begin(), work.files.end());
  write_submission(submission, files);
  work.agree(engine::parts_folder(output), run_words(submission));
  print_result(report(submission, work) + (command.now ? "" : next_step(submission)));
  if (command.now) submit_now(submission);
  return static_cast<int>(ExitCode::done);
}

}  // namespace

int submit(const SubmitCommand& command) {
  demand_good_options(command.slurm);
  const Document job = read_job(command.job);
  try {
    return submit_job(command, job);
  } catch (const engine::TooWide& error) {
    fail_at_parameter(job, error);
  }
}

}  // namespace flopsieve::jobs
