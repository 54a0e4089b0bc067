#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "engine/error.hpp"
#include "engine/page_bytes.hpp"

namespace flopsieve::engine {

// A sealed file is an HDF5 image followed by a trailer of 24 bytes:
//   bytes  0- 7  "FLOPSEAL"
//   bytes  8-15  length of the image in bytes, uint64 little-endian
//   bytes 16-23  CRC-64/XZ of the image (crc64.hpp), uint64 little-endian
// HDF5 ignores what stands after its own end, so h5dump and h5py open a sealed file as it is. HDF5
// itself reads damaged files as wrong values, crashes or hangs; so nothing of ours hands it a
// part before unseal() has verified it. The sum is to find damage by disks and cables, every
// flipped bit among it, at the speed of memory; what a run leaves behind carries SHA-256 (h5.hpp).
// Finished results have the same trailer (result_seal.hpp).

inline constexpr std::size_t kSealBytes = 24;
inline constexpr std::string_view kSealMagic = "FLOPSEAL";

/// The trailer of an image of that length and sum.
std::array<std::byte, kSealBytes> seal_of(std::uint64_t length, std::uint64_t sum);
std::array<std::byte, kSealBytes> seal_of(std::span<const std::byte> image);

// Whole numbers in files: uint64, little-endian.
void put_number(std::span<std::byte> bytes, std::uint64_t number);
std::uint64_t get_number(std::span<const std::byte> bytes);

/// What is wrong with an image and its trailer, in words; empty if nothing is.
std::string seal_damage(std::span<const std::byte> file);

/// Writes image and trailer through a TemporaryFile: after it has returned the file
/// survives a kill, before that there is none. Throws Error(storage).
void seal(const std::filesystem::path& path, std::span<const std::byte> image);

/// The same, unless there is such a file already: then that one stays, and the answer is false.
bool seal_new(const std::filesystem::path& path, std::span<const std::byte> image);

/// Thrown for a file that is not what was sealed: `PATH: damaged part: REASON`.
class DamagedPart : public Error {
 public:
  explicit DamagedPart(const std::string& message) : Error(ExitCode::storage, message) {}
};

/// The verified image. Throws DamagedPart, or Error(storage) with `PATH: cannot read: REASON`.
PageBytes unseal(const std::filesystem::path& path);

}  // namespace flopsieve::engine
