#include <fmt/format.h>

// C++ bindings that nobody uses, and that warn.
#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "engine/error.hpp"
#include "engine/ranks.hpp"

namespace flopsieve::engine {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int tag = 1;
constexpr auto sign_interval = std::chrono::seconds(5);
constexpr auto longest_silence = std::chrono::seconds(30);

/// Between two looks for messages: short while some come and go, twice as long after each look in
/// vain, because looking thousands of times per second costs a rank of one thread 7 % of its time.
constexpr Clock::duration shortest_pause = std::chrono::microseconds(50);
constexpr Clock::duration longest_pause = std::chrono::milliseconds(10);
/// MPI counts bytes with an int: longer messages go in pieces.
constexpr std::uint64_t most_at_once = std::uint64_t{1} << 28;

/// A message is sent as its length and then its bytes; an empty one is a sign of life.
struct Sending {
  Sending(int rank, Message content)
      : to(rank), message(std::move(content)), length(message.size()) {}

  void begin() {
    requests.emplace_back();
    MPI_Isend(&length, 1, MPI_UINT64_T, to, tag, MPI_COMM_WORLD, &requests.back());
    for (std::uint64_t at = 0; at < length; at += most_at_once) {
      requests.emplace_back();
      MPI_Isend(message.data() + at, static_cast<int>(std::min(most_at_once, length - at)),
                MPI_BYTE, to, tag, MPI_COMM_WORLD, &requests.back());
    }
  }

  bool is_done() {
    int done = 0;
    MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done, MPI_STATUSES_IGNORE);
    return done != 0;
  }

  int to;
  Message message;
  std::uint64_t length;
  std::vector<MPI_Request> requests;
};

/// What has come of a message so far.
struct Receiving {
  bool begun = false;
  Message message;
  std::uint64_t there = 0;
};

