#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "engine/parts.hpp"
#include "engine/result_file.hpp"
#include "engine/study.hpp"
#include "engine/tally.hpp"

namespace flopsieve::engine {

/// The folders of the shards of one run, looked at together.
struct Shards {
  /// With the largest number of trajectories that any part was written for. Of the others of
  /// another identity, if there are any, the parts are foreign.
  Study study;
  std::vector<Study> others;
  PartSurvey survey;
};

/// Throws Error(bad_input) if the folders hold no part that can be read.
Shards look_at_shards(const std::vector<std::filesystem::path>& folders);

/// What merge_shards() does besides.
struct MergeOptions {
  std::filesystem::path output;
  std::vector<std::filesystem::path> folders;  ///< those of look_at_shards()
  bool keep_parts = false;  ///< and mark_kept(), so that no later run removes them
  const std::atomic<bool>* stop = nullptr;
  std::function<void(const std::string&)> warn;  ///< of damaged parts, which are set aside
};

/// Joins the parts of shards into the result file that one process would have written, and removes
/// them. `study` is that of the shards with the provenance of this process. With Plan::precision
/// the result ends after the first batch, in order, that meets it. Extends `output` if it is a
/// finished shorter run, as run_study() does. Holds the exclusive lock of the output and, where
/// folders belong to other outputs, of these.
///
/// Throws as write_result_file(); MissingBatches; Error(bad_input) while another process writes
/// there, or for an output that exists and is no shorter run.
Tally merge_shards(const Study& study, const PartSurvey& survey, const MergeOptions& options);

/// Of parts that stand in a result now: removes them, or marks their folders as kept.
void settle_parts(const MergeOptions& options, const std::vector<std::filesystem::path>& parts);

/// Throws Error(bad_input) where there is no result file, but parts: says how many batches are
/// sealed, and the command that goes on. For who needs the file itself.
void demand_result_file(const std::filesystem::path& path);

/// The results of a run, of its result file or, where there is none, of its complete parts. Throws
/// as read_result_file() does; Error(bad_input) if parts are damaged or missing, saying how many
/// there are and the command that goes on.
Results read_results(const std::filesystem::path& path);

}  // namespace flopsieve::engine
