#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/files.hpp"
#include "engine/page_bytes.hpp"
#include "engine/parts.hpp"
#include "engine/sweep.hpp"
#include "engine/sweep_segment.hpp"

// The parts of a sweep: sealed files of segments (FORMAT.md, "Parts of a sweep"). They are not
// HDF5: one holds hundreds of small variants, each of which would cost milliseconds and tens of
// kilobytes.

namespace flopsieve::engine {

/// Collects batches in order of variant and batch, and writes them as sealed parts into a folder,
/// so that a kill loses at most what came after the last seal(). Used by one thread at a time. A
/// part is made durable by a thread of its own, one at a time.
class SweepPartWriter {
 public:
  /// The folder is that of agree_on_sweep().
  SweepPartWriter(std::filesystem::path folder, const SweepStudy& study, Shard shard);
  SweepPartWriter(const SweepPartWriter&) = delete;
  SweepPartWriter& operator=(const SweepPartWriter&) = delete;

  /// Batches of one variant come in steps of `step`. Begins to seal at 8 MiB, and another segment
  /// after 512 batches.
  void add(std::uint64_t variant, const Plan& plan, const VariantFacts& facts, BatchResult result,
           std::uint64_t step);

  /// In place of a batch.
  void add_status(std::uint64_t variant, std::uint64_t batch, const std::string& status);

  /// Alone in a segment is what comes next, because joining may end before or after it.
  void end_segment();

  /// The same, and the variant has ended with its last batch. If a part has just been sealed, that
  /// is not noted, and found out again where it matters.
  void end_variant();

  /// Has what waits written without waiting for it, but for the part before it.
  void begin_seal();

  /// Writes what waits; after it has returned, it survives a kill. Throws Error(storage).
  void seal();

  /// Paths of what was written so far; for calls after a seal().
  const std::vector<std::filesystem::path>& parts() const { return parts_; }

 private:
  struct Closed {
    SegmentHead head;
    std::size_t offset;
    std::size_t length;
  };

  void close(const SegmentHead& head, std::span<const std::byte> bytes);
  void close_open(SegmentKind kind);
  void seal_if_full();
  PageBytes build_image() const;

  std::filesystem::path folder_;
  const SweepStudy* study_;
  Shard shard_;
  std::optional<OpenSegment> open_;
  std::vector<Closed> closed_;
  std::vector<std::byte> bytes_;  ///< of closed_
  std::vector<std::filesystem::path> parts_;
  std::future<void> written_;  ///< last member: it waits when destroyed
};

/// Where a segment stands.
struct SegmentPlace {
  SegmentHead head;
  std::uint32_t part = 0;    ///< index into the parts
  std::uint64_t offset = 0;  ///< in its part
  std::uint64_t length = 0;
  std::uint64_t sum = 0;  ///< CRC-64 of its bytes
};

/// Verified parts of one sweep and what they hold.
struct SweepParts {
  std::vector<std::filesystem::path> paths;
  std::vector<SegmentPlace> places;   ///< in order of variant and first batch
  std::vector<std::uint64_t> splits;  ///< the numbers of shards that the names of parts tell, once
  std::vector<UnusedPart> damaged;
  std::vector<UnusedPart> foreign;  ///< of another sweep

  /// Those of one variant.
  std::span<const SegmentPlace> of(std::uint64_t variant) const;
};

/// Reads and verifies the parts of folders that concern a shard (concerns(), where shards share out
/// whole variants), and changes nothing. Throws Error(bad_input) for parts
/// of the same sweep with another number of trajectories, and where parts of a run stand in a
/// folder.
SweepParts survey_sweep_parts(const std::vector<std::filesystem::path>& folders,
                              const SweepStudy& study, const Shard& shard = {});

/// The same for who writes there: parts that are damaged are renamed to `*.damaged`, foreign ones
/// to `*.foreign`, and reported; it is an Error(bad_input) if all are foreign.
SweepParts list_sweep_parts(const std::filesystem::path& folder, const SweepStudy& study,
                            const std::function<void(const std::string&)>& warn,
                            const Shard& shard = {});

/// Reads segments; files stay open as long as they are likely to be needed.
class SegmentReader {
 public:
  /// Both must outlive the reader; `base` is that of the sweep.
  SegmentReader(const SweepParts& parts, const Plan& base) : parts_(parts), base_(base) {}

  /// Throws DamagedPart, Error(storage).
  SegmentContents read(const SegmentPlace& place);

 private:
  const SweepParts& parts_;
  const Plan& base_;
  std::map<std::uint32_t, PieceReader> open_;
};

}  // namespace flopsieve::engine
