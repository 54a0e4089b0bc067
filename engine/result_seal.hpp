#pragma once

#include <filesystem>
#include <vector>

#include "engine/files.hpp"
#include "engine/h5.hpp"

namespace flopsieve::engine {

// HDF5 reads damaged files as wrong values, crashes or hangs, so the bytes of a result are checked
// before it sees them; all but those of large arrays, which HDF5 never interprets, would take too
// long to be read at each opening, and have a SHA-256 of their own. A result is
//   an HDF5 image,
//   a table of the ranges of the image that are left out: for each its first byte and the byte
//     after its last, uint64 little-endian, ascending; may be empty,
//   the trailer of a sealed part (sealed.hpp): the length is that of the image, the CRC-64 that of
//     the image without these ranges, and of the table.
// So the trailer of a result without large arrays is that of a part.

/// Arrays of at least so many bytes are left out.
inline constexpr std::uint64_t kLargeArray = std::uint64_t{1} << 20;

/// Appends table and trailer to a result that HDF5 has written and closed. `left_out`: not empty,
/// ascending, and inside the file.
void append_seal(TemporaryFile& file, const std::vector<ByteRange>& left_out);

/// Whether the file begins as HDF5's files do. Throws Error(storage) with `FILE: damaged: WHAT` if
/// it does, or nearly does, and its end is missing or it is not what was sealed. A file that ends
/// where HDF5 says has lost its trailer to another program (HDF5 cuts it off when a file that is
/// open for writing is closed), and is left to the checks that follow.
bool begins_whole(const std::filesystem::path& path);

}  // namespace flopsieve::engine
