#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/batch.hpp"
#include "engine/h5.hpp"
#include "engine/page_bytes.hpp"
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
  std::uint64_t complete = 0;          ///< complete trajectories of all its batches
};

/// What a part holds.
struct PartContents {
  std::vector<BatchRecord> batches;
  Tally histograms;  ///< of all its batches together
  Columns columns;
};

/// Collects committed batches and writes them as sealed parts (sealed.hpp) into a folder, so that
/// a kill loses at most what came after the last seal(). Used by one thread at a time. Each part is
/// built and written by a thread of its own, and eight may be on their way, so that one is built
/// while others are made durable, and whoever commits waits for none of them unless all are late:
/// memory holds nine parts, some of them twice. While parts are being written, nobody else may call
/// HDF5 (seal() ends that).
class PartWriter {
 public:
  /// Creates the folder if need be. Throws Error(storage).
  PartWriter(std::filesystem::path folder, const Study& study, Shard shard);
  PartWriter(const PartWriter&) = delete;
  PartWriter& operator=(const PartWriter&) = delete;

  /// Takes a batch, in ascending order. Calls begin_seal() by itself once 64 batches or 8 MiB of
  /// columns wait, and before a gap: a part holds successive batches of its shard.
  void add(BatchResult result);

  /// Has what waits written without waiting for it, but for the last part but seven. Throws what
  /// the writing of that one threw; what waits is not written then.
  void begin_seal();

  /// Writes what waits; after it has returned, it survives a kill. Throws Error(storage).
  void seal();

  /// The parts written so far, in order; for calls after a seal().
  const std::vector<Part>& parts() const { return parts_; }

 private:
  struct PartOnItsWay {
    Part part;
    std::future<void> written;
  };

  void write_part(const std::filesystem::path& path, std::vector<BatchResult> batches);
  PageBytes build_image(const std::filesystem::path& path, const std::vector<BatchResult>& batches,
                        PageBytes memory) const;
  void finish_parts(std::size_t left);

  std::filesystem::path folder_;
  const Study* study_;
  Shard shard_;
  std::vector<BatchResult> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::uint64_t sizes_kept_ = 0;  ///< complete trajectories whose sizes were taken so far
  std::vector<Part> parts_;
  std::mutex building_;            ///< of the thread that calls HDF5
  std::vector<PageBytes> memory_;  ///< of images that are written, for others; under building_
  std::deque<PartOnItsWay> on_their_way_;  ///< last member: it waits when destroyed
};

/// The study of a folder's parts, from the first part that can be read; nothing if there is none.
std::optional<Study> stored_study(const std::filesystem::path& folder);

/// The verified parts of a folder in order of their first batch. A damaged part is renamed to
/// `*.damaged` and reported through `warn`; a part of another study is an Error(bad_input).
std::vector<Part> list_parts(const std::filesystem::path& folder, const Study& study,
                             const std::function<void(const std::string&)>& warn);

/// Throws Error(storage) if the part is damaged.
PartContents read_part(const std::filesystem::path& path, const Plan& plan);

/// The same for what unseal(path) has returned; that may be called by another thread meanwhile.
PartContents read_part(PageBytes image, const std::filesystem::path& path, const Plan& plan);

}  // namespace flopsieve::engine
