#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "benchmarks/benchmarks.hpp"
#include "engine/batch.hpp"
#include "engine/executor.hpp"
#include "engine/inputs.hpp"
#include "engine/runner.hpp"
#include "jobs/document.hpp"
#include "jobs/embedded.hpp"
#include "jobs/job.hpp"
#include "jobs/planning.hpp"

namespace flopsieve::benchmarks {
namespace {

namespace fs = std::filesystem;
using engine::Backend;
using engine::Plan;
using engine::Tally;

/// Batches per iteration: enough that two threads rarely wait for the last one.
constexpr std::uint64_t batches = 8;

struct Workload {
  Plan plan;
  double draws_per_candidate = 0.0;
};

/// Mean number of sizes of the candidates of batch 0, over complete trajectories: the counts are
/// drawn again at the addresses of all attempts up to each survivor.
double draws_per_candidate(const Plan& plan) {
  const auto batch = engine::run_batch(plan, 0);
  const engine::InputSampler sampler(plan, engine::Purpose::run);
  double candidates = 0.0;
  double draws = 0.0;
  for (std::size_t row = 0; row < batch->columns.trajectory.size(); ++row) {
    const engine::Trajectory trajectory = sampler.trajectory(batch->columns.trajectory[row]);
    for (std::uint32_t year = 0; year < plan.year_count(); ++year) {
      const std::uint64_t survivor = batch->columns.attempt[row * plan.year_count() + year];
      for (std::uint64_t attempt = 0; attempt <= survivor; ++attempt) {
        draws += sampler.candidate(trajectory, {trajectory.index, attempt, year}).count;
      }
      candidates += static_cast<double>(survivor + 1);
    }
  }
  return draws / candidates;
}

/// The default forecast with the batch size that it chooses, cut to a few batches.
Workload default_forecast() {
  const jobs::Document document =
      jobs::parse_toml(jobs::embedded_forecast(), "embedded forecast.toml");
  Workload workload{jobs::plan_from_job(document, jobs::calibration_for(document))};
  jobs::complete_plan(workload.plan, jobs::Force::no);
  workload.plan.trajectories = batches * workload.plan.batch_trajectories;
  workload.draws_per_candidate = draws_per_candidate(workload.plan);
  return workload;
}

void set_counters(benchmark::State& state, const Workload& workload, const Tally& tally) {
  double candidates = 0.0;
  for (const engine::YearTally& year : tally.years) {
    candidates += static_cast<double>(year.candidates);
  }
  candidates *= static_cast<double>(state.iterations());
  using Counter = benchmark::Counter;
  state.counters["candidates/s"] = Counter(candidates, Counter::kIsRate);
  state.counters["draws/s"] = Counter(candidates * workload.draws_per_candidate, Counter::kIsRate);
}

void run_batches(benchmark::State& state, const Workload& workload, Backend backend, int threads) {
  const Plan& plan = workload.plan;
  Tally tally(plan);
  for (auto _ : state) {
    tally = Tally(plan);
    engine::run_in_order<engine::BatchResult>(
        backend, threads, plan.batch_count(),
        [&](std::uint64_t batch) { return *engine::run_batch(plan, batch); },
        [&](std::uint64_t, engine::BatchResult result) {
          tally.add(result.tally);
          return engine::Commit::go_on;
        });
  }
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
  const auto workload = std::make_shared<const Workload>(default_forecast());
  const auto add = [&](const std::string& name, auto body, Backend backend, int threads) {
    const std::string full =
        name + "/" + std::string(engine::to_string(backend)) + "/" + std::to_string(threads);
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

}  // namespace flopsieve::benchmarks
