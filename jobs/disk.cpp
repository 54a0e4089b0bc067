#include "jobs/disk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <system_error>
#include <vector>

#include "engine/sieve.hpp"
#include "engine/sweep_tables.hpp"
#include "engine/tally.hpp"

namespace flopsieve::jobs {
namespace {

namespace fs = std::filesystem;

/// The mean number of models of a trajectory in all years together, before any constraint.
double models_per_trajectory(const engine::Plan& plan) {
  constexpr std::uint64_t candidates = 256;
  engine::Plan plain = plan;  // tilting and splitting take time, and change k little
  plain.sampling = {};
  engine::Sieve sieve(plain, engine::Purpose::pilot);
  double models = 0.0;
  for (std::uint32_t year = 0; year < plan.year_count(); ++year) {
    std::vector<engine::Trajectory> trajectories;
    for (std::uint64_t i = 0; i < candidates; ++i) {
      trajectories.push_back(sieve.inputs().trajectory(i));
    }
    std::vector<engine::Trial> trials;
    for (const auto& each : trajectories) trials.push_back({&each, {each.index, 0, year}});
    sieve.visit(trials, [&](std::size_t, const engine::Candidate& candidate,
                            engine::OrderedSizes&) { models += candidate.inputs.count; });
  }
  return models / static_cast<double>(candidates);
}

/// What a batch leaves in /batches.
double bytes_of_batch(const engine::Plan& plan) {
  const auto statistics = static_cast<double>(plan.outputs.statistics.size());
  const auto rejectors = static_cast<double>(plan.constraints.size() + 1);
  return static_cast<double>(plan.year_count()) * (80.0 + 16.0 * statistics + 40.0 * rejectors);
}

/// A part for so many batches, and a last one.
double parts_of(const engine::Plan& plan) {
  return 1.0 + static_cast<double>(plan.batch_count()) / (plan.automatic_batch ? 4.0 : 64.0);
}

/// What the histograms of so many trajectories take in a part of a sweep, where zeros take nothing.
double bytes_of_histograms(const engine::Plan& plan, double trajectories) {
  const engine::Tally tally(plan);
  const std::size_t count = tally.counts.size() + tally.cumulative.size() +
                            tally.frontier_before.size() + tally.frontier_including.size() +
                            tally.statistics.size();
  return static_cast<double>(count) * std::min(800.0, 10.0 * std::sqrt(trajectories));
}

std::uint64_t whole(double bytes) {
  return bytes < 1.8e19 ? static_cast<std::uint64_t>(bytes)
                        : std::numeric_limits<std::uint64_t>::max() / 4;
}

}  // namespace

DiskNeed expected_disk_need(const engine::Plan& plan) {
  constexpr double tables_of_part = 0.5e6;
  constexpr double tables_of_result = 0.6e6;
  constexpr double compressed = 0.25;
  const auto years = static_cast<double>(plan.year_count());
  const auto trajectories = static_cast<double>(plan.trajectories);
  const engine::Outputs& outputs = plan.outputs;
  double index = 0.0;
  if (outputs.keep >= engine::Keep::index) {
    index = 8.0 + years * (8.0 + 4.0 * static_cast<double>(outputs.thresholds.size()));
  }
  double statistics = 0.0;
  if (outputs.keeps_statistics()) {
    statistics = years * 8.0 * static_cast<double>(outputs.statistics.size());
  }
  double sampled = 0.0;
  double models = 0.0;
  if (outputs.keep == engine::Keep::samples) {
    sampled = static_cast<double>(std::min(plan.trajectories, outputs.keep_samples));
    models = models_per_trajectory(plan);
  }
  const auto batches = static_cast<double>(plan.batch_count());
  constexpr double margin = 1.05;
  const double in_batches = batches * bytes_of_batch(plan);
  const double in_parts = trajectories * (index + statistics) + sampled * 4.0 * models;
  const double in_result =
      trajectories * (compressed * index + statistics) + sampled * (8.0 * models + 10.0 * years);
  return {whole(tables_of_part * parts_of(plan) + margin * (in_batches + in_parts)),
          whole(tables_of_result + margin * (in_batches + in_result))};
}

DiskNeed expected_sweep_need(const engine::Plan& base, std::uint64_t variants) {
  constexpr double tables_of_result = 0.1e6;
  engine::SweepStudy study;
  study.base = base;
  double row = 0.0;
  for (const engine::ResultTable& table : engine::variant_tables(study, {}, {})) {
    row += 8.0 * static_cast<double>(table.size());
  }
  const double segments = std::max(1.0, parts_of(base) - 1.0);
  const double histograms =
      bytes_of_histograms(base, static_cast<double>(base.trajectories) / segments);
  const double in_batches = static_cast<double>(base.batch_count()) * bytes_of_batch(base);
  const auto count = static_cast<double>(variants);
  return {whole(count * (segments * histograms + in_batches)),
          whole(tables_of_result + count * row)};
}

std::uint64_t bytes_in(const fs::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (fs::directory_iterator at(folder, error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    std::error_code ignored;
    if (!at->is_regular_file(ignored)) continue;
    const std::uintmax_t size = at->file_size(ignored);
    if (!ignored) bytes += size;
  }
  return bytes;
}

fs::path folder_of(const fs::path& output) {
  return fs::absolute(output).lexically_normal().parent_path();
}

std::string size_words(std::uint64_t bytes) {
  const auto size = static_cast<double>(bytes);
  if (size < 1e6) return fmt::format("{:.0f} kB", size / 1e3);
  if (size < 1e9) return fmt::format("{:.1f} MB", size / 1e6);
  return fmt::format("{:.1f} GB", size / 1e9);
}

}  // namespace flopsieve::jobs
