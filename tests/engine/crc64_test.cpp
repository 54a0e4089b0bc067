#include "engine/crc64.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string_view>
#include <vector>

namespace flopsieve::engine {
namespace {

/// Bit by bit, from the definition.
std::uint64_t slow_crc64(std::span<const std::byte> bytes) {
  std::uint64_t value = ~std::uint64_t{0};
  for (const std::byte byte : bytes) {
    value ^= std::to_integer<std::uint64_t>(byte);
    for (int bit = 0; bit < 8; ++bit) {
      value = (value >> 1) ^ ((value & 1) != 0 ? 0xC96C5795D7870F42 : 0);
    }
  }
  return ~value;
}

std::vector<std::byte> some_bytes(std::size_t size) {
  std::vector<std::byte> bytes(size);
  std::uint32_t word = 1;
  for (std::byte& byte : bytes) {
    word = word * 1'664'525 + 1'013'904'223;
    byte = static_cast<std::byte>(word >> 24);
  }
  return bytes;
}

TEST_CASE("the CRC-64 of the catalogue's text, and of nothing") {
  // The check value of CRC-64/XZ in Greg Cook's catalogue of CRC algorithms.
  CHECK(crc64(std::as_bytes(std::span(std::string_view("123456789")))) == 0x995DC9BBDF1939FA);
  CHECK(crc64({}) == 0);
}

TEST_CASE("the CRC-64 is the slow one's at every length and alignment") {
  const std::vector<std::byte> bytes = some_bytes(5000);
  for (std::size_t first = 0; first < 9; ++first) {
    for (std::size_t size = 0; size + first <= bytes.size(); size += size < 1100 ? 1 : 997) {
      const auto piece = std::span(bytes).subspan(first, size);
      INFO("bytes " << first << " to " << first + size);
      CHECK(crc64(piece) == slow_crc64(piece));
    }
  }
}

TEST_CASE("every flipped bit and every zeroed piece changes the CRC-64") {
  std::vector<std::byte> bytes = some_bytes(8192);
  const std::uint64_t whole = crc64(bytes);
  std::size_t missed = 0;
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    if (crc64(bytes) == whole) ++missed;
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
  }
  for (std::size_t first = 0; first < bytes.size(); first += 512) {
    std::vector<std::byte> damaged = bytes;
    std::fill_n(damaged.begin() + static_cast<std::ptrdiff_t>(first), 512, std::byte{0});
    if (crc64(damaged) == whole) ++missed;
  }
  CHECK(missed == 0);
}

}  // namespace
}  // namespace flopsieve::engine
