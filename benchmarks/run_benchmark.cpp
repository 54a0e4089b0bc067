#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "benchmarks/benchmarks.hpp"
#include "engine/executor.hpp"
#include "engine/runner.hpp"
#include "jobs/bench_runs.hpp"
#include "jobs/planning.hpp"

namespace flopsieve::benchmarks {
namespace {

namespace fs = std::filesystem;
using engine::Backend;
using engine::Tally;

using jobs::Workload;

/// Batches per iteration: enough that two threads rarely wait for the last one.
constexpr std::uint64_t batches = 8;

void set_counters(benchmark::State& state, const Workload& workload, const Tally& tally) {
  const double items = jobs::items_of(workload, tally) * static_cast<double>(state.iterations());
  using Counter = benchmark::Counter;
  state.counters[workload.unit + "/s"] = Counter(items, Counter::kIsRate);
  state.counters["draws/s"] = Counter(items * workload.draws_per_item, Counter::kIsRate);
}

void run_batches(benchmark::State& state, const Workload& workload, Backend backend, int threads) {
  Tally tally;
  for (auto _ : state) tally = jobs::run_batches(workload.plan, backend, threads, batches);
  set_counters(state, workload, tally);
}

/// A folder of its own for the files of one benchmark, removed at the end.
class Folder {
 public:
  Folder()
      : path_(fs::temp_directory_path() / ("flopsieve_benchmark." + std::to_string(getpid()))) {
    fs::create_directory(path_);
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

void run_study(benchmark::State& state, const Workload& workload, Backend backend, int threads) {
  const engine::Study study = jobs::make_study(workload.plan, {"flopsieve_benchmarks"});
  const Folder folder;
  engine::RunOptions options;
  options.output = folder.path() / "study.h5";
  options.backend = backend;
  options.threads = threads;
  options.warn = [](const std::string&) {};
  Tally tally(workload.plan);
  for (auto _ : state) {
    tally = engine::run_study(study, options);
    state.PauseTiming();
    fs::remove(options.output);
    state.ResumeTiming();
  }
  set_counters(state, workload, tally);
}

}  // namespace

void register_runs() {
  for (Workload& each : jobs::workloads(jobs::BenchLength::full)) {
    each.plan.trajectories = batches * each.plan.batch_trajectories;
    const auto workload = std::make_shared<const Workload>(std::move(each));
    const auto add = [&](const std::string& name, auto body, Backend backend, int threads) {
      const std::string full = name + "/" + workload->name + "/" +
                               std::string(engine::to_string(backend)) + "/" +
                               std::to_string(threads);
      benchmark::RegisterBenchmark(
          full.c_str(), [=](benchmark::State& state) { body(state, *workload, backend, threads); })
          ->MeasureProcessCPUTime()
          ->UseRealTime()
          ->Unit(benchmark::kMillisecond);
    };
    add("run_batch", run_batches, Backend::serial, 1);
    for (const Backend backend : {Backend::tbb, Backend::openmp}) {
      for (const int threads : {1, 2}) add("run_batch", run_batches, backend, threads);
    }
    for (const int threads : {1, 2}) add("run_study", run_study, Backend::tbb, threads);
  }
}

}  // namespace flopsieve::benchmarks
