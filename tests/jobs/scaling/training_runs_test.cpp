#include "jobs/scaling/training_runs.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "engine/error.hpp"

using namespace flopsieve;
using namespace flopsieve::jobs;

namespace {

TrainingData read(const std::string& text, const TrainingColumns& columns = {}) {
  return training_data(parse_csv(text, "runs.csv"), columns);
}

/// The message with which the text is refused.
std::string refusal(const std::string& text, const TrainingColumns& columns = {}) {
  try {
    read(text, columns);
  } catch (const engine::Error& error) {
    CHECK(error.code() == engine::ExitCode::bad_input);
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("training runs: usual names of columns") {
  for (const std::string names : {"Model Size,Training FLOP,loss", "N,C,Loss", "params,FLOPs,l",
                                  "model_size,training_compute,Final loss"}) {
    const TrainingData data = read(names + "\n1e8,6e18,3.5\n2e8,1.2e19,3.25\n");
    REQUIRE(data.runs.size() == 2);
    CHECK(data.runs[0].parameters == 1e8);
    CHECK(data.runs[0].tokens == Approx(1e10).epsilon(1e-15));  // 6e18 / (6 * 1e8)
    CHECK(data.runs[1].loss == 3.25);
    CHECK(data.runs[1].line == 3);
    CHECK(data.columns.tokens.empty());
  }
  const TrainingData both = read("tokens,flop,parameters,loss\n5e9,1e18,2e7,4\n");
  CHECK(both.runs[0].tokens == 5e9);
  CHECK(both.runs[0].flop() == Approx(6e17));
  CHECK(both.columns.flop.empty());
}

TEST_CASE("training runs: columns that are named") {
  const std::string text = "size,seen,ce,val,flop\n1e8,2e9,7e18,3,9e18\n";
  const TrainingData data = read(text, {"size", "seen", "", "val", ""});
  CHECK(data.runs[0].tokens == 2e9);
  CHECK(data.runs[0].loss == 3.0);
  CHECK(read(text, {"size", "", "ce", "val", ""}).runs[0].flop() == Approx(7e18));
  CHECK(read("N,D,loss,run\n1,2,3,x\n", {}).runs[0].curve == "x");
  CHECK(read("N,D,loss,id\n1,2,3,x\n", {}).runs[0].curve == "1");
}

TEST_CASE("training runs: what is missing or no positive number is said with its line") {
  CHECK(refusal("a,tokens,loss\n1,2,3\n") ==
        "runs.csv:1: no column of parameters; name it with --parameters-column. Columns: a, "
        "tokens, loss");
  CHECK(refusal("n,x,loss\n1,2,3\n").find("runs.csv:1: no column of tokens or FLOP") == 0);
  CHECK(refusal("n,d,x\n1,2,3\n").find("runs.csv:1: no column of the loss") == 0);
  CHECK(refusal("n,d,loss\n1,2,3\n", {"z", "", "", "", ""}).find("runs.csv:1: no column \"z\"") ==
        0);
  CHECK(refusal("model size,Model Size,d,loss\n1,1,2,3\n").find("may both be the parameters") !=
        std::string::npos);
  for (const std::string bad : {"0", "-1", "x", "", "inf", "nan", "1e999", "1,000"}) {
    const std::string quoted = "\"" + bad + "\"";
    CHECK(refusal("n,d,loss\n1,2,3\n" + quoted + ",2,3\n") ==
          "runs.csv:3: n is " + quoted + "; a positive number is needed");
    CHECK(refusal("n,d,loss\n1," + quoted + ",3\n").find("runs.csv:2: d is ") == 0);
    CHECK(refusal("n,d,loss\n1,2," + quoted + "\n").find("runs.csv:2: loss is ") == 0);
  }
}

TEST_CASE("training runs: the highest losses are left out, equal ones together") {
  const std::string text = "n,d,loss\n1,1,5\n2,2,3\n3,3,4\n4,4,4\n5,5,2\n";
  const auto left = [&](std::int64_t count) {
    TrainingData data = read(text);
    drop_highest(data, count);
    CHECK(data.runs.size() + data.dropped == 5);
    return data;
  };
  CHECK(left(0).runs.size() == 5);
  CHECK(left(1).runs.size() == 4);
  CHECK(left(2).runs.size() == 2);  // both of loss 4 go
  CHECK(left(3).runs.size() == 2);
  CHECK(left(3).highest_kept == 3.0);
  CHECK(left(4).runs[0].line == 6);
  TrainingData data = read(text);
  CHECK_THROWS_AS(drop_highest(data, 5), engine::Error);
  CHECK_THROWS_AS(drop_highest(data, -1), engine::Error);
  TrainingData equal = read("n,d,loss\n1,1,5\n2,2,5\n");
  CHECK_THROWS_AS(drop_highest(equal, 1), engine::Error);
}
