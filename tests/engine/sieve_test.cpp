#include "engine/sieve.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "tests/engine/support/plans.hpp"
#include "tests/support/targets.hpp"

namespace flopsieve::engine {
namespace {

using testing::uneven_plan;

testing::Trials some_trials(const InputSampler& inputs, std::uint64_t trajectories,
                            std::uint64_t attempts) {
  testing::Trials trials;
  for (std::uint64_t t = 0; t < trajectories; ++t) {
    for (std::uint64_t a = 0; a < attempts; ++a) {
      trials.add(inputs, {t, a, static_cast<std::uint32_t>(t % 2)});
    }
  }
  return trials;
}

bool same(const Verdict& a, const Verdict& b) {
  return a.survives == b.survives && a.audited == b.audited && a.rejections == b.rejections;
}

std::vector<Verdict> judged(Sieve& sieve, std::span<const Trial> trials) {
  std::vector<Verdict> verdicts(trials.size());
  sieve.judge(trials, verdicts);
  return verdicts;
}

}  // namespace

TEST_CASE("a verdict depends on the address alone, not on its neighbours") {
  const Plan plan = uneven_plan(Keep::index);
  Sieve sieve(plan, Purpose::run);
  const testing::Trials trials = some_trials(sieve.inputs(), 60, 10);
  const std::vector<Verdict> together = judged(sieve, trials);
  const auto passed = std::count_if(together.begin(), together.end(),
                                    [](const Verdict& verdict) { return verdict.survives; });
  REQUIRE(passed > 10);
  REQUIRE(passed < 590);
  for (const std::size_t size : {1u, 5u, 16u, 17u, 100u}) {
    for (std::size_t first = 0; first < trials.size(); first += size) {
      const std::size_t last = std::min(first + size, trials.size());
      const auto some = std::span(trials.list).subspan(first, last - first);
      const std::vector<Verdict> verdicts = judged(sieve, some);
      for (std::size_t i = 0; i < some.size(); ++i) {
        REQUIRE(same(verdicts[i], together[first + i]));
      }
    }
  }
  std::vector<Trial> backwards(trials.list.rbegin(), trials.list.rend());
  const std::vector<Verdict> reversed = judged(sieve, backwards);
  for (std::size_t i = 0; i < trials.size(); ++i) {
    REQUIRE(same(reversed[trials.size() - 1 - i], together[i]));
  }
  const test::RestoreTarget restore;
  for (const auto target : test::targets_to_test()) {
    REQUIRE(kernels::force_target(target));
    const std::vector<Verdict> found = judged(sieve, trials);
    for (std::size_t i = 0; i < trials.size(); ++i) REQUIRE(same(found[i], together[i]));
  }
}

TEST_CASE("a verdict is what the constraints say of the candidate that visit() shows") {
  Plan plan = uneven_plan(Keep::index);
  plan.constraints[1].active[1] = 0;
  const auto match = GENERATE(Match::shift, Match::reject);
  if (match == Match::reject) plan.matching = {Match::reject, 0.8, {}};
  Sieve sieve(plan, Purpose::run);
  const testing::Trials trials = some_trials(sieve.inputs(), 200, 10);
  const std::vector<Verdict> verdicts = judged(sieve, trials);
  std::vector<int> visits(trials.size(), 0);
  std::size_t audited = 0;
  sieve.visit(trials, [&](std::size_t i, const Candidate& candidate, OrderedSizes& ordered) {
    ++visits[i];
    const Address& address = trials[i].address;
    Rejections expected = 0;
    double sum = 0.0;
    for (const double x : ordered.sizes().log10_flop) {
      sum += std::pow(10.0, x - candidate.inputs.log10_total);
    }
    if (match == Match::reject) {
      if (std::abs(sum - 1.0) > plan.matching.tolerance) expected |= 1;
    } else {
      // The prior of the mean is uniform, so the acceptance is its support.
      REQUIRE(std::abs(sum - 1.0) < 1e-9);
      if (candidate.location < 22.0 || candidate.location > 25.0) expected |= 1;
    }
    for (std::size_t c = 0; c < plan.constraints.size(); ++c) {
      const Constraint& rule = plan.constraints[c];
      if (rule.active[address.year_index] == 0) continue;
      const double value = evaluate(rule.statistic, candidate, ordered);
      if (value < rule.lower[address.year_index] || value > rule.upper[address.year_index]) {
        expected |= Rejections{2} << c;
      }
    }
    REQUIRE(verdicts[i].survives == (expected == 0));
    REQUIRE(verdicts[i].audited == is_audited(address));
    if (verdicts[i].audited) {
      ++audited;
      REQUIRE(verdicts[i].rejections == expected);
    } else {
      REQUIRE((verdicts[i].rejections & ~expected) == 0);
    }
  });
  CHECK(visits == std::vector<int>(trials.size(), 1));
  CHECK(audited > 15);
}

TEST_CASE("a tighter constraint never lets through what a wider one rejected") {
  const Plan wide = uneven_plan(Keep::index);
  Plan tight = wide;
  tight.constraints[0].lower = {0.08, 0.06};
  tight.constraints[0].upper = {0.5, 0.4};
  Sieve wide_sieve(wide, Purpose::run);
  Sieve tight_sieve(tight, Purpose::run);
  const testing::Trials trials = some_trials(wide_sieve.inputs(), 200, 10);
  const std::vector<Verdict> before = judged(wide_sieve, trials);
  const std::vector<Verdict> after = judged(tight_sieve, trials);
  std::size_t lost = 0;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    REQUIRE((before[i].survives || !after[i].survives));
    if (before[i].survives && !after[i].survives) ++lost;
  }
  CHECK(lost > 0);
}

TEST_CASE("a limit on a candidate's own allocation gradient is decided in double precision") {
  Plan plan = uneven_plan(Keep::index);
  plan.constraints.erase(plan.constraints.begin());
  plan.cascade = {0};
  Sieve free(plan, Purpose::run);
  const testing::Trials trials = some_trials(free.inputs(), 12, 5);
  std::vector<double> gradients(trials.size());
  free.visit(trials, [&](std::size_t i, const Candidate& candidate, OrderedSizes& ordered) {
    gradients[i] = evaluate(plan.constraints[0].statistic, candidate, ordered);
  });
  for (std::size_t i = 0; i < trials.size(); ++i) {
    for (const double limit :
         {std::nextafter(gradients[i], 0.0), gradients[i], std::nextafter(gradients[i], 1e9)}) {
      plan.constraints[0].lower.assign(2, limit);
      plan.constraints[0].upper.assign(2, 1e9);
      Sieve sieve(plan, Purpose::run);
      const std::vector<Verdict> verdicts = judged(sieve, trials);
      for (std::size_t j = 0; j < trials.size(); ++j) {
        if ((verdicts[j].rejections & 1) != 0) continue;  // its total was not met
        REQUIRE(verdicts[j].survives == (gradients[j] >= limit));
      }
    }
  }
}

TEST_CASE("bounds are inclusive") {
  Plan plan = testing::plain_plan({2024});
  testing::add_constraint(plan, testing::bounded("count", 10.0, 10.0));
  Sieve sieve(plan, Purpose::run);
  const testing::Trials trials = some_trials(sieve.inputs(), 1, 1);
  CHECK(judged(sieve, std::span(trials.list).first(1))[0].survives);
}

}  // namespace flopsieve::engine