/// All calls of MPI are made by one thread, so MPI need not know of others. It looks for messages
/// at intervals: waiting in MPI would take a processor from those who compute.
class MpiRanks final : public Ranks {
 public:
  explicit MpiRanks(const Launch& launch) : thread_([this] { work(); }) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return joined_; });
    }
    if (self_.rank == launch.rank && self_.count == launch.count) return;
    leave();
    throw Error(ExitCode::bad_input,
                fmt::format("started as rank {} of {}, but MPI finds rank {} of {}: the launcher "
                            "belongs to another MPI than {}",
                            launch.rank, launch.count, self_.rank, self_.count, mpi_version()));
  }
  ~MpiRanks() override { leave(); }
  MpiRanks(const MpiRanks&) = delete;
  MpiRanks& operator=(const MpiRanks&) = delete;

  Launch self() const override { return self_; }

  void send(int to, Message message) override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      outgoing_.emplace_back(to, std::move(message));
    }
    to_do_.notify_one();
  }

  std::optional<int> lost() const override {
    const int rank = lost_.load();
    return rank < 0 ? std::nullopt : std::optional<int>(rank);
  }

  void abort(int code) override {
    abort_code_.store(code);
    thread_.join();
  }

  std::optional<Incoming> receive(std::chrono::milliseconds wait) override {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!changed_.wait_for(lock, wait, [this] { return !incoming_.empty(); })) return std::nullopt;
    Incoming first = std::move(incoming_.front());
    incoming_.pop_front();
    return first;
  }

 private:
  void work() {
    int provided = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      MPI_Comm_rank(MPI_COMM_WORLD, &self_.rank);
      MPI_Comm_size(MPI_COMM_WORLD, &self_.count);
      receiving_.resize(static_cast<std::size_t>(self_.count));
      silence_.resize(self_.rank == 0 ? receiving_.size() : 1);
      joined_ = true;
    }
    changed_.notify_all();
    // The root greets the others, who wait for that: of two processes that begin to connect to each
    // other at the same time, Open MPI loses one now and then.
    greeted_ = self_.rank == 0;
    since_sign_ = sign_interval;
    last_turn_ = Clock::now();
    while (take_outgoing()) {
      if (abort_code_.load() >= 0) MPI_Abort(MPI_COMM_WORLD, abort_code_.load());
      keep_in_touch();
      if (sending_.remove_if([](Sending& each) { return each.is_done(); }) > 0) {
        pause_ = shortest_pause;
      }
      while (receive_one()) pause_ = shortest_pause;
    }
    MPI_Finalize();
  }

  /// Waits for something to send, but not for long; false once all is sent that ever will be.
  bool take_outgoing() {
    std::list<Sending> taken;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      to_do_.wait_for(lock, pause_,
                      [this] { return greeted_ && (!outgoing_.empty() || may_leave()); });
      if (greeted_) taken.swap(outgoing_);
      if (taken.empty() && may_leave()) return false;
    }
    pause_ = taken.empty() ? std::min(2 * pause_, longest_pause) : shortest_pause;
    for (Sending& each : taken) each.begin();
    sending_.splice(sending_.end(), taken);
    return true;
  }

  /// Under mutex_.
  bool may_leave() const { return leaving_ && outgoing_.empty() && sending_.empty(); }

  /// The root with all others, these with the root. Time in which this process was stopped itself
  /// does not count.
  void keep_in_touch() {
    const Clock::time_point now = Clock::now();
    const Clock::duration passed =
        std::min<Clock::duration>(now - last_turn_, std::chrono::milliseconds(100));
    last_turn_ = now;
    since_sign_ += passed;
    const bool give_sign = greeted_ && since_sign_ >= sign_interval;
    if (give_sign) since_sign_ = {};
    for (int rank = 0; rank < static_cast<int>(silence_.size()); ++rank) {
      if (rank == self_.rank) continue;
      Clock::duration& silence = silence_[static_cast<std::size_t>(rank)];
      silence += passed;
      if (silence > longest_silence) lost_.store(rank);
      if (give_sign) sending_.emplace_back(rank, Message()).begin();
    }
  }

  bool receive_one() {
    int is_there = 0;
    MPI_Status status;
    MPI_Iprobe(MPI_ANY_SOURCE, tag, MPI_COMM_WORLD, &is_there, &status);
    if (is_there == 0) return false;
    const int from = status.MPI_SOURCE;
    Receiving& state = receiving_[static_cast<std::size_t>(from)];
    silence_.at(static_cast<std::size_t>(from)) = {};
    greeted_ = true;
    if (!state.begun) {
      std::uint64_t length = 0;
      MPI_Recv(&length, 1, MPI_UINT64_T, from, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      if (length > 0) state = {true, Message(length), 0};
    } else {
      const std::uint64_t bytes = std::min(most_at_once, state.message.size() - state.there);
      MPI_Recv(state.message.data() + state.there, static_cast<int>(bytes), MPI_BYTE, from, tag,
               MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      state.there += bytes;
    }
    if (state.begun && state.there == state.message.size()) {
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        incoming_.push_back({from, std::move(state.message)});
      }
      changed_.notify_all();
      state = {};
    }
    return true;
  }

  void leave() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      leaving_ = true;
    }
    to_do_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

  std::mutex mutex_;
  std::condition_variable changed_;  ///< joined_ or incoming_
  std::condition_variable to_do_;    ///< outgoing_ or leaving_
  Launch self_;                      ///< constant once joined_
  bool joined_ = false;              ///< under mutex_, as the next three
  bool leaving_ = false;
  std::list<Sending> outgoing_;
  std::deque<Incoming> incoming_;
  std::atomic<int> lost_{-1};
  std::atomic<int> abort_code_{-1};
  std::list<Sending> sending_;  ///< of the thread alone, as the next ones
  std::vector<Receiving> receiving_;
  bool greeted_ = false;
  Clock::duration pause_ = shortest_pause;  ///< until the next look for messages
  Clock::time_point last_turn_;
  Clock::duration since_sign_{};
  std::vector<Clock::duration> silence_;  ///< [rank] since its last message
  std::thread thread_;                    ///< last member: it uses the others
};

}  // namespace

std::string mpi_version() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING] = {};
  int length = 0;
  MPI_Get_library_version(text, &length);
  const std::string all(text, static_cast<std::size_t>(length));
  return all.substr(0, all.find(','));
}

std::unique_ptr<Ranks> join_ranks(const Launch& launch) {
  return std::make_unique<MpiRanks>(launch);
}

}  // namespace flopsieve::engine
