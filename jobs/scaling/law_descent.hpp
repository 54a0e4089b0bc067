#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "jobs/scaling/laws.hpp"
#include "jobs/scaling/training_runs.hpp"

namespace flopsieve::jobs {

/// Where a descent has ended.
struct Descent {
  ParametricLoss law;
  double misfit = 0.0;    ///< kernels::law_misfit() there
  double gradient = 0.0;  ///< largest slope over (weights x delta), the most by ln E; 0: an optimum
};

/// A Descent::gradient up to this counts as none.
inline constexpr double no_slope = 1e-6;

/// The misfit of a parametric loss to rows, and its minima. Thread-safe.
///
/// Minimised with L-BFGS (Liu and Nocedal 1989, Mathematical Programming 45) by the library LBFGS++
/// with the line search of Nocedal and Wright, in coordinates in which ln N and ln D have mean 0:
/// A and alpha, B and beta would else be almost the same direction. The misfit is a thousandth of
/// one, so it is divided by delta^2 before any tolerance looks at it. A descent begins anew where
/// it has stopped, until that gains less than 1e-13 of the misfit.
class LawDescent {
 public:
  /// At least one row; delta > 0.
  LawDescent(const std::vector<TrainingRun>& runs, double delta);

  /// `weights`: how often each row counts; empty: once.
  Descent from(const ParametricLoss& start, std::span<const double> weights = {}) const;

  /// ln of the law's loss less ln of the row's, of every row.
  std::vector<double> residuals(const ParametricLoss& law) const;

 private:
  std::vector<double> ln_parameters_;  ///< less mean_ln_parameters_
  std::vector<double> ln_tokens_;
  std::vector<double> ln_loss_;
  std::vector<double> ones_;
  double mean_ln_parameters_ = 0.0;
  double mean_ln_tokens_ = 0.0;
  double delta_;
};

}  // namespace flopsieve::jobs
