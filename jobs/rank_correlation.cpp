#include "jobs/rank_correlation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace flopsieve::jobs {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// A column with its rows in ascending order: ranks under any weights are then one walk.
class Ranked {
 public:
  explicit Ranked(const std::vector<double>& values) : values_(values), order_(values.size()) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::sort(order_.begin(), order_.end(),
              [&](std::size_t x, std::size_t y) { return values[x] < values[y]; });
  }

  /// Mean ranks among the rows, each counted by its weight, with their weighted mean taken away.
  std::vector<double> centred_ranks(const std::vector<double>& weights) const {
    std::vector<double> ranks(values_.size());
    const double centre = (static_cast<double>(values_.size()) + 1.0) / 2.0;
    double below = 0.0;
    for (std::size_t i = 0; i < order_.size();) {
      std::size_t end = i;
      double tied = 0.0;
      for (; end < order_.size() && values_[order_[end]] == values_[order_[i]]; ++end) {
        tied += weights[order_[end]];
      }
      for (; i < end; ++i) ranks[order_[i]] = below + (tied + 1.0) / 2.0 - centre;
      below += tied;
    }
    return ranks;
  }

 private:
  const std::vector<double>& values_;
  std::vector<std::size_t> order_;
};

using Matrix = std::vector<std::vector<double>>;

/// Of centred columns; rows of a constant column are nan.
Matrix correlations(const Matrix& centred, const std::vector<double>& weights) {
  const std::size_t n = centred.size();
  Matrix result(n, std::vector<double>(n, 0.0));
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = 0.0;
      for (std::size_t r = 0; r < weights.size(); ++r) {
        sum += weights[r] * centred[i][r] * centred[j][r];
      }
      result[i][j] = result[j][i] = sum;
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      result[i][j] /= std::sqrt(result[i][i] * result[j][j]);
      result[j][i] = result[i][j];
    }
  }
  for (std::size_t i = 0; i < n; ++i) result[i][i] = result[i][i] > 0.0 ? 1.0 : nan;
  return result;
}

/// Gauss and Jordan on a correlation matrix, whose pivots are positive; false if a pivot says that
/// a column is a combination of those before it, or is nan.
bool invert(Matrix& matrix) {
  const std::size_t n = matrix.size();
  for (std::size_t k = 0; k < n; ++k) {
    const double pivot = matrix[k][k];
    if (!(pivot > 1e-10)) return false;
    matrix[k][k] = 1.0;
    for (double& each : matrix[k]) each /= pivot;
    for (std::size_t i = 0; i < n; ++i) {
      if (i == k) continue;
      const double factor = matrix[i][k];
      matrix[i][k] = 0.0;
      for (std::size_t j = 0; j < n; ++j) matrix[i][j] -= factor * matrix[k][j];
    }
  }
  return true;
}

std::vector<Ranked> ranked(const Columns& columns) {
  return {columns.begin(), columns.end()};
}

Matrix correlations(const std::vector<Ranked>& columns, const std::vector<double>& weights) {
  Matrix ranks;
  for (const Ranked& each : columns) ranks.push_back(each.centred_ranks(weights));
  return correlations(ranks, weights);
}

}  // namespace

RankCorrelations rank_correlations(const Columns& inputs, const std::vector<double>& output) {
  const std::size_t n = inputs.size();
  std::vector<Ranked> columns = ranked(inputs);
  columns.emplace_back(output);
  // SRRC of all inputs, Fisher's transform of their PRCC, R^2.
  const auto estimate = [&](const std::vector<double>& weights) {
    std::vector<double> values(2 * n + 1, nan);
    Matrix p = correlations(columns, weights);
    if (!invert(p)) return values;
    for (std::size_t i = 0; i < n; ++i) {
      values[i] = -p[i][n] / p[n][n];
      values[n + i] = std::atanh(-p[i][n] / std::sqrt(p[i][i] * p[n][n]));
    }
    values[2 * n] = 1.0 - 1.0 / p[n][n];
    return values;
  };
  const std::vector<Index> all = bootstrap(output.size(), estimate, Interval::reflected);
  RankCorrelations result;
  for (std::size_t i = 0; i < n; ++i) {
    result.srrc.push_back(all[i]);
    const Index& z = all[n + i];
    result.prcc.push_back({std::tanh(z.value), std::tanh(z.low), std::tanh(z.high)});
  }
  result.r_squared = all.back().value;
  return result;
}

InputPair most_correlated(const Columns& inputs) {
  InputPair most;
  if (inputs.size() < 2) return most;
  const Matrix all = correlations(ranked(inputs), std::vector<double>(inputs.front().size(), 1.0));
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (std::abs(all[i][j]) > std::abs(most.correlation)) most = {j, i, all[i][j]};
    }
  }
  return most;
}

double dependence_limit(std::size_t rows) {
  return std::min(0.95, std::max(0.2, 4.0 / std::sqrt(static_cast<double>(rows))));
}

}  // namespace flopsieve::jobs
