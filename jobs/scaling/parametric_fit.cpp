#include "jobs/scaling/parametric_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/error.hpp"
#include "jobs/stop.hpp"

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

std::vector<Descent> descend_from(const std::vector<ParametricLoss>& starts,
                                  const LawDescent& descent, const BootstrapOptions& options) {
  std::vector<Descent> ends;
  ends.reserve(starts.size());
  engine::run_in_order<Descent>(
      options.backend, options.threads, starts.size(),
      [&](std::uint64_t i) { return descent.from(starts[i]); },
      [&](std::uint64_t /*start*/, Descent end) {
        ends.push_back(end);
        return stop_flag().load() ? engine::Commit::stop : engine::Commit::go_on;
      });
  if (stop_flag().load()) {
    throw engine::Error(engine::ExitCode::interrupted,
                        "stopped; nothing was written, the same command starts again");
  }
  return ends;
}

/// The better of two descents, and how it was found.
std::vector<double> best_of(const Descent& from_estimate, const Descent& from_published) {
  const double margin = same_misfit * std::min(from_estimate.misfit, from_published.misfit);
  const double winner = from_published.misfit < from_estimate.misfit - margin   ? 1.0
                        : from_estimate.misfit < from_published.misfit - margin ? -1.0
                                                                                : 0.0;
  const Descent& best = winner > 0.0 ? from_published : from_estimate;
  const ParametricLoss& law = best.law;
  return {law.ln_a, law.ln_b, law.ln_e, law.alpha, law.beta, best.misfit, best.gradient, winner};
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
  fit.descents = descend_from(published_starts(), descent, options);
  fit.best = *std::min_element(fit.descents.begin(), fit.descents.end(),
                               [](const auto& a, const auto& b) { return a.misfit < b.misfit; });
  for (const Descent& end : fit.descents) {
    if (end.misfit <= fit.best.misfit * (1.0 + same_misfit)) {
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
    if (groups.empty() || end.misfit > last * (1.0 + same_misfit)) {
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
  const auto fits = resampled_fits(options, [&](std::uint64_t resample) {
    const std::vector<double> weights = drawn_weights(runs.size(), options.seed, resample);
    return best_of(descent.from(estimate, weights), descent.from(published, weights));
  });
  ParametricBootstrap result;
  for (std::uint64_t resample = 0; resample < fits.size(); ++resample) {
    const std::vector<double>& values = fits[resample];
    if (!(values[6] <= no_slope)) {
      ++result.failed;
      continue;
    }
    result.laws.push_back({values[0], values[1], values[2], values[3], values[4]});
    result.misfits.push_back(values[5]);
    result.resamples.push_back(resample);
    if (values[7] > 0.0) ++result.from_published;
    if (values[7] < 0.0) ++result.from_estimate;
  }
  return result;
}

std::array<double, 25> covariance(const std::vector<ParametricLoss>& laws) {
  std::array<double, 25> result{};
  if (laws.size() < 2) return result;
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
