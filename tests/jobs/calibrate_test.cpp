#include "jobs/calibrate.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "engine/error.hpp"

using namespace flopsieve::jobs;
using flopsieve::engine::Error;
using flopsieve::engine::ExitCode;

namespace {

const std::string header = "Model,Publication date,Training compute (FLOP),Notability criteria\n";

CalibrateOptions options_for(int first_year, int last_year) {
  CalibrateOptions options;
  options.first_year = first_year;
  options.last_year = last_year;
  options.created = "2026-11-21";
  options.tool_version = "0.1.0";
  return options;
}

Calibration calibrate_text(const std::string& rows, const CalibrateOptions& options) {
  return calibrate(parse_csv(header + rows, "folder/t.csv"), options);
}

std::string error_of(const std::string& rows, const CalibrateOptions& options) {
  try {
    calibrate_text(rows, options);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::bad_input);
    return error.what();
  }
  return "no error";
}

const std::string three_models =
    "a,2020-01-10,1e20,Cited\n"
    "b,2020-05-10,1e21,Cited\n"
    "c,2020-08-10,1e22,Cited\n";

/// The shared data file, or nothing (said aloud) where the data is absent.
std::string real_data() {
  const std::string path =
      FLOPSIEVE_SOURCE_DIR "/../shared/data/epoch_notable_ai_models_2025-02-24.csv";
  if (std::filesystem::exists(path)) return path;
  WARN("skipped: " << path << " is not here");
  return "";
}

}  // namespace

TEST_CASE("calibrate: figures of three models one order of magnitude apart, by hand") {
  const Calibration calibration = calibrate_text(three_models, options_for(2020, 2020));
  REQUIRE(calibration.years.size() == 1);
  const CalibrationYear& year = calibration.years[0];
  CHECK(year.count == 3);
  CHECK(year.log10_total == Approx(std::log10(1.11e22)).epsilon(1e-11));
  CHECK(year.largest == 1e22);
  CHECK(year.largest_share == Approx(1.0 / 1.11).epsilon(1e-11));
  CHECK(year.mean == Approx(21.0).epsilon(1e-11));
  CHECK(year.median == Approx(21.0).epsilon(1e-11));
  CHECK(year.sd == Approx(std::sqrt(2.0 / 3.0)).epsilon(1e-11));
  CHECK(year.skewness == Approx(0.0).margin(1e-11));
  CHECK(year.excess_kurtosis == Approx(-1.5).epsilon(1e-11));
  // x = -2, -1, 0 against y = log10 of 1/111, 11/111, 1
  CHECK(year.allocation_gradient ==
        Approx((2 * std::log10(111.0) + std::log10(111.0 / 11.0)) / 5).epsilon(1e-11));
  const double slope = std::log10(111.0) / 2;
  CHECK(year.allocation_slope == Approx(slope).epsilon(1e-11));
  const double mean_y = -(std::log10(111.0) + std::log10(111.0 / 11.0)) / 3;
  CHECK(year.allocation_intercept ==
        Approx(mean_y + slope * (1 + std::log10(1.11))).epsilon(1e-10));
  CHECK(year.count_above == std::array<std::int64_t, 6>{2, 1, 0, 0, 0, 0});
  CHECK(year.histogram_start == 20.0);
  CHECK(year.histogram == std::vector<std::int64_t>{1, 0, 0, 0, 1, 0, 0, 0, 1});
  CHECK(calibration.provenance.source == "t.csv");
  CHECK(calibration.provenance.dropped.empty());
}

TEST_CASE("calibrate: skewness and the median of an even count") {
  // x = 20, 20, 20, 24: mean 21, deviations -1, -1, -1, 3; mu2 = 3, mu3 = 6, mu4 = 21
  const Calibration calibration = calibrate_text(
      "a,2020-01-10,1e20,x\nb,2020-01-10,1e20,x\nc,2020-01-10,1e20,x\nd,2020-01-10,1e24,x\n",
      options_for(2020, 2020));
  const CalibrationYear& year = calibration.years[0];
  CHECK(year.median == Approx(20.0).epsilon(1e-11));
  CHECK(year.skewness == Approx(6.0 / std::pow(3.0, 1.5)).epsilon(1e-11));
  CHECK(year.excess_kurtosis == Approx(21.0 / 9.0 - 3.0).epsilon(1e-11));
  CHECK(year.median_skewness == Approx(1.0 / std::sqrt(3.0)).epsilon(1e-11));
}

