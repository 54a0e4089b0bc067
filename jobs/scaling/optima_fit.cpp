#include "jobs/scaling/optima_fit.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>

namespace flopsieve::jobs {
namespace {

/// The laws through the optima of each resample.
OptimaBootstrap laws_of(
    const BootstrapOptions& options,
    const std::function<std::vector<BudgetOptimum>(std::uint64_t resample)>& optima) {
  const auto fits = resampled_fits(options, [&](std::uint64_t resample) -> std::vector<double> {
    try {
      const PowerLaw law = through_optima(optima(resample)).law;
      return {law.log10_flop, law.log10_parameters, law.exponent};
    } catch (const std::invalid_argument&) {
      return {};
    }
  });
  OptimaBootstrap result;
  for (std::uint64_t resample = 0; resample < fits.size(); ++resample) {
    const std::vector<double>& values = fits[resample];
    if (values.empty()) {
      ++result.failed;
      continue;
    }
    result.laws.push_back({values[0], values[1], values[2]});
    result.resamples.push_back(resample);
  }
  return result;
}

}  // namespace

OptimaFit through_optima(std::vector<BudgetOptimum> optima) {
  OptimaFit fit;
  double x = 0.0;
  double y = 0.0;
  for (const BudgetOptimum& each : optima) {
    if (!each.left_out.empty()) continue;
    ++fit.used;
    x += std::log10(each.flop);
    y += std::log10(each.parameters);
  }
  const auto n = static_cast<double>(fit.used);
  fit.law = {x / n, y / n, 0.0};
  double products = 0.0;
  double squares = 0.0;
  for (const BudgetOptimum& each : optima) {
    if (!each.left_out.empty()) continue;
    const double dx = std::log10(each.flop) - fit.law.log10_flop;
    products += dx * (std::log10(each.parameters) - fit.law.log10_parameters);
    squares += dx * dx;
  }
  if (!(squares > 1e-12)) throw std::invalid_argument("fewer than 2 different budgets");
  fit.law.exponent = products / squares;
  double residuals = 0.0;
  for (const BudgetOptimum& each : optima) {
    if (!each.left_out.empty()) continue;
    const double residual = std::log10(each.parameters) - fit.law.log10_parameters -
                            fit.law.exponent * (std::log10(each.flop) - fit.law.log10_flop);
    residuals += residual * residual;
  }
  fit.scatter = fit.used > 2 ? std::sqrt(residuals / (n - 2.0)) : 0.0;
  fit.optima = std::move(optima);
  return fit;
}

OptimaBootstrap EnvelopeFit::bootstrap(const BootstrapOptions& options) const {
  return laws_of(options, [&](std::uint64_t resample) {
    return envelope(drawn_weights(curves(), options.seed, resample));
  });
}

OptimaBootstrap IsoFlopFit::bootstrap(const BootstrapOptions& options) const {
  return laws_of(options, [&](std::uint64_t resample) {
    std::vector<BudgetOptimum> optima;
    for (std::size_t i = 0; i < levels_.size(); ++i) {
      const auto group = static_cast<std::uint32_t>(i);
      optima.push_back(level_optimum(
          levels_[i], drawn_weights(levels_[i].size(), options.seed, resample, group)));
    }
    return optima;
  });
}

}  // namespace flopsieve::jobs
