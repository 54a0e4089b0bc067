#include <fmt/format.h>

#include <cmath>

#include "engine/error.hpp"
#include "engine/split.hpp"
#include "kernels/math.hpp"

// Two populations as one estimate.

namespace flopsieve::engine {
namespace {

double root_of_squares(double a, double b) {
  return std::sqrt(a * a + b * b);
}

}  // namespace

SplitEstimate combined(const SplitResult& one, const SplitResult& other) {
  SplitEstimate estimate;
  const double sum = one.probability + other.probability;
  const double errors =
      root_of_squares(one.probability * one.variation, other.probability * other.variation);
  estimate.probability = 0.5 * sum;
  estimate.variation = errors / sum;
  const double apart = std::abs(kernels::natural_log(one.probability / other.probability));
  if (apart > 0.0) estimate.sigmas = apart / root_of_squares(one.variation, other.variation);
  return estimate;
}

SplitEstimate agreed(const SplitResult& one, const SplitResult& other) {
  const SplitEstimate estimate = combined(one, other);
  if (estimate.sigmas <= most_split_sigmas) return estimate;
  throw Error(ExitCode::budget,
              fmt::format("splitting: two independent populations give the probabilities {:.3g} "
                          "and {:.3g}, {:.1f} standard errors apart (at most {}); raise the "
                          "population or the moves",
                          one.probability, other.probability, estimate.sigmas, most_split_sigmas));
}

}  // namespace flopsieve::engine
