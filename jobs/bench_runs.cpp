#include "jobs/bench_runs.hpp"

#include <algorithm>
#include <string_view>

#include "engine/batch.hpp"
#include "engine/files.hpp"
#include "engine/runner.hpp"
#include "jobs/bench_kernels.hpp"
#include "jobs/document.hpp"
#include "jobs/embedded.hpp"
#include "jobs/job.hpp"
#include "jobs/planning.hpp"

namespace flopsieve::jobs {
namespace {

namespace fs = std::filesystem;
using engine::Plan;

Plan plan_of(std::string_view text, const std::string& name) {
  const Document document = parse_toml(text, "embedded " + name);
  Plan plan = plan_from_job(document, calibration_for(document));
  complete_plan(plan, Force::no);
  return plan;
}

/// Mean number of models of a trajectory-year, from the statistic `count`.
double models_per_year(const Plan& plan) {
  const engine::Tally tally = engine::run_batch(plan, 0)->tally;
  const auto& statistics = plan.outputs.statistics;
  double models = 0.0;
  for (std::size_t cell = 0; cell < tally.sums.size(); ++cell) {
    if (statistics[cell % statistics.size()].info().name == "count") models += tally.sums[cell];
  }
  return models / static_cast<double>(tally.complete * plan.year_count());
}

}  // namespace

std::vector<Workload> workloads(BenchLength length) {
  const std::string by_candidate = "candidates";
  const std::string by_year = "trajectory-years";
  std::vector<Workload> all{
      {"total", plan_of(embedded_total(), "total.toml"), by_candidate, 100.0,
       "draw_and_sum/normal"},
      {"default", plan_of(embedded_forecast(), "forecast.toml"), by_candidate, 0.0,
       "parts/default"},
      {"published", plan_of(embedded_published(), "published.toml"), by_year, 0.0,
       "draw_and_sum/normal"},
      {"tilt", plan_of(embedded_tilt(), "tilt.toml"), by_candidate, 100.0, tilted_kernel}};
  const std::uint64_t most = length == BenchLength::quick ? 512 : 2048;
  for (Workload& workload : all) {
    workload.plan.batch_trajectories = std::min(workload.plan.batch_trajectories, most);
  }
  all[1].parts = std::make_shared<const PartCounts>(count_parts(all[1].plan));
  all[1].draws_per_item = all[1].parts->draws_per_candidate();
  all[2].draws_per_item = models_per_year(all[2].plan);
  all.push_back(all[2]);
  all.back().name = "published_counts";
  all.back().plan.outputs.frontier.widths.clear();
  return all;
}

engine::Tally run_batches(const Plan& plan, engine::Backend backend, int threads,
                          std::uint64_t batches) {
  engine::Tally tally(plan);
  engine::run_in_order<engine::BatchResult>(
      backend, threads, batches,
      [&](std::uint64_t batch) { return *engine::run_batch(plan, batch); },
      [&](std::uint64_t, const engine::BatchResult& result) {
        tally.add(result.tally);
        return engine::Commit::go_on;
      });
  return tally;
}

double items_of(const Workload& workload, const engine::Tally& tally) {
  if (workload.unit == "trajectory-years") {
    return static_cast<double>(tally.complete * workload.plan.year_count());
  }
  double candidates = 0.0;
  for (const engine::YearTally& year : tally.years) {
    candidates += static_cast<double>(year.candidates);
  }
  return candidates;
}

double run_to_file(const Plan& plan, int threads, const fs::path& folder) {
  const engine::Study study = make_study(plan, {"flopsieve", "bench"});
  engine::RunOptions options;
  options.output = folder / "bench.h5";
  options.threads = threads;
  options.warn = [](const std::string&) {};
  engine::run_study(study, options);
  const auto bytes = static_cast<double>(fs::file_size(options.output));
  fs::remove(options.output);
  return bytes;
}

double write_bytes(std::size_t bytes, const fs::path& folder) {
  const std::vector<std::byte> content(bytes, std::byte{0x5a});
  const fs::path path = folder / "bench.raw";
  engine::TemporaryFile file(path);
  file.write(content);
  file.commit();
  fs::remove(path);
  return static_cast<double>(bytes);
}

}  // namespace flopsieve::jobs
