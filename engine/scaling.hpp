#pragma once

#include "engine/plan.hpp"
#include "kernels/math.hpp"

/// Compute-optimal training by the law of a Plan: FLOP = 6 parameters tokens.
namespace flopsieve::engine {

inline constexpr double log10_6 = 0.7781512503836436;

/// Of a model of 10^log10_flop FLOP.
inline double log10_parameters(const Scaling& law, double log10_flop) {
  return law.at_one_flop + law.slope * log10_flop;
}
inline double log10_tokens(const Scaling& law, double log10_flop) {
  return log10_flop - log10_6 - log10_parameters(law, log10_flop);
}

/// Of the model that is trained on so many tokens: the inverse of log10_tokens(), which rises.
inline double log10_flop_of_tokens(const Scaling& law, double tokens) {
  return (kernels::decimal_log(tokens) + log10_6 + law.at_one_flop) / (1.0 - law.slope);
}

}  // namespace flopsieve::engine
