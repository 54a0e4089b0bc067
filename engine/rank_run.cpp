#include "engine/rank_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <utility>

#include "engine/error.hpp"
#include "engine/rank_messages.hpp"
#include "kernels/target.hpp"

namespace flopsieve::engine {
namespace {

/// Of batches of all ranks on their way.
constexpr std::uint64_t most_bytes = std::uint64_t{256} << 20;
constexpr auto look_interval = std::chrono::milliseconds(20);

}  // namespace

RankRun::RankRun(Ranks& ranks, const Plan& plan, const std::vector<std::uint64_t>& batches,
                 RankOptions options)
    : ranks_(ranks),
      count_(ranks.self().count),
      run_(ranks.next_run()),
      options_(std::move(options)),
      answers_(static_cast<std::size_t>(count_)) {
  order_work(plan, batches);
  thread_ = std::thread([this] { listen(); });
}

RankRun::~RankRun() {
  for (int rank = 1; rank < count_; ++rank) ranks_.send(rank, pack({MessageKind::halt, run_}));
  over_.store(true);
  thread_.join();
}

void RankRun::order_work(const Plan& plan, const std::vector<std::uint64_t>& batches) {
  WorkOrder order{plan_to_json(plan),
                  {},
                  options_.backend,
                  options_.threads,
                  options_.tile,
                  kernels::active_target(),
                  most_bytes / answers_.size()};
  for (std::size_t rank = 1; rank < answers_.size(); ++rank) {
    order.batches.clear();
    for (std::size_t i = rank; i < batches.size(); i += answers_.size()) {
      order.batches.push_back(batches[i]);
    }
    ranks_.send(static_cast<int>(rank), pack({MessageKind::work, run_}, order));
  }
}

void RankRun::listen() {
  while (!over_.load()) {
    std::optional<Ranks::Incoming> incoming = ranks_.receive(look_interval);
    if (!incoming) continue;
    const MessageHead head = head_of(incoming->message);
    if (head.kind == MessageKind::signalled && options_.on_signal) options_.on_signal();
    if (head.kind != MessageKind::batch || head.run != run_) continue;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      answers_[static_cast<std::size_t>(incoming->from)].push_back(std::move(incoming->message));
    }
    arrived_.notify_one();
  }
}

void RankRun::demand_all_alive() const {
  const std::optional<int> lost = ranks_.lost();
  if (!lost) return;
  throw Error(ExitCode::interrupted, fmt::format("rank {} of {} does not answer", *lost, count_));
}

std::optional<BatchResult> RankRun::take(std::uint64_t position) {
  const std::size_t rank = position % answers_.size();
  std::deque<Message>& answers = answers_[rank];
  Message message;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    // The flag is set by a signal handler, which can notify nobody.
    while (answers.empty() && !stopped()) {
      demand_all_alive();
      arrived_.wait_for(lock, look_interval);
    }
    if (stopped()) return std::nullopt;
    message = std::move(answers.front());
    answers.pop_front();
  }
  ranks_.send(static_cast<int>(rank), pack({MessageKind::taken, run_}, message.size()));
  BatchAnswer answer = unpack_answer(message);
  if (answer.out_of_memory) throw std::bad_alloc();
  if (!answer.result) throw Error(answer.code, answer.reason);
  return std::move(answer.result);
}

void dismiss(Ranks& ranks, int code) {
  const int count = ranks.self().count;
  for (int rank = 1; rank < count; ++rank) ranks.send(rank, pack({MessageKind::end, 0}));
  for (int left = count - 1; left > 0;) {
    if (ranks.lost()) return ranks.abort(code);
    const auto incoming = ranks.receive(look_interval);
    if (incoming && head_of(incoming->message).kind == MessageKind::bye) --left;
  }
}

}  // namespace flopsieve::engine
