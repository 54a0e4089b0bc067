#include "engine/runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <optional>
#include <system_error>
#include <utility>

#include "engine/batch.hpp"
#include "engine/error.hpp"
#include "engine/exhaustion_rule.hpp"
#include "engine/files.hpp"
#include "engine/join.hpp"
#include "engine/older_run.hpp"
#include "engine/precision_fold.hpp"
#include "engine/rank_run.hpp"
#include "engine/result_file.hpp"
#include "engine/run_lock.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

std::vector<std::uint64_t> missing_batches(const Study& study, const std::vector<Part>& parts,
                                           Shard shard, std::uint64_t first) {
  std::vector<bool> sealed(study.plan.batch_count(), false);
  for (const Part& part : parts) {
    for (std::size_t i = 0; i < part.batches.count; ++i) {
      if (part.batches.at(i) < sealed.size()) sealed[part.batches.at(i)] = true;
    }
  }
  std::vector<std::uint64_t> missing;
  for (std::uint64_t batch = shard.index; batch < sealed.size(); batch += shard.count) {
    if (batch >= first && !sealed[batch]) missing.push_back(batch);
  }
  return missing;
}

/// One pass over the missing batches: bodies in parallel, commits in order.
class Run {
 public:
  /// `precision` (nullptr: none is wanted) has folded what comes before the first batch.
  Run(const Study& study, const RunOptions& options, PrecisionFold* precision)
      : study_(study),
        options_(options),
        tally_(study.plan),
        rule_(study.plan),
        precision_(precision),
        writer_(parts_folder(options.output), study, options.shard) {}

  void compute(const std::vector<std::uint64_t>& batches, std::uint64_t total) {
    progress_.batches_total = total;
    progress_.batches_sealed = total - batches.size();
    tell();
    last_seal_ = Clock::now();
    try {
      pass(batches);
    } catch (...) {
      end_batches();
      writer_.seal();
      throw;
    }
    end_batches();
    writer_.seal();
    if (stopped_) throw Error(ExitCode::interrupted, "stopped");
  }

  const Tally& tally() const { return tally_; }

  void begin_joining() {
    progress_.joining = true;
    tell();
  }

  /// What this run has written.
  const std::vector<Part>& parts() const { return writer_.parts(); }

 private:
  /// After each of its own batches this process commits the one of every other rank that follows.
  void pass(const std::vector<std::uint64_t>& batches) {
    std::optional<RankRun> others;
    std::uint64_t ranks = 1;
    if (options_.ranks != nullptr) {
      others.emplace(*options_.ranks, study_.plan, batches,
                     RankOptions{options_.backend, options_.rank_threads, options_.tile,
                                 options_.stop, options_.on_rank_signal});
      ranks = static_cast<std::uint64_t>(options_.ranks->self().count);
    }
    const auto body = [&](std::uint64_t own) { return compute_batch(batches[own * ranks]); };
    const auto commit = [&](std::uint64_t own, std::optional<BatchResult> result) {
      Commit said = commit_batch(std::move(result));
      const std::uint64_t end = std::min<std::uint64_t>((own + 1) * ranks, batches.size());
      for (std::uint64_t i = own * ranks + 1; i < end && said == Commit::go_on; ++i) {
        said = commit_batch(naming(batches[i], [&] { return others->take(i); }));
      }
      return said;
    };
    run_in_order<std::optional<BatchResult>>(options_.backend, options_.threads,
                                             (batches.size() + ranks - 1) / ranks, body, commit);
  }

  std::optional<BatchResult> compute_batch(std::uint64_t batch) const {
    return naming(batch, [&] {
      if (options_.before_batch) options_.before_batch(batch);
      return run_batch(study_.plan, batch, {options_.tile, options_.stop, options_.known.get()});
    });
  }

  /// What a failure to get a batch says, with the number of the batch.
  template <class Get>
  std::optional<BatchResult> naming(std::uint64_t batch, const Get& get) const {
    try {
      return get();
    } catch (const Error& error) {
      if (error.code() == ExitCode::interrupted) throw;
      throw Error(error.code(), failure(batch, error));
    } catch (const std::bad_alloc&) {
      throw;  // of the threads together rather than of this batch
    } catch (const std::exception& error) {
      throw Error(ExitCode::bug, failure(batch, error));
    }
  }

  std::string failure(std::uint64_t batch, const std::exception& error) const {
    return fmt::format("batch {}: {} (flopsieve replay {} --batch {} computes it again)", batch,
                       error.what(), options_.output.string(), batch);
  }

  Commit commit_batch(std::optional<BatchResult> result) {
    if (!result) {
      stopped_ = true;
      return Commit::stop;
    }
    if (const auto reason = rule_.add(result->tally)) throw Error(ExitCode::budget, *reason);
    tally_.add(result->tally);
    report(result->tally);
    if (precision_ != nullptr) precision_->add(result->tally);
    writer_.add(std::move(*result));
    if (precision_ != nullptr && is_precise_enough()) return Commit::stop;
    if (Clock::now() - last_seal_ >= options_.seal_interval) {
      writer_.begin_seal();
      last_seal_ = Clock::now();
    }
    return Commit::go_on;
  }

  /// With the batches that follow in parts of earlier starts.
  bool is_precise_enough() {
    if (!precision_->met() && precision_->is_sealed_next()) {
      writer_.seal();  // which calls HDF5 in a thread of its own, as reading does here
      precision_->add_sealed();
    }
    return precision_->met().has_value();
  }

  void report(const Tally& tally) {
    ++progress_.batches_done;
    progress_.trajectories += tally.trajectories;
    progress_.complete += tally.complete;
    for (const YearTally& year : tally.years) {
      progress_.candidates += year.candidates;
      progress_.survivors += year.survivors;
    }
    tell();
  }

