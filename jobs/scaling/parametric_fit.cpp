#include "jobs/scaling/parametric_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "engine/error.hpp"

namespace flopsieve::jobs {
namespace {

constexpr std::size_t fewest_rows = 6;       // one more than constants
constexpr std::size_t fewest_different = 3;  // a power of what takes two values only says nothing

void demand_enough(const std::vector<TrainingRun>& runs, const std::string& where) {
  const auto fail = [&](const std::string& message) {
    throw engine::Error(engine::ExitCode::bad_input, fmt::format("{}: {}", where, message));
  };
  if (runs.size() < fewest_rows) {
    fail(fmt::format("{} rows; approach 3 fits five constants and needs at least {}", runs.size(),
                     fewest_rows));
  }
  std::set<double> parameters;
  std::set<double> tokens;
  for (const TrainingRun& run : runs) {
    parameters.insert(run.parameters);
    tokens.insert(run.tokens);
  }
  for (const auto& [values, word] :
       {std::pair{parameters.size(), "parameters"}, std::pair{tokens.size(), "tokens"}}) {
    if (values < fewest_different) {
      fail(fmt::format("{} different numbers of {}; approach 3 needs at least {}", values, word,
                       fewest_different));
    }
  }
}

bool is_inside_grid(const ParametricLoss& law) {
  const auto inside = [](double value, double low, double high) {
    return value > low && value < high;
  };
  return inside(law.ln_a, 0.0, 25.0) && inside(law.ln_b, 0.0, 25.0) &&
         inside(law.ln_e, -1.0, 1.0) && inside(law.alpha, 0.0, 2.0) && inside(law.beta, 0.0, 2.0);
}

/// The better of two descents, and how it was found.
struct ResampleFit {
  Descent best;
  bool only_published = false;  ///< the other descent ended at a higher misfit
  bool only_estimate = false;
};

ResampleFit better_of(const Descent& from_estimate, const Descent& from_published) {
  const bool only_published = from_estimate.misfit > same_misfit(from_published.misfit);
  const bool only_estimate = from_published.misfit > same_misfit(from_estimate.misfit);
  return {only_published ? from_published : from_estimate, only_published, only_estimate};
}

}  // namespace

std::vector<ParametricLoss> published_starts() {
  std::vector<ParametricLoss> starts;
  for (int alpha = 0; alpha <= 4; ++alpha) {
    for (int beta = 0; beta <= 4; ++beta) {
      for (int e = -2; e <= 2; ++e) {
        for (int a = 0; a <= 5; ++a) {
          for (int b = 0; b <= 5; ++b) {
            starts.push_back({5.0 * a, 5.0 * b, 0.5 * e, 0.5 * alpha, 0.5 * beta});
          }
        }
      }
    }
  }
  return starts;
}

ParametricLoss published_constants() {
  return *scaling_law("chinchilla-3", "the published law").loss;
}

ParametricFit fit_parametric(const std::vector<TrainingRun>& runs, double delta,
                             const BootstrapOptions& options, const std::string& where) {
  demand_enough(runs, where);
  const LawDescent descent(runs, delta);
  ParametricFit fit;
  const std::vector<ParametricLoss> starts = published_starts();
  fit.descents = in_parallel<Descent>(options, starts.size(),
                                      [&](std::uint64_t i) { return descent.from(starts[i]); });
  fit.best = *std::min_element(fit.descents.begin(), fit.descents.end(),
                               [](const auto& a, const auto& b) { return a.misfit < b.misfit; });
  for (const Descent& end : fit.descents) {
    if (end.misfit <= same_misfit(fit.best.misfit)) {
      ++fit.reached_best;
    } else if (end.gradient <= no_slope) {
      ++fit.level_elsewhere;
    }
  }
  fit.inside_grid = is_inside_grid(fit.best.law);
  return fit;
}

std::vector<MisfitGroup> misfit_groups(const ParametricFit& fit) {
  std::vector<Descent> ends = fit.descents;
  std::stable_sort(ends.begin(), ends.end(),
                   [](const auto& a, const auto& b) { return a.misfit < b.misfit; });
  std::vector<MisfitGroup> groups;
  double last = 0.0;
  for (const Descent& end : ends) {
    if (groups.empty() || end.misfit > same_misfit(last)) {
      groups.push_back({end.misfit, 0, 0, end.law});
    }
    last = end.misfit;
    ++groups.back().descents;
    if (end.gradient <= no_slope) ++groups.back().level;
  }
  return groups;
}

ParametricBootstrap bootstrap_parametric(const std::vector<TrainingRun>& runs, double delta,
                                         const ParametricLoss& estimate,
                                         const BootstrapOptions& options) {
  const LawDescent descent(runs, delta);
  const ParametricLoss published = published_constants();
  const auto fits =
      in_parallel<ResampleFit>(options, options.resamples, [&](std::uint64_t resample) {
        const std::vector<double> weights = drawn_weights(runs.size(), options.seed, resample);
        return better_of(descent.from(estimate, weights), descent.from(published, weights));
      });
  ParametricBootstrap result;
  for (std::uint64_t resample = 0; resample < fits.size(); ++resample) {
    const ResampleFit& fit = fits[resample];
    if (!(fit.best.gradient <= no_slope)) {
      ++result.failed;
      continue;
    }
    result.laws.push_back(fit.best.law);
    result.misfits.push_back(fit.best.misfit);
    result.resamples.push_back(resample);
    result.from_published += fit.only_published ? 1 : 0;
    result.from_estimate += fit.only_estimate ? 1 : 0;
  }
  return result;
}

std::array<double, 25> covariance(const std::vector<ParametricLoss>& laws) {
  std::array<double, 25> result{};
  if (laws.size() < 2) {
    result.fill(std::numeric_limits<double>::quiet_NaN());
    return result;
  }
  const auto values = [](const ParametricLoss& law) {
    return std::array{law.ln_a, law.ln_b, law.ln_e, law.alpha, law.beta};
  };
  const auto n = static_cast<double>(laws.size());
  std::array<double, 5> mean{};
  for (const ParametricLoss& law : laws) {
    for (std::size_t i = 0; i < 5; ++i) mean[i] += values(law)[i] / n;
  }
  for (const ParametricLoss& law : laws) {
    for (std::size_t i = 0; i < 25; ++i) {
      result[i] +=
          (values(law)[i / 5] - mean[i / 5]) * (values(law)[i % 5] - mean[i % 5]) / (n - 1.0);
    }
  }
  return result;
}

}  // namespace flopsieve::jobs
