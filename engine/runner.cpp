#include "engine/runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "engine/batch.hpp"
#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/pilot.hpp"
#include "engine/result_file.hpp"
#include "engine/summary.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// Waiting batches are sealed at this interval: what a kill may cost. It decides which batches
/// share a part, never what they hold.
constexpr auto seal_interval = std::chrono::seconds(2);

std::vector<std::uint64_t> missing_batches(const Study& study, const std::vector<Part>& parts,
                                           Shard shard) {
  std::vector<bool> sealed(study.plan.batch_count(), false);
  for (const Part& part : parts) {
    const BatchRange& range = part.batches;
    for (std::uint64_t i = 0; i < range.count; ++i) {
      const std::uint64_t batch = range.first + i * range.step;
      if (batch < sealed.size()) sealed[batch] = true;
    }
  }
  std::vector<std::uint64_t> missing;
  for (std::uint64_t batch = shard.index; batch < sealed.size(); batch += shard.count) {
    if (!sealed[batch]) missing.push_back(batch);
  }
  return missing;
}

/// Watches the ordered stream of batches for a job that gets nowhere.
class ExhaustionRule {
 public:
  explicit ExhaustionRule(const Plan& plan) : plan_(plan), window_(plan) {}

  void add(const Tally& tally) {
    if (plan_.attempts == 1) return;
    window_.trajectories += tally.trajectories;
    window_.complete += tally.complete;
    for (std::size_t i = 0; i < window_.years.size(); ++i) window_.years[i].add(tally.years[i]);
    if (window_.trajectories < 16) return;
    if (2 * (window_.trajectories - window_.complete) > window_.trajectories) give_up();
    window_ = Tally(plan_);
  }

 private:
  [[noreturn]] void give_up() const {
    std::size_t worst = 0;
    for (std::size_t i = 1; i < window_.years.size(); ++i) {
      if (window_.years[i].exhausted > window_.years[worst].exhausted) worst = i;
    }
    const YearTally& year = window_.years[worst];
    if (plan_.sampling.method == Method::split) {
      throw Error(ExitCode::budget,
                  fmt::format("splitting found no way into the constraints of {} of {} "
                              "trajectories, most of them in {}. Widen a constraint",
                              window_.trajectories - window_.complete, window_.trajectories,
                              plan_.years[worst]));
    }
    throw Error(ExitCode::budget,
                fmt::format("{} of {} trajectories ran out of their {} attempts, most of them in "
                            "{}, where {} of {} candidates survived: {}. Widen a constraint, or "
                            "raise attempts",
                            window_.trajectories - window_.complete, window_.trajectories,
                            plan_.attempts, plan_.years[worst], year.survivors, year.candidates,
                            killer_sentence(plan_, year)));
  }

  const Plan& plan_;
  Tally window_;
};

/// Says after which batch of the ordered prefix the results are precise enough.
class PrecisionRule {
 public:
  explicit PrecisionRule(const Plan& plan) : plan_(plan), tally_(plan) {}

  /// Adds the next batches, and tells whether they suffice.
  bool add(const Tally& tally) {
    if (!plan_.precision.wanted()) return false;
    tally_.add(tally);
    return is_precise(plan_, tally_);
  }

 private:
  const Plan& plan_;
  Tally tally_;
};

/// One pass over the missing batches: bodies in parallel, commits in order.
class Run {
 public:
  Run(const Study& study, const RunOptions& options)
      : study_(study),
        options_(options),
        tally_(study.plan),
        rule_(study.plan),
        precision_(study.plan),
        writer_(parts_folder(options.output), study, options.shard) {}

  /// The precision that the batches before them reached.
  PrecisionRule& precision() { return precision_; }

  /// The batch after which the results were precise enough.
  std::optional<std::uint64_t> precise_after() const { return precise_after_; }

  void compute(const std::vector<std::uint64_t>& batches, std::uint64_t total) {
    progress_.batches_total = total;
    progress_.batches_sealed = total - batches.size();
    last_seal_ = Clock::now();
    const auto body = [&](std::uint64_t position) { return compute_batch(batches[position]); };
    const auto commit = [&](std::uint64_t, std::optional<BatchResult> result) {
      return commit_batch(std::move(result));
    };
    try {
      run_in_order<std::optional<BatchResult>>(options_.backend, options_.threads, batches.size(),
                                               body, commit);
    } catch (...) {
      writer_.seal();
      throw;
    }
    writer_.seal();
    if (stopped_) throw Error(ExitCode::interrupted, "stopped");
  }

  const Tally& tally() const { return tally_; }

  /// What this run has written.
  const std::vector<Part>& parts() const { return writer_.parts(); }

