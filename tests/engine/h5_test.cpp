#include "engine/h5.hpp"

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <limits>
#include <numeric>

#include "engine/error.hpp"
#include "tests/engine/support/folder.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;
using Lengths = std::vector<std::uint64_t>;

/// A path for one file of this test, removed at the end.
class ScratchFile {
 public:
  fs::path path() const { return folder_ / "run.h5"; }

 private:
  testing::ScratchFolder folder_;
};

DatasetInfo with_dimensions(std::vector<Dimension> dimensions) {
  DatasetInfo info;
  info.dimensions = std::move(dimensions);
  return info;
}

template <H5Number T>
void check_round_trip(const std::vector<T>& values) {
  const DatasetInfo info = with_dimensions({{"/row", values.size()}});
  H5File written = H5File::create_in_memory("test");
  written.write("/group/values", values, info);
  written.write_attribute("/group/values", "list", values);
  written.write_attribute("/", "scalar", values.at(0));
  const H5File read = H5File::open_image(written.take_image(), "test");
  CHECK(read.type("/group/values") == h5_type<T>());
  CHECK(read.read<T>("/group/values") == values);
  CHECK(read.read_attribute_list<T>("/group/values", "list") == values);
  CHECK(read.read_attribute<T>("/", "scalar") == values.at(0));
}

template <typename T>
std::vector<T> extremes() {
  using Limits = std::numeric_limits<T>;
  return {Limits::lowest(), Limits::max(), Limits::min(), T{0}, T{1}};
}

TEST_CASE("numbers of every type come back exactly") {
  check_round_trip(extremes<std::uint8_t>());
  check_round_trip(extremes<std::uint32_t>());
  check_round_trip(extremes<std::uint64_t>());
  check_round_trip(extremes<std::int32_t>());
  check_round_trip(extremes<std::int64_t>());
  check_round_trip(extremes<float>());
  check_round_trip(extremes<double>());
}

