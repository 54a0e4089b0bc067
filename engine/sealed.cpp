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

void put_number(std::span<std::byte> bytes, std::uint64_t number) {
  for (std::size_t index = 0; index < sizeof number; ++index) {
    bytes[index] = static_cast<std::byte>(number >> (8 * index));
  }
}

std::uint64_t get_number(std::span<const std::byte> bytes) {
  std::uint64_t number = 0;
  for (std::size_t index = 0; index < sizeof number; ++index) {
    number |= std::to_integer<std::uint64_t>(bytes[index]) << (8 * index);
  }
  return number;
}

std::array<std::byte, kSealBytes> seal_of(std::uint64_t length, std::uint64_t sum) {
  std::array<std::byte, kSealBytes> bytes;
  std::ranges::copy(std::as_bytes(std::span(kSealMagic)), bytes.begin());
  put_number(std::span(bytes).subspan(kSealMagic.size()), length);
  put_number(std::span(bytes).last(sizeof sum), sum);
  return bytes;
}

std::array<std::byte, kSealBytes> seal_of(std::span<const std::byte> image) {
  return seal_of(image.size(), crc64(image));
}

std::string seal_damage(std::span<const std::byte> file) {
  if (file.size() < kSealBytes) return "it is too short to be complete";
  const auto image = file.first(file.size() - kSealBytes);
  const auto found = file.last(kSealBytes);
  const auto expected = seal_of(image);
  const std::size_t head = kSealMagic.size() + sizeof(std::uint64_t);
  if (!std::equal(found.begin(), found.begin() + kSealMagic.size(), expected.begin())) {
    return "its end is missing or overwritten";
  }
  if (!std::equal(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(head),
                  expected.begin())) {
    return "its length is not the one that was written";
  }
  return std::ranges::equal(found, expected) ? "" : "its contents do not match their check sum";
}

void seal(const std::filesystem::path& path, std::span<const std::byte> image) {
  TemporaryFile file(path);
  file.write(image);
  file.write(seal_of(image));
  file.commit();
}

bool seal_new(const std::filesystem::path& path, std::span<const std::byte> image) {
  TemporaryFile file(path);
  file.write(image);
  file.write(seal_of(image));
  return file.commit_new();
}

PageBytes unseal(const std::filesystem::path& path) {
  // A pipe would be waited for.
  std::error_code ignored;
  const std::filesystem::file_status status = std::filesystem::status(path, ignored);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    throw DamagedPart(path.string() + ": damaged part: it is no ordinary file");
  }
  PageBytes bytes = read_bytes(path, ExitCode::storage);
  const std::string reason = seal_damage(bytes);
  if (!reason.empty()) {
    throw DamagedPart(path.string() + ": damaged part: " + reason);
  }
  bytes.resize(bytes.size() - kSealBytes);
  return bytes;
}

}  // namespace flopsieve::engine
