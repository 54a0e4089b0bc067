#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "jobs/scaling/bootstrap.hpp"
#include "jobs/scaling/commands.hpp"
#include "jobs/scaling/fit_residuals.hpp"
#include "jobs/scaling/optima_fit.hpp"
#include "jobs/scaling/parametric_fit.hpp"
#include "jobs/scaling/training_runs.hpp"

namespace flopsieve::jobs {

/// A fitted number.
struct FitNumber {
  std::string name;     ///< in every output: "alpha"
  std::string meaning;  ///< one line
  std::string units;    ///< "1", "nat"; empty: ones that depend on others
  Estimate estimate;
};

/// What the fit says of a budget, with C = 6 N D.
struct FitBudget {
  double flop = 0.0;
  Estimate parameters;
  Estimate tokens;
  std::optional<Estimate> loss;  ///< of approach 3
};

/// What approach 3 adds.
struct ParametricContent {
  ParametricFit fit;
  ParametricBootstrap bootstrap;
  std::array<double, 25> covariance{};  ///< of (ln A, ln B, ln E, alpha, beta)
  std::vector<double> residuals;        ///< of the rows
  ResidualSummary summary;
};

/// What approaches 1 and 2 add.
struct OptimaContent {
  OptimaFit fit;
  OptimaBootstrap bootstrap;
  std::string rows;  ///< what was compared: "12 training curves", "230 rows at 9 levels"
};

/// All that flopsieve scaling fit has found.
struct FitContent {
  TrainingData data;
  int approach = 3;
  double delta = 1e-3;
  BootstrapOptions options;
  std::uint64_t failed = 0;  ///< resamples without a fit
  std::vector<FitNumber> numbers;
  std::vector<FitBudget> budgets;
  std::optional<ParametricContent> parametric;
  std::optional<OptimaContent> optima;
};

/// Reads the data, fits, resamples. Throws Error(bad_input) naming the option, or file and line.
FitContent fit_content(const FitCommand& command);

}  // namespace flopsieve::jobs
