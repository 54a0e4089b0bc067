#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/batch.hpp"
#include "engine/error.hpp"
#include "engine/executor.hpp"
#include "engine/packing.hpp"
#include "engine/runner.hpp"
#include "kernels/target.hpp"

/// What the root and the other ranks tell one another. Each message begins with its kind and the
/// run that it is about (Ranks::next_run()); whoever gets one about another run passes it over.
namespace flopsieve::engine {

enum class MessageKind : std::uint8_t {
  // From the root.
  work,   ///< a WorkOrder; what was begun before is given up
  share,  ///< a ShareOrder; the same
  taken,  ///< a batch was committed, whose message had so many bytes (uint64)
  halt,   ///< the run is over
  end,    ///< there will be no further run
  // To the root.
  batch,      ///< a BatchAnswer
  progress,   ///< of a share
  shared,     ///< a share is done, or why it is not: a BatchAnswer without a batch
  signalled,  ///< a signal has come: all are to stop
  bye         ///< the answer to `end`, and the last message
};

/// What a rank computes of a run, and how.
struct WorkOrder {
  std::string plan;                    ///< plan_to_json()
  std::vector<std::uint64_t> batches;  ///< in this order
  Backend backend = Backend::tbb;
  int threads = 0;  ///< 0: those that the rank may use
  std::uint64_t tile = 4096;
  kernels::Target target = kernels::Target::scalar;  ///< if the rank's processor has it
  /// While so many bytes of batches wait for the root to take them, the rank waits too.
  std::uint64_t most_bytes = 0;
};

/// What a rank does by itself of some work.
struct ShareOrder {
  std::string work;  ///< whatever RankWork makes of it
  kernels::Target target = kernels::Target::scalar;
};

/// A batch, or why there is none.
struct BatchAnswer {
  std::optional<BatchResult> result;
  ExitCode code = ExitCode::done;
  std::string reason;
  bool out_of_memory = false;  ///< std::bad_alloc
};

struct MessageHead {
  MessageKind kind = MessageKind::end;
  std::uint64_t run = 0;
};

/// Just its head.
Message pack(const MessageHead& head);
Message pack(const MessageHead& head, std::uint64_t bytes);
Message pack(const MessageHead& head, const WorkOrder& order);
Message pack(const MessageHead& head, const ShareOrder& order);
Message pack(const MessageHead& head, const BatchAnswer& answer);
/// Without its tally.
Message pack(const MessageHead& head, const Progress& progress);

/// What follows a head must be of its kind. All throw Error(bug) for bytes that nobody has packed.
MessageHead head_of(const Message& message);
std::uint64_t unpack_bytes(const Message& message);
WorkOrder unpack_order(const Message& message);
ShareOrder unpack_share(const Message& message);
BatchAnswer unpack_answer(const Message& message);
Progress unpack_progress(const Message& message);

}  // namespace flopsieve::engine
