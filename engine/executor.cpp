#include "engine/executor.hpp"

#include <sched.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "engine/error.hpp"

namespace flopsieve::engine {
namespace {

constexpr std::array<std::pair<Backend, std::string_view>, 3> kBackendNames{
    {{Backend::tbb, "tbb"}, {Backend::openmp, "openmp"}, {Backend::serial, "serial"}}};

int affinity_threads() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) return CPU_COUNT(&mask);
  // More processors than the fixed mask can name.
  return static_cast<int>(std::thread::hardware_concurrency());
}

/// 0 if Slurm says nothing usable.
int slurm_threads() {
  const char* text = std::getenv("SLURM_CPUS_PER_TASK");
  if (text == nullptr) return 0;
  const std::string_view digits(text);
  int threads = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), threads);
  return error == std::errc() && end == digits.data() + digits.size() ? threads : 0;
}

}  // namespace

std::string_view to_string(Backend backend) {
  for (const auto& [value, name] : kBackendNames) {
    if (value == backend) return name;
  }
  throw std::invalid_argument("no such back end");
}

Backend parse_backend(std::string_view name) {
  for (const auto& [value, known] : kBackendNames) {
    if (known == name) return value;
  }
  throw Error(ExitCode::bad_input, "unknown back end \"" + std::string(name) +
                                       "\", allowed: \"tbb\", \"openmp\", \"serial\"");
}

int default_threads() {
  const int available = std::max(1, affinity_threads());
  const int granted = slurm_threads();
  return granted > 0 ? std::min(available, granted) : available;
}

OrderedRun::OrderedRun(ErasedBody body, ErasedCommit commit)
    : body_(std::move(body)), commit_(std::move(commit)) {}

OrderedRun::Outcome OrderedRun::evaluate(std::uint64_t position) noexcept {
  if (ended()) return {};
  try {
    return {body_(position), nullptr};
  } catch (...) {
    return {nullptr, std::current_exception()};
  }
}

void OrderedRun::fold(std::uint64_t position, const Outcome& outcome) noexcept {
  if (ended()) return;
  bool go_on = false;
  try {
    failure_ = outcome.failure;
    if (!failure_) go_on = commit_(position, outcome.result) == Commit::go_on;
  } catch (...) {
    failure_ = std::current_exception();
  }
  if (!go_on) ended_.store(true, std::memory_order_release);
}

void OrderedRun::rethrow() const {
  if (failure_) std::rethrow_exception(failure_);
}

void run_serially(OrderedRun& run, std::uint64_t count) {
  for (std::uint64_t position = 0; position < count && !run.ended(); ++position) {
    run.fold(position, run.evaluate(position));
  }
}

void run_erased(Backend backend, int threads, std::uint64_t count, ErasedBody body,
                ErasedCommit commit) {
  if (threads < 1) throw std::invalid_argument("a run needs at least one thread");
  OrderedRun run(std::move(body), std::move(commit));
  switch (backend) {
    case Backend::tbb:
      run_with_tbb(run, threads, count);
      break;
    case Backend::openmp:
      run_with_openmp(run, threads, count);
      break;
    case Backend::serial:
      run_serially(run, count);
      break;
  }
  run.rethrow();
}

}  // namespace flopsieve::engine
