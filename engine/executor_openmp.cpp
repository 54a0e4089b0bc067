#include <algorithm>

#include "engine/executor.hpp"

namespace flopsieve::engine {
namespace {

// A loop of OpenMP cannot be left early. Cutting the positions into windows bounds what is walked
// through idly after a stop; their barriers cost at most one position's time per thread each.
constexpr std::uint64_t kWindow = 4096;

}  // namespace

void run_with_openmp(OrderedRun& run, int threads, std::uint64_t count) {
  for (std::uint64_t begin = 0; begin < count && !run.ended(); begin += kWindow) {
    const std::uint64_t end = std::min(count - begin, kWindow) + begin;
#pragma omp parallel for ordered schedule(dynamic, 1) num_threads(threads)
    for (std::uint64_t position = begin; position < end; ++position) {
      const OrderedRun::Outcome outcome = run.evaluate(position);
#pragma omp ordered
      run.fold(position, outcome);
    }
  }
}

}  // namespace flopsieve::engine
