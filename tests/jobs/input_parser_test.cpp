#include "jobs/input_parser.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "engine/error.hpp"
#include "jobs/table_reader.hpp"

using namespace flopsieve::jobs;
using flopsieve::engine::Error;
using flopsieve::engine::Input;
using flopsieve::kernels::Law;

namespace {

const std::vector<int> years{2023, 2024, 2025, 2026, 2027};

Input input(const std::string& value) {
  const Document document = parse_toml("x = " + value + "\n", "job.toml");
  InputRules rules;
  rules.years = years;
  return parse_input(TableReader(document), document.root.entries[0].value, "x", rules);
}

std::vector<double> numbers(const std::string& value) {
  const Document document = parse_toml("x = " + value + "\n", "job.toml");
  return parse_yearly_numbers(TableReader(document), document.root.entries[0].value, "x", years);
}

/// What both readers of per-year tables say about this one.
std::string error_of(const std::string& value) {
  std::string said;
  CHECK_THROWS_AS(numbers(value), Error);
  CHECK_THROWS_AS(input(value), Error);
  try {
    numbers(value);
  } catch (const Error& error) {
    said = error.what();
  }
  try {
    input(value);
  } catch (const Error& error) {
    CHECK(said == error.what());
  }
  return said;
}

}  // namespace

TEST_CASE("per year: years and ranges of years in any order") {
  CHECK(numbers("{ 2026-2027 = 3, 2023 = 1, 2024-2025 = 2 }") ==
        std::vector<double>{1.0, 2.0, 2.0, 3.0, 3.0});
  CHECK(numbers("{ \"2023-2026\" = 1, 2027-2027 = 2 }") ==
        std::vector<double>{1.0, 1.0, 1.0, 1.0, 2.0});
  CHECK(numbers("7") == std::vector<double>(5, 7.0));
}

TEST_CASE("what is no distribution") {
  const auto fails = [](const std::string& value, const std::string& says) {
    CHECK_THROWS_WITH(input(value), "job.toml:1: " + says);
  };
  fails("{ uniform = [1, 2], normal = [0, 1] }",
        "x has two distributions, normal and uniform; only one is allowed");
  const std::string wanted = "a number or a distribution such as { uniform = [1, 2] }";
  fails("[1, 2]", "x must be " + wanted + ", found an array");
  fails("{ 2023-2027 = \"a\" }", "x.2023-2027 must be " + wanted + ", found a string");
}

TEST_CASE("per year: a distribution for a range holds in each of its years") {
  const Input drawn =
      input("{ scope = \"trajectory\", 2023-2024 = 1.5, 2025-2027 = { uniform = [1, 2] } }");
  CHECK(drawn.scope == flopsieve::engine::Scope::trajectory);
  REQUIRE(drawn.years.size() == 5);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(drawn.years[i].law == Law::constant);
    CHECK(drawn.years[i].arguments[0].value == 1.5);
  }
  for (std::size_t i = 2; i < 5; ++i) {
    CHECK(drawn.years[i].law == Law::uniform);
    CHECK(drawn.years[i].arguments[1].value == 2.0);
  }
  CHECK(input("{ 2023-2027 = { normal = [0, 1] } }").years[4].law == Law::normal);
}

TEST_CASE("per year: every year of the job once, and no other") {
  CHECK(error_of("{ 2023-2025 = 1, 2025-2027 = 2 }") ==
        "job.toml:1: x: \"2023-2025\" and \"2025-2027\" both name 2025");
  CHECK(error_of("{ 2023-2027 = 1, 2024 = 2 }") ==
        "job.toml:1: x: \"2023-2027\" and \"2024\" both name 2024");
  CHECK(error_of("{ 2023-2024 = 1, 2026-2027 = 2 }") == "job.toml:1: [x] lacks \"2025\"");
  CHECK(error_of("{ 2023-2028 = 1 }") ==
        "job.toml:1: x: \"2023-2028\" is not within the years of the job, 2023 to 2027");
  CHECK(error_of("{ 2022 = 1, 2023-2027 = 1 }") ==
        "job.toml:1: x: \"2022\" is not within the years of the job, 2023 to 2027");
  CHECK(error_of("{ 2027-2023 = 1 }") ==
        "job.toml:1: x: the years \"2027-2023\" are reversed; write \"2023-2027\"");
  CHECK_THROWS_WITH(numbers("{ 2023-2027 = 1, 24-25 = 1 }"),
                    "job.toml:1: unknown key \"24-25\" in [x]; allowed: 2023-2027");
  CHECK_THROWS_WITH(numbers("{ 2023-2027 = \"a\" }"),
                    "job.toml:1: x.2023-2027 must be a number, found a string");
}
