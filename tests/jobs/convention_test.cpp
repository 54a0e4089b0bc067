#include "jobs/convention.hpp"

#include <catch2/catch.hpp>

#include "engine/error.hpp"

using namespace flopsieve;
using jobs::Convention;

namespace {

/// A run whose number of models above one threshold took the given values, year by year.
struct Run {
  engine::Plan plan;
  engine::Tally tally;

  Run(const std::vector<std::vector<std::uint64_t>>& years, std::vector<double> quantiles) {
    plan.outputs.thresholds = {1e25};
    plan.outputs.cumulative_base = {4};
    plan.outputs.forecast_from = 2024;
    plan.outputs.quantiles = std::move(quantiles);
    for (std::size_t year = 0; year < years.size(); ++year) {
      plan.years.push_back(2024 + static_cast<int>(year));
      tally.counts.emplace_back();
      tally.cumulative.push_back({0, 1});  // looked at by its other convention only
      for (const std::uint64_t value : years[year]) engine::add_to(tally.counts.back(), value);
    }
    tally.complete = years.front().size();
  }

  std::vector<double> values(std::vector<engine::Estimate> engine::Summary::*counts) const {
    const auto summary = jobs::by_sum_of_percentiles(plan, tally, summarise(plan, tally));
    std::vector<double> result;
    for (const engine::Estimate& estimate : summary.*counts) {
      for (const auto& quantile : estimate.quantiles) {
        CHECK_FALSE(quantile.low);
        CHECK_FALSE(quantile.high);
        result.push_back(quantile.value);
      }
    }
    return result;
  }
};

}  // namespace

TEST_CASE("a percentile that falls on a half is rounded to the even number") {
  // numpy.round(numpy.percentile([0, 1], 50)) is 0, of [1, 2] it is 2, of [2, 3] it is 2.
  const Run run({{0, 1}, {2, 1}, {2, 3}}, {0.5});
  CHECK(run.values(&engine::Summary::counts) == std::vector<double>{0, 2, 2});
}

TEST_CASE("percentiles interpolate linearly between order statistics") {
  // Positions 0.05 * 4 = 0.2, 2 and 3.8 among 0, 10, 20, 30, 40: 2, 20 and 38.
  const Run run({{40, 10, 0, 30, 20}}, {0.05, 0.5, 0.95});
  CHECK(run.values(&engine::Summary::counts) == std::vector<double>{2, 20, 38});
  CHECK(run.values(&engine::Summary::cumulative) == std::vector<double>{6, 24, 42});
}

TEST_CASE("rounded percentiles of the years add up to those known before") {
  const Run run({{0, 1}, {2, 1}, {2, 3}}, {0.5});
  CHECK(run.values(&engine::Summary::cumulative) == std::vector<double>{4, 6, 8});
}

TEST_CASE("retrodicted years are added up by themselves") {
  Run run({{1}, {2}, {3}, {5}}, {0.5});
  run.plan.outputs.forecast_from = 2026;
  CHECK(run.values(&engine::Summary::cumulative) == std::vector<double>{1, 3, 7, 12});
}

TEST_CASE("one trajectory is every percentile") {
  const Run run({{7}}, {0.05, 0.95});
  CHECK(run.values(&engine::Summary::counts) == std::vector<double>{7, 7});
}

TEST_CASE("conventions go by their names") {
  for (const Convention each : {Convention::trajectory, Convention::sum_of_percentiles}) {
    CHECK(jobs::parse_convention(jobs::convention_name(each)) == each);
  }
  CHECK_THROWS_AS(jobs::parse_convention("sum"), engine::Error);
}
