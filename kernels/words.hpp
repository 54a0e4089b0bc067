#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/philox.hpp"
#include "kernels/sizes.hpp"

/// The generator by itself.
namespace flopsieve::kernels {

/// out[(4 (block - first) + i) * group_width + lane] = word i of block `block` of the lane's
/// stream, for the blocks first, ..., first + blocks - 1: the words that all draws are made of, and
/// the bound of their speed. `out` holds 4 * blocks * group_width words.
void random_words(Key key, const GroupAddress& address, std::uint32_t first, std::size_t blocks,
                  std::span<std::uint32_t> out);

}  // namespace flopsieve::kernels
