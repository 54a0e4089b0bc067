#include "engine/sweep_run.hpp"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "engine/batch.hpp"
#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/format.hpp"
#include "engine/run_lock.hpp"
#include "engine/sweep_file.hpp"
#include "engine/sweep_parts.hpp"
#include "engine/sweep_positions.hpp"
#include "engine/sweep_result.hpp"
#include "engine/sweep_study.hpp"
#include "engine/sweep_window.hpp"
#include "engine/variant_fold.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// What came of a batch.
struct Computed {
  std::shared_ptr<ActiveVariant> active;  ///< nothing if it was stopped before it began
  std::optional<BatchResult> result;  ///< nothing if it was stopped, skipped or cannot be computed
  std::string status;                 ///< why it cannot be computed
  bool skipped = false;
};

/// One pass over what is left to do: bodies in parallel, commits in order.
class SweepPass {
 public:
  SweepPass(const Variants& variants, const SweepStudy& study, const SweepParts& parts,
            const RunOptions& options)
      : study_(study),
        parts_(parts),
        options_(options),
        step_(shares_variants(study.variants, options.shard.count) ? 1 : options.shard.count),
        left_(left_to_do(study, parts, options.shard)),
        reader_(parts, study.base),
        window_(variants),
        writer_(parts_folder(options.output), study, options.shard) {
    tally_.variants = study.variants;
    progress_.batches_total = left_.own;
    progress_.batches_sealed = left_.own - left_.positions.count();
    progress_.variants_total = left_.variants;
    progress_.variants_done = left_.finished;
  }

  void compute() {
    tell();
    last_seal_ = Clock::now();
    try {
      run_in_order<Computed>(
          options_.backend, options_.threads, left_.positions.count(),
          [&](std::uint64_t i) { return compute_batch(left_.positions.at(i)); },
          [&](std::uint64_t i, Computed computed) { return commit(i, std::move(computed)); });
    } catch (...) {
      end_batches();
      writer_.seal();
      throw;
    }
    end_batches();
    writer_.seal();
    if (stopped_) throw Error(ExitCode::interrupted, "stopped");
  }

  void begin_joining() {
    progress_.joining = true;
    tell();
  }

  const SweepTally& tally() const { return tally_; }

 private:
  Computed compute_batch(Position position) {
    const auto failure = [&](const std::exception& error) {
      return fmt::format("variant {}, batch {}: {}", position.variant, position.batch,
                         error.what());
    };
    try {
      if (options_.before_batch) {
        options_.before_batch(position.variant * study_.batches() + position.batch);
      }
      if (options_.stop != nullptr && options_.stop->load()) return {};  // before a plan is made
      return compute_active(position, window_.at(position.variant));
    } catch (const Error& error) {
      if (error.code() == ExitCode::interrupted) throw;
      throw Error(error.code(), failure(error));
    } catch (const std::bad_alloc&) {
      throw;  // of the threads together rather than of this batch
    } catch (const std::exception& error) {
      throw Error(ExitCode::bug, failure(error));
    }
  }

  Computed compute_active(Position position, std::shared_ptr<ActiveVariant> active) const {
    if (active->ended) return {std::move(active), {}, {}, true};
    if (!active->plan) {
      std::string status = active->status;
      return {std::move(active), {}, std::move(status), false};
    }
    try {
      auto result =
          run_batch(*active->plan, position.batch, {options_.tile, options_.stop, nullptr});
      return {std::move(active), std::move(result), {}, false};
    } catch (const Error& error) {
      if (!is_no_result(error)) throw;
      return {std::move(active), {}, error.what(), false};
    }
  }

  Commit commit(std::uint64_t index, Computed computed) {
    const Position position = left_.positions.at(index);
    const std::shared_ptr<ActiveVariant> active = computed.active;
    const bool wanted = active == nullptr || (!computed.skipped && !active->ended);
    if (wanted && !computed.result && computed.status.empty()) {
      stopped_ = true;
      return Commit::stop;
    }
    if (wanted) take(position, std::move(computed));
    ++progress_.batches_done;
    const bool last = index + 1 == left_.positions.count() ||
                      left_.positions.at(index + 1).variant != position.variant;
    if (last) end_variant(position.variant, *active);
    tell();
    if (Clock::now() - last_seal_ >= options_.seal_interval) {
      writer_.begin_seal();
      last_seal_ = Clock::now();
    }
    return Commit::go_on;
  }

  /// Adds what was computed to the part, and finds out whether the variant goes on.
  void take(Position position, Computed computed) {
    ActiveVariant& active = *computed.active;
    if (!computed.result) {
      writer_.add_status(position.variant, position.batch, computed.status);
      active.failed = true;
      active.ended = true;
      return;
    }
    if (follows_rules(position, active)) {
      fold_->add(computed.result->tally);
      fold_->judge_precision();
    }
    if (active.ended) return;
    count(computed.result->tally);
    writer_.add(position.variant, *active.plan, active.facts, std::move(*computed.result), step_);
    if (step_ > 1 && active.plan->precision.wanted()) writer_.end_segment();
    if (fold_ && fold_->ended()) {
      writer_.end_variant();
      end_early(active);
    }
  }

  /// Whether the fold of the variant has come to this batch: it knows all those before it, and has
  /// not ended among them.
  bool follows_rules(Position position, ActiveVariant& active) {
    if (folded_ != position.variant) begin_variant(position.variant, active);
    if (!fold_) return false;
    sealed_->add_to(*fold_, active.facts.plan_identity);
    if (fold_->ended()) {
      end_early(active);
      return false;
    }
    if (fold_->next() != position.batch) fold_.reset();
    return fold_.has_value();
  }

