#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/overview.hpp"
#include "engine/result_file.hpp"
#include "engine/result_seal.hpp"
#include "engine/runner.hpp"
#include "engine/sealed.hpp"
#include "tests/engine/support/folder.hpp"
#include "tests/engine/support/plans.hpp"

// Finished results with flipped bits (tests/program/damaged_result_test.py: the program's answers,
// and changes that are made through HDF5).

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;
using testing::ScratchFolder;
using testing::study_of;
using testing::uneven_plan;

/// A small result, and its bytes.
class Result {
 public:
  Result() {
    Plan plan = uneven_plan(Keep::samples);
    plan.trajectories = 6 * plan.batch_trajectories;
    plan.outputs.keep_samples = 8;
    RunOptions options;
    options.output = path();
    Study study = study_of(plan);
    study.provenance.emplace_back("created", "2026-01-01T00:00:00Z");
    run_study(study, options);
    std::ifstream stream(path(), std::ios::binary);
    whole_ = {std::istreambuf_iterator<char>(stream), {}};
  }

  fs::path path() const { return folder_ / "run.h5"; }
  const std::string& whole() const { return whole_; }

  void set(const std::string& bytes) const {
    std::ofstream(path(), std::ios::binary | std::ios::trunc) << bytes;
  }

  /// Flips one bit of the file; once more, and it is whole again.
  void flip(std::size_t at, std::size_t bit) const {
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const auto byte = static_cast<char>(file.get() ^ (1 << bit));
    file.seekp(static_cast<std::streamoff>(at));
    file.put(byte);
  }

  /// Everything stored as text: root attributes, those of datasets, datasets of texts.
  std::vector<std::string> texts() const {
    set(whole_);
    const H5File file = H5File::open(path());
    std::vector<std::string> found;
    for (const char* name : {"Conventions", "title", "source", "kind", "identity", "result_class",
                             "sampling_method", "plan", "job", "created", "metadata_sha256"}) {
      found.push_back(file.read_attribute_text("/", name));
    }
    for (const std::string& dataset : file.datasets()) {
      for (const char* name : {"units", "long_name", "sha256"}) {
        if (!file.has_attribute(dataset, name)) continue;
        found.push_back(file.read_attribute_text(dataset, name));
      }
    }
    for (const char* dataset : {"/statistic", "/constraint", "/counts/bound"}) {
      for (const std::string& text : file.read_strings(dataset)) found.push_back(text);
    }
    return found;
  }

  /// Every byte of every one of these texts, wherever it stands.
  std::set<std::size_t> bytes_of_texts() const {
    std::set<std::size_t> places;
    for (const std::string& text : texts()) {
      if (text.size() < 4) continue;  // may stand anywhere
      REQUIRE(whole_.find(text) != std::string::npos);
      for (std::size_t at = whole_.find(text); at != std::string::npos;
           at = whole_.find(text, at + 1)) {
        for (std::size_t i = 0; i < text.size(); ++i) places.insert(at + i);
      }
    }
    return places;
  }

 private:
  ScratchFolder folder_;
  std::string whole_;
};

/// Why a call refuses the file: empty if it does not.
template <class Read>
std::string damage_found(const Read& read) {
  try {
    read();
  } catch (const Error& error) {
    REQUIRE(error.code() == ExitCode::storage);
    REQUIRE_THAT(error.what(), Catch::Contains("run.h5: damaged: "));
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("the trailer of a result tells every flipped byte of the texts in it") {
  const Result result;
  const std::set<std::size_t> places = result.bytes_of_texts();
  CHECK(places.size() > 5000);
  std::string bytes = result.whole();
  CHECK(seal_damage(std::as_bytes(std::span(bytes))).empty());
  std::size_t missed = 0;
  for (const std::size_t at : places) {
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << (at % 8)));
    if (seal_damage(std::as_bytes(std::span(bytes))).empty()) ++missed;
    bytes[at] = result.whole()[at];
  }
  CHECK(missed == 0);
}

TEST_CASE("bits flipped anywhere in a result are found by all that open it") {
  const Result result;
  REQUIRE(result.whole().size() > 50'000);
  std::mt19937 engine(5);
  std::vector<std::size_t> places;
  for (std::size_t at = 0; at < 64; ++at) places.push_back(at);
  for (std::size_t at = 1; at <= kSealBytes; ++at) places.push_back(result.whole().size() - at);
  for (int i = 0; i < 200; ++i) places.push_back(engine() % result.whole().size());
  for (const std::size_t at : places) {
    for (std::size_t bit = 0; bit < 8; ++bit) {
      result.flip(at, bit);
      INFO("byte " << at << ", bit " << bit);
      REQUIRE_FALSE(damage_found([&] { open_result_file(result.path()); }).empty());
      result.flip(at, bit);
    }
    result.flip(at, at % 8);
    REQUIRE_FALSE(damage_found([&] { read_result_file(result.path()); }).empty());
    REQUIRE_FALSE(damage_found([&] { read_overview(result.path()); }).empty());
    result.flip(at, at % 8);
  }
  CHECK(damage_found([&] { read_result_file(result.path()); }).empty());
}

TEST_CASE("a result that was cut anywhere is found, and called truncated") {
  const Result result;
  const std::size_t size = result.whole().size();
  for (std::size_t keep = 1; keep < size; keep += keep < 70 ? 1 : 9973) {
    result.set(result.whole().substr(0, keep));
    const std::string said = damage_found([&] { open_result_file(result.path()); });
    INFO(keep);
    REQUIRE_THAT(said, Catch::Contains("truncated: "));
  }
  for (std::size_t lost = 1; lost < kSealBytes; ++lost) {
    result.set(result.whole().substr(0, size - lost));
    REQUIRE_FALSE(damage_found([&] { open_result_file(result.path()); }).empty());
  }
  // Without the trailer, and nothing else.
  result.set(result.whole().substr(0, size - kSealBytes));
  CHECK(damage_found([&] { read_result_file(result.path()); }).empty());
}

TEST_CASE("flipped bytes of texts are found in a result without a trailer") {
  const Result result;
  const std::string bare = result.whole().substr(0, result.whole().size() - kSealBytes);
  const std::set<std::size_t> places = result.bytes_of_texts();
  result.set(bare);
  std::size_t number = 0;
  for (const std::size_t at : places) {
    if (number++ % 149 != 0) continue;  // opening takes milliseconds
    result.flip(at, at % 7);            // ASCII stays ASCII
    INFO("byte " << at);
    REQUIRE_FALSE(damage_found([&] { open_result_file(result.path()); }).empty());
    result.flip(at, at % 7);
  }
}

}  // namespace flopsieve::engine
