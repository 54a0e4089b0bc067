// A race on purpose: two bodies of the executor write the same plain variable. Under the thread
// sanitizer this program must be stopped; that it ends by itself means that the sanitizer is blind,
// and with it every clean run of the engine's tests. The argument names the back end.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <thread>

#include "engine/executor.hpp"

namespace {

constexpr int threads = 2;

// Waits until both threads are inside a body, so that the writes that follow surely meet. Relaxed,
// since a stronger order would tell the sanitizer that the threads have synchronised.
bool meet(std::atomic<int>& inside) {
  inside.fetch_add(1, std::memory_order_relaxed);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (inside.load(std::memory_order_relaxed) < threads) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto backend = flopsieve::engine::parse_backend(argv[1]);
  std::atomic<int> inside{0};
  std::uint64_t shared = 0;
  bool met = true;
  flopsieve::engine::run_in_order<bool>(
      backend, threads, threads,
      [&](std::uint64_t position) {
        const bool both = meet(inside);
        for (int i = 0; i < 100'000; ++i) const_cast<volatile std::uint64_t&>(shared) = position;
        return both;
      },
      [&](std::uint64_t, bool both) {
        met = met && both;
        return flopsieve::engine::Commit::go_on;
      });
  std::printf("%s\n", met ? "the race was not seen" : "the threads never met");
  return met ? 0 : 1;
}
