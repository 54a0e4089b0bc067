#include "engine/sealed.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <fstream>
#include <string>

#include "engine/batch.hpp"
#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/h5.hpp"
#include "engine/parts.hpp"
#include "tests/engine/support/folder.hpp"
#include "tests/engine/support/plans.hpp"

namespace flopsieve::engine {
namespace {

namespace fs = std::filesystem;

/// A path for one file of this test, removed at the end.
class ScratchFile {
 public:
  fs::path path() const { return folder_ / "part.h5"; }

  std::string bytes() const {
    std::ifstream stream(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  void set_bytes(const std::string& bytes) const {
    std::ofstream stream(path(), std::ios::binary | std::ios::trunc);
    stream << bytes;
    REQUIRE(stream.flush());
  }

 private:
  testing::ScratchFolder folder_;
};

std::vector<std::byte> to_bytes(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

bool is_refused(const fs::path& path) {
  try {
    unseal(path);
    return false;
  } catch (const Error& error) {
    return error.code() == ExitCode::storage &&
           std::string(error.what()).starts_with(path.string() + ": damaged part: ");
  }
}

TEST_CASE("the trailer is magic, length and CRC-64") {
  const ScratchFile file;
  seal(file.path(), to_bytes("123456789"));
  // The check value of CRC-64/XZ in Greg Cook's catalogue of CRC algorithms, 995dc9bbdf1939fa.
  const std::string sum("\xfa\x39\x19\xdf\xbb\xc9\x5d\x99", 8);
  CHECK(file.bytes() == "123456789FLOPSEAL" + std::string("\x09\0\0\0\0\0\0\0", 8) + sum);
  CHECK(std::ranges::equal(unseal(file.path()), to_bytes("123456789")));
}

TEST_CASE("images of all sizes come back, an empty one too") {
  const ScratchFile file;
  for (const std::size_t size : {0U, 1U, 47U, 48U, 100'000U}) {
    const std::vector<std::byte> image(size, std::byte{0xA5});
    seal(file.path(), image);
    CHECK(std::ranges::equal(unseal(file.path()), image));
  }
}

TEST_CASE("every flipped bit of a sealed file is noticed") {
  const ScratchFile file;
  seal(file.path(), to_bytes("a small image of a part"));
  const std::string whole = file.bytes();
  std::size_t refused = 0;
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    file.set_bytes(damaged);
    if (is_refused(file.path())) ++refused;
  }
  CHECK(refused == 8 * whole.size());
}

TEST_CASE("every flipped bit of a part of a run is noticed") {
  // In memory where that is possible: each flip is read again.
  std::error_code error;
  const fs::path memory = "/dev/shm";
  const testing::ScratchFolder folder(fs::is_directory(memory, error) ? memory
                                                                      : fs::temp_directory_path());
  Plan plan = testing::plain_plan({2024});
  plan.outputs.statistics.clear();
  const Study study = testing::study_of(plan);
  PartWriter writer(folder.path(), study, {});
  writer.add(*run_batch(plan, 0));
  writer.seal();
  const fs::path part = writer.parts().at(0).path;
  const PageBytes whole = read_bytes(part, ExitCode::storage);
  const Descriptor descriptor(::open(part.c_str(), O_RDWR | O_CLOEXEC));
  std::size_t written = 0;
  const auto put = [&](std::size_t at, std::byte byte) {
    if (::pwrite(descriptor.number(), &byte, 1, static_cast<off_t>(at)) == 1) ++written;
  };
  std::size_t refused = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (unsigned int bit = 0; bit < 8; ++bit) {
      put(at, whole.data()[at] ^ (std::byte{1} << bit));
      if (is_refused(part)) ++refused;
    }
    put(at, whole.data()[at]);
  }
  CHECK(whole.size() > 10'000);
  CHECK(written == 9 * whole.size());
  CHECK(refused == 8 * whole.size());
  CHECK(unseal(part).size() + kSealBytes == whole.size());
}

TEST_CASE("every truncation and every lengthening by one byte is noticed") {
  const ScratchFile file;
  seal(file.path(), to_bytes("a small image of a part"));
  const std::string whole = file.bytes();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    INFO("length " << length);
    file.set_bytes(whole.substr(0, length));
    CHECK(is_refused(file.path()));
  }
  file.set_bytes(whole + '\0');
  CHECK(is_refused(file.path()));
  file.set_bytes(whole + whole);
  CHECK(is_refused(file.path()));
}

TEST_CASE("a missing part is an error that names it") {
  const ScratchFile file;
  CHECK_THROWS_WITH(unseal(file.path()),
                    file.path().string() + ": cannot read: No such file or directory");
}

TEST_CASE("an HDF5 image goes through a seal, and HDF5 opens the sealed file too") {
  const ScratchFile file;
  const std::vector<double> values{1.5, -2.0, 3.25};
  H5File written = H5File::create_in_memory("part");
  DatasetInfo info;
  info.dimensions = {{"/row", 3}};
  written.write("/values", values, info);
  seal(file.path(), written.take_image());
  CHECK(H5File::open_image(unseal(file.path()), "part").read<double>("/values") == values);
  CHECK(H5File::open(file.path()).read<double>("/values") == values);
}

}  // namespace
}  // namespace flopsieve::engine
