#include "engine/plan.hpp"

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <set>

#include "engine/error.hpp"
#include "tests/engine/support/plans.hpp"

namespace flopsieve::engine {
namespace {

/// A Plan whose every number is told from its default, with floats that decimal text would lose.
Plan full_plan() {
  Plan plan = testing::uneven_plan(Keep::samples);
  plan.seed = 0xFEDCBA9876543210;
  plan.total.growth = 0.1 + 0.2;
  plan.total.base_flop = 1.0 / 3.0 * 1e26;
  plan.total.train_share = {0.4, 0x1.fffffffffffffp-2};
  plan.count.trend = {2020.0, 3.7, 0.16, 0.04, 0.37, 0.18, 5};
  testing::sd_of(plan).years[1].upper = 0x1p-1074;
  testing::sd_of(plan).years[1].lower = -0.0;
  testing::mean_of(plan).years[0].arguments[2] = {1.1, 2.2, Reference::skewness};
  plan.constraints[1].lower[1] = -testing::infinity;
  plan.constraints[1].active[0] = 0;
  plan.title = "a \"quoted\" title, \xC3\xBC";
  return plan;
}

}  // namespace

TEST_CASE("a plan survives its JSON bit by bit") {
  const Plan plan = full_plan();
  const std::string text = plan_to_json(plan);
  Plan back = plan_from_json(text);
  CHECK(plan_to_json(back) == text);
  const auto bits = [](double x) { return std::bit_cast<std::uint64_t>(x); };
  CHECK(back.seed == plan.seed);
  CHECK(back.title == plan.title);
  CHECK(bits(back.total.growth) == bits(0.1 + 0.2));
  CHECK(bits(back.total.base_flop) == bits(1.0 / 3.0 * 1e26));
  CHECK(bits(back.total.train_share[1]) == bits(0x1.fffffffffffffp-2));
  CHECK(bits(testing::sd_of(back).years[1].upper) == 1);
  CHECK(bits(testing::sd_of(back).years[1].lower) == bits(-0.0));
  CHECK(testing::sd_of(back).years[0].upper == testing::infinity);
  CHECK(back.constraints[1].lower[1] == -testing::infinity);
  CHECK(back.constraints[1].active == plan.constraints[1].active);
  CHECK(testing::mean_of(back).years[0].arguments[2].reference == Reference::skewness);
  CHECK(back.count.trend.degrees_of_freedom == 5);
  CHECK(back.outputs.statistics == plan.outputs.statistics);
  CHECK(back.outputs.keep == Keep::samples);
  CHECK(plan_identity(back) == plan_identity(plan));
}

TEST_CASE("the identity hangs on everything that decides a result, and on nothing else") {
  using Change = std::function<void(Plan&)>;
  const std::vector<Change> changes = {
      [](Plan& p) { ++p.seed; },
      [](Plan& p) { p.years[1] = 2026; },
      [](Plan& p) { ++p.attempts; },
      [](Plan& p) { ++p.batch_trajectories; },
      [](Plan& p) { p.total.model = TotalModel::growth; },
      [](Plan& p) { testing::total_of(p).scope = Scope::candidate; },
      [](Plan& p) { testing::total_of(p).years[1].arguments[0].value += 1e-12; },
      [](Plan& p) { p.total.growth += 0.1; },
      [](Plan& p) { p.total.base_flop *= 2.0; },
      [](Plan& p) { p.total.usage_multiplier *= 2.0; },
      [](Plan& p) { ++p.total.base_year; },
      [](Plan& p) { p.total.train_share[0] *= 0.5; },
      [](Plan& p) { p.count.model = CountModel::poisson; },
      [](Plan& p) { testing::count_of(p).years[0].law = kernels::Law::uniform; },
      [](Plan& p) { p.count.trend.centre += 1.0; },
      [](Plan& p) { p.count.trend.intercept += 1.0; },
      [](Plan& p) { p.count.trend.slope += 1.0; },
      [](Plan& p) { p.count.trend.residual_variance += 1.0; },
      [](Plan& p) { p.count.trend.intercept_factor += 1.0; },
      [](Plan& p) { p.count.trend.slope_factor += 1.0; },
      [](Plan& p) { ++p.count.trend.degrees_of_freedom; },
      [](Plan& p) { p.sizes.family = SizeFamily::normal; },
      [](Plan& p) { testing::mean_of(p).years[0].upper = 40.0; },
      [](Plan& p) { testing::mean_of(p).years[0].arguments[1].times += 1.0; },
      [](Plan& p) { testing::mean_of(p).years[0].arguments[1].reference = Reference::sd; },
      [](Plan& p) { testing::sd_of(p).years[0].lower = 0.1; },
      [](Plan& p) { testing::skewness_of(p).years[0].arguments[0].value = 0.1; },
      [](Plan& p) { testing::sd_of(p).year_correlation = 0.5; },
      [](Plan& p) { p.total.trend.slope = 1.0; },
      [](Plan& p) {
        p.total.log10_ceiling = {27.0, 28.0};
      },
      [](Plan& p) {
        p.total.known_log10 = {26.0, std::nan("")};
      },
      [](Plan& p) { p.count.kinks = {Kink{}}; },
      [](Plan& p) { p.count.kinks = {Kink{.weight = 1.0}}; },
      [](Plan& p) { p.sizes.components.resize(1); },
      [](Plan& p) { ++p.sizes.bins; },
      [](Plan& p) { p.sizes.kernel.bandwidth = 0.5; },
      [](Plan& p) { p.sizes.kernel.centres = {1.0}; },
      [](Plan& p) {
        p.matching.peak = {1.0, 1.0};
      },
      [](Plan& p) { p.constraints[0].relative_to = RelativeTo::count; },
      [](Plan& p) {
        p.constraints[0].centre = {1.0, 1.0};
      },
      [](Plan& p) {
        p.constraints[0].spread = {1.0, 1.0};
      },
      [](Plan& p) { ++p.constraints[0].address; },
      [](Plan& p) { p.money.revenue.resize(1); },
      [](Plan& p) { p.scaling.slope += 0.1; },
      [](Plan& p) { p.scaling.at_one_flop += 0.1; },
      [](Plan& p) { p.state.points = 1; },
      [](Plan& p) { p.state.grid = {StatePoint{.weight = 1.0}}; },
      [](Plan& p) { p.outputs.forecast_from = 2025; },
      [](Plan& p) { p.outputs.observed = {1, 2, 3, 4, 5, 6}; },
      [](Plan& p) { p.outputs.frontier.widths = {1.0}; },
      [](Plan& p) { ++p.outputs.frontier.periods; },
      [](Plan& p) { p.outputs.frontier.log10_start = 1.0; },
      [](Plan& p) { p.precision.absolute = 1.0; },
      [](Plan& p) { p.precision.relative = 0.1; },
      [](Plan& p) { p.matching.match = Match::reject; },
      [](Plan& p) { p.matching.tolerance = 0.1; },
      [](Plan& p) { p.sampling.method = Method::tilt; },
      [](Plan& p) { p.matching.bound[1] *= 2.0; },
      [](Plan& p) { p.constraints[0].name = "x"; },
      [](Plan& p) { p.constraints[0].statistic.kind = StatisticKind::gini; },
      [](Plan& p) { p.constraints[0].statistic.parameter = 1.0; },
      [](Plan& p) { p.constraints[0].active[0] = 0; },
      [](Plan& p) { p.constraints[0].lower[0] += 0.01; },
      [](Plan& p) { p.constraints[0].upper[1] += 0.01; },
      [](Plan& p) { p.constraints.pop_back(); },
      [](Plan& p) { p.money.flop_per_usd *= 2.0; },
      [](Plan& p) { p.money.improvement *= 2.0; },
      [](Plan& p) { ++p.money.base_year; },
      [](Plan& p) { p.outputs.thresholds[0] *= 2.0; },
      [](Plan& p) { ++p.outputs.cumulative_base[0]; },
      [](Plan& p) { ++p.outputs.cumulative_from; },
      [](Plan& p) { p.outputs.quantiles[0] = 0.1; },
      [](Plan& p) { p.outputs.statistics.pop_back(); },
      [](Plan& p) { p.outputs.keep = Keep::index; },
      [](Plan& p) { ++p.outputs.keep_samples; },
  };
  std::set<std::string> identities{plan_identity(full_plan())};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    Plan plan = full_plan();
    changes[i](plan);
    CAPTURE(i);
    CHECK(identities.insert(plan_identity(plan)).second);
  }
  Plan plan = full_plan();
  plan.title = "another";
  plan.calibration = {"mine.toml", "abc"};
  plan.sampling.reason = "because";
  plan.trajectories *= 3;
  CHECK(plan_identity(plan) == plan_identity(full_plan()));
  const Plan back = plan_from_json(plan_to_json(plan));
  CHECK(back.calibration.name == "mine.toml");
  CHECK(back.calibration.sha256 == "abc");
}

