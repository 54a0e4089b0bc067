#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/sizes.hpp"

/// Draws of z in [0, 1) from a law that is flat within each of 4096 equal cells, by the alias
/// method (Walker, ACM Trans. Math. Softw. 3 (1977) 253; Vose, IEEE Trans. Softw. Eng. 17 (1991)
/// 972) in whole numbers: the probabilities are exactly what the table says.
namespace flopsieve::kernels {

inline constexpr unsigned cell_bits = 12;
inline constexpr std::size_t cell_count = std::size_t{1} << cell_bits;

/// The sum of the weights of all cells: one for each value of a random word.
inline constexpr std::uint64_t cell_weights = std::uint64_t{1} << 32;

/// Per column its share of 2^20 words in the high 20 bits and its alias in the low 12.
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

/// Weights of cells under a tilt.
struct TiltedWeights {
  double largest = 0.0;  ///< exponent
  double sum = 0.0;      ///< of the weights
};

/// weights[i] becomes exp(logs[i] + strength * sizes[i] - the largest such exponent), 0 where that
/// is below exp(-690), within 1e-11 of it. All spans have cell_count entries; the logs are finite
/// or -infinity, not all of them that, and the exponents below 2^40.
TiltedWeights tilted_weights(std::span<const double> logs, std::span<const double> sizes,
                             double strength, std::span<double> weights);

/// Fills z[draw * group_width + lane] for draw < draws. Draw j of a lane uses word 2j of its stream
/// for the cell and the high 12 bits of word 2j + 1 for the place in it.
void draw_tilted(Key key, const GroupAddress& address, const LaneTables& tables, std::size_t draws,
                 std::span<float> z);

/// Moves draws to the lower ends of their cells.
void to_cells(std::span<float> z);

}  // namespace flopsieve::kernels
