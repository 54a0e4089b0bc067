#pragma once

#include <array>
#include <cstdint>

/// Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw, "Parallel random
/// numbers: as easy as 1, 2, 3" (SC 2011), section 3.3: the scalar definition. The vector version
/// in sizes.cpp gives the same words.
///
/// A random word is a pure function of (key, counter); no state is stored or passed.
namespace flopsieve::kernels {

using Key = std::array<std::uint32_t, 2>;
using Counter = std::array<std::uint32_t, 4>;
using Words = std::array<std::uint32_t, 4>;

inline constexpr std::uint32_t philox_multiplier_0 = 0xD2511F53;
inline constexpr std::uint32_t philox_multiplier_1 = 0xCD9E8D57;
inline constexpr std::uint32_t philox_weyl_0 = 0x9E3779B9;
inline constexpr std::uint32_t philox_weyl_1 = 0xBB67AE85;
inline constexpr int philox_rounds = 10;

/// The four random words at `counter` under `key`.
constexpr Words philox(Counter counter, Key key) {
  for (int round = 0; round < philox_rounds; ++round) {
    const std::uint64_t product_0 = std::uint64_t{philox_multiplier_0} * counter[0];
    const std::uint64_t product_1 = std::uint64_t{philox_multiplier_1} * counter[2];
    counter = {static_cast<std::uint32_t>(product_1 >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(product_1),
               static_cast<std::uint32_t>(product_0 >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(product_0)};
    key = {key[0] + philox_weyl_0, key[1] + philox_weyl_1};
  }
  return counter;
}

/// A double in the open interval (0, 1) from 53 of the 64 bits of two words: (n + 1/2) / 2^53.
constexpr double open_uniform(std::uint32_t high, std::uint32_t low) {
  const std::uint64_t bits = ((std::uint64_t{high} << 32) | low) >> 11;
  const double value = (static_cast<double>(bits) + 0.5) * 0x1p-53;
  return value < 1.0 ? value : 1.0 - 0x1p-53;
}

}  // namespace flopsieve::kernels
