// What tilted trials remember of earlier ones decides nothing.

#include "engine/tilt_trials.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <span>
#include <string>
#include <vector>

#include "tests/engine/support/plans.hpp"
#include "tests/engine/support/tilts.hpp"

namespace flopsieve::engine {
namespace {

using testing::by_candidate;
using testing::by_trajectory;
using testing::constant;
using testing::uniform;

/// Two years with laws of their own, of sizes whose sd candidates draw.
Plan two_years() {
  Plan plan = testing::job(SizeFamily::truncated_normal, 0.0, 26.0, {23.0, 1.0, 20.0, 26.7});
  plan.years = {2024, 2025};
  for (Input& each : plan.sizes.parameters) each.years.resize(2, each.years[0]);
  testing::sd_of(plan).years = {uniform(0.8, 1.2), uniform(1.0, 1.4)};
  plan.count.model = CountModel::poisson;
  testing::count_of(plan) = by_candidate(constant(5.0), 2);
  testing::total_of(plan) = by_candidate(constant(25.0), 2);
  plan.sampling.method = Method::tilt;
  return plan;
}

struct Case {
  std::string name;
  Plan plan;
};

std::vector<Case> cases() {
  Plan plan = two_years();
  testing::total_of(plan) = by_trajectory(uniform(24.5, 26.0), 2);
  std::vector<Case> all{{"a total of each trajectory", plan}};
  plan = two_years();
  testing::total_of(plan).years[1] = constant(25.6);
  all.push_back({"a total of each year", plan});
  plan = two_years();
  testing::count_of(plan) = by_trajectory(uniform(4.0, 12.0), 2);
  all.push_back({"a mean number of models of each trajectory", plan});
  plan.count.model = CountModel::input;
  all.push_back({"a number of models of each trajectory", plan});
  return all;
}

}  // namespace

TEST_CASE("Tilted trials are what each of them is by itself") {
  for (const Case& each : cases()) {
    INFO(each.name);
    const InputSampler sampler(each.plan, Purpose::run);
    testing::Trials trials;
    for (const std::uint64_t trajectory : {0u, 1u, 0u, 2u}) {
      for (const std::uint32_t year : {0u, 1u}) {
        for (std::uint64_t attempt = 0; attempt < 3; ++attempt) {
          trials.add(sampler, {trajectory, attempt, year});
        }
      }
    }
    // Years of one trajectory side by side too.
    for (const std::uint32_t year : {0u, 1u}) {
      trials.list.push_back({&trials.trajectories.front(), {0, 7, year}});
    }
    TiltedTrials together(sampler);
    for (int repeat = 0; repeat < 2; ++repeat) {
      std::vector<CandidateInputs> found(trials.size());
      together.draw(trials, found);
      for (std::size_t i = 0; i < trials.size(); ++i) {
        CAPTURE(repeat, i);
        TiltedTrials alone(sampler);
        std::vector<CandidateInputs> own(1);
        alone.draw(std::span<const Trial>(trials).subspan(i, 1), own);
        CHECK(found[i].count == own[0].count);
        CHECK(found[i].parameters == own[0].parameters);
        CHECK(found[i].log10_total == own[0].log10_total);
        CHECK(together.constant(i) == alone.constant(0));
        CHECK(together.frame(i).location == alone.frame(0).location);
        CHECK(together.frame(i).scale == alone.frame(0).scale);
        const std::span table(together.alias(i), kernels::cell_count);
        CHECK(std::ranges::equal(table, std::span(alone.alias(0), kernels::cell_count)));
      }
    }
  }
}

}  // namespace flopsieve::engine
