#include "jobs/sobol_indices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace flopsieve::jobs {
namespace {

double weighted(const std::vector<double>& weights, const std::vector<double>& values) {
  double sum = 0.0;
  for (std::size_t i = 0; i < weights.size(); ++i) sum += weights[i] * values[i];
  return sum;
}

std::vector<double> squared_differences(const std::vector<double>& x,
                                        const std::vector<double>& y) {
  std::vector<double> result;
  for (std::size_t i = 0; i < x.size(); ++i) result.push_back((x[i] - y[i]) * (x[i] - y[i]));
  return result;
}

/// The sums of both samples about `centre`, which keeps digits where the spread is small.
struct Moments {
  std::vector<double> sum;
  std::vector<double> squares;
};

Moments moments(const std::vector<double>& a, const std::vector<double>& b) {
  const double centre = (weighted(std::vector<double>(a.size(), 1.0), a) +
                         weighted(std::vector<double>(b.size(), 1.0), b)) /
                        (2.0 * static_cast<double>(a.size()));
  Moments result;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = a[i] - centre;
    const double y = b[i] - centre;
    result.sum.push_back(x + y);
    result.squares.push_back(x * x + y * y);
  }
  return result;
}

/// The one input that the block takes from B, or why there is none.
std::size_t input_of_block(const Columns& inputs, std::size_t block, std::size_t n) {
  const std::size_t first = (2 + block) * n;
  std::vector<std::size_t> changed;
  for (std::size_t input = 0; input < inputs.size(); ++input) {
    const auto at = [&](std::size_t row) {
      return inputs[input].begin() + static_cast<std::ptrdiff_t>(row);
    };
    if (std::equal(at(0), at(n), at(first))) continue;
    changed.push_back(input);
    if (!std::equal(at(n), at(2 * n), at(first))) {
      throw std::invalid_argument(fmt::format(
          "rows {} to {} take an input neither from A nor from B", first, first + n - 1));
    }
  }
  if (changed.size() != 1) {
    throw std::invalid_argument(fmt::format("rows {} to {} take {} inputs from B, not one", first,
                                            first + n - 1, changed.size()));
  }
  return changed.front();
}

}  // namespace

SobolIndices sobol_indices(const std::vector<double>& a, const std::vector<double>& b,
                           const Columns& ab) {
  const Moments both = moments(a, b);
  Columns to_a;
  Columns to_b;
  for (const auto& block : ab) {
    to_a.push_back(squared_differences(a, block));
    to_b.push_back(squared_differences(b, block));
  }
  const auto rows = static_cast<double>(a.size());
  const std::vector<Index> all = bootstrap(a.size(), [&](const std::vector<double>& weights) {
    const double sum = weighted(weights, both.sum);
    const double variance =
        (weighted(weights, both.squares) - sum * sum / (2.0 * rows)) / (2.0 * rows - 1.0);
    std::vector<double> values;
    for (const auto& each : to_b) {
      values.push_back(1.0 - weighted(weights, each) / (2.0 * rows * variance));
    }
    for (const auto& each : to_a)
      values.push_back(weighted(weights, each) / (2.0 * rows * variance));
    return values;
  });
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(ab.size());
  return {{all.begin(), middle}, {middle, all.end()}};
}

std::vector<std::size_t> saltelli_order(const Columns& inputs) {
  const std::size_t blocks = inputs.size() + 2;
  const std::size_t rows = inputs.empty() ? 0 : inputs.front().size();
  if (rows == 0 || rows % blocks != 0) {
    throw std::invalid_argument(
        fmt::format("{} rows are no whole multiple of {} (the inputs and 2)", rows, blocks));
  }
  std::vector<std::size_t> order;
  for (std::size_t block = 0; block < inputs.size(); ++block) {
    order.push_back(input_of_block(inputs, block, rows / blocks));
    if (std::count(order.begin(), order.end(), order.back()) > 1) {
      throw std::invalid_argument("two blocks take the same input from B");
    }
  }
  return order;
}

}  // namespace flopsieve::jobs
