#include "jobs/known_counts.hpp"

#include <catch2/catch.hpp>

using namespace flopsieve;
using Counts = std::vector<std::optional<std::uint64_t>>;

namespace {

/// Two years with 3 and 5 models above 1e24, 1 and 2 above 1e25, and none above 5e25.
jobs::Calibration made_up() {
  jobs::Calibration calibration;
  calibration.years.resize(2);
  calibration.years[0].year = 2022;
  calibration.years[0].largest = 5e25;
  calibration.years[0].count_above = {9, 8, 7, 3, 1, 0};
  calibration.years[1].year = 2023;
  calibration.years[1].largest = 5e25;
  calibration.years[1].count_above = {19, 18, 17, 5, 2, 0};
  return calibration;
}

engine::Plan plan(std::vector<int> years, std::vector<double> thresholds,
                  std::vector<std::uint64_t> base) {
  engine::Plan result;
  result.years = std::move(years);
  result.outputs.forecast_from = result.years.front();
  result.outputs.thresholds = std::move(thresholds);
  result.outputs.cumulative_base = std::move(base);
  return result;
}

}  // namespace

TEST_CASE("observed counts stand in their years and add up") {
  const auto known = known_counts(plan({2022, 2023}, {1e24, 1e25}, {0, 0}), made_up());
  CHECK(known.per_year == Counts{3, 1, 5, 2});
  CHECK(known.cumulative == Counts{3, 1, 8, 3});
}

TEST_CASE("observed counts add up from the known models before the first year") {
  const auto known = known_counts(plan({2023}, {1e24, 1e25}, {3, 1}), made_up());
  CHECK(known.cumulative == Counts{8, 3});
}

TEST_CASE("observed counts of retrodicted years are added up by themselves") {
  engine::Plan both = plan({2022, 2023}, {1e24}, {40});
  both.outputs.forecast_from = 2023;
  CHECK(known_counts(both, made_up()).cumulative == Counts{3, 45});
  both.outputs.forecast_from = 2024;
  CHECK(known_counts(both, made_up()).cumulative == Counts{3, 8});
}

TEST_CASE("years and thresholds that the calibration lacks are not known, nor their sums") {
  const auto known = known_counts(plan({2021, 2022}, {1e24}, {0}), made_up());
  CHECK(known.per_year == Counts{std::nullopt, 3});
  CHECK(known.cumulative == Counts{std::nullopt, std::nullopt});
  CHECK(known_counts(plan({2023}, {2e24}, {0}), made_up()).empty());
  CHECK(known_counts(plan({2024}, {1e24}, {0}), made_up()).empty());
}

TEST_CASE("no models are known above a threshold that the largest model does not reach") {
  const auto known = known_counts(plan({2022, 2023}, {2e24, 1e27}, {0, 1}), made_up());
  CHECK(known.per_year == Counts{std::nullopt, 0, std::nullopt, 0});
  CHECK(known.cumulative == Counts{std::nullopt, 1, std::nullopt, 1});
}
