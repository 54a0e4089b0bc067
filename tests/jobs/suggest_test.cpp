#include "jobs/suggest.hpp"

#include <catch2/catch.hpp>
#include <vector>

using flopsieve::jobs::closest;
using flopsieve::jobs::did_you_mean;

namespace {
const std::vector<std::string> keys{"threshold", "trajectories", "seed", "sd", "mean"};
}

TEST_CASE("closest finds the word behind each kind of slip") {
  CHECK(closest("thresold", keys) == "threshold");
  CHECK(closest("trajectoriess", keys) == "trajectories");
  CHECK(closest("tresholds", keys) == "threshold");
  CHECK(closest("sede", keys) == "seed");
  CHECK(closest("Mean", keys) == "mean");
}

TEST_CASE("closest offers nothing for a word that is far from all") {
  CHECK_FALSE(closest("colour", keys));
  CHECK_FALSE(closest("k", keys));
  CHECK_FALSE(closest("", keys));
  CHECK_FALSE(closest("seed", {}));
}

TEST_CASE("a swap of neighbours costs one edit, not two") {
  const std::vector<std::string> allowed{"abcd"};
  CHECK(closest("abdc", allowed) == "abcd");
  CHECK_FALSE(closest("badc", allowed));
}

TEST_CASE("the first of equally near words wins") {
  const std::vector<std::string> allowed{"cart", "card"};
  CHECK(closest("carx", allowed) == "cart");
}

TEST_CASE("did_you_mean is a phrase or nothing") {
  CHECK(did_you_mean("thresold", keys) == "; did you mean \"threshold\"?");
  CHECK(did_you_mean("colour", keys).empty());
}
