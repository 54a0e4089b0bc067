#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

/// Designs that sample the unit cube: each returns its rows one after the other, a coordinate per
/// dimension, which quantile functions turn into values. Pure functions of their arguments, the
/// same on every machine. `sensitivity` relies on the order of the rows.
namespace flopsieve::jobs {

using UnitRows = std::vector<double>;

/// In each dimension one row in each of `points` intervals of equal width, at random within it;
/// the dimensions are permuted independently of one another (McKay, Beckman and Conover 1979).
UnitRows latin_hypercube(std::uint64_t points, std::size_t dimensions, std::uint64_t seed);

/// The first points of Sobol's sequence (sobol.hpp), origin included, with a random digital shift:
/// the bits of each dimension are xored with 32 random ones of its own (Cranley and Patterson's
/// shift, digit by digit). That keeps the balance of the points, so best of a power of two, and no
/// coordinate is 0 or 1.
UnitRows sobol(std::uint64_t points, std::size_t dimensions, std::uint64_t seed);

/// For Sobol's indices, N (d + 2) rows (Saltelli et al., Computer Physics Communications 181 (2010)
/// 259): rows [0, N) are A and [N, 2N) are B, which are the first and the last d coordinates of
/// sobol(N, 2d); rows [(2 + i) N, (3 + i) N) are A with coordinate i from B, i = 0 to d - 1.
UnitRows saltelli(std::uint64_t points, std::size_t dimensions, std::uint64_t seed);

/// For elementary effects (Morris, Technometrics 33 (1991) 161): `trajectories` of d + 1 rows;
/// those of trajectory t are t (d + 1) to t (d + 1) + d. Each row differs from the one before it in
/// one coordinate, every coordinate once in random order, by delta = levels / (2 (levels - 1)) up
/// or down. Coordinates are multiples of 1 / (levels - 1), from 0 to 1; `levels` is even.
UnitRows morris(std::uint64_t trajectories, std::size_t dimensions, std::uint64_t levels,
                std::uint64_t seed);

}  // namespace flopsieve::jobs
