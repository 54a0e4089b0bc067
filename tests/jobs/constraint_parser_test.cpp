#include "jobs/constraint_parser.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "tests/support/small_job.hpp"

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using flopsieve::engine::Constraint;
using flopsieve::engine::RelativeTo;
using namespace flopsieve::test;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
const std::string old_bounds = "statistic = \"largest_share\"\nmin = 0.05\nmax = 0.5\n";

/// The small job with other constraints.
std::string with(const std::string& constraints) {
  return edited(small_job, "[[constraint]]\n" + old_bounds, constraints);
}

/// With one constraint of this body.
std::string of(const std::string& body) {
  return with("[[constraint]]\n" + body);
}

Constraint parsed(const std::string& body) {
  return round_trip(of(body)).constraints.at(0);
}

}  // namespace

TEST_CASE("bounds of a constraint are numbers or per year") {
  const Constraint plain = parsed("statistic = \"mean\"\nmin = 21\n");
  CHECK(plain.name == "mean");
  CHECK(plain.lower == std::vector<double>(3, 21.0));
  CHECK(plain.upper == std::vector<double>(3, infinity));
  CHECK(plain.active == std::vector<std::uint8_t>(3, 1));
  CHECK(plain.relative_to == RelativeTo::nothing);
  CHECK_FALSE(plain.is_soft());

  const Constraint yearly = parsed(
      "statistic = \"count_above(1e25)\"\nname = \"many\"\nyears = \"2025-2026\"\n"
      "min = { 2024 = 1, 2025-2026 = 3.5 }\nmax = 9\n");
  CHECK(yearly.name == "many");
  CHECK(yearly.lower == std::vector<double>{1.0, 3.5, 3.5});
  CHECK(yearly.upper == std::vector<double>(3, 9.0));
  CHECK(yearly.active == std::vector<std::uint8_t>{0, 1, 1});
}

TEST_CASE("bounds per year are needed in the years in which a constraint holds") {
  const Constraint one =
      parsed("statistic = \"mean\"\nyears = \"2025\"\nmin = 20\nmax = { 2025 = 24.5 }\n");
  CHECK(one.active == std::vector<std::uint8_t>{0, 1, 0});
  CHECK(one.upper[1] == 24.5);
  const Constraint soft = parsed(
      "statistic = \"mean\"\nyears = \"2025-2026\"\n"
      "soft = { normal = [{ 2025 = 22, 2026 = 23 }, { 2025-2026 = 0.5 }] }\n");
  CHECK(soft.centre[1] == 22.0);
  CHECK(soft.centre[2] == 23.0);
  CHECK(soft.spread[2] == 0.5);
  // A year in which it does not hold has no say.
  CHECK(complaint(of("statistic = \"mean\"\nyears = \"2025\"\nmin = 3\n"
                     "max = { 2024 = 2, 2025 = 4 }\n")) == "no error");
  CHECK_THAT(complaint(of("statistic = \"mean\"\nyears = \"2025-2026\"\nmax = { 2025 = 24.5 }\n")),
             StartsWith("job.toml:21: [constraint[1].max] lacks \"2026\""));
}

TEST_CASE("a constraint may take the range of the calibration") {
  const Constraint constraint = parsed("statistic = \"sd\"\nfrom = \"calibration\"\n");
  CHECK(constraint.lower[0] == Approx(1.415).margin(5e-4));
  CHECK(constraint.upper[2] == Approx(1.958).margin(5e-4));
}

TEST_CASE("a constraint may be relative to the total or the count") {
  const Constraint total = parsed("statistic = \"smallest\"\nmin = -1\nrelative_to = \"total\"\n");
  CHECK(total.relative_to == RelativeTo::total);
  CHECK(total.lower[1] == -1.0);
  const Constraint count =
      parsed("statistic = \"count_above(1e25)\"\nmax = 0.5\nrelative_to = \"count\"\n");
  CHECK(count.relative_to == RelativeTo::count);
  CHECK(count.upper[1] == 0.5);
}

TEST_CASE("a constraint may bound the ratio to the previous year") {
  const Constraint constraint = parsed(
      "statistic = \"largest\"\nratio_to_previous_year = { min = 1, max = { 2024 = 5, 2025 = 10, "
      "2026 = 20 } }\n");
  CHECK(constraint.relative_to == RelativeTo::previous_year);
  CHECK(constraint.lower == std::vector<double>(3, 1.0));
  CHECK(constraint.upper == std::vector<double>{5.0, 10.0, 20.0});
  CHECK(parsed("statistic = \"sd\"\nratio_to_previous_year = { min = 0.9 }\n").upper[0] ==
        infinity);
}

