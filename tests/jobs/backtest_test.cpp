#include "jobs/backtest.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "jobs/backtest_report.hpp"
#include "jobs/embedded.hpp"

namespace flopsieve::jobs {
namespace {

/// Origins 2001, 2002, ... with one outcome at lead 1 each, whose PITs lie in the middle of a bin.
std::vector<OriginResult> origins(int number) {
  std::vector<OriginResult> results;
  for (int i = 0; i < number; ++i) {
    Outcome outcome;
    outcome.origin = 2001 + i;
    outcome.year = outcome.origin + 1;
    outcome.threshold = 1e25;
    outcome.scores[0].pit = i % 2 == 0 ? 0.1 : 0.2 * (i % 5) + 0.1;
    results.push_back({outcome.origin, 7, 100, 100, {outcome}});
  }
  return results;
}

std::string text(int number) {
  return backtest_report({"Title", "source.csv", ""}, origins(number), ReportFormat::table);
}

}  // namespace

TEST_CASE("PITs become a histogram from 20 target years on") {
  CHECK(text(19).find("PIT: no histogram") != std::string::npos);
  CHECK(text(19).find("19 of at least 20") != std::string::npos);
  CHECK(text(20).find("PIT: no histogram") == std::string::npos);
  // 10 even ones, and of the odd ones two in each bin: 1, 3, 0, 2, 4, 1, 3, 0, 2, 4.
  CHECK(text(20).find("1e25      12        2        2        2      2\n") != std::string::npos);
}

TEST_CASE("Naive forecasts and the simulated one are scored from years up to the origin") {
  const Calibration calibration = parse_calibration(embedded_calibration(), "calibration");
  engine::Plan plan;
  plan.seed = 3;
  plan.years = {2023, 2024};
  plan.outputs.thresholds = {1e25};
  engine::Tally tally;
  tally.counts = {{0, 1, 2, 1}, {4}};
  const Backtest backtest{{2022}, 2, {}, ""};
  const auto outcomes = score_origin(plan, tally, calibration, backtest, 2022);
  REQUIRE(outcomes.size() == 1);  // nothing is known of 2024
  CHECK(outcomes[0].year == 2023);
  CHECK(outcomes[0].observed == 4);
  CHECK(outcomes[0].scores[0].interval == std::array<std::int64_t, 3>{1, 2, 3});
  CHECK_FALSE(outcomes[0].scores[0].inside);
  CHECK(outcomes[0].scores[0].pit == 1.0);
  // No model above 1e25 until 2022: both naive forecasts are Poisson with mean 1/2.
  for (const std::size_t naive : {1u, 2u}) {
    CHECK(outcomes[0].scores[naive].interval == std::array<std::int64_t, 3>{0, 0, 2});
    CHECK(outcomes[0].scores[naive].log_score == Approx(0.5 - std::log(std::pow(0.5, 4) / 24.0)));
  }
}

}  // namespace flopsieve::jobs