TEST_CASE("texts come back, long and foreign ones too") {
  H5File file = H5File::create_in_memory("test");
  const std::vector<std::string> texts{"σ", "", "γ and a longer one"};
  const std::string plan(200'000, 'p');
  file.write_strings("/parameter", texts, with_dimensions({{"/parameter", 3}}));
  file.write_attribute("/", "plan", plan);
  file.write_attribute("/", "title", "first");
  file.write_attribute("/", "title", "second");
  file.write_attribute("/parameter", "names", texts);
  CHECK(file.read_strings("/parameter") == texts);
  CHECK(file.read_attribute_text("/", "plan") == plan);
  CHECK(file.read_attribute_text("/", "title") == "second");
  CHECK(file.read_attribute_texts("/parameter", "names") == texts);
  CHECK(file.has_attribute("/", "title"));
  CHECK_FALSE(file.has_attribute("/", "author"));
  // The strings, each with a zero byte behind it; computed with Python's hashlib.
  CHECK(file.read_attribute_text("/parameter", "sha256") ==
        "918e539eb4585f5d956936359571c1904bb3ad8a9425b9472ca85d0c1d544110");
  CHECK(file.dataset_sha256("/parameter") == file.read_attribute_text("/parameter", "sha256"));
  CHECK_THROWS_AS(file.write_attribute("/", "zero", std::string_view("a\0b", 3)),
                  std::invalid_argument);
}

TEST_CASE("arrays have at most five dimensions") {
  std::vector<double> values(2 * 3 * 1 * 2 * 2);
  std::iota(values.begin(), values.end(), 0.0);
  std::vector<Dimension> dimensions{{"/a", 2}, {"/b", 3}, {"/c", 1}, {"/d", 2}, {"/e", 2}};
  H5File file = H5File::create_in_memory("test");
  file.write("/whole", values, with_dimensions(dimensions));
  for (const std::size_t chunk_bytes : {std::size_t{64}, kNoChunks}) {
    const std::string path = "/rows" + std::to_string(chunk_bytes);
    RowWriter<double> writer(file, path, with_dimensions(dimensions), chunk_bytes);
    writer.append(std::span<const double>(values).first(12));
    writer.append(std::span<const double>(values).last(12));
    writer.finish();
    CHECK(file.read<double>(path) == values);
    CHECK(file.dataset_sha256(path) == file.dataset_sha256("/whole"));
  }
  CHECK(file.shape("/whole") == Lengths{2, 3, 1, 2, 2});
  CHECK(file.read_rows<double>("/whole", 1, 1).front() == 12.0);
  file.flush();
  CHECK(file.plain_numbers(8).size() > 0);
  dimensions.push_back({"/f", 1});
  CHECK_THROWS_AS(file.write("/six", values, with_dimensions(dimensions)), std::invalid_argument);
}

TEST_CASE("arrays of 1 to 4 dimensions, rows of them, and their units") {
  std::vector<std::int32_t> values(2 * 3 * 4 * 5);
  std::iota(values.begin(), values.end(), 0);
  DatasetInfo info = with_dimensions({{"/a", 2}, {"/b", 3}, {"/c", 4}, {"/d", 5}});
  info.units = "1";
  info.long_name = "four dimensions";
  for (const int deflate : {0, 1}) {
    info.deflate = deflate;
    H5File file = H5File::create_in_memory("test");
    file.write("/values", values, info);
    CHECK(file.shape("/values") == Lengths{2, 3, 4, 5});
    CHECK(file.read<std::int32_t>("/values") == values);
    CHECK(file.read_rows<std::int32_t>("/values", 1, 1) ==
          std::vector<std::int32_t>(values.begin() + 60, values.end()));
    CHECK(file.read_rows<std::int32_t>("/values", 2, 0).empty());
    CHECK_THROWS_AS(file.read_rows<std::int32_t>("/values", 1, 2), Error);
    CHECK(file.read_attribute_text("/values", "units") == "1");
    CHECK(file.read_attribute_text("/values", "long_name") == "four dimensions");
    CHECK(file.datasets() == std::vector<std::string>{"/a", "/b", "/c", "/d", "/values"});
    // 0..119 as little-endian int32; computed with Python's struct and hashlib.
    CHECK(file.read_attribute_text("/values", "sha256") ==
          "7f029d8e2f46f92626827ee8daa966064970b15ee6fbdb9d44880f2372dbfd38");
    CHECK(file.dataset_sha256("/values") == file.read_attribute_text("/values", "sha256"));
  }
}

TEST_CASE("datasets without values") {
  H5File file = H5File::create_in_memory("test");
  file.write("/none", std::vector<double>{}, with_dimensions({{"/row", 0}, {"/column", 3}}));
  file.write_strings("/no_text", {}, with_dimensions({{"/row", 0}}));
  RowWriter<float> rows(file, "/rows", with_dimensions({{"/row", 0}, {"/column", 3}}));
  rows.append(std::vector<float>{});
  rows.finish();
  CHECK(file.read<double>("/none").empty());
  CHECK(file.read_strings("/no_text").empty());
  CHECK(file.read<float>("/rows").empty());
  CHECK(file.shape("/none") == Lengths{0, 3});
  for (const std::string path : {"/none", "/no_text", "/rows"}) {
    CHECK(file.dataset_sha256(path) == sha256_hex(""));
    CHECK(file.read_attribute_text(path, "sha256") == sha256_hex(""));
  }
}

TEST_CASE("every dimension has a scale, shared by those that name it") {
  H5File file = H5File::create_in_memory("test");
  file.write("/year", std::vector<std::int32_t>{2024, 2025}, with_dimensions({{"/year", 2}}));
  file.write("/x", std::vector<double>(6), with_dimensions({{"/year", 2}, {"/bound", 3}}));
  file.write("/y", std::vector<double>(3), with_dimensions({{"/bound", 3}}));
  CHECK(file.datasets() == std::vector<std::string>{"/bound", "/x", "/y", "/year"});
  for (const std::string scale : {"/year", "/bound"}) {
    CHECK(file.has_attribute(scale, "CLASS"));
    CHECK(file.has_attribute(scale, "REFERENCE_LIST"));
  }
  CHECK(file.has_attribute("/x", "DIMENSION_LIST"));
  CHECK_THROWS_AS(file.write("/z", std::vector<double>(4), with_dimensions({{"/bound", 4}})),
                  std::invalid_argument);
}

TEST_CASE("a scale is repeated in a group with what is said about it") {
  H5File file = H5File::create_in_memory("test");
  DatasetInfo info = with_dimensions({{"/year", 2}});
  info.units = "year";
  file.write("/year", std::vector<std::int32_t>{2024, 2025}, info);
  file.write_strings("/name", {"a", "b", "c"}, with_dimensions({{"/name", 3}}));
  CHECK(file.repeat_scale("/year", "/counts") == "/counts/year");
  CHECK(file.repeat_scale("/year", "/counts") == "/counts/year");
  CHECK(file.repeat_scale("/name", "/counts") == "/counts/name");
  CHECK(file.read<std::int32_t>("/counts/year") == std::vector<std::int32_t>{2024, 2025});
  CHECK(file.read_attribute_text("/counts/year", "units") == "year");
  CHECK(file.read_strings("/counts/name") == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("rows appended in blocks make the dataset that a whole write makes") {
  constexpr std::uint64_t kRows = 10'000;
  std::vector<double> values(kRows * 3);
  for (std::size_t index = 0; index < values.size(); ++index) {
    values[index] = std::sqrt(static_cast<double>(index));
  }
  for (const std::uint64_t length : {kRows, kGrowing}) {
    for (const int deflate : {0, 1}) {
      CAPTURE(length, deflate);
      H5File file = H5File::create_in_memory("test");
      DatasetInfo info = with_dimensions({{"/group/row", length}, {"/group/column", 3}});
      info.deflate = deflate;
      RowWriter<double> writer(file, "/group/rows", info, 1000);
      const std::span<const double> all(values);
      // Blocks that do not agree with the chunks of 41 rows.
      for (std::uint64_t first = 0; first < kRows; first += 37) {
        writer.append(all.subspan(3 * first, 3 * std::min<std::uint64_t>(37, kRows - first)));
      }
      CHECK(writer.rows() == kRows);
      writer.finish();
      CHECK(file.read<double>("/group/rows") == values);
      CHECK(file.shape("/group/row") == Lengths{kRows});
      CHECK(file.read_attribute_text("/group/rows", "sha256") ==
            to_hex(sha256(std::as_bytes(all))));
      CHECK(file.dataset_sha256("/group/rows") == to_hex(sha256(std::as_bytes(all))));
    }
  }
}

TEST_CASE("a row writer demands whole rows and as many as were promised") {
  H5File file = H5File::create_in_memory("test");
  RowWriter<float> writer(file, "/rows", with_dimensions({{"/row", 2}, {"/column", 3}}));
  CHECK_THROWS_AS(writer.append(std::vector<float>(4)), std::invalid_argument);
  CHECK_THROWS_AS(writer.append(std::vector<float>(9)), std::invalid_argument);
  writer.append(std::vector<float>(3));
  CHECK_THROWS_AS(writer.finish(), std::invalid_argument);
  writer.append(std::vector<float>(3));
  writer.finish();

  RowWriter<float> growing(file, "/more", with_dimensions({{"/row", kGrowing}}));
  growing.append(std::vector<float>(3));
  CHECK_THROWS_AS(growing.finish(), std::invalid_argument);
}

TEST_CASE("wrong types, sizes and names are refused") {
  H5File file = H5File::create_in_memory("test");
  file.write("/x", std::vector<float>{1, 2}, with_dimensions({{"/row", 2}}));
  file.write_attribute("/x", "number", std::int32_t{1});
  CHECK_THROWS_AS(file.read<double>("/x"), Error);
  CHECK_THROWS_AS(file.read_strings("/x"), Error);
  CHECK_THROWS_AS(file.read_attribute<double>("/x", "number"), Error);
  CHECK_THROWS_AS(file.read_attribute_text("/x", "number"), Error);
  CHECK_THROWS_AS(file.read_attribute_text("/x", "missing"), Error);
  CHECK_THROWS_AS(file.read<float>("/missing"), Error);
  CHECK_THROWS_AS(file.write("/x", std::vector<float>{1}, with_dimensions({{"/x", 1}})),
                  std::invalid_argument);
  CHECK_THROWS_AS(file.write("/y", std::vector<float>{1}, with_dimensions({{"/row", 2}})),
                  std::invalid_argument);
  CHECK_THROWS_AS(file.write("y", std::vector<float>{1, 2}, with_dimensions({{"/row", 2}})),
                  std::invalid_argument);
  CHECK_THROWS_AS(file.write("/y", std::vector<float>{1}, with_dimensions({})),
                  std::invalid_argument);
  CHECK(file.exists("/x"));
  CHECK(file.exists("/"));
  CHECK_FALSE(file.exists("/missing/x"));
  CHECK_FALSE(file.exists("/y"));
}

PageBytes sample_image(double value) {
  H5File file = H5File::create_in_memory("sample");
  file.write_attribute("/", "title", "sample");
  file.write("/group/x", std::vector<double>{value, 2}, with_dimensions({{"/group/row", 2}}));
  return file.take_image();
}

TEST_CASE("the same calls give the same bytes, whenever they are made") {
  const PageBytes first = sample_image(1);
  ::sleep(1);
  CHECK(std::ranges::equal(sample_image(1), first));
  CHECK_FALSE(std::ranges::equal(sample_image(3), first));
}

TEST_CASE("used memory leaves no trace in an image") {
  PageBytes used(std::size_t{1} << 16);
  std::ranges::fill(used, std::byte{0xA5});
  const auto build = [](PageBytes memory) {
    H5File file = H5File::create_in_memory("image", std::move(memory));
    file.write("/x", std::vector<double>(3000, 0.5), with_dimensions({{"/x", 3000}}));
    file.write("/y", std::vector<float>{1, 2, 3}, with_dimensions({{"/y", 3}}));
    return file.take_image();
  };
  const PageBytes fresh = build({});
  CHECK(std::ranges::equal(build(std::move(used)), fresh));
  CHECK(fresh.size() > 24'000);
  CHECK(fresh.size() < 40'000);  // no longer than its contents
}

TEST_CASE("pieces of all lengths fill chunks and datasets in order") {
  const auto [growing, chunk_bytes] =
      GENERATE(table<bool, std::size_t>({{true, 256}, {false, 256}, {false, kNoChunks}}));
  const bool exchanging = GENERATE(true, false);
  const ScratchFile scratch;
  std::vector<double> values(2 * 300'000);
  std::iota(values.begin(), values.end(), 0.5);
  const std::span<const double> all(values);
  // Of two numbers each; a chunk holds 16. The large pieces are hashed by threads of their own.
  const std::vector<std::size_t> rows{0, 1, 15, 16, 7, 40, 3, 1000, 99'000, 100'000, 5, 99'913};
  {
    H5File file = H5File::create(scratch.path());
    RowWriter<double> writer(
        file, "/x", with_dimensions({{"/row", growing ? kGrowing : 300'000}, {"/pair", 2}}),
        chunk_bytes);
    std::vector<std::span<const double>> pieces;
    std::vector<double> memory;
    std::size_t first = 0;
    for (const std::size_t count : rows) {
      pieces.push_back(all.subspan(2 * first, 2 * count));
      if (exchanging) {
        memory.assign(pieces.back().begin(), pieces.back().end());
        memory = writer.exchange(std::move(memory));
        std::ranges::fill(memory, -1.0);
      } else {
        writer.append(pieces.back());
      }
      first += count;
    }
    REQUIRE(writer.rows() == 300'000);
    writer.finish();
    file.write("/y", pieces, with_dimensions({{"/row", 300'000}, {"/pair", 2}}));
    file.flush();
  }
  const H5File file = H5File::open(scratch.path());
  CHECK(file.read<double>("/x") == values);
  CHECK(file.read<double>("/y") == values);
  const std::string hash = to_hex(sha256(std::as_bytes(all)));
  CHECK(file.read_attribute_text("/x", "sha256") == hash);
  CHECK(file.read_attribute_text("/y", "sha256") == hash);
  CHECK(file.dataset_sha256("/x") == hash);
}

TEST_CASE("nothing is hashed where a seal covers the file") {
  H5File written = H5File::create_in_memory("sealed", {}, Hashing::none);
  written.write("/x", std::vector<float>{1, 2}, with_dimensions({{"/x", 2}}));
  written.write_strings("/names", {"a", "b"}, with_dimensions({{"/names", 2}}));
  RowWriter<double> writer(written, "/rows", with_dimensions({{"/x", 2}}), kNoChunks);
  writer.append(std::vector<double>{3, 4});
  writer.finish();
  const H5File file = H5File::open_image(written.take_image(), "sealed");
  CHECK(file.read<float>("/x") == std::vector<float>{1, 2});
  CHECK(file.read_strings("/names") == std::vector<std::string>{"a", "b"});
  CHECK(file.read<double>("/rows") == std::vector<double>{3, 4});
  for (const std::string& path : file.datasets()) CHECK_FALSE(file.has_attribute(path, "sha256"));
}

TEST_CASE("files in memory do not mix, whatever their names") {
  H5File first = H5File::create_in_memory("same");
  H5File second = H5File::create_in_memory("same");
  first.write("/x", std::vector<float>{1}, with_dimensions({{"/x", 1}}));
  second.write("/x", std::vector<float>{2}, with_dimensions({{"/x", 1}}));
  const H5File third = H5File::open_image(first.take_image(), "same");
  const H5File fourth = H5File::open_image(second.take_image(), "same");
  CHECK(third.read<float>("/x") == std::vector<float>{1});
  CHECK(fourth.read<float>("/x") == std::vector<float>{2});
}

TEST_CASE("a file on disk has the contents of the image, and bad files are named") {
  const ScratchFile scratch;
  {
    H5File file = H5File::create(scratch.path());
    file.write("/x", std::vector<double>{1, 2}, with_dimensions({{"/x", 2}}));
    file.flush();
  }
  CHECK(H5File::open(scratch.path()).read<double>("/x") == std::vector<double>{1, 2});
  std::ofstream(scratch.path()) << "no HDF5";
  const std::string name = scratch.path().string();
  CHECK_THROWS_WITH(H5File::open(scratch.path()), Catch::Contains(name + ": cannot open: "));
  fs::remove(scratch.path());
  CHECK_THROWS_WITH(H5File::open(scratch.path()),
                    name + ": cannot open: No such file or directory");
  CHECK_THROWS_AS(H5File::create(scratch.path() / "none"), Error);
  CHECK_THROWS_AS(H5File::open_image({}, "empty"), Error);
  CHECK_THROWS_AS(H5File::open_image(PageBytes(std::vector<std::byte>(100)), "zeros"), Error);
}

}  // namespace
}  // namespace flopsieve::engine
