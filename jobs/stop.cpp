#include "jobs/stop.hpp"

#include <unistd.h>

#include <csignal>

#include "engine/error.hpp"

namespace flopsieve::jobs {
namespace {

std::atomic<bool> stop_requested{false};
std::atomic<bool> time_came{false};
std::atomic<void (*)(int)> stop_handler{nullptr};

extern "C" void stop_at_once(int) {
  constexpr char message[] = "flopsieve: stopped before the first batch; the same command starts\n";
  if (write(STDERR_FILENO, message, sizeof message - 1) < 0) _exit(1);
  _exit(static_cast<int>(engine::ExitCode::interrupted));
}

extern "C" void request_stop(int signal_number) {
  stop_requested.store(true);
  std::signal(signal_number, SIG_DFL);
}

}  // namespace

void catch_signals(OnSignal reaction) {
  void (*handler)(int) = reaction == OnSignal::end_at_once ? stop_at_once : request_stop;
  stop_handler.store(handler);
  for (const int signal_number : {SIGINT, SIGTERM, SIGUSR1}) std::signal(signal_number, handler);
}

const std::atomic<bool>& stop_flag() {
  return stop_requested;
}

void throw_stopped() {
  throw engine::Error(engine::ExitCode::interrupted,
                      "stopped; nothing was written, the same command starts again");
}

void stop_for_time() {
  time_came.store(true);
  stop_handler.load()(0);
}

void stop_for_rank() {
  stop_handler.load()(0);
}

bool time_is_up() {
  return time_came.load();
}

}  // namespace flopsieve::jobs
