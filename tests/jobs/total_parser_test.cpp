#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "tests/support/small_job.hpp"

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using flopsieve::engine::Plan;
using flopsieve::engine::Scope;
using flopsieve::engine::Total;
using flopsieve::engine::TotalModel;
using flopsieve::kernels::Law;
using namespace flopsieve::test;

namespace {

/// A small job with another [total].
std::string with(const std::string& total, const std::string& years = "2024-2026") {
  const std::size_t begin = small_job.find("[total]\n") + 8;
  const std::size_t end = small_job.find("[money]");
  std::string job = small_job;
  job.replace(begin, end - begin, total + "\n");
  return edited(job, "2024-2026", years);
}

Total parsed(const std::string& total, const std::string& years = "2024-2026") {
  return round_trip(with(total, years)).total;
}

const std::string growth =
    "model = \"growth\"\nbase_year = 2023\nbase_flop = 1.35e26\ngrowth = 4\n";

/// Whole-program quantities of least squares, from their definitions.
struct Line {
  double mean = 0.0;
  double slope = 0.0;
  double variance = 0.0;
};
Line line_of(const std::vector<double>& y) {
  const auto n = static_cast<double>(y.size());
  double xx = 0.0, xy = 0.0;
  Line line;
  for (const double each : y) line.mean += each / n;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double x = static_cast<double>(i) - 0.5 * (n - 1.0);
    xx += x * x;
    xy += x * y[i];
  }
  line.slope = xy / xx;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double x = static_cast<double>(i) - 0.5 * (n - 1.0);
    line.variance += std::pow(y[i] - line.mean - line.slope * x, 2) / (n - 2.0);
  }
  return line;
}

}  // namespace

TEST_CASE("total: growth") {
  const Total plain = parsed(growth);
  CHECK(plain.model == TotalModel::growth);
  CHECK(plain.base_year == 2023);
  CHECK(plain.usage_multiplier == 1.0);
  CHECK(plain.train_share == std::vector<double>(3, 1.0));
  REQUIRE(plain.parameters.size() == 1);
  CHECK(plain.parameters[0].scope == Scope::trajectory);
  CHECK(plain.parameters[0].years[0].law == Law::constant);
  CHECK(plain.log10_ceiling.empty());
  CHECK(plain.known_log10.empty());

  const Total noisy = parsed(growth +
                             "usage_multiplier = 2.5\nnoise = { normal = [0, 0.5] }\n"
                             "train_share = { 2024 = 0.4, 2025-2026 = 0.3 }");
  CHECK(noisy.parameters[0].years[0].lower == 0.001 - 4.0);
  CHECK(noisy.train_share == std::vector<double>{0.4, 0.3, 0.3});
  const Total correlated = parsed(
      growth + "noise = { normal = [0, 0.5], scope = \"candidate\", year_correlation = 0.4 }");
  CHECK(correlated.parameters[0].scope == Scope::candidate);
  CHECK(correlated.parameters[0].year_correlation == 0.4);
}

TEST_CASE("total: the other models") {
  const Total table =
      parsed("model = \"table\"\nlog10_flop = { 2024 = 26, 2025-2026 = { normal = [27, 1] } }");
  CHECK(table.model == TotalModel::table);
  CHECK(table.parameters.at(0).years[2].arguments[0].value == 27.0);

  const Total tapering = parsed(edited(growth, "growth\"", "tapering\"") +
                                "final_growth = { uniform = [1.1, 1.5] }\ntime_constant = 3");
  CHECK(tapering.model == TotalModel::tapering);
  REQUIRE(tapering.parameters.size() == 3);
  CHECK(tapering.parameters[1].years[0].law == Law::uniform);
  CHECK(tapering.parameters[2].years[0].arguments[0].value == 3.0);

  const Total saturating = parsed(
      "model = \"saturating\"\nbase_year = 2023\nlog10_base = 26\nslope = 0.6\n"
      "log10_limit = { triangular = [28, 29, 31] }");
  CHECK(saturating.model == TotalModel::saturating);
  CHECK(saturating.base_year == 2023);
  CHECK(saturating.parameters.at(2).years[0].law == Law::triangular);
  CHECK(saturating.parameters[2].scope == Scope::trajectory);

  const Plan path = round_trip(with("model = \"state_space\""));
  CHECK(path.total.model == TotalModel::state_space);
  CHECK(path.state.points > 0);
}

TEST_CASE("total: a trend is fitted to the calibration years") {
  std::vector<double> totals;
  for (const auto& year : default_calibration().years) totals.push_back(year.log10_total);
  const Line line = line_of(totals);
  const Total total = parsed("model = \"trend\"\nfit = \"calibration\"");
  CHECK(total.trend.centre == 2020.0);
  CHECK(total.trend.intercept == Approx(line.mean));
  CHECK(total.trend.slope == Approx(line.slope));
  CHECK(total.trend.residual_variance == Approx(line.variance));
  CHECK(total.trend.degrees_of_freedom == 5);
}