TEST_CASE("a constraint may be soft") {
  const Constraint constraint = parsed(
      "statistic = \"largest\"\nrelative_to = \"total\"\nyears = \"2026\"\n"
      "soft = { normal = [{ 2024 = -1, 2025-2026 = -0.8 }, 0.2] }\n");
  CHECK(constraint.is_soft());
  CHECK(constraint.centre == std::vector<double>{-1.0, -0.8, -0.8});
  CHECK(constraint.spread == std::vector<double>(3, 0.2));
  CHECK(constraint.lower == std::vector<double>(3, -infinity));
  CHECK(constraint.upper == std::vector<double>(3, infinity));
  CHECK(constraint.relative_to == RelativeTo::total);
  CHECK(constraint.address == flopsieve::engine::soft_address(constraint));
}

TEST_CASE("a constraint may have an uncertain ceiling") {
  const Constraint stock =
      parsed("statistic = \"tokens_largest\"\nsoft = { below = [1e14, 1e15] }\n");
  CHECK(stock.is_soft());
  CHECK(stock.has_ceiling());
  CHECK(stock.centre.empty());
  CHECK(stock.ceiling.low == std::vector<double>(3, 1e14));
  CHECK(stock.ceiling.high == std::vector<double>(3, 1e15));
  CHECK(stock.ceiling.scope == flopsieve::engine::Scope::trajectory);
  CHECK_FALSE(stock.has_own_uniform());
  CHECK(stock.address == flopsieve::engine::soft_address(stock));
  const Constraint growing = parsed(
      "statistic = \"tokens_total\"\nyears = \"2025-2026\"\nsoft = { below = [{ 2025 = 1.1e14, "
      "2026 = 1.3e14 }, 1e15], scope = \"candidate\" }\n");
  CHECK(growing.ceiling.low[1] == 1.1e14);
  CHECK(growing.ceiling.low[2] == 1.3e14);
  CHECK(growing.has_own_uniform());
  CHECK(parsed("statistic = \"largest\"\nrelative_to = \"total\"\nsoft = { below = [-1, -0.5] }\n")
            .ceiling.low == std::vector<double>(3, -1.0));
}

TEST_CASE("the uniforms of a soft constraint hang on what it says and on nothing else") {
  const std::string mean = "[[constraint]]\nstatistic = \"mean\"\nsoft = { normal = [22, 1] }\n";
  const std::string sd = "[[constraint]]\nstatistic = \"sd\"\nsoft = { normal = [1.6, 0.1] }\n";
  const auto one = plan_of(with(mean + sd)).constraints;
  const auto two = plan_of(with(sd + mean + "name = \"other\"\n")).constraints;
  CHECK(one[0].address == two[1].address);
  CHECK(one[1].address == two[0].address);
  CHECK(one[0].address != one[1].address);
  CHECK(plan_of(with(mean + "years = \"2025\"\n")).constraints[0].address != one[0].address);
  CHECK(plan_of(edited(with(mean), "[22, 1]", "[22, 1.5]")).constraints[0].address !=
        one[0].address);
}

TEST_CASE("constraints from sums come before those that sort the sizes") {
  const auto plan =
      round_trip(with("[[constraint]]\nstatistic = \"median\"\nmin = 20\n"
                      "[[constraint]]\nstatistic = \"mean\"\nmin = 20\n"
                      "[[constraint]]\nstatistic = \"gini\"\nmin = 0.1\n"
                      "[[constraint]]\nstatistic = \"sd\"\nmin = 1\n"));
  CHECK(plan.cascade == std::vector<std::uint32_t>{1, 3, 0, 2});
}

TEST_CASE("loss_making_share needs revenues") {
  const std::string body = "statistic = \"loss_making_share\"\nmax = 0.2\n";
  CHECK_THAT(complaint(of(body)), StartsWith("job.toml:19: ") && Contains("money.revenue"));
  const std::string revenue = "[money]\nrevenue = { lognormal = [18, 2] }";
  CHECK(round_trip(edited(of(body), "[money]", revenue)).constraints.size() == 1);
  CHECK_THAT(complaint(small_job + "statistics = [\"loss_making_share\"]\n"),
             StartsWith("job.toml:24: ") && Contains("money.revenue"));
}

