#include "engine/tally.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "tests/engine/support/plans.hpp"

namespace flopsieve::engine {

TEST_CASE("verdicts are counted by who rejects") {
  YearTally year;
  year.resize(3);
  year.add_verdict({true, true, 0}, 0);
  year.add_verdict({true, false, 0}, 4);
  year.add_verdict({false, true, 0b110}, 0);
  year.add_verdict({false, true, 0b100}, 1);
  year.add_verdict({false, true, 0b111}, 2);
  year.add_verdict({false, false, 0b001}, 0);
  CHECK(year.candidates == 6);
  CHECK(year.survivors == 2);
  CHECK(year.first_trials == 3);
  CHECK(year.first_passes == 1);
  CHECK(year.audited == 4);
  CHECK(year.audited_survivors == 1);
  CHECK(year.killed == std::vector<std::uint64_t>{1, 1, 1});
  CHECK(year.without == std::vector<std::uint64_t>{0, 0, 1});
  CHECK(year.joint == std::vector<std::uint64_t>{1, 1, 1, 1, 2, 2, 1, 2, 3});
  YearTally twice = year;
  twice.add(year);
  CHECK(twice.candidates == 12);
  CHECK(twice.joint[8] == 6);
}

TEST_CASE("tilted attempts of which none passed tell no probability") {
  YearTally year;
  year.first_trials = 4;
  year.tilt.total = 2.0;
  year.tilt.square_total = 4.0;
  const TiltReport report = report_tilt(year);
  CHECK(report.total_probability == 0.5);
  CHECK(report.total_error == Approx(std::sqrt(0.75 / 4.0)));
  CHECK(std::isnan(report.probability));
  CHECK(std::isnan(report.error));
}

TEST_CASE("a value falls into the bin whose edges hold it") {
  const Grid linear{-10.0, 10.0, 4000, Grid::Scale::linear};
  const Grid log10{-5.0, 25.0, 3000, Grid::Scale::log10};
  for (const double value : {-9.999, -0.3001, 0.0, 0.001, 3.14159, 9.99}) {
    const auto bin = static_cast<double>(bin_of(linear, value));
    CHECK(bin_edge(linear, bin) <= value);
    CHECK(value < bin_edge(linear, bin + 1.0));
  }
  for (const double value : {2e-5, 1.234, 7e9, 9e24}) {
    const auto bin = static_cast<double>(bin_of(log10, value));
    CHECK(bin_edge(log10, bin) <= value);
    CHECK(value < bin_edge(log10, bin + 1.0));
  }
  CHECK(bin_of(linear, -1e9) == 0);
  CHECK(bin_of(linear, -testing::infinity) == 0);
  CHECK(bin_of(linear, testing::infinity) == 3999);
  CHECK(bin_of(linear, 10.0) == 3999);
  CHECK(bin_of(log10, 0.0) == 0);
  CHECK(bin_of(log10, -1.0) == 0);
  const Grid whole{0.0, 0.0, 0, Grid::Scale::whole};
  CHECK(bin_of(whole, 17.0) == 17);
  CHECK(bin_edge(whole, 17.0) == 17.0);
}

TEST_CASE("histograms of different lengths merge") {
  Histogram a{1, 2};
  add_to(a, 4);
  CHECK(a == Histogram{1, 2, 0, 0, 1});
  Histogram b{10};
  merge(b, a);
  CHECK(b == Histogram{11, 2, 0, 0, 1});
  merge(a, Histogram{5});
  CHECK(a == Histogram{6, 2, 0, 0, 1});
}

}  // namespace flopsieve::engine
