#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "jobs/scaling/bootstrap.hpp"
#include "jobs/scaling/law_descent.hpp"

/// Approach 3 of Hoffmann et al. (2022): the parametric loss, fitted to training runs.
namespace flopsieve::jobs {

/// The 4,500 starts of its appendix D.3: alpha and beta from {0, 0.5, ..., 2}, ln E from {-1, -0.5,
/// ..., 1}, ln A and ln B from {0, 5, ..., 25}.
std::vector<ParametricLoss> published_starts();

/// Its constants as the TeX source of the paper has them, which others started from.
ParametricLoss published_constants();

/// Misfits up to this one are of the same minimum as `lowest`: 1e-6 of it, or what rounding leaves
/// of a law that fits exactly, errors of 1e-10 of the loss in 200 rows.
inline double same_misfit(double lowest) {
  return lowest + std::max(1e-6 * lowest, 1e-18);
}

struct ParametricFit {
  Descent best;
  std::vector<Descent> descents;    ///< of published_starts(), in that order
  std::size_t reached_best = 0;     ///< descents that ended at its misfit
  std::size_t level_elsewhere = 0;  ///< of the others, those whose slope is none too
  bool inside_grid = false;         ///< every constant is between the ends of its starts
};

/// Descents that ended at the same misfit.
struct MisfitGroup {
  double misfit = 0.0;  ///< the lowest of them
  std::size_t descents = 0;
  std::size_t level = 0;   ///< those whose slope is none
  ParametricLoss example;  ///< where the lowest of them ended
};

/// The misfits at which descents ended, ascending; those up to same_misfit() of the one before are
/// of its group.
std::vector<MisfitGroup> misfit_groups(const ParametricFit& fit);

/// Descends from every start, in parallel. Throws Error(bad_input) naming `where` for fewer than 6
/// rows, or fewer than 3 different parameters or tokens.
ParametricFit fit_parametric(const std::vector<TrainingRun>& runs, double delta,
                             const BootstrapOptions& options, const std::string& where);

/// The law again, fitted to resamples of the rows.
struct ParametricBootstrap {
  std::vector<ParametricLoss> laws;  ///< without failed ones
  std::vector<double> misfits;
  std::vector<std::uint64_t> resamples;  ///< which resample each is
  std::uint64_t failed = 0;              ///< no optimum was reached: the slope is not none
  std::uint64_t from_published = 0;  ///< the start at published_constants() found a lower misfit
  std::uint64_t from_estimate = 0;   ///< the start at the estimate did
};

/// Each resample descends from the estimate and from published_constants(), and takes the lower
/// end: one start alone now and then ends at a minimum that is not the lowest.
ParametricBootstrap bootstrap_parametric(const std::vector<TrainingRun>& runs, double delta,
                                         const ParametricLoss& estimate,
                                         const BootstrapOptions& options);

/// Of (ln A, ln B, ln E, alpha, beta), row by row, over n - 1; nan for fewer than 2 laws.
std::array<double, 25> covariance(const std::vector<ParametricLoss>& laws);

}  // namespace flopsieve::jobs