TEST_CASE("calibrate: the frontier is the largest model before the quarter, of any year") {
  const Calibration calibration = calibrate_text(
      "old,2019-12-31,1e21,x\n"     // frontier of the first quarter
      "record,2020-01-01,1e23,x\n"  // above it: counts for every width
      "a,2020-03-31,2e20,x\n"       // the record of its own quarter does not count: widths 1, 1.5
      "b,2020-04-01,4e21,x\n"       // frontier 1e23: width 1.5 only
      "c,2020-12-31,1e20,x\n"       // none
      "later,2021-01-01,1e25,x\n",
      options_for(2020, 2020));
  CHECK(calibration.years[0].frontier_counts == std::array<std::int64_t, 3>{1, 2, 3});
  CHECK(calibration.frontier_start == 1e23);
}

TEST_CASE("calibrate: without an earlier model a quarter counts nothing") {
  const Calibration calibration = calibrate_text(three_models, options_for(2020, 2020));
  CHECK(calibration.years[0].frontier_counts == std::array<std::int64_t, 3>{2, 2, 2});
}

TEST_CASE("calibrate: rows are left out by missing values and by name") {
  const std::string rows = three_models +
                           "d,2020-01-10,,Cited\n"
                           "e,unknown,1e26,\n"
                           "AlphaZero,2020-01-10,1e26,Cited\n"
                           "\"odd, name\",2020-01-10,1e25,Cited\n";
  CalibrateOptions options = options_for(2020, 2020);
  CHECK(calibrate_text(rows, options).years[0].largest == 1e25);
  options.extra_drops = {"odd, name"};
  const Calibration calibration = calibrate_text(rows, options);
  CHECK(calibration.years[0].count == 3);
  CHECK(calibration.provenance.dropped == std::vector<std::string>{"AlphaZero", "odd, name"});
}

TEST_CASE("calibrate: bad values are errors with their line") {
  const CalibrateOptions options = options_for(2020, 2020);
  for (const std::string value : {"abc", "0", "-1e20", "inf", "nan", "1e999", "1e20x", " 1e20"}) {
    CAPTURE(value);
    CHECK(error_of(three_models + "d,2020-01-10," + value + ",Cited\n", options) ==
          "folder/t.csv:5: Training compute (FLOP) is \"" + value +
              "\"; a positive number is needed, or nothing");
  }
  for (const std::string value : {"", "2020", "2020-13-01", "2020-02-30", "2020-1-01", "10.1.2020",
                                  "2020-01-01x", "-020-01-01"}) {
    CAPTURE(value);
    CHECK(error_of(three_models + "d," + value + ",1e20,Cited\n", options) ==
          "folder/t.csv:5: Publication date is \"" + value + "\"; YYYY-MM-DD is needed");
  }
}

TEST_CASE("calibrate: options and tables that cannot be used") {
  CHECK_THAT(error_of(three_models, options_for(2021, 2020)), Catch::Contains("are reversed"));
  CHECK(error_of(three_models, options_for(2020, 2021)) ==
        "folder/t.csv: 0 models of 2021 are left by the filters; at least 3 are needed");
  CHECK_THAT(error_of("a,2020-01-10,1e20,x\nb,2020-01-10,1e21,x\n", options_for(2020, 2020)),
             Catch::Contains("2 models of 2020"));
  CHECK_THAT(error_of("a,2020-01-10,1e20,x\nb,2020-01-10,1e20,x\nc,2020-01-10,1e20,x\n",
                      options_for(2020, 2020)),
             Catch::Contains("of one size"));
  CalibrateOptions options = options_for(2020, 2020);
  options.extra_drops = {"AlphaGoo"};
  CHECK(error_of(three_models + "AlphaGo,2020-01-10,,\n", options) ==
        "folder/t.csv: no model is called \"AlphaGoo\", so it cannot be dropped; did you mean "
        "\"AlphaGo\"?");
  CHECK_THROWS_WITH(
      calibrate(parse_csv("Model,Publication date,Training compute,Notability criteria\n", "t.csv"),
                options_for(2020, 2020)),
      "t.csv:1: no column \"Training compute (FLOP)\"; did you mean \"Training compute\"?");
}

