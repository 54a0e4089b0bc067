#include "jobs/sweep.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "engine/files.hpp"
#include "jobs/job.hpp"
#include "jobs/sweep_design.hpp"
#include "tests/engine/support/folder.hpp"
#include "tests/support/small_job.hpp"

using namespace flopsieve::jobs;
using flopsieve::engine::testing::ScratchFolder;
using flopsieve::test::small_job;

namespace {

Sweep sweep_of(const std::string& table) {
  return parse_sweep(parse_toml(small_job + table, "s.toml")).value();
}

std::string complaint(const std::string& table) {
  try {
    sweep_of(table);
  } catch (const flopsieve::engine::Error& error) {
    CHECK(error.code() == flopsieve::engine::ExitCode::bad_input);
    return error.what();
  }
  return "no error";
}

/// The same, of what is wrong with the line after [sweep] and `design`.
std::string complaint(const std::string& design, const std::string& keys,
                      const std::string& more = "") {
  return complaint("[sweep]\ndesign = \"" + design + "\"\n" + more + "[sweep.keys]\n" + keys +
                   "\n");
}

const int first_line = 24;  ///< of [sweep] behind small_job

std::string line(int after) {
  return "s.toml:" + std::to_string(first_line + after) + ": ";
}

}  // namespace

TEST_CASE("a job without [sweep] has none") {
  CHECK_FALSE(parse_sweep(parse_toml(small_job, "s.toml")));
}

TEST_CASE("a grid has all combinations, the last key fastest") {
  const Sweep sweep = sweep_of(R"([sweep]
design = "grid"
[sweep.keys]
models.sd = [1.5, 1, 2]
"models.skewness" = { from = -0.5, to = 0.5, points = 5 }
models.match = ["reject", "last"]
)");
  REQUIRE(sweep.variants == 30);
  REQUIRE(sweep.keys.size() == 3);
  CHECK(sweep.keys[0].swept.name == "models.sd");
  CHECK(sweep.common_random_numbers);
  std::size_t v = 0;
  for (const double sd : {1.5, 1.0, 2.0}) {
    for (const double skewness : {-0.5, -0.25, 0.0, 0.25, 0.5}) {
      for (const char* match : {"reject", "last"}) {
        CHECK(sweep.keys[0].swept.numbers.at(v) == sd);
        CHECK(sweep.keys[1].swept.numbers.at(v) == skewness);
        CHECK(sweep.keys[2].swept.texts.at(v) == match);
        ++v;
      }
    }
  }
  CHECK_FALSE(sweep.keys[2].swept.is_number);
  CHECK(place_of(sweep.keys[1], 3) == "s.toml:28: models.skewness=-0.25");
}

TEST_CASE("the points of a range are round numbers") {
  const Sweep sweep = sweep_of(
      "[sweep]\ndesign = \"grid\"\n[sweep.keys]\nx = { from = -1, to = 1.9, points = 30 }\n");
  const auto& numbers = sweep.keys.at(0).swept.numbers;
  CHECK(numbers.at(2) == -0.8);
  CHECK(numbers.at(3) == -0.7);
  CHECK(numbers.at(9) == -0.1);
  CHECK(numbers.at(29) == 1.9);
}

TEST_CASE("a range in equal ratios keeps its ends") {
  const Sweep sweep = sweep_of(
      "[sweep]\ndesign = \"grid\"\n[sweep.keys]\n"
      "x = { from = 1e9, to = 1e13, points = 5, spacing = \"log\" }\n");
  const auto& numbers = sweep.keys.at(0).swept.numbers;
  CHECK(numbers.front() == 1e9);
  CHECK(numbers.back() == 1e13);
  for (std::size_t i = 1; i < 5; ++i) CHECK(numbers[i] / numbers[i - 1] == Approx(10.0));
}

TEST_CASE("a zip takes one value of each key for each variant") {
  const Sweep sweep =
      sweep_of("[sweep]\ndesign = \"zip\"\n[sweep.keys]\na = [1, 2, 3]\nb = [true, false, true]\n");
  REQUIRE(sweep.variants == 3);
  CHECK(sweep.keys[0].swept.numbers == std::vector<double>{1, 2, 3});
  CHECK(sweep.keys[1].swept.texts == std::vector<std::string>{"true", "false", "true"});
}

