#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>

#include "engine/batch.hpp"
#include "tests/engine/support/plans.hpp"

namespace {

/// Of this program: every `new` counts. Only differences within one thread's work are used.
std::atomic<std::uint64_t> allocations{0};

void* counted(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void* counted(std::size_t size, std::align_val_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  const auto step = static_cast<std::size_t>(alignment);
  void* memory = std::aligned_alloc(step, (size + step - 1) / step * step);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
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
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
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

}  // namespace flopsieve::engine
