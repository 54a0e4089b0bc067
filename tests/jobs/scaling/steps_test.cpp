#include "jobs/scaling/steps.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "engine/error.hpp"

using Catch::Matchers::Contains;
using flopsieve::engine::Error;
using namespace flopsieve::jobs;

TEST_CASE("ranges of sizes") {
  const Steps range = parse_steps("--heads", "2:11:3", 100);
  CHECK(range.count() == 4);
  CHECK(range.at(0) == 2);
  CHECK(range.at(3) == 11);
  CHECK(parse_steps("--heads", "2:12:3", 100).count() == 4);
  CHECK(parse_steps("--heads", "7:7:7", 100).count() == 1);
  const Steps one = parse_steps("--heads", "64", 100);
  CHECK(one.count() == 1);
  CHECK(one.at(0) == 64);
  CHECK(to_string(range) == "2:11:3");
  CHECK(to_string(one) == "64");
}

TEST_CASE("what is no range is refused with the option and what is allowed") {
  const auto message = [](const std::string& text) -> std::string {
    try {
      parse_steps("--d-model", text, 1000);
    } catch (const Error& error) {
      CHECK_THAT(error.what(), Catch::Matchers::StartsWith("--d-model: "));
      return error.what();
    }
    return "none";
  };
  for (const char* text :
       {"", ":", "1:2", "1:2:", "1:2:3:4", "a", "1.5", "1e2", "8 ", "+8", "0x8", "1;2;3", "::"}) {
    INFO(text);
    CHECK_THAT(message(text), Contains("FROM:TO:STEP"));
  }
  CHECK_THAT(message("8:4:1"), Contains("the range is empty: 8 is above 4"));
  for (const char* text : {"0", "-4", "1001", "1:8:0", "1:8:-1", "1:1001:1",
                           "1:99999999999999999999:1", "-99999999999999999999"}) {
    INFO(text);
    CHECK_THAT(message(text), Contains("whole numbers from 1 to 1000"));
  }
}