TEST_CASE("an entry of a list leaves other keys as the job has them") {
  const Sweep sweep = sweep_of(R"([sweep]
design = "list"
[[sweep.list]]
"total.growth" = 5
[[sweep.list]]
"models.sd" = 1.5
"models.tolerance" = 0.1
)");
  REQUIRE(sweep.variants == 2);
  CHECK(sweep.keys[0].swept.numbers == std::vector<double>{5, 4});
  CHECK(sweep.keys[1].swept.texts == std::vector<std::string>{"{ uniform = [1.4, 2] }", "1.5"});
  // The job says nothing of this one.
  CHECK(std::isnan(sweep.keys[2].swept.numbers[0]));
  CHECK(sweep.keys[2].swept.numbers[1] == 0.1);
  CHECK(place_of(sweep.keys[0], 0) == "s.toml:27: total.growth=5");

  Document job = parse_toml(small_job, "s.toml");
  put_variant(job, sweep, 0);
  CHECK(find_key(job, "models.tolerance") == nullptr);
  CHECK(find_key(job, "total.growth")->integer == 5);
  CHECK(find_key(job, "models.sd")->kind == ValueKind::table);
}

TEST_CASE("a CSV file has a column for each key and a record for each variant") {
  const ScratchFolder folder;
  flopsieve::engine::write_file_atomically(folder / "settings.csv",
                                           "models.sd,models.match,models.count\n1.5,reject,"
                                           "60\n2e0,\"\"\"last\"\"\",{ poisson = 60 }\n");
  flopsieve::engine::write_file_atomically(
      folder / "job.toml", small_job + "[sweep]\ndesign = \"csv\"\ncsv = \"settings.csv\"\n");
  const std::string name = (folder / "job.toml").string();
  const Document job =
      parse_toml(flopsieve::engine::read_text(name, flopsieve::engine::ExitCode::bad_input), name);
  const Sweep sweep = parse_sweep(job).value();
  REQUIRE(sweep.variants == 2);
  CHECK(sweep.keys[0].swept.numbers == std::vector<double>{1.5, 2});
  CHECK(sweep.keys[1].swept.texts == std::vector<std::string>{"reject", "last"});
  CHECK(sweep.keys[2].swept.texts == std::vector<std::string>{"60.0", "{ poisson = 60 }"});
  CHECK(place_of(sweep.keys[0], 1) == (folder / "settings.csv").string() + ":3: models.sd=2");

  const auto refused = [&](const std::string& csv) {
    flopsieve::engine::write_file_atomically(folder / "settings.csv", csv);
    const auto error =
        flopsieve::engine::testing::error_of([&] { static_cast<void>(parse_sweep(job)); });
    CHECK(error.code() == flopsieve::engine::ExitCode::bad_input);
    return std::string(error.what());
  };
  using Catch::Contains;
  CHECK_THAT(refused("models.sd\n"), Contains("a header and no variant"));
  CHECK_THAT(refused("models.sd,years\n1,2024\n"),
             Contains("settings.csv:1: years cannot be swept"));
  CHECK_THAT(refused("models.sd\n\"\"\n"),
             Contains("settings.csv:2: models.sd: the field is empty"));
  CHECK_THAT(refused("models.sd,models.sd\n1,2\n"), Contains("appears twice"));
  CHECK_THAT(refused("models.sd\n[\n"), Contains("settings.csv:2: models.sd: the text"));
}

TEST_CASE("distributions are sampled by their quantile functions") {
  const Sweep sweep = sweep_of(R"([sweep]
design = "sobol"
points = 64
seed = 3
[sweep.keys]
a = { uniform = [2, 6] }
b = { triangular = [0, 0, 2] }
c = { normal = [5, 2], lower = 5 }
d = { loguniform = [1, 100] }
e = ["x", "y", "z", "z"]
)");
  const UnitRows unit = sobol(64, 5, 3);
  REQUIRE(sweep.variants == 64);
  for (std::size_t v = 0; v < 64; ++v) {
    const double* u = &unit[v * 5];
    CHECK(sweep.keys[0].swept.numbers[v] == Approx(2.0 + 4.0 * u[0]));
    CHECK(sweep.keys[1].swept.numbers[v] == Approx(2.0 - 2.0 * std::sqrt(1.0 - u[1])));
    // Upper half of a normal law: P(X <= x) = erf((x - 5) / (2 sqrt(2))).
    const double x = sweep.keys[2].swept.numbers[v];
    CHECK(std::erf((x - 5.0) / (2.0 * std::sqrt(2.0))) == Approx(u[2]).margin(1e-9));
    CHECK(sweep.keys[3].swept.numbers[v] == Approx(std::pow(100.0, u[3])));
    const char* const words[] = {"x", "y", "z", "z"};
    CHECK(sweep.keys[4].swept.texts[v] == words[static_cast<int>(4.0 * u[4])]);
  }
}

