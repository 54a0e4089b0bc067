#include "engine/sealed.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/sha256.hpp"

namespace flopsieve::engine {
namespace {

constexpr std::string_view kMagic = "FLOPSEAL";
constexpr std::size_t kLengthBytes = 8;

void append(std::vector<std::byte>& bytes, std::span<const std::byte> more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

std::vector<std::byte> trailer(std::span<const std::byte> image) {
  std::vector<std::byte> bytes;
  bytes.reserve(kSealBytes);
  append(bytes, std::as_bytes(std::span(kMagic)));
  for (std::size_t index = 0; index < kLengthBytes; ++index) {
    bytes.push_back(static_cast<std::byte>(image.size() >> (8 * index)));
  }
  append(bytes, sha256(image));
  return bytes;
}

/// What is wrong with the file, or nothing.
std::string damage(std::span<const std::byte> file) {
  if (file.size() < kSealBytes) return "it is too short to be complete";
  const auto image = file.first(file.size() - kSealBytes);
  const auto found = file.last(kSealBytes);
  const std::vector<std::byte> expected = trailer(image);
  const std::size_t head = kMagic.size() + kLengthBytes;
  if (!std::equal(found.begin(), found.begin() + kMagic.size(), expected.begin())) {
    return "its end is missing or overwritten";
  }
  if (!std::equal(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(head),
                  expected.begin())) {
    return "its length is not the one that was written";
  }
  return std::ranges::equal(found, expected) ? "" : "its contents do not match their SHA-256";
}

}  // namespace

void seal(const std::filesystem::path& path, std::span<const std::byte> image) {
  const std::vector<std::byte> end = trailer(image);
  TemporaryFile file(path);
  file.write(image);
  file.write(end);
  file.commit();
}

PageBytes unseal(const std::filesystem::path& path) {
  PageBytes bytes = read_bytes(path, ExitCode::storage);
  const std::string reason = damage(bytes);
  if (!reason.empty()) {
    throw DamagedPart(path.string() + ": damaged part: " + reason);
  }
  bytes.resize(bytes.size() - kSealBytes);
  return bytes;
}

}  // namespace flopsieve::engine
