#include "engine/rank_messages.hpp"

#include "engine/tally_fields.hpp"

namespace flopsieve::engine {
namespace {

// As in tally_fields.hpp.

template <class Archive, class T>
void pass_columns(Archive& archive, T& columns) {
  auto& [trajectory, attempt, counts, statistics, row_size, location, scale, z] = columns;
  archive(trajectory, attempt, counts, statistics, row_size, location, scale, z);
}

template <class Archive, class T>
void pass_order(Archive& archive, T& order) {
  auto& [plan, batches, backend, threads, tile, target, most_bytes] = order;
  archive(plan, batches, backend, threads, tile, target, most_bytes);
}

template <class Archive, class T>
void pass_progress(Archive& archive, T& progress) {
  archive(progress.batches_total, progress.batches_sealed, progress.batches_done,
          progress.variants_total, progress.variants_done, progress.trajectories, progress.complete,
          progress.candidates, progress.survivors, progress.ended, progress.joining);
}

Packer begin(const MessageHead& head) {
  Packer packer;
  packer(head.kind, head.run);
  return packer;
}

Unpacker after_head(const Message& message) {
  Unpacker unpacker(message);
  MessageHead head;
  unpacker(head.kind, head.run);
  return unpacker;
}

void demand_end(const Unpacker& unpacker) {
  if (!unpacker.done()) throw Error(ExitCode::bug, "a message between ranks is too long");
}

}  // namespace

Message pack(const MessageHead& head) {
  return begin(head).take();
}

Message pack(const MessageHead& head, std::uint64_t bytes) {
  Packer packer = begin(head);
  packer(bytes);
  return packer.take();
}

Message pack(const MessageHead& head, const WorkOrder& order) {
  Packer packer = begin(head);
  pass_order(packer, order);
  return packer.take();
}

Message pack(const MessageHead& head, const ShareOrder& order) {
  Packer packer = begin(head);
  packer(order.work, order.target);
  return packer.take();
}

Message pack(const MessageHead& head, const Progress& progress) {
  Packer packer = begin(head);
  pass_progress(packer, progress);
  return packer.take();
}

Message pack(const MessageHead& head, const BatchAnswer& answer) {
  Packer packer = begin(head);
  packer(answer.result.has_value(), answer.code, answer.reason, answer.out_of_memory);
  if (answer.result) {
    packer(answer.result->batch, std::uint64_t{answer.result->tally.years.size()});
    pass_tally(packer, answer.result->tally);
    pass_columns(packer, answer.result->columns);
  }
  return packer.take();
}

MessageHead head_of(const Message& message) {
  Unpacker unpacker(message);
  MessageHead head;
  unpacker(head.kind, head.run);
  return head;
}

std::uint64_t unpack_bytes(const Message& message) {
  Unpacker unpacker = after_head(message);
  std::uint64_t bytes = 0;
  unpacker(bytes);
  demand_end(unpacker);
  return bytes;
}

WorkOrder unpack_order(const Message& message) {
  Unpacker unpacker = after_head(message);
  WorkOrder order;
  pass_order(unpacker, order);
  demand_end(unpacker);
  return order;
}

ShareOrder unpack_share(const Message& message) {
  Unpacker unpacker = after_head(message);
  ShareOrder order;
  unpacker(order.work, order.target);
  demand_end(unpacker);
  return order;
}

Progress unpack_progress(const Message& message) {
  Unpacker unpacker = after_head(message);
  Progress progress;
  pass_progress(unpacker, progress);
  demand_end(unpacker);
  return progress;
}

BatchAnswer unpack_answer(const Message& message) {
  Unpacker unpacker = after_head(message);
  BatchAnswer answer;
  bool has_result = false;
  unpacker(has_result, answer.code, answer.reason, answer.out_of_memory);
  if (has_result) {
    BatchResult& result = answer.result.emplace();
    std::uint64_t years = 0;
    unpacker(result.batch, years);
    constexpr std::uint64_t most_years = 255;
    if (years > most_years) throw Error(ExitCode::bug, "a message between ranks is not one");
    result.tally.years.resize(years);
    pass_tally(unpacker, result.tally);
    pass_columns(unpacker, result.columns);
  }
  demand_end(unpacker);
  return answer;
}

}  // namespace flopsieve::engine
