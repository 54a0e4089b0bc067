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
#include <string_view>
#include <vector>

#include "engine/batch.hpp"
#include "engine/batch_io.hpp"
#include "engine/files.hpp"
#include "engine/format.hpp"
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

  std::uint64_t at(std::size_t i) const { return first + i * step; }
  std::uint64_t last() const { return at(count - 1); }
  /// Which of them a batch is.
  std::optional<std::size_t> index_of(std::uint64_t batch) const {
    if (batch < first || batch > last() || (batch - first) % step != 0) return std::nullopt;
    return (batch - first) / step;
  }
};

/// A verified part: whole batches of one study.
struct Part {
  std::filesystem::path path;
  BatchRange batches;
  std::vector<std::uint64_t> complete;  ///< [batch] complete trajectories
};

/// The lock by which one process at a time computes a shard; it is a file in the folder of the
/// parts, which is created if need be, and is removed with them. Throws Error(storage).
FileLock lock_shard(const std::filesystem::path& folder, Shard shard);

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
  /// or 8 MiB of columns, and before a gap: a part holds successive batches of its shard. Alone in
  /// its part is a last batch that was cut, because a longer run replaces it, and every batch of a
  /// shard if the job has a precision, because merging may stop after any. Of what waits, the
  /// histograms are held once.
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
  bool stands_alone(const BatchResult& result) const;
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

/// A part that cannot be used.
struct UnusedPart {
  std::filesystem::path path;
  std::string reason;  ///< a sentence that begins with the path
};

/// What is found in a folder of parts, whatever study they are of.
struct PartSurvey {
  struct Found {
    std::filesystem::path path;
    std::size_t study = 0;  ///< index into studies
    Shard shard;            ///< that its name tells; the whole run if it tells none
    BatchRange batches;
    std::vector<std::uint64_t> trajectories;  ///< [batch]
    std::vector<std::uint64_t> complete;      ///< [batch]
  };
  std::vector<Study> studies;  ///< different in identity or in number of trajectories
  std::vector<Found> parts;    ///< verified, by name
  std::vector<UnusedPart> damaged;
};

/// The files of a folder that are parts by their names, in order of these: of a run, or of a sweep
/// (format::sweep_part_ending).
std::vector<std::filesystem::path> part_paths(const std::filesystem::path& folder,
                                              std::string_view ending = format::part_ending);

/// What the name of a part says of it.
struct PartName {
  BatchRange batches;
  Shard shard;
};

/// Of part-FIRST-LAST-IofN and the ending; nothing for any other name. A part that is not opened
/// may still be damaged or of another study.
std::optional<PartName> part_name(const std::filesystem::path& path,
                                  std::string_view ending = format::part_ending);

/// Whether a shard has to look at a part: not at one of another shard of its own split, for that
/// has none of its batches. A split of one looks at all.
bool concerns(const Shard& shard, const std::filesystem::path& path,
              std::string_view ending = format::part_ending);

/// Reads and verifies the parts of a folder that concern a shard, and changes nothing.
PartSurvey survey_parts(const std::filesystem::path& folder, const Shard& shard = {});

/// Parts sorted by their use for a study.
struct PartList {
  std::vector<Part> parts;  ///< of the study, in order of their first batch
  /// Those with a batch that was cut because the run was to be shorter then: it is computed anew.
  std::vector<std::filesystem::path> outdated;
  std::vector<UnusedPart> damaged;
  std::vector<UnusedPart> foreign;  ///< of another study
};

/// Throws Error(bad_input) if the parts go beyond the study's trajectories.
PartList sort_parts(const PartSurvey& survey, const Study& study);

/// The parts of a folder that concern the shard which writes there: a damaged part is renamed to
/// `*.damaged`, and one of another study to `*.foreign`, and reported through `warn`; it is an
/// Error(bad_input) if all are of another study, or if there are parts of a sweep.
PartList list_parts(const std::filesystem::path& folder, const Study& study,
                    const std::function<void(const std::string&)>& warn, const Shard& shard = {});

/// Renames damaged parts to `*.damaged` and reports them; the reports end with `what_follows`.
void set_damaged_aside(const std::vector<UnusedPart>& parts, std::string_view what_follows,
                       const std::function<void(const std::string&)>& warn);

/// Renames parts of others to `*.foreign` and reports them.
void set_foreign_aside(const std::vector<UnusedPart>& parts,
                       const std::function<void(const std::string&)>& warn);

/// The first study in a folder that `accept` takes, of those that its parts, and the file of
/// agree_on_study(), were written for; asked once for each identity. Nothing if there is none. What
/// is damaged is passed over.
std::optional<Study> find_study(const std::filesystem::path& folder,
                                const std::function<bool(const Study&)>& accept);

/// The study of the first part that can be read.
std::optional<Study> stored_study(const std::filesystem::path& folder);

/// The study that all shards which share a folder compute: that of the first to come, which leaves
/// it in the folder, sealed, before its first batch; pilots of two machines may differ in the last
/// bit of a fit. Creates the folder if need be. Throws Error(storage).
Study agree_on_study(const std::filesystem::path& folder, const Study& study);

/// Throws Error(storage).
void create_parts_folder(const std::filesystem::path& folder);

/// Renames a file that cannot be used: puts `suffix` behind its name.
void set_aside(const std::filesystem::path& path, const char* suffix);

/// Marks a folder as one whose parts stay when their batches stand in a result file. Throws
/// Error(storage).
void mark_kept(const std::filesystem::path& folder);

/// Takes the mark away. Failures are ignored.
void unmark_kept(const std::filesystem::path& folder);

/// Removes parts whose batches stand in a result file, and the study that shards have agreed on
/// and the folder if nothing else is in it. Does nothing in a folder that is marked as kept.
void remove_parts(const std::filesystem::path& folder,
                  const std::vector<std::filesystem::path>& paths);

/// Throws Error(storage) if the part is damaged.
PartContents read_part(const std::filesystem::path& path, const Plan& plan);

/// The same for what unseal(path) has returned; that may be called by another thread meanwhile.
PartContents read_part(PageBytes image, const std::filesystem::path& path, const Plan& plan);

}  // namespace flopsieve::engine
