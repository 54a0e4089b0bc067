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
#include "engine/batch_io.hpp"
#include "engine/h5.hpp"
#include "engine/page_bytes.hpp"
#include "engine/study.hpp"
#include "engine/tally.hpp"

namespace flopsieve::engine {

/// Which of the batches a process computes: batch b belongs to shard `index` of `count` if
/// b mod count = index.
struct Shard {
  std::uint64_t index = 0;
  std::uint64_t count = 1;
};

/// The batches first, first + step, ...: `count` of them, one at least.
struct BatchRange {
  std::uint64_t first = 0;
  std::uint64_t count = 1;
  std::uint64_t step = 1;

  std::uint64_t last() const { return first + (count - 1) * step; }
};

/// A verified part: whole batches of one study.
struct Part {
  std::filesystem::path path;
  BatchRange batches;
  std::uint64_t complete = 0;  ///< complete trajectories of all its batches
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

  /// Takes a batch, in ascending order. Calls begin_seal() by itself once 64 batches wait (512
  /// while an earlier part is still on its way: small batches come faster than a disk takes parts)
  /// or 8 MiB of columns, and before a gap: a part holds successive batches of its shard. Of what
  /// waits, the histograms are held once.
  void add(BatchResult result);

  /// Has what waits written without waiting for it, but for the last part but seven. Throws what
  /// the writing of that one threw; what waits is not written then.
  void begin_seal();

  /// Writes what waits; after it has returned, it survives a kill. Throws Error(storage).
  void seal();

  /// The parts written so far, in order; for calls after a seal().
  const std::vector<Part>& parts() const { return parts_; }

 private:
  struct Waiting {
    explicit Waiting(const Plan& plan) : histograms(plan) {}
    std::vector<BatchRecord> records;
    std::vector<Columns> columns;
    Tally histograms;  ///< of all of them
    std::size_t bytes = 0;
  };
  struct PartOnItsWay {
    Part part;
    std::future<void> written;
  };

  bool full() const;
  void write_part(const std::filesystem::path& path, Waiting batches);
  PageBytes build_image(const std::filesystem::path& path, Waiting& batches,
                        PageBytes memory) const;
  void finish_parts(std::size_t left);

  std::filesystem::path folder_;
  const Study* study_;
  Shard shard_;
  Waiting waiting_;
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
