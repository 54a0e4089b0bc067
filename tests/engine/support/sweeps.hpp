#pragma once

#include <fmt/format.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "engine/error.hpp"
#include "engine/sha256.hpp"
#include "engine/sweep_run.hpp"
#include "engine/sweep_study.hpp"
#include "tests/engine/support/folder.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/engine/support/stored_runs.hpp"

/// Sweeps without a job: their plans are made by a function.
namespace flopsieve::engine::testing {

class FakeVariants : public Variants {
 public:
  using Make = std::function<Plan(std::uint64_t)>;

  /// `make(0)` must not throw: it is the base.
  FakeVariants(std::uint64_t count, Make make)
      : count_(count), make_(std::move(make)), base_(make_(0)) {
    SweptKey number{"models.sd", true, {}, {}};
    SweptKey text{"models.kind(x)", false, {}, {}};
    for (std::uint64_t v = 0; v < count; ++v) {
      number.numbers.push_back(0.25 * static_cast<double>(v));
      text.texts.push_back(v % 2 == 0 ? "even" : "odd");
    }
    keys_ = {number, text};
    identity_ = sha256_hex(fmt::format("{} {}", plan_identity(base_), count));
  }

  std::uint64_t count() const override { return count_; }
  const std::vector<SweptKey>& keys() const override { return keys_; }
  const std::string& design() const override { return design_; }
  const Plan& base() const override { return base_; }
  const std::string& identity() const override { return identity_; }
  Plan plan(std::uint64_t variant) const override {
    ++plans_made_;
    return make_(variant);
  }

  SweepStudy study() const {
    return study_of_sweep(*this, "years = \"2024\"\n", "[sweep]\n",
                          {{"program", "flopsieve test"}});
  }
  std::uint64_t plans_made() const { return plans_made_; }

 private:
  std::uint64_t count_;
  Make make_;
  Plan base_;
  std::vector<SweptKey> keys_;
  std::string design_ = "list";
  std::string identity_;
  mutable std::atomic<std::uint64_t> plans_made_{0};
};

/// Merges what stands in the folders.
inline SweepTally merge_parts(const MergeOptions& options) {
  SweepStudy study = common_sweep(options.folders);
  study.provenance = {{"program", "flopsieve test"}};
  return merge_sweep(study, options);
}

/// Five batches, the last one short, of trajectories that partly fail; from variant to variant the
/// total grows.
inline Plan uneven_variant(std::uint64_t variant) {
  Plan plan = uneven_plan(Keep::summary);
  plan.trajectories = 19;
  total_of(plan) = by_trajectory(normal(25.4 + 0.2 * static_cast<double>(variant), 0.5), 2);
  plan.attempts = 60;
  plan.outputs.frontier = {{0.5, 1.0}, 4, 25.0};
  return plan;
}

// What is done to them.

inline Fingerprint undisturbed_sweep(const FakeVariants& variants) {
  const ScratchFolder folder;
  run_sweep(variants, variants.study(), serial_to(folder / "sweep.h5"));
  return fingerprint(folder / "sweep.h5");
}

/// Runs until so many batches are committed, then stops, unless others under way were the last.
inline void run_some(const FakeVariants& variants, RunOptions options, std::uint64_t batches) {
  std::atomic<bool> stop{false};
  options.stop = &stop;
  options.on_progress = [&](const Progress& progress) {
    if (progress.batches_done == batches) stop = true;
  };
  try {
    run_sweep(variants, variants.study(), options);
    CHECK((options.threads > 1 || options.shard.count > 1));
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::interrupted);
    CHECK_FALSE(std::filesystem::exists(options.output));
  }
}

inline MergeOptions merge_into(const std::filesystem::path& output) {
  MergeOptions options;
  options.output = output;
  options.folders = {parts_folder(output)};
  return options;
}

inline std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline void set_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream stream(path, std::ios::binary | std::ios::trunc);
  stream << bytes;
}

}  // namespace flopsieve::engine::testing
