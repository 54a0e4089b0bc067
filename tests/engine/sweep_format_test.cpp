// FORMAT.md on sweeps against what is written: every dataset of a result, and the bytes of a part.
#include <catch2/catch.hpp>
#include <cstdint>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "engine/error.hpp"
#include "engine/format.hpp"
#include "engine/h5.hpp"
#include "engine/parts.hpp"
#include "engine/sweep_run.hpp"
#include "tests/engine/support/folder.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/engine/support/stored_runs.hpp"
#include "tests/engine/support/sweeps.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;
using testing::bytes_of;
using testing::FakeVariants;
using testing::ScratchFolder;
using testing::serial_to;

std::vector<std::string> split(const std::string& text, const std::string& separator) {
  std::vector<std::string> pieces;
  std::size_t begin = 0;
  for (std::size_t end = 0; end != std::string::npos; begin = end + separator.size()) {
    end = text.find(separator, begin);
    pieces.push_back(text.substr(begin, end == std::string::npos ? end : end - begin));
  }
  return pieces;
}

/// The rows of the table below a heading of FORMAT.md; first the path or name.
std::vector<std::vector<std::string>> rows_below(const std::string& heading) {
  std::istringstream text(bytes_of(fs::path(FLOPSIEVE_SOURCE_DIR) / "engine" / "FORMAT.md"));
  std::vector<std::vector<std::string>> rows;
  bool inside = false;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("#")) inside = line == heading;
    if (!inside || !line.starts_with("| `")) continue;
    rows.push_back(split(line.substr(2, line.size() - 4), " | "));
  }
  return rows;
}

std::string without_quotes(const std::string& text) {
  return text.substr(1, text.size() - 2);
}

/// Every axis has another length, and every table is there.
Plan plan_with_everything(std::uint64_t variant) {
  Plan plan = testing::plain_plan({2024, 2025, 2026});
  plan.trajectories = 6;
  plan.attempts = 2'000;
  testing::total_of(plan) = testing::by_trajectory(testing::constant(26.0), 3);
  testing::count_of(plan) = testing::by_candidate(testing::constant(20.0), 3);
  plan.sizes.family = SizeFamily::truncated_normal;
  plan.sizes.parameters.clear();
  for (const double each : {23.0, 1.0, 20.0, 25.6}) {
    plan.sizes.parameters.push_back(testing::by_candidate(testing::constant(each), 3));
  }
  plan.matching = {Match::reject, 0.3, {}};
  for (const char* name : {"largest_share", "mean", "sd", "gini", "median", "smallest", "count"}) {
    testing::add_constraint(plan, testing::bounded(name, 0.0, 100.0, 3));
  }
  plan.outputs.thresholds = {1e23, 1e24, 1e25, 1e26};
  plan.outputs.cumulative_base = {9, 5, 1, 0};
  plan.outputs.quantiles = {0.05, 0.1, 0.5, 0.9, 0.95, 0.99};
  for (const char* name : {"largest_share", "mean", "sd", "gini", "median", "smallest", "count",
                           "total_error", "largest"}) {
    plan.outputs.statistics.push_back(parse_statistic(name));
  }
  plan.outputs.frontier = {{1.0}, 4, 25.0};
  plan.outputs.observed.assign(3 * 4, -1);
  plan.outputs.observed[0] = 7;
  plan.outputs.keep = Keep::summary;
  const Method methods[]{Method::reject, Method::truncate, Method::split};
  plan.sampling.method = methods[variant % 3];
  return plan;
}

std::string type_of(const H5File& file, const std::string& path) {
  try {
    const std::map<H5Type, std::string> names{{H5Type::int32, "int32"},
                                              {H5Type::int64, "int64"},
                                              {H5Type::uint64, "uint64"},
                                              {H5Type::float64, "float64"}};
    return names.at(file.type(path));
  } catch (const Error&) {
    return "string";
  }
}

std::uint64_t number(const std::string& bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 8; i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return value;
}

/// Seven bits to a byte, lowest first.
std::uint64_t short_number(const std::string& bytes, std::size_t& at) {
  std::uint64_t value = 0;
  for (unsigned int shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.at(at++));
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return value;
  }
}

