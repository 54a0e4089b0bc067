#include "jobs/outputs_parser.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "tests/support/small_job.hpp"

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using flopsieve::engine::Outputs;
using flopsieve::engine::Plan;
using namespace flopsieve::test;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// The small job with more lines at its end, in [outputs].
Outputs outputs(const std::string& more) {
  return round_trip(small_job + more).outputs;
}

/// It must be refused at its n-th line after the small job's.
void refuses(const std::string& more, int line, const std::string& says) {
  INFO(more);
  CHECK_THAT(complaint(small_job + more),
             StartsWith("job.toml:" + std::to_string(23 + line) + ": ") && Contains(says));
}

/// From the last year of the calibration on.
std::string longer_job() {
  return edited(small_job, "2024-2026", "2023-2026");
}

using Counts = std::vector<std::uint64_t>;
using Observed = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("without a word the forecast starts with the job and counts the models of 2023") {
  const Outputs result = outputs("");
  CHECK(result.forecast_from == 2024);
  CHECK(result.cumulative_from == 2023);
  CHECK(result.cumulative_base == Counts{11, 4, 0});
  CHECK(result.observed.empty());
  CHECK(result.frontier.widths.empty());
}

TEST_CASE("the years before forecast_from are known to the cumulative counts") {
  const std::string longer = edited(small_job, "2024-2026", "2020-2026");
  const std::string job = edited(edited(longer, "base_year = 2023", "base_year = 2020"),
                                 "growth = 4\n", "growth = 3\n");
  const Plan plan = round_trip(job + "forecast_from = 2024\ncumulative_from = 2022\n");
  CHECK(plan.outputs.forecast_from == 2024);
  CHECK(plan.outputs.cumulative_base == Counts{5 + 11, 4, 0});
  const Plan later = round_trip(job + "forecast_from = 2023\n");
  CHECK(later.outputs.cumulative_from == 2023);
  CHECK(later.outputs.cumulative_base == Counts{0, 0, 0});
}

TEST_CASE("observed counts replace simulated ones, or those of the calibration before them") {
  const Outputs result = outputs(
      "[observed]\n2023 = { 1e25 = 5 }\n2024 = { 1e25 = 20, 1e26 = 0 }\n2026 = { 1e24 = 99 }\n");
  CHECK(result.cumulative_base == Counts{11, 5, 0});
  CHECK(result.observed == Observed{-1, 20, 0, -1, -1, -1, 99, -1, -1});
  const Outputs base = outputs("[observed]\n2023 = { 1e24 = 30, \"1e+25\" = 6 }\n");
  CHECK(base.cumulative_base == Counts{30, 6, 0});
  CHECK(base.observed.empty());
}

TEST_CASE("observed counts may stand for years that the calibration does not know") {
  const Outputs result =
      outputs("cumulative_from = 2016\n[observed]\n2016 = { 1e24 = 3, 1e25 = 2, 1e26 = 1 }\n");
  CHECK(result.cumulative_base == Counts{3 + 19, 2 + 4, 1});
}

TEST_CASE("known models may be written out") {
  CHECK(outputs("cumulative_base = [7, 2, 1]\n[observed]\n2025 = { 1e25 = 3 }\n").cumulative_base ==
        Counts{7, 2, 1});
  refuses("cumulative_base = [7, 2, 1]\n[observed]\n2023 = { 1e25 = 3 }\n", 1,
          "outputs.cumulative_base and [observed] both tell of 2023");
}

TEST_CASE("what [observed] cannot mean is refused") {
  const auto refuses_line = [](const std::string& line, const std::string& says) {
    refuses("[observed]\n" + line + "\n", 2, says);
  };
  refuses_line("2022 = { 1e25 = 3 }", "not one of the years 2023 to 2026");
  refuses_line("2027 = { 1e25 = 3 }", "not one of the years 2023 to 2026");
  refuses_line("2024-2025 = { 1e25 = 3 }", "not one of the years 2023 to 2026");
  refuses_line("soon = { 1e25 = 3 }", "not a range of years");
  refuses_line("2024 = 3", "observed.2024 must be a table");
  refuses_line("2024 = { 1e27 = 3 }", "\"1e27\" is not among outputs.thresholds, 1e+24, 1e+25");
  refuses_line("2024 = { 1e25x = 3 }", "\"1e25x\" is not among");
  refuses_line("2024 = { 1.0e25 = 3 }", "in quotes, such as");
  refuses_line("2024 = { 1e25 = 3, \"10e24\" = 3 }", "names 10e24 twice");
  refuses_line("2024 = { 1e25 = -1 }", "from 0 to 1000000, found -1");
  refuses_line("2024 = { 1e25 = 1e7 }", "from 0 to 1000000, found 10000000");
  refuses_line("2024 = { 1e25 = 1.5 }", "must be a whole number");
  refuses_line("2024 = { 1e25 = 3, 1e26 = 4 }", "more models above a higher threshold");
}

