#include <tbb/global_control.h>
#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>

#include "engine/executor.hpp"

namespace flopsieve::engine {
namespace {

struct Item {
  std::uint64_t position = 0;
  OrderedRun::Outcome outcome;
};

}  // namespace

void run_with_tbb(OrderedRun& run, int threads, std::uint64_t count) {
  const auto limit = static_cast<std::size_t>(threads);
  // Raises TBB's own limit too where more threads are asked for than there are processors.
  const tbb::global_control control(tbb::global_control::max_allowed_parallelism, limit);
  tbb::task_arena arena(threads);
  std::uint64_t next = 0;
  const auto number = tbb::make_filter<void, std::uint64_t>(
      tbb::filter_mode::serial_in_order, [&](tbb::flow_control& flow) -> std::uint64_t {
        if (next < count && !run.ended()) return next++;
        flow.stop();
        return 0;
      });
  const auto evaluate = tbb::make_filter<std::uint64_t, Item>(
      tbb::filter_mode::parallel, [&](std::uint64_t position) {
        return Item{position, run.evaluate(position)};
      });
  const auto fold = tbb::make_filter<Item, void>(
      tbb::filter_mode::serial_in_order,
      [&](const Item& item) { run.fold(item.position, item.outcome); });
  arena.execute([&] { tbb::parallel_pipeline(2 * limit, number & evaluate & fold); });
}

}  // namespace flopsieve::engine
