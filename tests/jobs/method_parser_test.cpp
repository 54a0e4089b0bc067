// models.method: which methods each match allows, and the resolved job.
#include <catch2/catch.hpp>
#include <string>

#include "engine/plan.hpp"
#include "tests/support/small_job.hpp"

using Catch::Matchers::Contains;
using flopsieve::engine::Method;
using namespace flopsieve::test;

namespace {

std::string job(const std::string& match, const std::string& method) {
  return edited(small_job, "match = \"shift\"",
                "match = \"" + match + "\"\nmethod = \"" + method + "\"");
}

TEST_CASE("the method of sampling is auto by default, which begins with rejection") {
  CHECK(round_trip(small_job).sampling.method == Method::reject);
  CHECK(round_trip(small_job).sampling.automatic);
  for (const char* match : {"reject", "shift", "last", "rescale"}) {
    for (const char* method : {"auto", "reject"}) {
      CAPTURE(match, method);
      const std::string text = job(match, method);
      CHECK(round_trip(text).sampling.method == Method::reject);
      CHECK(round_trip(text).sampling.automatic == (std::string(method) == "auto"));
      CHECK(round_trip(text).sampling.reason.empty());
    }
  }
}

TEST_CASE("a method that the match does not allow is refused") {
  for (const char* method : {"truncate", "tilt"}) {
    CAPTURE(method);
    CHECK_THAT(complaint(job("shift", method)), Contains("needs match = \"reject\", found"));
  }
  CHECK_THAT(complaint(job("rescale", "split")),
             Contains("\"reject\", \"shift\" or \"none\", found"));
}

TEST_CASE("a split takes what it can draw, and refuses the rest") {
  for (const char* match : {"reject", "shift"}) {
    CHECK(round_trip(job(match, "split")).sampling.method == Method::split);
    CHECK_FALSE(round_trip(job(match, "split")).sampling.automatic);
    CHECK_THAT(complaint("attempts = 1\n" + job(match, "split")), Contains("attempts above 1"));
  }
}

TEST_CASE("truncate and tilt take laws of sizes that candidates draw, and refuse others by name") {
  for (const char* method : {"truncate", "tilt"}) {
    CAPTURE(method);
    const std::string text = job("reject", method);
    CHECK_FALSE(round_trip(text).sampling.automatic);
    const std::string held =
        edited(text, "{ uniform = [1.4, 2] }", "{ uniform = [1.4, 2], scope = \"trajectory\" }");
    CHECK_THAT(complaint(held), Contains(": sd must be a constant of the year"));
    const std::string total = edited(text, "noise = { uniform = [-0.5, 0.5] }",
                                     "noise = { uniform = [-0.5, 0.5], scope = \"candidate\" }");
    CHECK_THAT(complaint(total), Contains("the total must be the same"));
  }
}

TEST_CASE("an unknown method is refused with a suggestion") {
  CHECK_THAT(complaint(job("reject", "tlit")), Contains("did you mean \"tilt\"?"));
}

}  // namespace