TEST_CASE("total: ceilings in FLOP and in USD") {
  const Total flop = parsed(growth + "ceiling = { 2024 = 1e26, 2025-2026 = 3e27 }");
  CHECK(flop.log10_ceiling == std::vector<double>{26.0, std::log10(3e27), std::log10(3e27)});
  const std::string usd = with(growth + "ceiling = { usd = 1e11 }");
  const Plan plan = round_trip(edited(usd, "flop_per_usd = 2e17",
                                      "flop_per_usd = 2e17\nbase_year = 2023\nimprovement = 1.3"));
  for (int i = 0; i < 3; ++i) {
    CHECK(plan.total.log10_ceiling[static_cast<std::size_t>(i)] ==
          Approx(std::log10(1e11 * 2e17 * std::pow(1.3, i + 1))).epsilon(1e-14));
  }
  CHECK(parsed(growth + "ceiling = { usd = { 2024 = 1e10, 2025-2026 = 1e11 } }").log10_ceiling[1] ==
        Approx(std::log10(2e28)));
}

TEST_CASE("total: known years take the place of the model's") {
  const Total calibrated = parsed(growth + "known = \"calibration\"", "2022-2025");
  REQUIRE(calibrated.known_log10.size() == 4);
  CHECK(calibrated.known_log10[0] == default_calibration().find_year(2022)->log10_total);
  CHECK(calibrated.known_log10[1] == default_calibration().find_year(2023)->log10_total);
  CHECK(std::isnan(calibrated.known_log10[2]));
  CHECK(parsed(growth + "known = \"calibration\"").known_log10.empty());

  const Total written = parsed(growth + "known = { 2025 = 26.5 }");
  CHECK(std::isnan(written.known_log10[0]));
  CHECK(written.known_log10[1] == 26.5);
  CHECK_THAT(complaint(with(growth + "known = { 2021 = 24 }", "2021-2025")),
             Contains("total.base_year must not be after 2022"));
}

TEST_CASE("total: what it refuses") {
  const auto says = [](const std::string& total) { return complaint(with(total)); };
  CHECK_THAT(says("model = \"growt\""),
             StartsWith("job.toml:4: total.model must be one of \"growth\", \"table\", ") &&
                 Contains("did you mean \"growth\"?"));
  CHECK_THAT(says(growth + "train_share = 1.5"), Contains("at most 1, found 1.5"));
  CHECK_THAT(says(growth + "train_share = 0"), Contains("above 0"));
  CHECK_THAT(says(edited(growth, "2023", "2025")),
             Contains("total.base_year must not be after 2024"));
  CHECK_THAT(says(edited(growth, "growth = 4", "growth = 0")), Contains("positive"));
  CHECK_THAT(says(growth + "noise = -4"), Contains("makes the growth negative"));
  CHECK_THAT(says(growth + "noise = { uniform = [-8, -4.5] }"),
             Contains("makes the growth negative"));
  CHECK_THAT(says(growth + "noise = { normal = [-9, 1] }"), Contains("less than 1 %"));
  CHECK_THAT(says(growth + "noise = { normal = [0, 1], year_correlation = 0.5 }"),
             Contains("needs scope = \"candidate\""));
  CHECK_THAT(says(growth + "ceiling = 0"), Contains("total.ceiling must be positive"));
  CHECK_THAT(says(growth + "known = \"all\""), Contains("\"calibration\" or a table"));
  CHECK_THAT(says(growth + "known = { 2020 = 24 }"), Contains("not within the years of the job"));
  CHECK_THAT(says(growth + "log10_flop = 26"), Contains("log10_flop"));
  CHECK_THAT(says("model = \"table\""), Contains("lacks \"log10_flop\""));
  CHECK_THAT(says("model = \"trend\"\nfit = \"line\""), Contains("\"calibration\" or written out"));
  CHECK_THAT(says("model = \"trend\"\nfit = { centre = 2020, intercept = 25, slope = 1, "
                  "residual_variance = -1, intercept_factor = 0.4, slope_factor = 0.2, "
                  "degrees_of_freedom = 5 }"),
             Contains("residual_variance >= 0"));
  for (const std::string factors : {"intercept_factor = -0.4, slope_factor = 0.2",
                                    "intercept_factor = 0.4, slope_factor = -0.2"}) {
    CHECK_THAT(says("model = \"trend\"\nfit = { centre = 2020, intercept = 25, slope = 1, "
                    "residual_variance = 1, degrees_of_freedom = 5, " +
                    factors + " }"),
               Contains("_factor must not be negative, found -0."));
  }
  // 2^32 more than 2023.
  CHECK_THAT(says(edited(growth, "2023", "4294969319")),
             Contains("total.base_year must be a year from 1900 to 9999, found 4294969319"));
  CHECK_THAT(says("model = \"implied\"\nceiling = 1e26"), Contains("the sizes decide"));
  CHECK_THAT(says("model = \"implied\"\nknown = \"calibration\""), Contains("the sizes decide"));
  CHECK_THAT(says("model = \"saturating\"\nbase_year = 2023\nlog10_base = 26\nslope = -1\n"
                  "log10_limit = 29"),
             Contains("total.slope must be at least 0, found -1"));
  CHECK_THAT(complaint(with("model = \"state_space\"", "2023-2026")),
             Contains("known up to 2023 and can only tell of later years"));
}