TEST_CASE("frontier counts") {
  const Outputs result = outputs("frontier = { widths = [0.5, 1, 1.5] }\n");
  CHECK(result.frontier.widths == std::vector<double>{0.5, 1.0, 1.5});
  CHECK(result.frontier.periods == 4);
  CHECK(result.frontier.log10_start == std::log10(default_calibration().frontier_start));
  const Outputs none = outputs("frontier = { widths = [1], periods = 12, start = \"none\" }\n");
  CHECK(none.frontier.periods == 12);
  CHECK(none.frontier.log10_start == -infinity);
  const Outputs size = outputs("frontier = { widths = [1], start = 3.8e25 }\n");
  CHECK(size.frontier.log10_start == std::log10(3.8e25));
}

TEST_CASE("frontiers that cannot be meant are refused") {
  refuses("frontier = { periods = 4 }\n", 1, "widths");
  refuses("frontier = { widths = [] }\n", 1, "ascending numbers above 0");
  refuses("frontier = { widths = [1, 0.5] }\n", 1, "ascending numbers above 0");
  refuses("frontier = { widths = [1], periods = 0 }\n", 1, "from 1 to 366, found 0");
  refuses("frontier = { widths = [1], periods = 367 }\n", 1, "from 1 to 366, found 367");
  refuses("frontier = { widths = [1], start = \"soon\" }\n", 1, "found \"soon\"");
  refuses("frontier = { widths = [1], start = 0 }\n", 1, "must be positive");
  refuses("frontier = { widths = [1], begin = 1 }\n", 1, "unknown key \"begin\"");
  CHECK_THAT(complaint(longer_job() + "frontier = { widths = [1], start = \"calibration\" }\n"),
             Contains("the frontier at the end of 2023, not before 2023"));
}

TEST_CASE("a job that begins in a year of the calibration starts without a frontier") {
  const std::string word = "forecast_from = 2024\nfrontier = { widths = [1] }\n";
  CHECK(round_trip(longer_job() + word).outputs.frontier.log10_start == -infinity);
}

TEST_CASE("first years that cannot be meant are refused") {
  refuses("forecast_from = 2027\n", 1, "a year of the job, 2024 to 2026, found 2027");
  refuses("forecast_from = 2023\n", 1, "a year of the job");
  refuses("cumulative_from = 2025\n", 1, "first year of the forecast, 2024");
  refuses("forecast_from = 2026\ncumulative_from = 2024\n", 2,
          "does not tell how many models of 2024 are above 1e+24");
}

TEST_CASE("precision") {
  const auto with = [](const std::string& line) { return line + "\n" + small_job; };
  CHECK_FALSE(plan_of(small_job).precision.wanted());
  const Plan both = round_trip(with("precision = { absolute = 1, relative = 0.02 }"));
  CHECK(both.precision.absolute == 1.0);
  CHECK(both.precision.relative == 0.02);
  const Plan one = round_trip(with("precision = { relative = 0.1 }"));
  CHECK(one.precision.absolute == 0.0);
  CHECK(one.precision.relative == 0.1);
  for (const auto& [line, says] : {std::pair{"precision = { }", "needs absolute, relative or both"},
                                   std::pair{"precision = { absolute = 0 }", "positive"},
                                   std::pair{"precision = { absolute = -1 }", "not be negative"},
                                   std::pair{"precision = { relativ = 1 }", "\"relative\"?"},
                                   std::pair{"precision = 0.01", "must be a table"}}) {
    CHECK_THAT(complaint(with(line)), StartsWith("job.toml:1: ") && Contains(says));
  }
}
