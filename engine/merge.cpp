#include "engine/merge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/join.hpp"
#include "engine/older_run.hpp"
#include "engine/precision_fold.hpp"
#include "engine/run_lock.hpp"
#include "engine/runner.hpp"
#include "engine/sweep_study.hpp"
#include "engine/way_on.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;

/// Arranges the batches that the result has. With a precision these may be fewer than all.
Joining arrange_all(const Plan& plan, PartList& list, const OlderRun* older) {
  const std::uint64_t first = older == nullptr ? 0 : older->batches;
  std::uint64_t end = plan.batch_count();
  std::vector<Part> parts = list.parts;
  if (plan.precision.wanted()) {
    parts = successive_parts(std::move(parts));
    PrecisionFold fold(plan, parts, older == nullptr ? Tally(plan) : older->tally, first);
    fold.add_sealed();
    end = fold.met().value_or(end);
  }
  return arrange(plan, std::move(parts), first, end);
}

bool has_parts_only(const fs::path& path) {
  return path_kind(path) == PathKind::nothing &&
         path_kind(parts_folder(follow_links(path))) == PathKind::folder;
}

/// The parts of a whole run, arranged.
struct ArrangedRun {
  Study study;
  Joining joining;
};

/// Throws Error if a part is damaged or batches are missing.
ArrangedRun arrange_run(const fs::path& path) {
  const Shards shards = look_at_shards({parts_folder(follow_links(path))});
  const Study& study = shards.study;
  PartList list = sort_parts(shards.survey, study);
  if (!list.damaged.empty()) throw Error(ExitCode::storage, list.damaged.front().reason);
  try {
    return {study, arrange_all(study.plan, list, nullptr)};
  } catch (const MissingBatches& missing) {
    throw Error(ExitCode::bad_input,
                fmt::format("{}: not finished: {} of {} batches are sealed; resume with: {}",
                            path.string(), study.plan.batch_count() - missing.batches().size(),
                            study.plan.batch_count(), way_on(shards, missing)));
  }
}

}  // namespace

Shards look_at_shards(const std::vector<fs::path>& folders) {
  Shards shards;
  PartSurvey& all = shards.survey;
  for (const fs::path& folder : folders) {
    PartSurvey survey = survey_parts(folder);
    for (PartSurvey::Found& part : survey.parts) {
      part.study += all.studies.size();
      all.parts.push_back(std::move(part));
    }
    std::move(survey.studies.begin(), survey.studies.end(), std::back_inserter(all.studies));
    std::move(survey.damaged.begin(), survey.damaged.end(), std::back_inserter(all.damaged));
  }
  if (all.studies.empty() && is_sweep_folder(folders.front())) {
    const fs::path& folder = folders.front();
    throw Error(ExitCode::bad_input,
                fmt::format("{}: parts of a sweep, which are looked at when they are joined: "
                            "flopsieve merge {}",
                            folder.string(), fs::path(folder).replace_extension().string()));
  }
  if (all.studies.empty()) {
    throw Error(
        ExitCode::bad_input,
        all.damaged.empty()
            ? fmt::format("{}: no parts of a run; one at work seals its first soon, and run "
                          "--shard I/N or --no-compact leave them",
                          folders.front().string())
            : all.damaged.front().reason);
  }
  shards.study = all.studies.front();
  for (const Study& study : all.studies) {
    if (study.identity != shards.study.identity) {
      shards.others.push_back(study);
    } else if (study.plan.trajectories > shards.study.plan.trajectories) {
      shards.study = study;
    }
  }
  return shards;
}

Tally merge_shards(const Study& study, const PartSurvey& survey, const MergeOptions& options) {
  std::vector<FileLock> locks = lock_outputs(options.output, options.folders);
  PartList list = sort_parts(survey, study);
  const auto warn = [&](const std::string& message) {
    if (options.warn) options.warn(message);
  };
  set_damaged_aside(list.damaged, "", warn);
  std::optional<OlderRun> older;
  if (fs::exists(options.output)) older = take_over(options.output, study, options.stop);
  const Joining joining = arrange_all(study.plan, list, older ? &*older : nullptr);
  Tally tally =
      write_result_file(options.output, study, joining, older ? &*older : nullptr, options.stop);
  std::vector<fs::path> paths = list.outdated;
  for (const Part& part : list.parts) paths.push_back(part.path);
  settle_parts(options, paths);
  for (FileLock& lock : locks) lock.remove_file();
  return tally;
}

void settle_parts(const MergeOptions& options, const std::vector<fs::path>& parts) {
  for (const fs::path& folder : options.folders) {
    if (options.keep_parts) {
      try {
        mark_kept(folder);
      } catch (const Error& error) {
        if (!options.warn) continue;
        options.warn(fmt::format("{} (a later run of its output removes the parts)", error.what()));
      }
      continue;
    }
    std::vector<fs::path> own;
    std::copy_if(parts.begin(), parts.end(), std::back_inserter(own),
                 [&](const fs::path& path) { return path.parent_path() == folder; });
    unmark_kept(folder);
    remove_parts(folder, own);
  }
}

void demand_result_file(const fs::path& path) {
  if (!has_parts_only(path)) return;
  const ArrangedRun run = arrange_run(path);
  throw Error(ExitCode::bad_input,
              fmt::format("{}: all batches ({}) are sealed, but not joined yet; flopsieve merge {} "
                          "does it",
                          path.string(), run.study.plan.batch_count(), path.string()));
}

Results read_results(const fs::path& path) {
  if (!has_parts_only(path)) return read_result_file(path);
  ArrangedRun run = arrange_run(path);
  Tally tally = fold_batches(run.study.plan, run.joining, nullptr, nullptr);
  return {std::move(run.study), std::move(tally)};
}

}  // namespace flopsieve::engine