TEST_CASE("calibrate: the published figures of 2017-2023", "[real-data]") {
  const std::string path = real_data();
  if (path.empty()) return;
  const Calibration calibration = calibrate(read_csv(path), options_for(2017, 2023));
  // Per-year fits on the Notable Models CSV of 24 February 2025, by independent scripts (reference
  // notes to arXiv 2504.16138, section A.6); frontier counts from the draft's Table A.4 and A.8.
  struct Row {
    std::int64_t count;
    double total, largest, share, gradient, slope, intercept;
    std::array<std::int64_t, 3> frontier;
  };
  const Row rows[] = {
      {18, 2.241e21, 8.43e20, .376, 1.0426, 1.014, .309, {0, 1, 3}},
      {30, 1.232e22, 8.74e21, .710, .9479, 1.037, .544, {1, 2, 5}},
      {41, 2.814e23, 6.70e22, .238, 1.0252, 1.022, .625, {11, 14, 17}},
      {36, 6.752e23, 3.14e23, .465, .9671, 1.068, .724, {3, 7, 11}},
      {60, 7.045e24, 2.047e24, .291, .9694, 1.120, 1.106, {4, 19, 27}},
      {54, 1.803e25, 2.742e24, .152, 1.0771, 1.088, .929, {5, 16, 22}},
      {57, 1.350e26, 5.00e25, .370, .9801, 1.087, .939, {5, 11, 17}},
  };
  REQUIRE(calibration.years.size() == 7);
  for (std::size_t i = 0; i < 7; ++i) {
    const CalibrationYear& year = calibration.years[i];
    CAPTURE(year.year);
    CHECK(year.count == rows[i].count);
    CHECK(std::pow(10.0, year.log10_total) == Approx(rows[i].total).epsilon(6e-4));
    CHECK(year.largest == Approx(rows[i].largest).epsilon(6e-4));
    CHECK(std::abs(year.largest_share - rows[i].share) < 6e-4);
    CHECK(std::abs(year.allocation_gradient - rows[i].gradient) < 5.1e-5);
    // 2018's exact slope is 1.03647: the notes rounded 1.0365 once more.
    CHECK(std::abs(year.allocation_slope - rows[i].slope) < 5.4e-4);
    CHECK(std::abs(year.allocation_intercept - rows[i].intercept) < 5.1e-4);
    CHECK(year.frontier_counts == rows[i].frontier);
  }
}

TEST_CASE("calibrate: the published moments and counts of 2020-2023", "[real-data]") {
  const std::string path = real_data();
  if (path.empty()) return;
  const Calibration calibration = calibrate(read_csv(path), options_for(2017, 2023));
  // The same notes, A.6 (moments; the standard deviations there divide by n - 1) and E (cumulative
  // counts above 1e23, 1e24 and 1e25 from 2020 on).
  struct Row {
    int year;
    double mean, median, sample_sd, median_skewness, skewness, excess_kurtosis;
    std::array<std::int64_t, 3> cumulative;
  };
  const Row rows[] = {{2020, 20.72, 21.25, 1.58, -.34, -.30, -.92, {2, 0, 0}},
                      {2021, 21.76, 22.21, 1.43, -.32, -.53, -.45, {9, 3, 0}},
                      {2022, 22.00, 22.20, 1.72, -.12, -.55, -.44, {29, 8, 0}},
                      {2023, 22.51, 22.89, 1.98, -.19, -1.04, 1.07, {54, 19, 4}}};
  std::array<std::int64_t, 3> cumulative{};
  for (const Row& row : rows) {
    CAPTURE(row.year);
    const CalibrationYear& year = *calibration.find_year(row.year);
    const double n = static_cast<double>(year.count);
    CHECK(std::abs(year.mean - row.mean) < 5.1e-3);
    CHECK(std::abs(year.median - row.median) < 5.1e-3);
    CHECK(std::abs(year.sd * std::sqrt(n / (n - 1)) - row.sample_sd) < 5.1e-3);
    CHECK(std::abs(year.median_skewness - row.median_skewness) < 1e-2);
    CHECK(std::abs(year.skewness - row.skewness) < 5.1e-3);
    CHECK(std::abs(year.excess_kurtosis - row.excess_kurtosis) < 5.1e-3);
    for (std::size_t t = 0; t < 3; ++t) cumulative[t] += year.count_above[t + 2];
    CHECK(cumulative == row.cumulative);
  }
}

namespace {

/// The text without the lines that differ from day to day and from version to version.
std::string without_provenance_of_the_day(std::istream& text) {
  std::string result;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("created = ") || line.starts_with("tool_version = ")) continue;
    result += line + '\n';
  }
  return result;
}

}  // namespace

TEST_CASE("calibrate: the embedded calibration is this command's output", "[real-data]") {
  const std::string path = real_data();
  if (path.empty()) return;
  std::ifstream stored(FLOPSIEVE_SOURCE_DIR "/jobs/calibration.toml");
  REQUIRE(stored);
  std::istringstream made(calibration_toml(calibrate(read_csv(path), options_for(2017, 2023))));
  CHECK(without_provenance_of_the_day(made) == without_provenance_of_the_day(stored));
}

TEST_CASE("calibrate: the embedded calibration can be read") {
  std::ifstream file(FLOPSIEVE_SOURCE_DIR "/jobs/calibration.toml");
  REQUIRE(file);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const Calibration calibration = parse_calibration(text, "jobs/calibration.toml");
  CHECK(calibration.provenance.first_year == 2017);
  CHECK(calibration.years.back().count == 57);
  CHECK(calibration_toml(calibration) == text);
}
