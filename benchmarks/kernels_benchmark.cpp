#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>

#include "benchmarks/benchmarks.hpp"
#include "jobs/bench_kernels.hpp"
#include "kernels/target.hpp"

namespace flopsieve::benchmarks {

using kernels::Target;

void register_kernels() {
  for (const jobs::KernelCase& kernel : jobs::kernel_cases()) {
    for (const Target target : kernels::supported_targets()) {
      const std::string name = "kernels/" + kernel.name + "/" + std::string(kernels::name(target));
      benchmark::RegisterBenchmark(name.c_str(), [&kernel, target](benchmark::State& state) {
        const Target before = kernels::active_target();
        kernels::force_target(target);
        const auto call = kernel.make();
        for (auto _ : state) call();
        state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kernel.items));
        kernels::force_target(before);
      });
    }
  }
}

}  // namespace flopsieve::benchmarks
