#include "jobs/report.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <numeric>

#include "jobs/calibration.hpp"
#include "jobs/embedded.hpp"

using namespace flopsieve;
using Catch::Matchers::Contains;
using jobs::Convention;
using jobs::ReportFormat;

namespace {

/// Three trajectories of 2022 to 2024, of which 2022 and 2023 are retrodicted: numbers of models
/// above 1e25 and within half an order of magnitude of the frontier.
struct Run {
  engine::Plan plan;
  engine::Tally tally;

  Run() {
    plan.years = {2022, 2023, 2024};
    plan.outputs.thresholds = {1e25};
    plan.outputs.quantiles = {0.5};
    plan.outputs.forecast_from = 2024;
    plan.outputs.cumulative_from = 2023;
    plan.outputs.cumulative_base = {4};
    plan.outputs.frontier.widths = {0.5};
    tally.trajectories = tally.complete = 3;
    tally.years.resize(3);
    for (engine::YearTally& year : tally.years) year.resize(1);
    tally.counts = {of({0, 1, 2}), of({3, 3, 4}), of({20, 21, 22})};
    tally.cumulative = {of({0, 1, 2}), of({3, 4, 6}), of({24, 25, 26})};
    tally.frontier_before = {of({0, 0, 0}), of({1, 1, 1}), of({2, 2, 2})};
    tally.frontier_including = {of({5, 5, 5}), of({6, 6, 6}), of({7, 7, 7})};
  }

  static engine::Histogram of(const std::vector<std::uint64_t>& values) {
    engine::Histogram histogram;
    for (const std::uint64_t value : values) engine::add_to(histogram, value);
    return histogram;
  }

  std::string text(ReportFormat format, Convention convention = Convention::trajectory) const {
    return report(plan, tally, format, convention);
  }
};

}  // namespace

TEST_CASE("a report tells where cumulative counts start, before and after the forecast begins") {
  Run run;
  CHECK_THAT(run.text(ReportFormat::table),
             Contains("from 2023 to the end of the year (known in 2023: 4 above 1e25); before "
                      "2024, from 2022 to the end of the year\n"));
  run.plan.outputs.forecast_from = 2025;
  CHECK_THAT(run.text(ReportFormat::table),
             Contains("Models above each threshold (FLOP), from 2022 to the end of the year\n"));
}

TEST_CASE("sums of percentiles start anew with the forecast") {
  const auto json =
      nlohmann::json::parse(Run().text(ReportFormat::json, Convention::sum_of_percentiles));
  CHECK(json["counts"]["cumulative"]["2022"]["1e+25"]["0.5"] == 1);
  CHECK(json["counts"]["cumulative"]["2023"]["1e+25"]["0.5"] == 1 + 3);
  CHECK(json["counts"]["cumulative"]["2024"]["1e+25"]["0.5"] == 4 + 21);
}

TEST_CASE("the Monte Carlo error is the widest of yearly and cumulative quantiles") {
  // The median of 0, ..., 999 has rank 500; binomial(1000, 1/2) puts its interval at 469 and 532.
  std::vector<std::uint64_t> values(1000);
  std::iota(values.begin(), values.end(), 0);
  const engine::Histogram wide = Run::of(values);
  const engine::Histogram narrow = Run::of(std::vector<std::uint64_t>(1000, 20));
  Run run;
  run.tally.trajectories = run.tally.complete = 1000;
  for (const bool yearly : {true, false}) {
    run.tally.counts.assign(3, yearly ? wide : narrow);
    run.tally.cumulative.assign(3, yearly ? narrow : wide);
    CHECK_THAT(run.text(ReportFormat::table),
               Contains("Monte Carlo error of these quantiles (95 %): at most 32 models.\n"));
  }
}

TEST_CASE("observed counts are called in-sample without reserve only where totals are known") {
  Run run;
  const std::string reserve = "In-sample unless the job's figures end before these years";
  CHECK_THAT(run.text(ReportFormat::table), Contains(reserve));
  run.plan.total.known_log10 = {24.0, std::nan(""), std::nan("")};
  CHECK_THAT(run.text(ReportFormat::table), Contains(reserve));
  run.plan.total.known_log10 = {24.0, 25.0, std::nan("")};
  CHECK_THAT(
      run.text(ReportFormat::table),
      Contains("In-sample: the totals of these years are those observed.") && !Contains(reserve));
}

TEST_CASE("observed counts are those of the embedded calibration") {
  const auto calibration =
      jobs::parse_calibration(jobs::embedded_calibration(), "embedded calibration");
  const auto observed = nlohmann::json::parse(Run().text(ReportFormat::json))["counts"]["observed"];
  CHECK_THAT(Run().text(ReportFormat::table),
             Contains("Observed models (of the program's own calibration)"));
  CHECK(observed["per_year"].size() == 2);
  CHECK(observed["per_year"]["2023"]["1e+25"] == calibration.find_year(2023)->count_above[4]);
  CHECK(observed["cumulative"]["2023"]["1e+25"] ==
        calibration.find_year(2022)->count_above[4] + calibration.find_year(2023)->count_above[4]);
}

TEST_CASE("the class of the result stands in every format") {
  Run run;
  const auto check = [&](const std::string& name) {
    CHECK_THAT(run.text(ReportFormat::csv), Contains(",0.5,21,,," + name + "\n"));
    CHECK(nlohmann::json::parse(run.text(ReportFormat::json))["result_class"] == name);
    CHECK_THAT(run.text(ReportFormat::table), Contains("; class " + name + "; seed"));
  };
  check("exact");
  run.plan.sampling.method = engine::Method::split;
  check("correlated");
  run.plan.sampling.method = engine::Method::reject;
  run.plan.matching.match = engine::Match::rescale;
  check("biased");
}

TEST_CASE("frontier counts stand in every format") {
  const Run run;
  const auto frontier = nlohmann::json::parse(run.text(ReportFormat::json))["frontier"];
  CHECK(frontier["before"]["2024"]["0.5"]["0.5"] == 2);
  CHECK(frontier["including"]["2023"]["0.5"]["0.5"] == 6);
  CHECK_THAT(run.text(ReportFormat::csv), Contains("\nfrontier_before,2023,\"0.5\",0.5,1,") &&
                                              Contains("\nfrontier_including,2024,\"0.5\",0.5,7,"));
  CHECK_THAT(run.text(ReportFormat::table),
             Contains("before their period (4 a year)\n  year  0.5 OOM\n  2022      [0]\n"));
}
