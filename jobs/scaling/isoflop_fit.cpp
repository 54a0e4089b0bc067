#include <fmt/format.h>

#include <algorithm>
#include <array>
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
constexpr double widest_level = 1.5;  // highest over lowest budget of a level
constexpr std::size_t fewest_sizes = 4;

using Levels = std::vector<std::vector<TrainingRun>>;

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
  for (const auto& level : levels) {
    if (level.back().flop() < widest_level * level.front().flop()) continue;
    throw Error(ExitCode::bad_input,
                fmt::format("{}: approach 2 needs rows at levels of equal compute; between {:.3g} "
                            "and {:.3g} FLOP there is no gap of 10 %. Name the levels with "
                            "--levels, or take approach 3",
                            data.file, level.front().flop(), level.back().flop()));
  }
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
    if (i > 0 && budgets[i] < same_level * same_level * budgets[i - 1]) {
      throw Error(ExitCode::bad_input,
                  fmt::format("--levels: {:g} and {:g} are so near that rows within 10 % of both "
                              "may be the same",
                              budgets[i - 1], budgets[i]));
    }
    levels.emplace_back();
    for (const TrainingRun& run : data.runs) {
      const double ratio = run.flop() / budgets[i];
      if (ratio < same_level && ratio > 1.0 / same_level) levels.back().push_back(run);
    }
    if (levels.back().empty()) levels.pop_back();
  }
  return levels;
}

/// y = c0 + c1 x + c2 x^2 by weighted least squares, x near 0: the normal equations by Cramer's
/// rule.
std::array<double, 3> parabola(const std::vector<double>& x, const std::vector<TrainingRun>& rows,
                               const std::vector<double>& weights) {
  std::array<double, 5> s{};
  std::array<double, 3> t{};
  for (std::size_t i = 0; i < x.size(); ++i) {
    double power = weights[i];
    for (std::size_t k = 0; k < 5; ++k) {
      s[k] += power;
      if (k < 3) t[k] += power * rows[i].loss;
      power *= x[i];
    }
  }
  const auto determinant = [](double a, double b, double c, double d, double e, double f, double g,
                              double h, double i) {
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  };
  const double whole = determinant(s[0], s[1], s[2], s[1], s[2], s[3], s[2], s[3], s[4]);
  return {determinant(t[0], s[1], s[2], t[1], s[2], s[3], t[2], s[3], s[4]) / whole,
          determinant(s[0], t[0], s[2], s[1], t[1], s[3], s[2], t[2], s[4]) / whole,
          determinant(s[0], s[1], t[0], s[1], s[2], t[1], s[2], s[3], t[2]) / whole};
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
  std::vector<double> x;
  for (const TrainingRun& row : rows) x.push_back(std::log10(row.parameters) - centre);
  const auto [c0, c1, c2] = parabola(x, rows, weights);
  const double lowest = -c1 / (2.0 * c2);
  result.parameters = std::pow(10.0, centre + lowest);
  result.loss = c0 + 0.5 * c1 * lowest;
  if (!(c2 > 0.0)) {
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