TEST_CASE("the rows of each sampling design are those of its unit cube") {
  const std::string keys = "[sweep.keys]\na = { uniform = [0, 1] }\nb = { uniform = [0, 1] }\n";
  const auto check = [&](const std::string& design, const UnitRows& unit) {
    const Sweep sweep = sweep_of("[sweep]\ndesign = \"" + design + "\"\npoints = 8\n" + keys);
    REQUIRE(sweep.variants * 2 == unit.size());
    CHECK(sweep.points == 8);
    for (std::size_t v = 0; v < sweep.variants; ++v) {
      CHECK(sweep.keys[0].swept.numbers[v] == Approx(unit[2 * v]).margin(1e-15));
      CHECK(sweep.keys[1].swept.numbers[v] == Approx(unit[2 * v + 1]).margin(1e-15));
    }
  };
  check("latin_hypercube", latin_hypercube(8, 2, 1));
  check("sobol", sobol(8, 2, 1));
  check("saltelli", saltelli(8, 2, 1));
  check("morris", morris(8, 2, 4, 1));
}

TEST_CASE("Morris reaches both ends of a bounded distribution") {
  const Sweep sweep = sweep_of(
      "[sweep]\ndesign = \"morris\"\npoints = 100\n[sweep.keys]\n"
      "a = { lognormal = [0, 1], lower = 0.5, upper = 4 }\nb = { uniform = [-1, 1] }\n");
  std::set<double> a(sweep.keys[0].swept.numbers.begin(), sweep.keys[0].swept.numbers.end());
  CHECK(a.size() == 4);
  CHECK(*a.begin() == 0.5);
  CHECK(*a.rbegin() == 4.0);
}

TEST_CASE("the text of a sweep reads as the same sweep") {
  const std::string table = R"([sweep]
design = "sobol"
points = 4
[sweep.keys]
models.sd = { uniform = [1, 2] }
"constraint.largest_share.max" = { normal = [0.5, 0.1], lower = 0.1, upper = 0.9 }
models.count = [57, { poisson = 60 }]
)";
  const Sweep sweep = sweep_of(table);
  CHECK(sweep.text.find("seed = 1\n") != std::string::npos);
  CHECK(sweep.text.find("common_random_numbers = true\n") != std::string::npos);
  const Sweep again = sweep_of(sweep.text);
  REQUIRE(again.keys.size() == 3);
  for (std::size_t k = 0; k < 3; ++k) {
    CHECK(again.keys[k].swept.name == sweep.keys[k].swept.name);
    CHECK(again.keys[k].swept.numbers == sweep.keys[k].swept.numbers);
    CHECK(again.keys[k].swept.texts == sweep.keys[k].swept.texts);
  }
}

TEST_CASE("seeds of variants hang on their settings alone") {
  const std::string keys = "[sweep.keys]\nmodels.sd = [1.5, 2]\n";
  const Sweep common = sweep_of("[sweep]\ndesign = \"grid\"\n" + keys);
  CHECK(variant_seed(7, common, 0) == 7);
  CHECK(variant_seed(7, common, 1) == 7);

  const std::string own = "[sweep]\ndesign = \"grid\"\ncommon_random_numbers = false\n";
  const Sweep sweep = sweep_of(own + keys);
  CHECK(canonical_settings(sweep, 0) == "models.sd=1.5\n");
  // int(hashlib.sha256(b"models.sd=1.5\n").hexdigest()[:16], 16) >> 1
  CHECK(variant_seed(7, sweep, 0) == (7 ^ 5529696088356278541u));
  CHECK(variant_seed(0, sweep, 1) != variant_seed(0, sweep, 0));

  const Sweep moved = sweep_of(own +
                               "[sweep.keys]\nmodels.sd = [2, 1, 1.5]\n"
                               "\"constraint.largest_share.max\" = [0.4]\n");
  CHECK(canonical_settings(moved, 2) == "constraint.largest_share.max=0.4\nmodels.sd=1.5\n");
  CHECK(variant_seed(0, moved, 2) == 8832911263343762582u);
  const Sweep titled = sweep_of(own + "[sweep.keys]\nmodels.sd = [1.5]\ntitle = [\"any name\"]\n");
  CHECK(variant_seed(7, titled, 0) == variant_seed(7, sweep, 0));
}

TEST_CASE("keys that all variants have in common cannot be swept") {
  for (const char* key :
       {"years", "trajectories", "batch_trajectories", "outputs.thresholds", "outputs.keep",
        "observed.2024", "precision.absolute", "calibration", "base", "constraint"}) {
    CHECK(complaint("grid", std::string("\"") + key + "\" = [1]")
              .starts_with(line(3) + key + " cannot be swept: "));
  }
  CHECK(complaint("grid", "\"constraint.largest_share.max\" = [0.5]") == "no error");
}

