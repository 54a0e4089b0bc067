#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/error.hpp"
#include "engine/page_bytes.hpp"
#include "engine/parts.hpp"
#include "engine/plan.hpp"
#include "engine/tally.hpp"

namespace flopsieve::engine {

// Joining parts: their batches in order, whoever computed them, in little memory.

/// Thrown where batches are in no part: "batch 3 is missing among the parts", or "12 of 64 batches
/// are missing among the parts: 1, 4, 7, ...".
class MissingBatches : public Error {
 public:
  /// `batches`, of `all` that are wanted; one at least, ascending.
  MissingBatches(std::vector<std::uint64_t> batches, std::uint64_t all);

  const std::vector<std::uint64_t>& batches() const { return batches_; }

 private:
  std::vector<std::uint64_t> batches_;
};

/// Which part gives which batch.
struct Joining {
  std::vector<Part> parts;           ///< in use, by the first batch that they give
  std::uint64_t first = 0;           ///< batch
  std::vector<std::uint32_t> owner;  ///< [batch - first] index into parts
  /// Batches that a part holds and does not give, once for each such part: their histograms stand
  /// in the sums of that part.
  std::vector<std::uint64_t> surplus;

  std::uint64_t end() const { return first + owner.size(); }
  /// Complete trajectories of all batches.
  std::uint64_t complete() const;
};

/// Finds a part for each of the batches first to end - 1, with as few parts as need be where
/// several hold the same. Throws MissingBatches; Error(storage) that names two parts if they hold
/// the same batch and it is not the same in both.
Joining arrange(const Plan& plan, std::vector<Part> parts, std::uint64_t first, std::uint64_t end);

/// A part in memory, and where its batches begin in its columns.
struct IndexedPart {
  IndexedPart(PartContents read, std::size_t years);

  PartContents contents;
  /// [batch + 1] where the rows, the sets and the sizes of the batches end; 0 first.
  std::vector<std::size_t> rows{0}, sets{0}, sizes{0};
  std::size_t bytes = 0;  ///< of its columns
};

/// Throws Error(storage), naming both, if two parts hold one of the batches first to end - 1 and it
/// is not the same in both: its tallies but for histograms, and all columns. Sizes are compared as
/// far as both have kept them.
void demand_equal_duplicates(const Plan& plan, const std::vector<Part>& parts, std::uint64_t first,
                             std::uint64_t end);

/// Successive batches that stand one after the other in a part, and what of its columns is theirs.
/// Valid until the next piece.
struct Piece {
  PartContents& part;
  std::size_t first_batch, batches;
  std::size_t first_row, rows;
  std::size_t first_set, sets;  ///< of those whose sizes are kept
  std::size_t first_size;
};

/// Hands over the batches of a Joining in order. Reads each part once, the next three meanwhile,
/// and forgets it after its last batch. If the parts that are begun take more than 256 MiB, as
/// those of very many shards may, the one that is needed last is forgotten and read again.
class JoinedBatches {
 public:
  JoinedBatches(const Joining& joining, const Plan& plan);

  /// The next piece; nothing at the end. Throws Error(storage) if a part is damaged.
  std::optional<Piece> next();

  /// Sums of the histograms of all parts, less the surplus, which is computed again; after the last
  /// piece. Nothing if `stop` became true meanwhile.
  std::optional<Tally> histograms(const std::atomic<bool>* stop);

 private:
  struct Loaded {
    IndexedPart part;
    std::uint64_t needed_next = 0;  ///< batch
  };

  Loaded& load(std::uint32_t part);
  PageBytes image(std::uint32_t part);
  void make_room(std::size_t bytes);
  std::uint64_t next_of(std::uint32_t part, std::uint64_t from) const;

  const Joining& joining_;
  const Plan& plan_;
  Tally histograms_;
  std::uint64_t next_;         ///< batch
  std::vector<bool> counted_;  ///< [part] whether its histograms are in the sum
  std::map<std::uint32_t, Loaded> loaded_;
  std::uint32_t begun_ = 0;  ///< parts whose reading was begun
  std::uint32_t taken_ = 0;  ///< of these, those that came
  std::deque<std::future<PageBytes>> images_;
};

/// Takes the histograms of `part` off those of `tally`, and forgets the bins at their ends that
/// become empty. Throws std::invalid_argument if they are not in it.
void subtract_histograms(Tally& tally, const Tally& part);

}  // namespace flopsieve::engine
