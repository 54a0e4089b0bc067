#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/philox.hpp"

/// Frontier-connected counts of one year: how many models were close to the largest one known at
/// the time.
namespace flopsieve::kernels {

/// One year's models, or all of them that are not below the frontier at its beginning by more than
/// the widest width, and the stream of their dates.
///
/// The model at place j among the candidate's draws uses word j of the stream: its date is
/// word / 2^32 of a year after the year's beginning.
struct FrontierYear {
  std::span<const double> log10_flop;
  std::span<const std::uint32_t> places;  ///< of each; ascending
  Key key{};
  Counter counter{};          ///< of the stream; word 0 is replaced by the block
  std::uint32_t periods = 4;  ///< equal parts of the year, at least 1
};

/// Counts of models of one width w, in orders of magnitude, summed over the year's periods. F is
/// the log10 size of a largest model so far.
struct FrontierCount {
  std::uint32_t before = 0;     ///< x >= F - w, F dated before the model's period began
  std::uint32_t including = 0;  ///< F - w <= x < F, F dated before the model's period ended
};

/// Memory that is used again from one year to the next.
struct FrontierScratch {
  std::vector<std::uint32_t> period;  ///< of each model
  std::vector<double> frontier;       ///< by period
  std::vector<double> bounds;         ///< [period, width] least x by either convention
};

/// Fills counts[i] for widths[i] >= 0 and returns the frontier at the end of the year. `frontier`
/// is the one at its beginning, -infinity where there is none: then `before` counts nothing until
/// the period after the first model's.
double count_frontier(const FrontierYear& year, double frontier, std::span<const double> widths,
                      std::span<FrontierCount> counts, FrontierScratch& scratch);

}  // namespace flopsieve::kernels
