#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/sizes.hpp"

/// Draws of z in [0, 1) from a law that is flat within each of 8192 equal cells, by the alias
/// method (Walker, ACM Trans. Math. Softw. 3 (1977) 253; Vose, IEEE Trans. Softw. Eng. 17 (1991)
/// 972) in whole numbers: the probabilities are exactly what the table says.
namespace flopsieve::kernels {

inline constexpr unsigned cell_bits = 13;
inline constexpr std::size_t cell_count = std::size_t{1} << cell_bits;

/// The sum of the weights of all cells: one for each value of a random word.
inline constexpr std::uint64_t cell_weights = std::uint64_t{1} << 32;

/// Per column its share of 2^19 words in the high 19 bits and its alias in the low 13.
using AliasTable = std::vector<std::uint32_t>;

/// The table of cell_count weights with the sum cell_weights.
AliasTable alias_table(std::span<const std::uint64_t> weights);

/// The cell that a random word leads to.
constexpr std::uint32_t cell_of_word(std::span<const std::uint32_t> table, std::uint32_t word) {
  constexpr std::uint32_t share_bits = 32 - cell_bits;
  const std::uint32_t column = word >> share_bits;
  const std::uint32_t within = word & ((1u << share_bits) - 1);
  const std::uint32_t entry = table[column];
  return within < entry >> cell_bits ? column : entry & (cell_count - 1);
}

/// The cell of a draw: exact, because a draw is a whole multiple of 2^-24.
constexpr std::uint32_t cell_of(float z) {
  return static_cast<std::uint32_t>(z * static_cast<float>(cell_count));
}

/// Each lane's alias table, of cell_count entries; null for an unused lane only.
using LaneTables = PerLane<const std::uint32_t*>;

/// Fills z[draw * group_width + lane] for draw < draws. Draw j of a lane uses word 2j of its stream
/// for the cell and the high 11 bits of word 2j + 1 for the place in it.
void draw_tilted(Key key, const GroupAddress& address, const LaneTables& tables, std::size_t draws,
                 std::span<float> z);

}  // namespace flopsieve::kernels