TEST_CASE("FORMAT.md describes every dataset of a sweep") {
  const FakeVariants variants(5, plan_with_everything);
  const ScratchFolder folder;
  run_sweep(variants, variants.study(), serial_to(folder / "sweep.h5"));
  const H5File file = H5File::open(folder / "sweep.h5");
  std::map<std::string, std::uint64_t> lengths;
  std::set<std::string> described;
  for (const auto& row : rows_below("### Datasets of a sweep")) {
    REQUIRE(row.size() == 5);
    const std::string path = without_quotes(row[0]);
    if (path == "/SETTING") {
      described.insert({"/models.sd", "/models.kind_x_"});
      continue;
    }
    CAPTURE(path);
    described.insert(path);
    REQUIRE(file.exists(path));
    CHECK(type_of(file, path) == row[1]);
    if (row[2] == path.substr(1)) lengths[row[2]] = file.shape(path).at(0);
    std::vector<std::uint64_t> shape;
    for (const std::string& scale : split(row[2], ", ")) shape.push_back(lengths.at(scale));
    CHECK(file.shape(path) == shape);
    const std::string unit =
        file.has_attribute(path, "units") ? file.read_attribute_text(path, "units") : "-";
    CHECK(unit == row[3]);
    CHECK(file.has_attribute(path, "sha256"));
    CHECK(file.has_attribute(path, "coordinates") ==
          (row[2].starts_with("variant") && path != "/variant"));
  }
  const auto found = file.datasets();
  CHECK(std::set<std::string>(found.begin(), found.end()) == described);
  CHECK(lengths == std::map<std::string, std::uint64_t>{{"variant", 5},
                                                        {"year", 3},
                                                        {"threshold", 4},
                                                        {"quantile", 6},
                                                        {"bound", 2},
                                                        {"constraint", 8},
                                                        {"other_constraint", 8},
                                                        {"statistic", 9},
                                                        {"width", 1}});
  for (const auto& row : rows_below("### Attributes of a sweep")) {
    for (const std::string& name : split(row[0], ", ")) {
      CAPTURE(name);
      CHECK(file.has_attribute("/", without_quotes(name)));
    }
  }
}

TEST_CASE("FORMAT.md describes the bytes of a part of a sweep") {
  const auto make = [](std::uint64_t v) {
    if (v == 1) throw Error(ExitCode::infeasible, "cannot be");
    return testing::uneven_variant(v);
  };
  const FakeVariants variants(3, make);
  const ScratchFolder folder;
  RunOptions options = serial_to(folder / "sweep.h5");
  options.compact = false;
  run_sweep(variants, variants.study(), options);
  const auto parts = part_paths(parts_folder(options.output), format::sweep_part_ending);
  REQUIRE(parts.size() == 1);
  CHECK(parts[0].filename() == "part-0000000000-0000000014-0of1.sweep");
  const std::string bytes = bytes_of(parts[0]);
  CHECK(bytes.substr(0, 8) == "FLOPSWEP");
  CHECK(bytes.substr(8, 64) == variants.identity());
  const std::vector<std::uint64_t> head{1, sampling_version, 3, 19, 5, 3};
  for (std::size_t i = 0; i < head.size(); ++i) CHECK(number(bytes, 72 + 8 * i) == head[i]);
  // Variant, first batch, number, step, kind and method.
  const std::vector<std::vector<std::uint64_t>> index{
      {0, 0, 5, 1, 0}, {1, 0, 1, 1, 2}, {2, 0, 5, 1, 0}};
  std::uint64_t begin = 120 + 3 * 64;
  for (std::size_t i = 0; i < index.size(); ++i) {
    for (std::size_t j = 0; j < 5; ++j) CHECK(number(bytes, 120 + 64 * i + 8 * j) == index[i][j]);
    CHECK(number(bytes, 120 + 64 * i + 40) == begin);
    begin += number(bytes, 120 + 64 * i + 48);
  }
  CHECK(begin + 24 == bytes.size());
  CHECK(bytes.substr(begin, 8) == "FLOPSEAL");
  CHECK(number(bytes, begin + 8) == begin);
  // A text; and what a segment begins with.
  CHECK(bytes.substr(number(bytes, 120 + 64 + 40), 10) ==
        "\x09"
        "cannot be");
  std::size_t at = number(bytes, 120 + 40);
  CHECK(short_number(bytes, at) == 64);
  CHECK(bytes.substr(at, 64) == plan_identity(make(0)));
  at += 64;
  CHECK(short_number(bytes, at) == 60);                // attempts
  CHECK(bytes.substr(at, 2) == std::string(2, '\0'));  // no precision
  at += 2;
  // cumulative_base: 9, 4, 0.
  const std::string base{3, 2, 0, 9, 0, 4};
  CHECK(bytes.substr(at, 6) == base);
  at += 6;
  // The first batch: trajectories, complete, five empty lists of lists.
  const BatchResult first = *run_batch(make(0), 0);
  CHECK(short_number(bytes, at) == 4);
  CHECK(short_number(bytes, at) == first.tally.complete);
  CHECK(bytes.substr(at, 5) == std::string(5, '\0'));
}

}  // namespace
}  // namespace flopsieve::engine
