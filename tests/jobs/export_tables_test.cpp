#include "jobs/export_tables.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "engine/error.hpp"
#include "jobs/csv_rows.hpp"

namespace flopsieve::jobs {

TEST_CASE("a distribution is that of the sorted values") {
  std::mt19937 words(7);
  for (const std::size_t size : {1U, 2U, 17U, 1000U}) {
    std::vector<std::uint64_t> values(size);
    for (std::uint64_t& value : values) value = words() % 50 + words() % 20;
    engine::Histogram histogram;
    for (const std::uint64_t value : values) engine::add_to(histogram, value);
    histogram.resize(histogram.size() + 3);  // empty bins beyond the largest
    std::sort(values.begin(), values.end());
    const std::vector<CdfStep> steps = distribution(histogram);
    REQUIRE(steps.size() == values.back() + 1);
    for (const CdfStep& step : steps) {
      const auto [first, last] = std::equal_range(values.begin(), values.end(), step.value);
      CHECK(step.trajectories == static_cast<std::uint64_t>(last - first));
      CHECK(step.probability ==
            static_cast<double>(last - values.begin()) / static_cast<double>(size));
    }
  }
  CHECK(distribution({}).empty());
  CHECK(distribution({0, 0}).empty());
}

TEST_CASE("lists of quantiles") {
  CHECK(parse_quantiles("0.5") == std::vector<double>{0.5});
  CHECK(parse_quantiles("1e-3,0.5,0.999") == std::vector<double>{0.001, 0.5, 0.999});
  for (const char* text : {"", ",", "0", "1", "0.5,", ",0.5", "0.5,0.4", "0.5,0.5", "0.5 ,0.6", "x",
                           "nan", "inf", "0.5x", "-0.1"}) {
    INFO(text);
    CHECK_THROWS_AS(parse_quantiles(text), engine::Error);
  }
}

TEST_CASE("quotes are doubled in quotes") {
  CHECK(csv_quoted("") == "\"\"");
  CHECK(csv_quoted("a, b") == "\"a, b\"");
  CHECK(csv_quoted("\"a\"") == "\"\"\"a\"\"\"");
}

}  // namespace flopsieve::jobs