  void end_batches() {
    progress_.ended = true;
    tell();
  }

  void tell() {
    progress_.tally = &tally_;
    if (options_.on_progress) options_.on_progress(progress_);
  }

  const Study& study_;
  const RunOptions& options_;
  Tally tally_;
  ExhaustionRule rule_;
  PrecisionFold* precision_;
  PartWriter writer_;
  Progress progress_;
  Clock::time_point last_seal_;
  bool stopped_ = false;
};

/// Paths of parts that the result file makes superfluous.
std::vector<fs::path> superfluous(const PartList& list, const std::vector<Part>& written) {
  std::vector<fs::path> paths = list.outdated;
  for (const Part& part : list.parts) paths.push_back(part.path);
  for (const Part& part : written) paths.push_back(part.path);
  return paths;
}

/// Everything that stands before a run begins to compute.
struct Begun {
  std::optional<OlderRun> older;  ///< a finished shorter run
  PartList list;
  std::optional<PrecisionFold> precision;

  std::uint64_t first() const { return older ? older->batches : 0; }
};

Begun look_around(const Study& study, const RunOptions& options) {
  const fs::path folder = parts_folder(options.output);
  remove_stale_temporaries(folder, "");
  remove_stale_temporaries(folder_of(options.output), options.output.filename().string());
  Begun begun;
  if (fs::exists(options.output)) begun.older = take_over(options.output, study, options.stop);
  const auto warn = [&](const std::string& message) {
    if (options.warn) options.warn(message);
  };
  begun.list = list_parts(folder, study, warn, options.shard);
  if (study.plan.precision.wanted() && options.shard.count == 1) {
    std::vector<Part>& parts = begun.list.parts;
    std::vector<Part> kept = successive_parts(parts);
    for (const Part& part : parts) {
      const bool is_kept =
          std::any_of(kept.begin(), kept.end(), [&](const Part& k) { return k.path == part.path; });
      if (!is_kept) begun.list.outdated.push_back(part.path);
    }
    parts = std::move(kept);
    begun.precision.emplace(study.plan, parts, begun.older ? begun.older->tally : Tally(study.plan),
                            begun.first());
    begun.precision->add_sealed();
  }
  return begun;
}

/// How many batches the result has, once nothing is left to compute.
std::uint64_t batches_wanted(const Plan& plan, const Begun& begun) {
  if (!begun.precision) return plan.batch_count();
  return begun.precision->met().value_or(plan.batch_count());
}

Tally finish(const Study& study, const RunOptions& options, const Begun& begun,
             const std::vector<Part>& written) {
  std::vector<Part> parts = begun.list.parts;
  parts.insert(parts.end(), written.begin(), written.end());
  std::sort(parts.begin(), parts.end(),
            [](const Part& a, const Part& b) { return a.batches.first < b.batches.first; });
  const Joining joining = arrange(study.plan, std::move(parts), begun.first(),
                                  std::max(begun.first(), batches_wanted(study.plan, begun)));
  const OlderRun* older = begun.older ? &*begun.older : nullptr;
  if (!options.compact) return fold_batches(study.plan, joining, older, options.stop);
  Tally tally = write_result_file(options.output, study, joining, older, options.stop);
  remove_parts(parts_folder(options.output), superfluous(begun.list, written));
  return tally;
}

Tally run_locked(const Study& study, const RunOptions& options, FileLock& lock) {
  std::optional<FileLock> shard_lock = lock_own_shard(options);
  Begun begun = look_around(study, options);
  PrecisionFold* precision = begun.precision ? &*begun.precision : nullptr;
  std::optional<Run> sampling(std::in_place, study, options, precision);
  Run& run = *sampling;
  if (precision == nullptr || !precision->met()) {
    const std::uint64_t all = study.plan.batch_count();
    const Shard& shard = options.shard;
    const std::uint64_t own =
        all > shard.index ? (all + shard.count - 1 - shard.index) / shard.count : 0;
    run.compute(missing_batches(study, begun.list.parts, shard, begun.first()), own);
  }
  if (shard_lock) {
    shard_lock->remove_file();
    return run.tally();
  }
  if (options.compact) run.begin_joining();
  const std::vector<Part> written = run.parts();
  sampling.reset();  // joining needs memory, too
  Tally tally = finish(study, options, begun, written);
  lock.remove_file();
  return tally;
}

}  // namespace

fs::path parts_folder(const fs::path& output) {
  fs::path folder = output;
  folder += ".parts";
  return folder;
}

Tally run_study(const Study& study, const RunOptions& options) {
  Tally tally;
  write_locked(options, [&](FileLock& lock) { tally = run_locked(study, options, lock); });
  return tally;
}

void remove_leftovers(const fs::path& output, const Results& results,
                      const std::function<void(const std::string&)>& warn) {
  const fs::path folder = parts_folder(output);
  if (!fs::exists(folder)) return;
  FileLock lock = lock_output(output, LockKind::exclusive);
  remove_stale_temporaries(folder, "");
  const PartList list = list_parts(folder, results.study, warn);
  remove_parts(folder, superfluous(list, {}));
  lock.remove_file();
}

void add_counts(Progress& sum, const Progress& progress) {
  sum.batches_total += progress.batches_total;
  sum.batches_sealed += progress.batches_sealed;
  sum.batches_done += progress.batches_done;
  sum.variants_total += progress.variants_total;
  sum.variants_done += progress.variants_done;
  sum.trajectories += progress.trajectories;
  sum.complete += progress.complete;
  sum.candidates += progress.candidates;
  sum.survivors += progress.survivors;
}

}  // namespace flopsieve::engine
