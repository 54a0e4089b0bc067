#include "jobs/scaling/optima_fit.hpp"

#include <boost/math/statistics/linear_regression.hpp>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <utility>

namespace flopsieve::jobs {
namespace {

/// The laws through the optima of each resample.
OptimaBootstrap laws_of(
    const BootstrapOptions& options,
    const std::function<std::vector<BudgetOptimum>(std::uint64_t resample)>& optima) {
  using Values = std::vector<double>;
  const auto fits =
      in_parallel<Values>(options, options.resamples, [&](std::uint64_t resample) -> Values {
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
  namespace statistics = boost::math::statistics;
  std::vector<double> log10_flop;
  std::vector<double> log10_parameters;
  for (const BudgetOptimum& each : optima) {
    if (!each.left_out.empty()) continue;
    log10_flop.push_back(std::log10(each.flop));
    log10_parameters.push_back(std::log10(each.parameters));
  }
  if (log10_flop.size() < 2 || !(statistics::variance(log10_flop) > 1e-12)) {
    throw std::invalid_argument("fewer than 2 different budgets");
  }
  OptimaFit fit;
  fit.used = log10_flop.size();
  const double middle = statistics::mean(log10_flop);
  for (double& each : log10_flop) each -= middle;
  const auto [at_middle, exponent] =
      statistics::simple_ordinary_least_squares(log10_flop, log10_parameters);
  fit.law = {middle, at_middle, exponent};
  double residuals = 0.0;
  for (std::size_t i = 0; i < fit.used; ++i) {
    const double residual = log10_parameters[i] - at_middle - exponent * log10_flop[i];
    residuals += residual * residual;
  }
  fit.scatter = fit.used > 2 ? std::sqrt(residuals / static_cast<double>(fit.used - 2)) : 0.0;
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