  void begin_variant(std::uint64_t variant, const ActiveVariant& active) {
    folded_ = variant;
    fold_.reset();
    sealed_.reset();
    if (active.plan->attempts == 1 && !active.plan->precision.wanted()) return;
    fold_.emplace(active.plan, VariantFold::Purpose::end);
    sealed_.emplace(parts_.of(variant), study_.batches(), reader_);
  }

  void end_early(ActiveVariant& active) {
    active.failed = !fold_->status().empty();
    active.ended = true;
  }

  void end_variant(std::uint64_t variant, const ActiveVariant& active) {
    ++(active.failed ? tally_.failed : tally_.ok);
    ++progress_.variants_done;
    window_.drop(variant);
  }

  void count(const Tally& tally) {
    progress_.trajectories += tally.trajectories;
    progress_.complete += tally.complete;
    for (const YearTally& year : tally.years) {
      progress_.candidates += year.candidates;
      progress_.survivors += year.survivors;
    }
    tally_.trajectories = progress_.trajectories;
    tally_.complete = progress_.complete;
    tally_.candidates = progress_.candidates;
    tally_.survivors = progress_.survivors;
  }

  void end_batches() {
    progress_.ended = true;
    tell();
  }

  void tell() {
    if (options_.on_progress) options_.on_progress(progress_);
  }

  const SweepStudy& study_;
  const SweepParts& parts_;
  const RunOptions& options_;
  std::uint64_t step_;  ///< between batches of this shard in one variant
  LeftToDo left_;
  SegmentReader reader_;
  SweepWindow window_;
  SweepPartWriter writer_;
  std::optional<std::uint64_t> folded_;  ///< the variant that was committed last
  std::optional<VariantFold> fold_;  ///< of it, where rules may end it and its batches are known
  std::optional<SealedBatches> sealed_;  ///< for fold_
  SweepTally tally_;
  Progress progress_;
  Clock::time_point last_seal_;
  bool stopped_ = false;
};

[[noreturn]] void refuse_output(const fs::path& output) {
  throw Error(
      ExitCode::bad_input,
      fmt::format("{}: exists and is not the result of this sweep with so many trajectories (a "
                  "sweep is not extended); choose another output with -o, or start anew with "
                  "--fresh, which keeps the old one as *.old",
                  output.string()));
}

/// The tally of a result that is there already.
SweepTally finished_tally(const RunOptions& options, const SweepStudy& study) {
  SweepResult result = open_sweep(options.output);
  if (!result.is_of(study)) refuse_output(options.output);
  return result.tally();
}

SweepTally join(const SweepStudy& study, const RunOptions& options, FileLock& lock) {
  const fs::path folder = parts_folder(options.output);
  const SweepParts parts = survey_sweep_parts({folder}, study);
  if (!parts.damaged.empty()) throw Error(ExitCode::storage, parts.damaged.front().reason);
  const SweepTally tally = write_sweep_file(options.output, study, parts, options.stop);
  remove_parts(folder, parts.paths);
  lock.remove_file();
  return tally;
}

SweepTally run_locked(const Variants& variants, const SweepStudy& study, const RunOptions& options,
                      FileLock& lock) {
  const fs::path folder = parts_folder(options.output);
  agree_on_sweep(folder, study);
  std::optional<FileLock> shard_lock = lock_own_shard(options);
  remove_stale_temporaries(folder, "");
  remove_stale_temporaries(folder_of(options.output), options.output.filename().string());
  const auto warn = [&](const std::string& message) {
    if (options.warn) options.warn(message);
  };
  std::optional<SweepParts> parts = list_sweep_parts(folder, study, warn, options.shard);
  std::optional<SweepPass> pass(std::in_place, variants, study, *parts, options);
  pass->compute();
  const SweepTally tally = pass->tally();
  if (shard_lock) {
    shard_lock->remove_file();
    return tally;
  }
  if (!options.compact) return tally;
  pass->begin_joining();
  pass.reset();  // joining needs memory, too
  parts.reset();
  return join(study, options, lock);
}

}  // namespace

SweepTally run_sweep(const Variants& variants, const SweepStudy& study, const RunOptions& options) {
  if (fs::exists(options.output)) {
    const SweepTally tally = finished_tally(options, study);
    remove_sweep_leftovers(options.output, study, options.warn);
    return tally;
  }
  SweepTally tally;
  write_locked(options, [&](FileLock& lock) {
    try {
      tally = run_locked(variants, study, options, lock);
    } catch (...) {
      // The study alone is worth nothing to whoever comes next.
      const fs::path folder = parts_folder(options.output);
      const bool empty = part_paths(folder, format::sweep_part_ending).empty();
      if (options.shard.count == 1 && empty) remove_parts(folder, {});
      throw;
    }
  });
  return tally;
}

void remove_sweep_leftovers(const fs::path& output, const SweepStudy& study,
                            const std::function<void(const std::string&)>& warn) {
  const fs::path folder = parts_folder(output);
  if (!fs::exists(folder)) return;
  FileLock lock = lock_output(output, LockKind::exclusive);
  remove_stale_temporaries(folder, "");
  const SweepParts parts = list_sweep_parts(folder, study, [&](const std::string& message) {
    if (warn) warn(message);
  });
  remove_parts(folder, parts.paths);
  lock.remove_file();
}

}  // namespace flopsieve::engine
