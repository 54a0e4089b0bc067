#include "jobs/elementary_effects.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace flopsieve::jobs {
namespace {

/// Mean, mean magnitude and standard deviation under whole-number weights that add up to the size.
std::vector<double> summary(const std::vector<double>& effects,
                            const std::vector<double>& weights) {
  const auto n = static_cast<double>(effects.size());
  double sum = 0.0;
  double magnitude = 0.0;
  for (std::size_t i = 0; i < effects.size(); ++i) {
    sum += weights[i] * effects[i];
    magnitude += weights[i] * std::abs(effects[i]);
  }
  const double mean = sum / n;
  double squares = 0.0;
  for (std::size_t i = 0; i < effects.size(); ++i) {
    squares += weights[i] * (effects[i] - mean) * (effects[i] - mean);
  }
  return {mean, magnitude / n, std::sqrt(squares / (n - 1.0))};
}

/// The input in which a row differs from the one before it.
std::size_t changed_input(const Columns& inputs, std::size_t row) {
  std::vector<std::size_t> changed;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i][row] != inputs[i][row - 1]) changed.push_back(i);
  }
  if (changed.size() != 1) {
    throw std::invalid_argument(fmt::format("rows {} and {} differ in {} inputs, not in one",
                                            row - 1, row, changed.size()));
  }
  return changed.front();
}

}  // namespace

ElementaryEffects elementary_effects(const Columns& effects) {
  const std::vector<Index> all =
      bootstrap(effects.front().size(), [&](const std::vector<double>& weights) {
        std::vector<double> values;
        for (const auto& each : effects) {
          for (const double value : summary(each, weights)) values.push_back(value);
        }
        return values;
      });
  ElementaryEffects result;
  for (std::size_t i = 0; i < effects.size(); ++i) {
    result.mu.push_back(all[3 * i]);
    result.mu_star.push_back(all[3 * i + 1]);
    result.sigma.push_back(all[3 * i + 2]);
  }
  return result;
}

Columns effects_of(const Columns& inputs, const std::vector<double>& output) {
  const std::size_t points = inputs.size() + 1;
  if (inputs.empty() || output.empty() || output.size() % points != 0) {
    throw std::invalid_argument(fmt::format(
        "{} rows are no whole multiple of {} (the inputs and 1)", output.size(), points));
  }
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Columns effects(inputs.size(), std::vector<double>(output.size() / points, nan));
  for (std::size_t t = 0; t < output.size() / points; ++t) {
    std::vector<bool> seen(inputs.size(), false);
    for (std::size_t row = t * points + 1; row < (t + 1) * points; ++row) {
      const std::size_t input = changed_input(inputs, row);
      if (seen[input]) {
        throw std::invalid_argument(fmt::format("trajectory {} changes an input twice", t));
      }
      seen[input] = true;
      const double change = output[row] - output[row - 1];
      effects[input][t] = inputs[input][row] > inputs[input][row - 1] ? change : -change;
    }
  }
  return effects;
}

}  // namespace flopsieve::jobs
