#pragma once

#include <atomic>

/// How SIGINT, SIGTERM and SIGUSR1 end a command that writes.
namespace flopsieve::jobs {

enum class OnSignal {
  end_at_once,  ///< nothing is lost: before the first batch
  stop_soon     ///< sets stop_flag(); a second signal ends the program, which loses nothing sealed
};

void catch_signals(OnSignal reaction);

/// Becomes true with the first signal that is to stop soon.
const std::atomic<bool>& stop_flag();

/// Throws Error(interrupted) of a command that has written nothing yet.
[[noreturn]] void throw_stopped();

/// What the end of a time limit does: what a signal does; from any thread.
void stop_for_time();

/// The same for a signal that has come to another rank.
void stop_for_rank();

/// Whether the end of the time limit has come.
bool time_is_up();

}  // namespace flopsieve::jobs
