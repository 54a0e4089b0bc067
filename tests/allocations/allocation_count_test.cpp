#include <malloc.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>

#include "engine/batch.hpp"
#include "engine/runner.hpp"
#include "engine/sweep_run.hpp"
#include "tests/engine/support/folder.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/engine/support/sweeps.hpp"

namespace {

/// Of this program: every `new` counts. Only differences within one thread's work are used.
std::atomic<std::uint64_t> allocations{0};

/// Of all threads: what `new` has given and `delete` has not taken, and the most of it so far.
std::atomic<std::uint64_t> live_bytes{0};
std::atomic<std::uint64_t> peak_bytes{0};

void* counted(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  allocations.fetch_add(1, std::memory_order_relaxed);
  const std::uint64_t size = malloc_usable_size(memory);
  const std::uint64_t live = live_bytes.fetch_add(size, std::memory_order_relaxed) + size;
  std::uint64_t peak = peak_bytes.load(std::memory_order_relaxed);
  while (peak < live && !peak_bytes.compare_exchange_weak(peak, live)) {
  }
  return memory;
}

void* counted(std::size_t size) {
  return counted(std::malloc(size == 0 ? 1 : size));
}

void* counted(std::size_t size, std::align_val_t alignment) {
  const auto step = static_cast<std::size_t>(alignment);
  return counted(std::aligned_alloc(step, (size + step - 1) / step * step));
}

void give_back(void* memory) {
  live_bytes.fetch_sub(malloc_usable_size(memory), std::memory_order_relaxed);
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) {
  return counted(size);
}
void* operator new[](std::size_t size) {
  return counted(size);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return counted(size, alignment);
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return counted(size, alignment);
}
void operator delete(void* memory) noexcept {
  give_back(memory);
}
void operator delete[](void* memory) noexcept {
  give_back(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  give_back(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  give_back(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  give_back(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  give_back(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  give_back(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  give_back(memory);
}

namespace flopsieve::engine {
namespace {

struct Cost {
  std::uint64_t candidates = 0;
  std::uint64_t allocations = 0;
};

/// Attempts are cut at `attempts`, and no candidate survives.
Cost cost_of(Plan plan, std::uint64_t attempts) {
  plan.attempts = attempts;
  plan.batch_trajectories = 4;
  const std::uint64_t before = allocations.load();
  const auto result = run_batch(plan, 0);
  const std::uint64_t after = allocations.load();
  REQUIRE(result);
  return {result->tally.years[0].candidates, after - before};
}

/// The most memory that a run of so many batches, a trajectory each, holds beyond what there was.
std::uint64_t peak_of_run(std::uint64_t batches) {
  Plan plan = testing::plain_plan({2024});
  plan.outputs.thresholds = {1e25};
  plan.outputs.cumulative_base = {0};
  plan.batch_trajectories = 1;
  plan.trajectories = batches;
  const testing::ScratchFolder folder;
  RunOptions options;
  options.output = folder / "run.h5";
  const std::uint64_t before = live_bytes.load();
  peak_bytes = before;
  CHECK(run_study(testing::study_of(plan), options).complete == batches);
  return peak_bytes.load() - before;
}

/// The same of a sweep of so many variants, a trajectory each.
std::uint64_t peak_of_sweep(std::uint64_t count) {
  const testing::FakeVariants variants(count, [](std::uint64_t variant) {
    Plan plan = testing::plain_plan({2024});
    plan.seed = variant;
    plan.outputs.thresholds = {1e25};
    plan.outputs.cumulative_base = {0};
    plan.outputs.keep = Keep::summary;
    plan.batch_trajectories = 1;
    plan.trajectories = 1;
    return plan;
  });
  const SweepStudy study = variants.study();
  const testing::ScratchFolder folder;
  RunOptions options;
  options.output = folder / "sweep.h5";
  const std::uint64_t before = live_bytes.load();
  peak_bytes = before;
  CHECK(run_sweep(variants, study, options).complete == count);
  return peak_bytes.load() - before;
}

}  // namespace

TEST_CASE("a batch allocates nothing for further candidates") {
  Plan plan = testing::uneven_plan(Keep::summary);
  // No share exceeds one: every trajectory runs through all its attempts.
  testing::add_constraint(plan, testing::bounded("largest_share", 1.5, 2.0, 2));
  cost_of(plan, 1 << 13);  // whatever is made once per thread
  const Cost few = cost_of(plan, 1 << 13);
  const Cost many = cost_of(plan, 1 << 17);
  REQUIRE(many.candidates == 16 * few.candidates);
  // The six buffers of sizes in order grow with the largest candidate that needed them so far: the
  // rare one that single precision leaves open. They double, so not often.
  CHECK(many.allocations >= few.allocations);
  CHECK(many.allocations - few.allocations <= 12);
}

TEST_CASE("the memory of a run does not grow with its batches") {
  peak_of_run(64);  // whatever is made once per process
  const std::uint64_t few = peak_of_run(4'000);
  const std::uint64_t many = peak_of_run(20'000);
  INFO(few << " bytes, then " << many);
  // 16,000 batches more: their numbers, 8 bytes each, and a list of parts. No records, of 800 bytes
  // each, but for those that wait for the disk: nine parts of 512, or none.
  CHECK(many < few + 16'000 * 16 + 9 * 512 * 1'024);
}

TEST_CASE("the memory of a sweep hardly grows with its variants") {
  peak_of_sweep(64);
  const std::uint64_t few = peak_of_sweep(2'000);
  const std::uint64_t many = peak_of_sweep(22'000);
  INFO(few << " bytes, then " << many);
  // 20,000 variants more: where their segments stand, settings and statuses as they are written;
  // and twice the 8 MiB of a part that 2,000 do not fill. No plans, of 3 kB each, no tallies, and
  // no rows of the result.
  CHECK(many < few + 20'000 * 500);
}

}  // namespace flopsieve::engine