TEST_CASE("what is wrong with a sweep is one line with its place") {
  CHECK(complaint("[sweep]\n") == line(0) + "[sweep] lacks \"design\"");
  CHECK(
      complaint("gird", "a = [1]") ==
      line(1) +
          "sweep.design: unknown design \"gird\"; did you mean \"grid\"? allowed: grid, zip, list, "
          "csv, latin_hypercube, sobol, saltelli, morris");
  CHECK(complaint("grid", "") ==
        line(2) + "[sweep.keys] has no key: write what to sweep, such as models.sd = [1, 2]");
  CHECK(complaint("grid", "a = []") ==
        line(3) + "a has no values: write some between the brackets");
  CHECK(complaint("grid", "a = { from = 2, to = 2, points = 3 }") ==
        line(3) + "a is an empty range, from 2 to 2; it needs from < to");
  CHECK(complaint("grid", "a = { from = 0, to = 2, points = 3, spacing = \"log\" }") ==
        line(3) + "a is an empty range, from 0 to 2; it needs 0 < from < to");
  CHECK(complaint("grid", "a = { from = 1, to = 2, points = 0 }") ==
        line(3) + "a.points must be from 2 to 1000000, found 0");
  CHECK(complaint("grid", "a.b = [1]\n\"a.b\" = [2]") == line(4) + "a.b is swept twice");
  CHECK(complaint("grid", "a = [1]\n\"b.c\" = [2]\n\"a.b.c\" = [3]") ==
        line(5) + "a.b.c is a part of a, which is swept too");
  CHECK(complaint("saltelli", "a = [1, 2.5, \"x\"]", "points = 4\n") ==
        line(4) + "a: saltelli takes a distribution or a list of numbers");
  CHECK(complaint("grid", "a = { uniform = [1, 2] }") ==
        line(3) +
            "a: a grid takes values, [1, 2] or { from = 1, to = 2, points = 3 }; distributions are "
            "for latin_hypercube, sobol, saltelli and morris");
  CHECK(complaint("grid", "a = 1") ==
        line(3) +
            "a must be a list of values, a range or a distribution, found the whole number 1");
  CHECK(complaint("zip", "a = [1, 2]\nb = [1]") ==
        line(4) + "zip: b has 1 values and a has 2; it takes one of each key for each variant");
}

TEST_CASE("what is wrong with a design that samples, a list or a file is one line with its place") {
  CHECK(complaint("sobol", "a = { uniform = [1, 2] }") == line(0) + "[sweep] lacks \"points\"");
  CHECK(complaint("sobol", "a = { uniform = [1, 2] }", "points = 0\n") ==
        line(2) + "sweep.points must be from 1 to 1000000, found 0");
  CHECK(complaint("sobol", "a = { uniform = [2, 2] }", "points = 4\n") ==
        line(4) + "a.uniform must be [lower, upper], in ascending order");
  CHECK(complaint("sobol", "a = { from = 1, to = 2, points = 3 }", "points = 4\n")
            .starts_with(line(4) + "a: sobol takes a distribution"));
  CHECK(complaint("sobol", "a = { uniform = [1, 2], scope = \"trajectory\" }", "points = 4\n") ==
        line(4) + "a: a swept range has no scope");
  CHECK(complaint("morris", "a = { normal = [1, 2] }", "points = 4\n")
            .starts_with(line(4) + "a: morris goes from one end"));
  CHECK(complaint("morris", "a = { uniform = [1, 2] }", "points = 4\nlevels = 3\n") ==
        line(3) + "sweep.levels must be even, found 3");
  CHECK(
      complaint("grid", "a = [1]", "points = 4\n").starts_with(line(2) + "unknown key \"points\""));
  CHECK(complaint("[sweep]\ndesign = \"list\"\nlist = []\n") ==
        line(2) + "the sweep has no [[sweep.list]]");
  CHECK(complaint("[sweep]\ndesign = \"csv\"\n") ==
        line(0) + "design = \"csv\" needs csv = \"FILE\"");
  CHECK(complaint("grid", "seed = [1, 2]", "common_random_numbers = false\n")
            .starts_with(line(2) + "seed is swept"));
  CHECK(complaint("saltelli", "a = { uniform = [1, 2] }", "points = 900_000\n") ==
        line(0) +
            "the sweep has 2700000 variants of 1 keys; allowed are 1000000 variants, and 50000000 "
            "values in all");
}
