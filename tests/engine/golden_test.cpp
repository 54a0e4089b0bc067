// One small fixed run, byte by byte. Compilers, instruction sets and machines must agree on it.

#include <catch2/catch.hpp>
#include <string>

#include "engine/runner.hpp"
#include "engine/sha256.hpp"
#include "tests/engine/support/folder.hpp"
#include "tests/engine/support/plans.hpp"

namespace flopsieve::engine {

namespace {

/// "dataset type shape sha256" of every dataset of a run, as one text.
std::string datasets_of(const Plan& plan) {
  const testing::ScratchFolder folder;
  RunOptions options;
  options.output = folder / "golden.h5";
  run_study(testing::study_of(plan), options);
  std::string all;
  for (const auto& [name, text] : testing::fingerprint(options.output)) {
    all += name + " " + text + "\n";
  }
  return all;
}

}  // namespace

TEST_CASE("the golden run has not changed") {
  Plan shift = testing::uneven_plan(Keep::samples);
  shift.trajectories = 8 * shift.batch_trajectories;

  Plan reject = testing::prototype_plan({2024, 2025});
  reject.trajectories = 64;
  reject.attempts = 5000;
  reject.matching = {Match::reject, 0.5, {}};
  reject.count.model = CountModel::exponential_trend;
  reject.count.trend = {2020.0, 3.75, 0.16, 0.09, 0.3779644730092272, 0.1889822365046136, 5};

  Plan poisson = testing::prototype_plan({2024, 2025});
  poisson.trajectories = 64;
  poisson.outputs.keep = Keep::statistics;
  poisson.outputs.statistics = {parse_statistic("mean"), parse_statistic("gini")};
  poisson.attempts = 1000;
  testing::count_of(poisson) =
      testing::by_candidate(testing::law(kernels::Law::lognormal, 4.2, 0.2), 2);

  INFO(
      "raise sampling_version (engine/plan.hpp) and note it in CHANGELOG.md under "
      "'results change'");
  CHECK(sha256_hex(datasets_of(shift)) ==
        "93550cb7b17ca64e3976202bb24097c5d5cfe4bd7b6ddcd4fd4f5dad679055ca");
  CHECK(sha256_hex(datasets_of(reject)) ==
        "47dc16ea16cd6d12e7c1f86162e7154e4ae5e3afafc8f6f1a946d80128c378cf");
  CHECK(sha256_hex(datasets_of(poisson)) ==
        "6003ae02a673b0dfb02eda3b69f907fee48b616949743ba93470a27b3ea38b12");
}

}  // namespace flopsieve::engine
