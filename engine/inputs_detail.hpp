#pragma once

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <string_view>

#include "engine/error.hpp"
#include "engine/plan.hpp"
#include "kernels/math.hpp"

/// What the parts of InputSampler share.
namespace flopsieve::engine {

[[noreturn]] inline void give_up(std::string_view what, int year) {
  throw Error(ExitCode::budget,
              fmt::format("{} in {}: {} draws in a row were outside the bounds; widen the bounds "
                          "or move the distribution",
                          what, year, most_redraws));
}

/// k from its logarithm, before rounding; what is beyond all counts stays finite.
inline double count_of_log(double log_count) {
  return log_count < 700.0 ? kernels::exponential(log_count) : 2.0 * largest_count;
}

/// The nearest whole number, if it is an allowed number of models.
inline std::optional<std::uint32_t> whole_count(double unrounded) {
  const double count = std::floor(unrounded + 0.5);
  if (!(count >= 1.0 && count <= largest_count)) return std::nullopt;
  return static_cast<std::uint32_t>(count);
}

}  // namespace flopsieve::engine