 private:
  std::optional<BatchResult> compute_batch(std::uint64_t batch) const {
    try {
      if (options_.before_batch) options_.before_batch(batch);
      return run_batch(study_.plan, batch, {options_.tile, options_.stop});
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("batch {}: {}", batch, error.what()));
    } catch (const std::exception& error) {
      throw Error(ExitCode::bug, fmt::format("batch {}: {}", batch, error.what()));
    }
  }

  Commit commit_batch(std::optional<BatchResult> result) {
    if (!result) {
      stopped_ = true;
      return Commit::stop;
    }
    rule_.add(result->tally);
    report(result->tally);
    tally_.add(result->tally);
    if (options_.shard.count == 1 && precision_.add(result->tally)) precise_after_ = result->batch;
    writer_.add(std::move(*result));
    if (precise_after_) return Commit::stop;
    if (Clock::now() - last_seal_ >= seal_interval) {
      writer_.begin_seal();
      last_seal_ = Clock::now();
    }
    return Commit::go_on;
  }

  void report(const Tally& tally) {
    ++progress_.batches_done;
    progress_.trajectories += tally.trajectories;
    progress_.complete += tally.complete;
    for (const YearTally& year : tally.years) {
      progress_.candidates += year.candidates;
      progress_.survivors += year.survivors;
    }
    if (options_.on_progress) options_.on_progress(progress_);
  }

  const Study& study_;
  const RunOptions& options_;
  Tally tally_;
  ExhaustionRule rule_;
  PrecisionRule precision_;
  std::optional<std::uint64_t> precise_after_;
  PartWriter writer_;
  Progress progress_;
  Clock::time_point last_seal_;
  bool stopped_ = false;
};

void remove_parts(const std::vector<Part>& parts, const fs::path& folder) {
  std::error_code ignored;
  for (const Part& part : parts) fs::remove(part.path, ignored);
  fs::remove(folder, ignored);  // stays if something else, such as a damaged part, is in it
}

/// Whether a part begins at batch `next` and leaves none out, as those of several shards do.
bool follows_on(const Part& part, std::uint64_t next) {
  return part.batches.first == next && (part.batches.step == 1 || part.batches.count == 1);
}

/// Brings the rule to where an earlier start left off. Parts behind a gap, which a damaged part
/// leaves, are removed: the rule looks at batches in order, and their batches are computed again.
/// Returns the number of batches if the rule is met already.
std::optional<std::uint64_t> fold_prefix(const Study& study, std::vector<Part>& parts,
                                         PrecisionRule& rule) {
  std::uint64_t next = 0;
  bool met = false;
  std::size_t good = 0;
  for (; good < parts.size() && !met && follows_on(parts[good], next); ++good) {
    PartContents contents = read_part(parts[good].path, study.plan);
    for (const BatchRecord& record : contents.batches) contents.histograms.add(record.tally);
    met = rule.add(contents.histograms);
    next = parts[good].batches.last() + 1;
  }
  for (std::size_t i = good; i < parts.size(); ++i) fs::remove(parts[i].path);
  parts.resize(good);
  if (!met) return std::nullopt;
  return next;
}

}  // namespace

fs::path parts_folder(const fs::path& output) {
  fs::path folder = output;
  folder += ".parts";
  return folder;
}

FileLock lock_output(const fs::path& output, LockKind kind) {
  fs::path path = output;
  path += ".lock";
  FileLock lock(path, kind);
  if (lock.state() == LockState::busy) {
    throw Error(ExitCode::bad_input,
                fmt::format("{}: another flopsieve is writing this output; wait for it or choose "
                            "another output with -o",
                            output.string()));
  }
  return lock;
}

Tally run_study(const Study& study, const RunOptions& options) {
  FileLock lock = lock_output(options.output,
                              options.shard.count == 1 ? LockKind::exclusive : LockKind::shared);
  if (lock.state() == LockState::unsupported && options.warn) {
    options.warn(
        fmt::format("{}: this file system has no locks; make sure that no other process "
                    "writes the same output",
                    options.output.string()));
  }
  if (fs::exists(options.output)) {
    throw Error(
        ExitCode::bad_input,
        fmt::format("{}: another flopsieve has written it meanwhile; look at it with show, or "
                    "choose another output with -o",
                    options.output.string()));
  }
  const fs::path folder = parts_folder(options.output);
  remove_stale_temporaries(folder, "part-");
  remove_stale_temporaries(
      options.output.has_parent_path() ? options.output.parent_path() : fs::path("."),
      options.output.filename().string());
  const auto warn = [&](const std::string& message) {
    if (options.warn) options.warn(message);
  };
  const std::uint64_t all = study.plan.batch_count();
  const std::uint64_t own =
      (all + options.shard.count - 1 - options.shard.index) / options.shard.count;
  Run run(study, options);
  std::vector<Part> sealed = list_parts(folder, study, warn);
  std::optional<std::uint64_t> wanted;  // batches, if fewer than all
  if (study.plan.precision.wanted() && options.shard.count == 1) {
    wanted = fold_prefix(study, sealed, run.precision());
  }
  if (!wanted) {
    run.compute(missing_batches(study, sealed, options.shard), own);
    if (options.shard.count > 1) return run.tally();
    if (run.precise_after()) wanted = *run.precise_after() + 1;
  }
  std::vector<Part>& parts = sealed;
  parts.insert(parts.end(), run.parts().begin(), run.parts().end());
  std::sort(parts.begin(), parts.end(),
            [](const Part& a, const Part& b) { return a.batches.first < b.batches.first; });
  Tally tally = write_result_file(options.output, study, parts, options.stop, wanted);
  remove_parts(parts, folder);
  lock.remove_file();
  return tally;
}

}  // namespace flopsieve::engine
