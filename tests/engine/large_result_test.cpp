#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "engine/result_file.hpp"
#include "engine/result_seal.hpp"
#include "engine/runner.hpp"
#include "engine/sealed.hpp"
#include "tests/engine/support/folder.hpp"
#include "tests/engine/support/plans.hpp"

// Finished results with arrays that the check at each opening leaves out (tests/engine/
// damaged_result_test.cpp: results without).

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;
using testing::ScratchFolder;

constexpr const char* sizes = "/samples/log10_flop";

/// A result with 2.4 MB of sizes, and its bytes.
class LargeResult {
 public:
  LargeResult() {
    Plan plan = testing::plain_plan({2024, 2025});
    plan.trajectories = 1500;
    plan.batch_trajectories = 100;
    testing::count_of(plan) = testing::by_candidate(testing::constant(100.0), 2);
    plan.outputs.thresholds = {1e24};
    plan.outputs.cumulative_base = {0};
    plan.outputs.keep = Keep::samples;
    plan.outputs.keep_samples = plan.trajectories;
    RunOptions options;
    options.output = path();
    run_study(testing::study_of(plan), options);
    std::ifstream stream(path(), std::ios::binary);
    whole_ = {std::istreambuf_iterator<char>(stream), {}};
    std::memcpy(&length_, whole_.data() + whole_.size() - 2 * sizeof length_, sizeof length_);
    left_out_.resize((whole_.size() - kSealBytes - length_) / sizeof(ByteRange));
    std::memcpy(left_out_.data(), whole_.data() + length_, left_out_.size() * sizeof(ByteRange));
  }

  fs::path path() const { return folder_ / "run.h5"; }
  const std::string& whole() const { return whole_; }
  std::uint64_t length() const { return length_; }
  const std::vector<ByteRange>& left_out() const { return left_out_; }

  bool is_left_out(std::uint64_t at) const {
    return std::any_of(left_out_.begin(), left_out_.end(),
                       [&](const ByteRange& range) { return range.begin <= at && at < range.end; });
  }

  /// Flips one bit of the file; once more, and it is whole again.
  void flip(std::uint64_t at, std::uint64_t bit) const {
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const auto byte = static_cast<char>(file.get() ^ (1 << bit));
    file.seekp(static_cast<std::streamoff>(at));
    file.put(byte);
  }

  /// Why the file is refused: empty if it is not.
  std::string damage_found() const {
    try {
      open_result_file(path());
    } catch (const Error& error) {
      REQUIRE(error.code() == ExitCode::storage);
      REQUIRE_THAT(error.what(), Catch::Contains("run.h5: damaged: "));
      return error.what();
    }
    return "";
  }

 private:
  ScratchFolder folder_;
  std::string whole_;
  std::uint64_t length_ = 0;
  std::vector<ByteRange> left_out_;
};

}  // namespace

TEST_CASE("what the trailer of a large result leaves out are the numbers of its large arrays") {
  const LargeResult result;
  std::string bytes;
  for (const ByteRange& range : result.left_out()) {
    bytes += result.whole().substr(range.begin, range.end - range.begin);
  }
  const auto values = H5File::open(result.path()).read<double>(sizes);
  REQUIRE(values.size() == 300'000);
  const std::size_t count = values.size() * sizeof(double);
  REQUIRE(bytes.size() == count);
  CHECK(std::memcmp(bytes.data(), values.data(), count) == 0);
}

TEST_CASE("bits flipped anywhere but in the large arrays of a result are found") {
  const LargeResult result;
  REQUIRE(result.damage_found().empty());
  std::mt19937 engine(6);
  std::vector<std::uint64_t> places;
  for (std::uint64_t at = result.length(); at < result.whole().size(); ++at) places.push_back(at);
  CHECK(places.size() > kSealBytes);
  while (places.size() < 2000) {
    const std::uint64_t at = engine() % result.length();
    if (!result.is_left_out(at)) places.push_back(at);
  }
  for (const ByteRange& range : result.left_out()) {
    places.push_back(range.begin - 1);
    places.push_back(range.end);
  }
  for (const std::uint64_t at : places) {
    const std::uint64_t bit = engine() % 8;
    result.flip(at, bit);
    INFO("byte " << at << ", bit " << bit);
    REQUIRE_FALSE(result.damage_found().empty());
    result.flip(at, bit);
  }
  CHECK(result.damage_found().empty());
}

TEST_CASE("bits flipped in a large array of a result are found where the array is compared") {
  const LargeResult result;
  for (const ByteRange& range : result.left_out()) {
    for (const std::uint64_t at : {range.begin, (range.begin + range.end) / 2}) {
      result.flip(at, 3);
      const H5File file = open_result_file(result.path());
      CHECK_THROWS_WITH(verify_dataset(file, result.path(), sizes),
                        Catch::Contains("run.h5: damaged: /samples/log10_flop is not what was"));
      verify_dataset(file, result.path(), "/samples/row_size");
      result.flip(at, 3);
    }
  }
}

TEST_CASE("a large result that was cut or is followed by something is found") {
  const LargeResult result;
  const std::uint64_t size = result.whole().size();
  for (std::uint64_t lost = 1; lost < size - 100; lost += lost < 200 ? 1 : 99'991) {
    if (size - lost == result.length()) continue;  // as another program leaves it
    fs::resize_file(result.path(), size - lost);
    INFO(lost);
    REQUIRE_FALSE(result.damage_found().empty());
    std::ofstream(result.path(), std::ios::binary) << result.whole();
  }
  std::ofstream(result.path(), std::ios::binary | std::ios::app) << "1234567890123456";
  CHECK_FALSE(result.damage_found().empty());
}

}  // namespace flopsieve::engine
