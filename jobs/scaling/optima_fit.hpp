#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "jobs/scaling/bootstrap.hpp"
#include "jobs/scaling/laws.hpp"
#include "jobs/scaling/training_runs.hpp"

/// Approaches 1 and 2 of Hoffmann et al. (2022, arXiv 2203.15556, sections 3.1 and 3.2): the best
/// number of parameters at several budgets, and a power law through them.
namespace flopsieve::jobs {

/// The best number of parameters at a budget.
struct BudgetOptimum {
  double flop = 0.0;
  double parameters = 0.0;
  double loss = 0.0;
  std::size_t sizes = 0;  ///< different numbers of parameters that were compared
  std::string left_out;   ///< why the law does not go through it; empty: it does
};

struct OptimaFit {
  std::vector<BudgetOptimum> optima;  ///< ascending budgets
  std::size_t used = 0;               ///< of them, those in the law
  PowerLaw law;                       ///< log10_flop is the mean over those used
  double scatter = 0.0;  ///< standard deviation of log10 N about the law, over used - 2
};

/// Laws of resamples; those in which fewer than 2 different budgets had an optimum have failed.
struct OptimaBootstrap {
  std::vector<PowerLaw> laws;
  std::vector<std::uint64_t> resamples;  ///< which resample each is
  std::uint64_t failed = 0;
};

/// Least squares of log10 N on log10 C over the optima that are not left out. Throws
/// std::invalid_argument for fewer than 2 different budgets.
OptimaFit through_optima(std::vector<BudgetOptimum> optima);

/// Approach 1. Training curves, told apart by TrainingRun::curve, are read at 1,500 budgets evenly
/// spaced in ln C between the lowest and the highest one, by linear interpolation of the loss in ln
/// C; at each the curve of the lowest loss has the best number of parameters. A budget is left out
/// where this is the smallest or the largest model that a curve reaches there: the true optimum may
/// lie beyond. The resamples draw whole curves.
class EnvelopeFit {
 public:
  /// Throws Error(bad_input) for a curve of several numbers of parameters (`FILE:LINE`), fewer than
  /// 3 sizes with a curve of 2 rows at least, or fewer than 2 optima.
  explicit EnvelopeFit(const TrainingData& data);

  const OptimaFit& fit() const { return fit_; }
  std::size_t curves() const { return parameters_.size(); }
  OptimaBootstrap bootstrap(const BootstrapOptions& options) const;

 private:
  std::vector<BudgetOptimum> envelope(const std::vector<double>& weights) const;

  std::vector<double> flop_;                 ///< the budgets
  std::vector<double> parameters_;           ///< of each curve
  std::vector<std::vector<double>> losses_;  ///< [curve][budget]; nan where it does not reach
  OptimaFit fit_;
};

/// The minimum of the parabola of loss in log10 N through rows of one budget, by least squares with
/// weights (how often each row counts); its budget is the geometric mean of theirs. left_out where
/// fewer than 4 different sizes count, or there is no minimum between the smallest and the largest.
BudgetOptimum level_optimum(const std::vector<TrainingRun>& rows,
                            const std::vector<double>& weights);

/// Approach 2. Rows of equal compute: level_optimum() of each level. The resamples draw rows within
/// each level.
class IsoFlopFit {
 public:
  /// `levels`: budgets, FLOP, each with the rows within 10 % of it, others being left out; empty:
  /// levels are told apart by gaps of 10 % or more. Throws Error(bad_input) if a named level is not
  /// positive, has no row or shares rows with another; if gaps leave a level whose budgets differ
  /// by half or more, or less than half of the rows at levels with 4 sizes; or if there are fewer
  /// than 2 optima.
  IsoFlopFit(const TrainingData& data, std::vector<double> levels);

  const OptimaFit& fit() const { return fit_; }
  std::size_t rows_used() const;
  OptimaBootstrap bootstrap(const BootstrapOptions& options) const;

 private:
  std::vector<std::vector<TrainingRun>> levels_;
  OptimaFit fit_;
};

}  // namespace flopsieve::jobs