TEST_CASE("constraints that cannot be meant are refused at their line") {
  struct Case {
    std::string body;
    int line;
    std::string says;
  };
  const std::string mean = "statistic = \"mean\"\n";
  const std::string largest = "statistic = \"largest\"\n";
  const std::vector<Case> cases{
      {mean, 18, "needs min or max, from"},
      {mean + "maxx = 3\n", 20, "did you mean \"max\"?"},
      {mean + "min = 3\nmaxx = 3\n", 21, "did you mean \"max\"?"},
      {mean + "min = 3\nmax = 2\n", 21, "min 3 is above max 2"},
      {mean + "min = { 2024 = 3 }\n", 20, "2025"},
      {mean + "min = 3\nyears = \"2030\"\n", 21, "not all years of the job"},
      {mean + "min = 3\nname = \"mean_prior\"\n", 21, "\"mean_prior\" is what reports call"},
      {mean + "min = 3\n[[constraint]]\n" + mean + "max = 30\n", 21, "two constraints are called"},
      {mean + "from = \"heaven\"\n", 20, "from must be \"calibration\""},
      {"statistic = \"total\"\nfrom = \"calibration\"\n", 19, "no range of total"},
      {mean + "min = 3\nfrom = \"calibration\"\n", 21, "either min and max, or from, or"},
      {mean + "min = 3\nsoft = { normal = [22, 1] }\n", 21, "either min and max, or from, or"},
      {largest + "max = 30\nratio_to_previous_year = { min = 1 }\n", 21, "either min and max"},
      {mean + "soft = { normal = [22, 0] }\n", 20, "positive standard deviation, found 0"},
      {mean + "soft = { normal = [22] }\n", 20, "[centre, standard deviation]"},
      {mean + "soft = { normal = 22 }\n", 20, "[centre, standard deviation]"},
      {mean + "soft = { uniform = [22, 23] }\n", 20, "allowed: normal, below, scope"},
      {mean + "soft = 22\n", 20, "must be a table"},
      {mean + "soft = { normal = [22, 1] }\n[[constraint]]\nname = \"b\"\n" + mean +
           "soft = { normal = [22.0, 1.0] }\n",
       21, "\"mean\" and \"b\" say the same"},
      {mean + "soft = { below = [22, 23] }\n[[constraint]]\nname = \"b\"\n" + mean +
           "soft = { below = [22, 23] }\n",
       21, "\"mean\" and \"b\" say the same; change the points"},
      {mean + "soft = { below = [22, 22] }\n", 20, "5 % point 22 must be below the 95 % point 22"},
      {mean + "soft = { below = [22] }\n", 20, "[5 % point, 95 % point]"},
      {mean + "soft = { below = 22 }\n", 20, "[5 % point, 95 % point]"},
      {mean + "soft = { below = [22, 23], scope = \"year\" }\n", 20, "found \"year\""},
      {mean + "soft = { normal = [22, 1], scope = \"trajectory\" }\n", 20, "belongs to soft.below"},
      {mean + "soft = { normal = [22, 1], below = [22, 23] }\n", 20, "takes one of normal"},
      {mean + "soft = { }\n", 20, "takes one of normal"},
      {mean + "soft = { bellow = [22, 23] }\n", 20, "did you mean \"below\"?"},
      {"statistic = \"tokens_largest\"\nsoft = { below = [0, 1e15] }\n", 20,
       "positive points, found 0"},
      {mean + "min = 3\nrelative_to = \"sum\"\n", 21, "\"total\" or \"count\", found \"sum\""},
      {"statistic = \"gini\"\nmin = 0.3\nrelative_to = \"total\"\n", 21,
       "only statistics in log10"},
      {"statistic = \"sd\"\nmin = 0.3\nrelative_to = \"total\"\n", 21, "only statistics in log10"},
      {largest + "min = 0.3\nrelative_to = \"count\"\n", 21, "is a logarithm"},
      {mean + "from = \"calibration\"\nrelative_to = \"total\"\n", 21, "belongs to min and max"},
      {largest + "relative_to = \"total\"\nratio_to_previous_year = { min = 1 }\n", 20,
       "belongs to min and max"},
      {largest + "ratio_to_previous_year = { }\n", 20, "needs min, max or both"},
      {largest + "ratio_to_previous_year = 2\n", 20, "must be a table"},
      {largest + "ratio_to_previous_year = { mim = 2 }\n", 20, "did you mean \"min\"?"},
      {largest + "ratio_to_previous_year = { min = 2, max = 1 }\n", 20, "min 2 is above max 1"},
      {largest + "years = \"2024\"\nratio_to_previous_year = { min = 1 }\n", 21, "never act"},
  };
  for (const Case& each : cases) {
    INFO(each.body);
    CHECK_THAT(complaint(of(each.body)),
               StartsWith("job.toml:" + std::to_string(each.line) + ": ") && Contains(each.says));
  }
}

TEST_CASE("a job has at most 63 constraints") {
  std::string text;
  for (int i = 0; i < 64; ++i) {
    if (i == 63) CHECK(complaint(with(text)) == "no error");
    text += "[[constraint]]\nstatistic = \"mean\"\nmin = 3\nname = \"" + std::to_string(i) + "\"\n";
  }
  CHECK_THAT(complaint(with(text)), Contains("at most 63 constraints"));
}
