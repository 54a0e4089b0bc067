#include "engine/sealed.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/crc64.hpp"
#include "engine/error.hpp"
#include "engine/files.hpp"

namespace flopsieve::engine {
namespace {

constexpr std::string_view kMagic = "FLOPSEAL";

using Trailer = std::array<std::byte, kSealBytes>;

void put_number(std::span<std::byte> bytes, std::uint64_t number) {
  for (std::size_t index = 0; index < sizeof number; ++index) {
    bytes[index] = static_cast<std::byte>(number >> (8 * index));
  }
}

Trailer trailer(std::span<const std::byte> image) {
  Trailer bytes;
  std::ranges::copy(std::as_bytes(std::span(kMagic)), bytes.begin());
  put_number(std::span(bytes).subspan(kMagic.size()), image.size());
  put_number(std::span(bytes).last(sizeof(std::uint64_t)), crc64(image));
  return bytes;
}

/// What is wrong with the file, or nothing.
std::string damage(std::span<const std::byte> file) {
  if (file.size() < kSealBytes) return "it is too short to be complete";
  const auto image = file.first(file.size() - kSealBytes);
  const auto found = file.last(kSealBytes);
  const Trailer expected = trailer(image);
  const std::size_t head = kMagic.size() + sizeof(std::uint64_t);
  if (!std::equal(found.begin(), found.begin() + kMagic.size(), expected.begin())) {
    return "its end is missing or overwritten";
  }
  if (!std::equal(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(head),
                  expected.begin())) {
    return "its length is not the one that was written";
  }
  return std::ranges::equal(found, expected) ? "" : "its contents do not match their check sum";
}

}  // namespace

void seal(const std::filesystem::path& path, std::span<const std::byte> image) {
  const Trailer end = trailer(image);
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
