#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/batch.hpp"
#include "engine/study.hpp"
#include "engine/tally_io.hpp"

namespace flopsieve::engine {

/// Which of the batches a process computes: batch b belongs to shard `index` of `count` if
/// b mod count = index.
struct Shard {
  std::uint64_t index = 0;
  std::uint64_t count = 1;
};

/// A verified part: whole batches of one study.
struct Part {
  std::filesystem::path path;
  std::vector<std::uint64_t> batches;  ///< ascending
};

/// What a part holds.
struct PartContents {
  std::vector<BatchRecord> batches;
  Tally histograms;  ///< of all its batches together
  Columns columns;
};

/// Collects committed batches and writes them as sealed parts (sealed.hpp) into a folder, so that
/// a kill loses at most what came after the last seal(). One thread.
class PartWriter {
 public:
  /// Creates the folder if need be. Throws Error(storage).
  PartWriter(std::filesystem::path folder, const Study& study, Shard shard);

  /// Takes a batch, in ascending order. Seals by itself once 64 batches or 16 MiB of columns wait,
  /// and before a gap: a part holds successive batches of its shard.
  void add(BatchResult result);

  /// Writes what waits; after it has returned, it survives a kill.
  void seal();

 private:
  std::filesystem::path folder_;
  const Study* study_;
  Shard shard_;
  std::vector<BatchResult> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::uint64_t sizes_kept_ = 0;  ///< complete trajectories whose sizes were taken so far
};

/// The study of a folder's parts, from the first part that can be read; nothing if there is none.
std::optional<Study> stored_study(const std::filesystem::path& folder);

/// The verified parts of a folder in order of their first batch. A damaged part is renamed to
/// `*.damaged` and reported through `warn`; a part of another study is an Error(bad_input).
std::vector<Part> list_parts(const std::filesystem::path& folder, const Study& study,
                             const std::function<void(const std::string&)>& warn);

/// Throws Error(storage) if the part is damaged.
PartContents read_part(const std::filesystem::path& path, const Plan& plan);

}  // namespace flopsieve::engine
