#include "jobs/compare.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/error.hpp"
#include "jobs/compare_report.hpp"
#include "jobs/differing_values.hpp"

using namespace flopsieve;
using Catch::Matchers::Contains;
using jobs::Measure;
using jobs::NamedResults;

namespace {

/// A run of two years with one trajectory, which counts one model a year above 1e25.
NamedResults run(const std::string& name) {
  NamedResults result{name, {}};
  engine::Plan& plan = result.results.study.plan;
  result.results.study.job = "seed = 1";
  plan.years = {2023, 2024};
  plan.outputs.thresholds = {1e25};
  plan.outputs.quantiles = {0.5};
  plan.outputs.frontier.widths = {0.5, 1.0};
  plan.outputs.forecast_from = 2023;
  plan.outputs.cumulative_from = 2023;
  plan.outputs.cumulative_base = {0};
  engine::Tally& tally = result.results.tally;
  tally.trajectories = tally.complete = 1;
  tally.years.resize(2);
  tally.counts = {{0, 1}, {0, 1}};
  tally.cumulative = {{0, 1}, {0, 0, 1}};
  tally.frontier_before = {{0, 1}, {0, 0, 1}, {0, 0, 0, 1}, {0, 0, 0, 0, 1}};
  tally.frontier_including = tally.frontier_before;
  return result;
}

}  // namespace

TEST_CASE("errors of a difference combine in quadrature, and a larger difference is marked") {
  const Measure change = jobs::difference({10.0, 3.0}, {5.0, 4.0});
  CHECK(change.value == -5.0);
  CHECK(*change.error == 5.0);
  CHECK_FALSE(jobs::exceeds(change));
  CHECK(jobs::exceeds(jobs::difference({10.0, 3.0}, {4.9, 4.0})));
  CHECK_FALSE(jobs::difference({10.0, std::nullopt}, {5.0, 4.0}).error);
  CHECK_FALSE(jobs::exceeds(jobs::difference({10.0, 3.0}, {5.0, std::nullopt})));
}

TEST_CASE("frontier counts are compared for the widths that runs share") {
  std::vector<NamedResults> runs{run("a"), run("b")};
  runs[1].results.study.plan.outputs.frontier.widths = {1.0, 1.5};
  const jobs::Comparison comparison = compare_runs(runs);
  CHECK(comparison.frontier_widths == std::vector<double>{1.0});
  CHECK(comparison.left_out ==
        std::vector<std::string>{"frontier widths 0.5 of a", "frontier widths 1.5 of b"});
  REQUIRE(comparison.frontier_before.size() == 2);
  // The second width of the first run, the first of the other, in 2024.
  CHECK(comparison.frontier_before[1].runs[0][0].value == 4.0);
  CHECK(comparison.frontier_before[1].runs[1][0].value == 3.0);
  CHECK_THAT(comparison_text(comparison, runs), Contains("within 1 OOM of the largest one"));
  const auto json = nlohmann::json::parse(comparison_json(comparison, runs));
  CHECK(json["frontier"]["including"]["2024"]["1"]["0.5"]["values"] == std::vector<int>{4, 3});
  CHECK_THAT(comparison_csv(comparison),
             Contains("\nfrontier_before,2024,\"1\",0.5,\"b\",3,,-1,,,exact\n"));
}

TEST_CASE("cumulative counts are compared in the years that are added up from the same year") {
  std::vector<NamedResults> runs{run("a"), run("b")};
  runs[1].results.study.plan.outputs.forecast_from = 2024;
  runs[1].results.study.plan.outputs.cumulative_from = 2022;
  const jobs::Comparison comparison = compare_runs(runs);
  REQUIRE(comparison.cumulative.size() == 1);
  CHECK(comparison.cumulative[0].year == 2023);
  CHECK(comparison.left_out ==
        std::vector<std::string>{"cumulative counts of 2024 (not added up from the same year)"});
}

TEST_CASE("runs without anything in common are refused") {
  std::vector<NamedResults> runs{run("a"), run("b")};
  runs[1].results.study.plan.outputs.thresholds = {1e26};
  CHECK_THROWS_WITH(compare_runs(runs), Contains("thresholds 1e25 of a"));
  runs[1] = run("b");
  runs[1].results.study.plan.years = {2025, 2026};
  CHECK_THROWS_AS(compare_runs(runs), engine::Error);
  runs.pop_back();
  CHECK_THROWS_WITH(compare_runs(runs), Contains("at least two"));
}

TEST_CASE("differing keys keep names with dots, and say where a table or an array stands") {
  const auto differing =
      jobs::differing_values({"x = 1\ny = [1]\n[observed]\n2024.\"2.5e25\" = 3\n[t]\na = 1\n",
                              "x = 1.0\ny = 2\n[observed]\n2024.\"2.5e25\" = 4\n[t.a]\nb = 1\n"});
  std::string text;
  for (const jobs::DifferingKey& each : differing) {
    text += each.key;
    for (const auto& value : each.values) text += " " + value.value_or("-");
    text += "\n";
  }
  CHECK(text == "observed.2024.2.5e25 3 4\nt.a 1 {...}\nt.a.b - 1\ny [...] 2\ny[1] 1 -\n");
}

TEST_CASE("differing keys come with their values, constraints by name where names agree") {
  const std::string a =
      "title = \"A\"\nseed = 1\n[[constraint]]\nname = \"x y\"\nmax = 0.5\n"
      "[[constraint]]\nname = \"b\"\nmin = 1\n[money]\nlist = [1, 2]\n";
  const std::string b =
      "title = \"B\"\nseed = 2\n[[constraint]]\nname = \"x y\"\nmax = 0.4\n"
      "[[constraint]]\nname = \"c\"\nmin = 2\n[money]\nlist = [1, 3]\n";
  const auto differing = jobs::differing_values({a, b, a});
  std::string text;
  for (const jobs::DifferingKey& each : differing) {
    text += each.key;
    for (const auto& value : each.values) text += " " + value.value_or("-");
    text += "\n";
  }
  CHECK(text ==
        "constraint.x y.max 0.5 0.4 0.5\nconstraint[2].min 1 2 1\nconstraint[2].name b c b\n"
        "money.list[2] 2 3 2\nseed 1 2 1\n");
}
