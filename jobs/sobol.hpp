#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace flopsieve::jobs {

/// As many dimensions as the published direction numbers have here.
inline constexpr std::size_t most_sobol_dimensions = 3667;

/// The first points of Sobol's sequence, the origin included, row by row: coordinates as 32-bit
/// fractions of one, in the order of the Gray code (Antonov and Saleev 1979), which permutes the
/// points within each block of 2^m. Direction numbers: S. Joe and F. Y. Kuo, "Constructing Sobol
/// sequences with better two-dimensional projections", SIAM J. Sci. Comput. 30 (2008) 2635, file
/// new-joe-kuo-6.21201, as Boost.Random has them.
std::vector<std::uint32_t> sobol_points(std::uint64_t points, std::size_t dimensions);

}  // namespace flopsieve::jobs
