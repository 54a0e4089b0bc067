#include "jobs/calibration.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/error.hpp"

using namespace flopsieve::jobs;
using flopsieve::engine::Error;

namespace {

Calibration example() {
  Calibration calibration;
  calibration.provenance = {"models \"\xC3\xA9\\\xF0\x9F\x98\x80.csv",
                            std::string(64, 'a'),
                            "2026-01-02",
                            2020,
                            2021,
                            "some rows",
                            {"A", "B \xE4\xB8\xAD"},
                            "0.1.0"};
  calibration.frontier_start = 0.1 + 0.2;
  for (int number = 2020; number <= 2021; ++number) {
    CalibrationYear year;
    year.year = number;
    year.count = 3;
    year.log10_total = 24.0 + 1.0 / 3.0;
    year.largest = 1e23 / 3.0;
    year.largest_share = 0.4;
    year.mean = 22.0;
    year.median = 21.9;
    year.sd = 1.0 / 7.0;
    year.skewness = -0.3;
    year.excess_kurtosis = -1e-17;
    year.median_skewness = 0.7;
    year.allocation_gradient = 1.01;
    year.allocation_slope = 1.02;
    year.allocation_intercept = 0.3;
    year.count_above = {3, 2, 1, 0, 0, 0};
    year.frontier_counts = {0, 1, 2};
    year.histogram_start = 21.75;
    year.histogram = {1, 0, 2};
    calibration.years.push_back(year);
  }
  return calibration;
}

/// The example's text with the first occurrence of one piece replaced.
std::string error_after(const std::string& piece, const std::string& replacement) {
  std::string text = calibration_toml(example());
  const std::size_t position = text.find(piece);
  REQUIRE(position != std::string::npos);
  text.replace(position, piece.size(), replacement);
  try {
    parse_calibration(text, "c.toml");
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("calibration: what is written is read back bit by bit") {
  const Calibration before = example();
  const std::string text = calibration_toml(before);
  const Calibration after = parse_calibration(text, "c.toml");
  CHECK(after.provenance.source == before.provenance.source);
  CHECK(after.provenance.dropped == before.provenance.dropped);
  CHECK(after.provenance.created == "2026-01-02");
  CHECK(after.provenance.filters == "some rows");
  CHECK(after.frontier_start == before.frontier_start);
  REQUIRE(after.years.size() == 2);
  const CalibrationYear& year = after.years[1];
  CHECK(year.year == 2021);
  CHECK(year.count == 3);
  CHECK(year.log10_total == 24.0 + 1.0 / 3.0);
  CHECK(year.largest == 1e23 / 3.0);
  CHECK(year.sd == 1.0 / 7.0);
  CHECK(year.excess_kurtosis == -1e-17);
  CHECK(year.histogram == std::vector<std::int64_t>{1, 0, 2});
  CHECK(year.count_above == before.years[1].count_above);
  CHECK(year.frontier_counts == before.years[1].frontier_counts);
  CHECK(calibration_toml(after) == text);
}

TEST_CASE("calibration: the file is ASCII") {
  for (const char c : calibration_toml(example())) CHECK(static_cast<unsigned char>(c) < 0x80);
}

TEST_CASE("calibration: bytes that are not UTF-8 become question marks") {
  Calibration calibration = example();
  calibration.provenance.source = "a\xFF\xC3(\xED\xA0\x80.csv\xC3";
  const Calibration after = parse_calibration(calibration_toml(calibration), "c.toml");
  CHECK(after.provenance.source == std::string("a?") + "?(?.csv?");
}

TEST_CASE("calibration: find_year") {
  const Calibration calibration = example();
  REQUIRE(calibration.find_year(2021) != nullptr);
  CHECK(calibration.find_year(2021)->year == 2021);
  CHECK(calibration.find_year(2022) == nullptr);
}

TEST_CASE("calibration: a file that is not as written is refused with its line") {
  CHECK(error_after("sd = ", "sdd = ") ==
        "c.toml:20: [year[1]] lacks \"sd\"; is \"sdd\" meant for "
        "it?");
  CHECK_THAT(error_after("count = 3\n", "count = 3\nextra = 1\n"),
             Catch::StartsWith("c.toml:23: unknown key \"extra\" in [year[1]]"));
  CHECK_THAT(error_after("largest_share = 0.4", "largest_share = 1.4"),
             Catch::Contains("largest_share must be between"));
  CHECK_THAT(error_after("count_above = [3, ", "count_above = ["),
             Catch::Contains("count_above must have 6 numbers, found 5"));
  CHECK_THAT(error_after("histogram = [1, 0, 2]", "histogram = [1, 0, 1]"),
             Catch::Contains("add up to 2, not to count = 3"));
  CHECK_THAT(error_after("frontier_counts = [0", "frontier_counts = [-1"),
             Catch::Contains("must be between 0 and 3, found -1"));
  CHECK_THAT(error_after("count_above = [3, 2", "count_above = [2, 3"),
             Catch::Contains("count_above must not ascend"));
  CHECK_THAT(error_after("year = 2021", "year = 2022"), Catch::Contains("expected 2021"));
  CHECK_THAT(error_after("years = [2020, 2021]", "years = [2020, 2022]"),
             Catch::Contains("2 [[year]] tables where provenance.years says 3"));
  CHECK_THAT(error_after("years = [2020, 2021]", "years = [2021, 2020]"),
             Catch::Contains("first <= last"));
  CHECK_THAT(error_after("1e+21", "2e+21"), Catch::StartsWith("c.toml:6: thresholds must be"));
  CHECK_THAT(error_after("histogram_bin_width = 0.25", "histogram_bin_width = 0.5"),
             Catch::Contains("must be 0.25"));
  CHECK_THAT(error_after("count = 3", "count = 2"), Catch::Contains("count must be between 3"));
  CHECK_THAT(error_after("frontier_start = 0.", "frontier_start = -0."),
             Catch::Contains("must be positive"));
}

TEST_CASE("calibration: the JSON form has the fixed names") {
  const nlohmann::json json = nlohmann::json::parse(calibration_json(example()));
  CHECK(json["provenance"]["created"] == "2026-01-02");
  const nlohmann::json& year = json["years"]["2020"];
  CHECK(year["count"] == 3);
  for (const char* name :
       {"log10_total", "largest_share", "mean", "median", "sd", "skewness", "excess_kurtosis",
        "median_skewness", "allocation_gradient", "allocation_slope", "allocation_intercept"}) {
    CHECK(year[name].is_number());
  }
  CHECK(year["sd"].get<double>() == 1.0 / 7.0);
  CHECK(year["histogram"] == nlohmann::json({1, 0, 2}));
}

TEST_CASE("A calibration up to a year forgets what came later") {
  Calibration calibration = example();
  calibration.years[0].largest = 3e22;
  calibration.frontier_start = 5e25;
  const Calibration early = calibration_until(calibration, 2020);
  CHECK(early.years.size() == 1);
  CHECK(early.years[0].year == 2020);
  CHECK(early.provenance.last_year == 2020);
  CHECK(early.frontier_start == 3e22);
  CHECK(parse_calibration(calibration_toml(early), "c.toml").years.size() == 1);
  CHECK(calibration_toml(calibration_until(calibration, 2021)) == calibration_toml(calibration));
}

TEST_CASE("Counts above a threshold are known at the calibration's own and above the largest") {
  const Calibration calibration = example();
  CHECK(calibration.count_above(2020, 1e22) == 2);
  CHECK(calibration.count_above(2021, 1e26) == 0);
  CHECK(calibration.count_above(2021, 4e22) == 0);
  CHECK_FALSE(calibration.count_above(2021, 3e22).has_value());
  CHECK_FALSE(calibration.count_above(2022, 1e22).has_value());
}