TEST_CASE("a plan that cannot be read is a storage error") {
  const std::string text = plan_to_json(full_plan());
  std::string other = text;
  const std::string version = "\"sampling_version\":" + std::to_string(sampling_version);
  REQUIRE(other.find(version) != std::string::npos);
  other.replace(other.find(version), version.size(), "\"sampling_version\":999999");
  for (const std::string& wrong :
       {std::string(), std::string("{}"), text.substr(0, text.size() / 2), other}) {
    try {
      plan_from_json(wrong);
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::storage);
    }
  }
}

TEST_CASE("rejectors are the matching, then the declared constraints") {
  Plan plan = full_plan();
  CHECK(rejector_names(plan) ==
        std::vector<std::string>{"mean_prior", "largest_share", "allocation_gradient"});
  plan.matching.match = Match::reject;
  CHECK(rejector_names(plan)[0] == "total_match");
}

TEST_CASE("the last batch may be short") {
  Plan plan;
  plan.batch_trajectories = 4;
  for (const auto& [trajectories, batches] :
       std::vector<std::pair<std::uint64_t, std::uint64_t>>{{1, 1}, {4, 1}, {5, 2}, {8, 2}}) {
    plan.trajectories = trajectories;
    CHECK(plan.batch_count() == batches);
  }
}

}  // namespace flopsieve::engine
