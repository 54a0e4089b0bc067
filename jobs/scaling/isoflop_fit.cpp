#include <fmt/format.h>

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <stdexcept>

#include "engine/error.hpp"
#include "jobs/scaling/optima_fit.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Error;
using engine::ExitCode;

constexpr double same_level = 1.1;    // neighbours closer than this are of one level
constexpr double near_level = 0.1;    // rows belong to a named level up to this share off it
constexpr double widest_level = 1.5;  // highest over lowest budget of a level
constexpr std::size_t fewest_sizes = 4;

using Levels = std::vector<std::vector<TrainingRun>>;

/// Throws unless most rows stand at levels with enough sizes that are apart from one another.
void demand_levels(const TrainingData& data, const Levels& levels) {
  const std::string advice = "Name the levels with --levels, or take approach 3";
  std::size_t at_levels = 0;
  for (const auto& level : levels) {
    const double low = level.front().flop();
    const double high = level.back().flop();
    if (high >= widest_level * low) {
      throw Error(
          ExitCode::bad_input,
          fmt::format("{}: approach 2 needs rows at levels of equal compute; between {:.3g} "
                      "and {:.3g} FLOP there is no gap of 10 %. {}",
                      data.file, low, high, advice));
    }
    std::set<double> sizes;
    for (const TrainingRun& run : level) sizes.insert(run.parameters);
    if (sizes.size() >= fewest_sizes) at_levels += level.size();
  }
  if (2 * at_levels < data.runs.size()) {
    throw Error(ExitCode::bad_input,
                fmt::format("{}: approach 2 needs rows at levels of equal compute; only {} of {} "
                            "rows are at one with {} sizes of model. {}",
                            data.file, at_levels, data.runs.size(), fewest_sizes, advice));
  }
}

Levels levels_by_gaps(const TrainingData& data) {
  std::vector<TrainingRun> runs = data.runs;
  std::stable_sort(runs.begin(), runs.end(),
                   [](const auto& a, const auto& b) { return a.flop() < b.flop(); });
  Levels levels;
  for (const TrainingRun& run : runs) {
    if (levels.empty() || run.flop() > same_level * levels.back().back().flop()) {
      levels.emplace_back();
    }
    levels.back().push_back(run);
  }
  demand_levels(data, levels);
  return levels;
}

Levels levels_by_name(const TrainingData& data, std::vector<double> budgets) {
  std::sort(budgets.begin(), budgets.end());
  Levels levels;
  for (std::size_t i = 0; i < budgets.size(); ++i) {
    if (!std::isfinite(budgets[i]) || budgets[i] <= 0.0) {
      throw Error(ExitCode::bad_input,
                  fmt::format("--levels: FLOP above 0 are needed, found {}", budgets[i]));
    }
    if (i > 0 && budgets[i] * (1.0 - near_level) <= budgets[i - 1] * (1.0 + near_level)) {
      throw Error(ExitCode::bad_input,
                  fmt::format("--levels: {:g} and {:g} are so near that rows within 10 % of both "
                              "may be the same",
                              budgets[i - 1], budgets[i]));
    }
    levels.emplace_back();
    for (const TrainingRun& run : data.runs) {
      if (std::abs(run.flop() / budgets[i] - 1.0) <= near_level) levels.back().push_back(run);
    }
    if (levels.back().empty()) {
      throw Error(
          ExitCode::bad_input,
          fmt::format("--levels: {} has no row within 10 % of {:g} FLOP", data.file, budgets[i]));
    }
  }
  return levels;
}

/// (c0, c1, c2) of loss = c0 + c1 x + c2 x^2 by weighted least squares, x = log10 N - centre.
Eigen::Vector3d parabola(const std::vector<TrainingRun>& rows, const std::vector<double>& weights,
                         double centre) {
  const auto n = static_cast<Eigen::Index>(rows.size());
  Eigen::MatrixX3d powers(n, 3);
  Eigen::VectorXd losses(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const TrainingRun& row = rows[static_cast<std::size_t>(i)];
    const double x = std::log10(row.parameters) - centre;
    const double root = std::sqrt(weights[static_cast<std::size_t>(i)]);
    powers.row(i) << root, root * x, root * x * x;
    losses(i) = root * row.loss;
  }
  return powers.colPivHouseholderQr().solve(losses);
}

}  // namespace

BudgetOptimum level_optimum(const std::vector<TrainingRun>& rows,
                            const std::vector<double>& weights) {
  BudgetOptimum result;
  std::set<double> sizes;
  double total = 0.0;
  double ln_flop = 0.0;
  double centre = 0.0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (weights[i] == 0.0) continue;
    sizes.insert(rows[i].parameters);
    total += weights[i];
    ln_flop += weights[i] * std::log(rows[i].flop());
    centre += weights[i] * std::log10(rows[i].parameters);
  }
  centre /= total;
  result.flop = std::exp(ln_flop / total);
  result.sizes = sizes.size();
  result.parameters = result.loss = std::numeric_limits<double>::quiet_NaN();
  if (sizes.size() < fewest_sizes) {
    result.left_out = fmt::format("fewer than {} sizes of model", fewest_sizes);
    return result;
  }
  const Eigen::Vector3d c = parabola(rows, weights, centre);
  const double lowest = -c(1) / (2.0 * c(2));
  result.parameters = std::pow(10.0, centre + lowest);
  result.loss = c(0) + 0.5 * c(1) * lowest;
  if (!(c(2) > 0.0)) {
    result.left_out = "the parabola has no minimum";
  } else if (result.parameters < *sizes.begin() || result.parameters > *sizes.rbegin()) {
    result.left_out = "the minimum lies beyond the models";
  }
  return result;
}

IsoFlopFit::IsoFlopFit(const TrainingData& data, std::vector<double> levels)
    : levels_(levels.empty() ? levels_by_gaps(data) : levels_by_name(data, std::move(levels))) {
  std::vector<BudgetOptimum> optima;
  for (const auto& level : levels_) {
    optima.push_back(level_optimum(level, std::vector<double>(level.size(), 1.0)));
  }
  try {
    fit_ = through_optima(std::move(optima));
  } catch (const std::invalid_argument&) {
    throw Error(ExitCode::bad_input,
                fmt::format("{}: fewer than 2 of {} levels of compute have {} sizes of model and a "
                            "minimum of the loss among them, so approach 2 finds no law",
                            data.file, levels_.size(), fewest_sizes));
  }
}

std::size_t IsoFlopFit::rows_used() const {
  std::size_t rows = 0;
  for (const auto& level : levels_) rows += level.size();
  return rows;
}

}  // namespace flopsieve::jobs
