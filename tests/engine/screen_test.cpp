#include "engine/screen.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "engine/size_law.hpp"
#include "kernels/math.hpp"
#include "kernels/math_constants.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/support/targets.hpp"

// Survivors are those of double precision, although most sums are taken in single precision.

namespace flopsieve::engine {
namespace {

using testing::infinity;

constexpr std::array statistics = {
    "count",        "total",           "total_error",         "largest",
    "smallest",     "range",           "largest_share",       "mean",
    "sd",           "skewness",        "excess_kurtosis",     "cost_total",
    "cost_largest", "tokens_largest",  "parameters_largest",  "median",
    "gini",         "median_skewness", "allocation_gradient", "class_share(1)"};

struct Setting {
  Match match;
  SizeFamily family;
  double count;
  double sd;
};

/// Few sizes, many sizes; nearly equal sizes, and one that has all.
std::vector<Setting> settings() {
  std::vector<Setting> all;
  for (const Match match : {Match::shift, Match::reject}) {
    for (const SizeFamily family : {SizeFamily::normal, SizeFamily::skew_normal}) {
      for (const double count : {1.0, 2.0, 3.0, 4.0, 5.0, 40.0, 700.0}) {
        for (const double sd : {1e-4, 1.5, 3.5}) all.push_back({match, family, count, sd});
      }
    }
  }
  return all;
}

Plan plan_of(const Setting& setting) {
  Plan plan = testing::plain_plan({2024});
  plan.sizes.family = setting.family;
  testing::count_of(plan) = testing::by_candidate(testing::constant(setting.count));
  testing::sd_of(plan) = testing::by_candidate(testing::constant(setting.sd));
  testing::skewness_of(plan) = testing::by_candidate(testing::uniform(-0.9, 0.9));
  if (setting.family == SizeFamily::normal) plan.sizes.parameters.resize(2);
  if (setting.match == Match::reject) {
    plan.matching = {Match::reject, 1e250, {}};
    testing::mean_of(plan) = testing::by_candidate(testing::constant(24.0));
  }
  // Nothing but the constraint may reject.
  if (setting.match == Match::shift) {
    testing::mean_of(plan) = testing::by_candidate(testing::uniform(-100.0, 100.0));
    plan.matching.bound = {1.0 / 200.0};
  }
  testing::add_constraint(plan, testing::bounded("count", -infinity, infinity));
  return plan;
}

std::string text(const Setting& setting) {
  return std::string(setting.match == Match::shift ? "shift" : "reject") +
         (setting.family == SizeFamily::normal ? ", normal" : ", skew-normal") + ", k " +
         std::to_string(setting.count) + ", sd " + std::to_string(setting.sd);
}

testing::Trials trials_of(const Sieve& sieve, std::uint64_t size) {
  testing::Trials trials;
  for (std::uint64_t i = 0; i < size; ++i) trials.add(sieve.inputs(), {i, 3, 0});
  return trials;
}

/// The candidate of a trial with the sums of the fast kernel. Fills z with its sizes.
Candidate fast_candidate(const Plan& plan, const Candidate& precise, std::vector<float>& z) {
  Candidate fast = precise;
  kernels::GroupAddress address;
  kernels::GroupShape shape;
  shape.plain = plan.sizes.family == SizeFamily::normal;
  const Draws& draws = precise.sampler->draws();
  const kernels::Counter counter = draws.counter(Stream::sizes, precise.address);
  const kernels::SkewNormalShape law = shape_of(plan.sizes.family, precise.inputs);
  address.word1[0] = counter[1];
  address.word2[0] = counter[2];
  address.word3[0] = counter[3];
  shape.absolute[0] = static_cast<float>(law.absolute);
  shape.normal[0] = static_cast<float>(law.normal);
  shape.constant[0] = static_cast<float>(law.constant);
  kernels::PerLane<std::uint32_t> count{};
  kernels::PerLane<float> scale{};
  count[0] = precise.inputs.count;
  scale[0] = static_cast<float>(precise.scale * kernels::log2_of_10);
  z.resize(kernels::fast_rows(count[0]) * kernels::group_width);
  kernels::GroupSums sums;
  kernels::draw_and_sum(draws.key(), address, shape, count, scale, z, sums);
  fast.size_sum = sums.total[0];
  fast.log10_size_sum = kernels::decimal_log(sums.total[0]);
  fast.power_1 = sums.power_1[0];
  fast.power_2 = sums.power_2[0];
  fast.power_3 = sums.power_3[0];
  fast.power_4 = sums.power_4[0];
  if (plan.matching.match == Match::shift) {
    fast.location = fast.inputs.log10_total - fast.log10_size_sum;
  }
  return fast;
}

/// The values of all statistics in double precision, [trial][statistic].
std::vector<std::vector<double>> precise_values(Sieve& sieve, const testing::Trials& trials) {
  std::vector<std::vector<double>> values(trials.size());
  sieve.visit(trials, [&](std::size_t i, const Candidate& candidate, OrderedSizes& ordered) {
    for (const char* name : statistics) {
      values[i].push_back(evaluate(parse_statistic(name), candidate, ordered));
    }
  });
  return values;
}

bool survives(Sieve& sieve, const Trial& trial) {
  std::array<Verdict, 1> verdict{};
  sieve.judge(std::span(&trial, 1), verdict);
  return verdict[0].survives;
}

}  // namespace

TEST_CASE("a screened statistic lies within its error of double precision, and not far from it") {
  std::size_t known = 0;
  std::size_t useful = 0;
  for (const Setting& setting : settings()) {
    INFO(text(setting));
    const Plan plan = plan_of(setting);
    Sieve sieve(plan, Purpose::run);
    const testing::Trials trials = trials_of(sieve, 50);
    sieve.visit(trials, [&](std::size_t, const Candidate& precise, OrderedSizes& ordered) {
      std::vector<float> z;
      const Candidate fast = fast_candidate(plan, precise, z);
      OrderedSizes fast_ordered;
      fast_ordered.begin(fast, z.data(), kernels::group_width);
      for (const char* name : statistics) {
        const Statistic statistic = parse_statistic(name);
        const Screened screened =
            screen(statistic, fast, setting.match == Match::shift, fast_ordered);
        if (screened.error == infinity) continue;
        const double exact = evaluate(statistic, precise, ordered);
        INFO(name << ": " << screened.value << " +- " << screened.error << ", exact " << exact);
        REQUIRE(std::abs(screened.value - exact) <= screened.error);
        ++known;
        if (screened.error <= 1e-3 * std::max(1.0, std::abs(exact))) ++useful;
      }
    });
  }
  CHECK(known > 50'000);
  CHECK(static_cast<double>(useful) > 0.95 * static_cast<double>(known));
}

TEST_CASE("bounds one unit in the last place around a statistic are kept as in double precision") {
  const test::RestoreTarget restore;
  for (const auto target : test::targets_to_test()) {
    REQUIRE(kernels::force_target(target));
    for (const Setting& setting : settings()) {
      INFO(text(setting));
      Plan plan = plan_of(setting);
      Sieve sieve(plan, Purpose::run);
      const testing::Trials trials = trials_of(sieve, 4);
      const auto values = precise_values(sieve, trials);
      Constraint& rule = plan.constraints[0];
      const auto passes = [&](std::size_t i, double lower, double upper) {
        rule.lower[0] = lower;
        rule.upper[0] = upper;
        return survives(sieve, trials[i]);
      };
      for (std::size_t s = 0; s < statistics.size(); ++s) {
        rule.statistic = parse_statistic(statistics[s]);
        INFO(statistics[s]);
        for (std::size_t i = 0; i < trials.size(); ++i) {
          const double value = values[i][s];
          REQUIRE(passes(i, value, infinity));
          REQUIRE(passes(i, -infinity, value));
          REQUIRE(passes(i, value, value));
          REQUIRE_FALSE(passes(i, std::nextafter(value, infinity), infinity));
          REQUIRE_FALSE(passes(i, -infinity, std::nextafter(value, -infinity)));
        }
      }
    }
  }
}

TEST_CASE("without the error bounds, single precision would keep other candidates") {
  const Plan plan = plan_of({Match::shift, SizeFamily::skew_normal, 40.0, 1.5});
  Sieve sieve(plan, Purpose::run);
  const testing::Trials trials = trials_of(sieve, 100);
  std::vector<std::size_t> wrong(statistics.size(), 0);
  sieve.visit(trials, [&](std::size_t, const Candidate& precise, OrderedSizes& ordered) {
    std::vector<float> z;
    const Candidate fast = fast_candidate(plan, precise, z);
    OrderedSizes fast_ordered;
    fast_ordered.begin(fast, z.data(), kernels::group_width);
    for (std::size_t s = 0; s < statistics.size(); ++s) {
      const Statistic statistic = parse_statistic(statistics[s]);
      // A minimum or a maximum of this value would be missed.
      if (evaluate(statistic, fast, fast_ordered) != evaluate(statistic, precise, ordered)) {
        ++wrong[s];
      }
    }
  });
  for (const char* name :
       {"largest", "largest_share", "mean", "sd", "skewness", "excess_kurtosis"}) {
    const auto s = static_cast<std::size_t>(
        std::find(statistics.begin(), statistics.end(), std::string(name)) - statistics.begin());
    INFO(name);
    CHECK(wrong[s] > 50);
  }
}

TEST_CASE("the match of the total is that of double precision, at its very edge too") {
  for (const double count : {2.0, 3.0, 40.0, 700.0}) {
    for (const SizeFamily family : {SizeFamily::normal, SizeFamily::skew_normal}) {
      Plan plan = plan_of({Match::reject, family, count, 1.5});
      Sieve sieve(plan, Purpose::run);
      const testing::Trials trials = trials_of(sieve, 30);
      std::vector<double> errors(trials.size());
      sieve.visit(trials, [&](std::size_t i, const Candidate& candidate, OrderedSizes& ordered) {
        errors[i] = std::abs(evaluate({StatisticKind::total_error}, candidate, ordered));
      });
      for (std::size_t i = 0; i < trials.size(); ++i) {
        plan.matching.tolerance = errors[i];
        REQUIRE(survives(sieve, trials[i]));
        plan.matching.tolerance = std::nextafter(errors[i], 0.0);
        REQUIRE_FALSE(survives(sieve, trials[i]));
      }
    }
  }
}

TEST_CASE("a solved location at the very edge of its prior is judged as in double precision") {
  Plan plan = plan_of({Match::shift, SizeFamily::skew_normal, 40.0, 1.5});
  Sieve sieve(plan, Purpose::run);
  const testing::Trials trials = trials_of(sieve, 100);
  std::vector<double> locations(trials.size());
  sieve.visit(trials, [&](std::size_t i, const Candidate& candidate, OrderedSizes&) {
    locations[i] = candidate.location;
  });
  Distribution& prior = testing::mean_of(plan).years[0];
  for (std::size_t i = 0; i < trials.size(); ++i) {
    for (const double ulp : {-infinity, infinity}) {
      const bool inside = ulp < 0.0;
      prior.lower = inside ? locations[i] : std::nextafter(locations[i], infinity);
      prior.upper = infinity;
      REQUIRE(survives(sieve, trials[i]) == inside);
      prior.lower = -infinity;
      prior.upper = inside ? locations[i] : std::nextafter(locations[i], -infinity);
      REQUIRE(survives(sieve, trials[i]) == inside);
    }
  }
}

}  // namespace flopsieve::engine
