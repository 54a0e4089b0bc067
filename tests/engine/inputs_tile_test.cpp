#include "engine/inputs_tile.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <span>
#include <string>
#include <vector>

#include "engine/error.hpp"
#include "tests/engine/support/plans.hpp"

namespace flopsieve::engine {
namespace {

using testing::by_candidate;
using testing::by_trajectory;
using testing::constant;
using testing::count_of;
using testing::law;
using testing::mean_of;
using testing::normal;
using testing::plain_plan;
using testing::sd_of;
using testing::skewness_of;
using testing::total_of;
using testing::uniform;
using testing::within;

struct Case {
  std::string name;
  Plan plan;
};

Plan reject_plan() {
  Plan plan = plain_plan({2024, 2025});
  plan.attempts = 100;
  plan.matching = {Match::reject, 0.1, {}};
  mean_of(plan) = by_candidate(constant(24.0), 2);
  return plan;
}

/// Every way in which inputs are shared between attempts, years and trajectories.
std::vector<Case> cases() {
  std::vector<Case> all;
  all.push_back({"constant", reject_plan()});
  Plan plan = reject_plan();
  total_of(plan) = by_candidate(within(normal(26.0, 1.0), 25.9, 26.1), 2);  // often drawn again
  count_of(plan) = by_candidate(within(uniform(0.0, 300.0), 200.0, 210.0), 2);
  mean_of(plan) = by_candidate(normal(24.0, 1.0), 2);
  all.push_back({"by candidate", plan});
  total_of(plan).scope = count_of(plan).scope = Scope::trajectory;
  all.push_back({"year by trajectory", plan});
  mean_of(plan).scope = Scope::trajectory;
  all.push_back({"all by trajectory", plan});
  plan = reject_plan();
  sd_of(plan) = {Scope::candidate, 0.4, {uniform(1.0, 2.0), uniform(2.0, 3.0)}};
  skewness_of(plan) = by_candidate(within(uniform(-0.9, 0.9), 0.0, 0.1), 2);
  all.push_back({"correlated years", plan});
  plan.count.model = CountModel::poisson;
  count_of(plan) = by_candidate(uniform(50.0, 90.0), 2);
  all.push_back({"poisson", plan});
  plan.count.model = CountModel::negative_binomial;
  plan.count.parameters.push_back(by_candidate(uniform(3.0, 9.0), 2));
  all.push_back({"negative binomial", plan});
  plan = reject_plan();
  plan.count.model = CountModel::exponential_trend;
  plan.count.parameters.clear();
  plan.count.trend = {2020.0, 4.0, 0.1, 0.04, 0.4, 0.2, 5};
  all.push_back({"trend", plan});
  plan = reject_plan();
  plan.sizes.family = SizeFamily::mixture;
  plan.sizes.parameters.resize(1);
  for (const double at : {-1.0, 0.5}) {
    plan.sizes.components.push_back({by_candidate(uniform(0.1, 1.0), 2),
                                     by_candidate(normal(at, 0.1), 2),
                                     by_candidate(uniform(0.5, 1.0), 2)});
  }
  all.push_back({"mixture", plan});
  plan = plain_plan({2024, 2025});
  mean_of(plan) = by_candidate(normal(24.0, 1.0), 2);  // the prior: not drawn
  sd_of(plan) = by_candidate(uniform(1.0, 2.0), 2);
  plan.sizes.parameters[2] = by_candidate(uniform(-0.5, 0.5), 2);
  all.push_back({"shift", plan});
  return all;
}

/// Several attempts of each of some trajectories, in no simple order, with trajectories that have
/// one place among those held.
testing::Trials trials_of(const InputSampler& sampler) {
  testing::Trials trials;
  for (std::uint32_t year = 0; year < 2; ++year) {
    for (std::uint64_t attempt = 0; attempt < 3; ++attempt) {
      for (const std::uint64_t trajectory : {0u, 1u, 2u, 5u, 4101u, 1u, 0u, 7u, 8u, 9u, 10u, 3u}) {
        trials.add(sampler, {trajectory, attempt + (trajectory % 16 << 33), year});
      }
    }
  }
  for (std::uint32_t year = 0; year < 2; ++year) trials.add(sampler, {7, 3, year});
  return trials;
}

bool equal(const CandidateInputs& a, const CandidateInputs& b) {
  bool same = a.log10_total == b.log10_total && a.count == b.count && a.parameters == b.parameters;
  for (std::size_t i = 0; i < a.components.size(); ++i) {
    same = same && a.components[i].weight == b.components[i].weight &&
           a.components[i].mean == b.components[i].mean && a.components[i].sd == b.components[i].sd;
  }
  return same;
}

}  // namespace

TEST_CASE("inputs of a tile are those of its candidates one by one") {
  for (const Case& each : cases()) {
    CAPTURE(each.name);
    const InputSampler sampler(each.plan, Purpose::run);
    const testing::Trials trials = trials_of(sampler);
    InputTile tile(sampler);
    for (const std::size_t at_once : {trials.size(), std::size_t{7}}) {
      for (std::size_t first = 0; first < trials.size(); first += at_once) {
        const std::size_t size = std::min(at_once, trials.size() - first);
        const auto inputs = tile.draw(std::span<const Trial>(trials).subspan(first, size));
        REQUIRE(inputs.size() == size);
        for (std::size_t i = 0; i < size; ++i) {
          const Trial& trial = trials[first + i];
          CAPTURE(first + i);
          CHECK(equal(inputs[i], sampler.candidate(*trial.trajectory, trial.address)));
        }
      }
    }
  }
}

TEST_CASE("inputs say what they have in common") {
  Plan plan = reject_plan();
  const auto sampler = [&] { return InputSampler(plan, Purpose::run); };
  CHECK(sampler().same_for_all_trajectories());
  CHECK(sampler().own_uniforms().empty());
  total_of(plan) = by_trajectory(normal(26.0, 1.0), 2);
  CHECK_FALSE(sampler().same_for_all_trajectories());
  CHECK(sampler().same_for_all_attempts());
  CHECK(sampler().year_is_held());
  sd_of(plan) = by_candidate(uniform(1.0, 2.0), 2);
  CHECK_FALSE(sampler().same_for_all_attempts());
  CHECK(sampler().year_is_held());
  CHECK(sampler().own_uniforms().size() == 1);
  count_of(plan) = by_candidate(law(kernels::Law::loguniform, 2.0, 600.0), 2);
  CHECK_FALSE(sampler().year_is_held());
  CHECK(sampler().own_uniforms().size() == 2);
}

TEST_CASE("a tile of one year finds the inputs that all its candidates have") {
  Plan plan = reject_plan();
  const InputSampler sampler(plan, Purpose::run);
  const testing::Trials trials = trials_of(sampler);
  const std::span<const Trial> all(trials);
  const auto other_year = std::find_if(
      all.begin(), all.end(), [](const Trial& trial) { return trial.address.year_index == 1; });
  const auto of_first = static_cast<std::size_t>(other_year - all.begin());
  InputTile tile(sampler);
  CHECK(tile.find_shared(all) == nullptr);
  CHECK(tile.find_shared({}) == nullptr);
  for (const auto& tried : {all.first(of_first), all.subspan(of_first, 5)}) {
    const CandidateInputs* found = tile.find_shared(tried);
    REQUIRE(found != nullptr);
    CHECK(equal(*found, sampler.candidate(*tried[3].trajectory, tried[3].address)));
  }
  total_of(plan) = by_trajectory(normal(26.0, 1.0), 2);
  const InputSampler by_trajectories(plan, Purpose::run);
  CHECK(InputTile(by_trajectories).find_shared(all.first(of_first)) == nullptr);
}

TEST_CASE("a draw that fails in a tile leaves nothing behind") {
  Plan plan = reject_plan();
  count_of(plan) = by_trajectory(within(uniform(0.0, 300.0), 400.0, 500.0), 2);
  const InputSampler sampler(plan, Purpose::run);
  const testing::Trials trials = trials_of(sampler);
  InputTile tile(sampler);
  CHECK_THROWS_AS(tile.draw(trials), Error);
  CHECK_THROWS_AS(tile.draw(trials), Error);
  // One trial by itself: no other fails after it.
  CHECK_THROWS_AS(tile.draw(std::span<const Trial>(trials).first(1)), Error);
}

}  // namespace flopsieve::engine
