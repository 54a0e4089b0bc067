#include "jobs/rank_correlation.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

using namespace flopsieve::jobs;

namespace {

/// From the definition: 1 + the smaller values + half of the other equal ones.
Eigen::VectorXd ranks(const std::vector<double>& values) {
  Eigen::VectorXd result(static_cast<Eigen::Index>(values.size()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    double rank = 1.0;
    for (std::size_t j = 0; j < values.size(); ++j) {
      if (values[j] < values[i]) rank += 1.0;
      if (j != i && values[j] == values[i]) rank += 0.5;
    }
    result(static_cast<Eigen::Index>(i)) = rank;
  }
  return result;
}

/// What is left of y once a constant and the columns are fitted to it.
Eigen::VectorXd residual(const Eigen::MatrixXd& columns, const Eigen::VectorXd& y) {
  Eigen::MatrixXd design(columns.rows(), columns.cols() + 1);
  design << Eigen::VectorXd::Ones(columns.rows()), columns;
  return y - design * design.colPivHouseholderQr().solve(y);
}

double correlation(const Eigen::VectorXd& x, const Eigen::VectorXd& y) {
  const Eigen::VectorXd a = x.array() - x.mean();
  const Eigen::VectorXd b = y.array() - y.mean();
  return a.dot(b) / (a.norm() * b.norm());
}

struct Data {
  Columns inputs;
  std::vector<double> output;
};

/// Some values come several times; the inputs go together a little.
Data example(std::size_t rows, unsigned seed) {
  std::mt19937_64 generator(seed);
  std::uniform_real_distribution<double> uniform;
  Data data{Columns(3), {}};
  for (std::size_t i = 0; i < rows; ++i) {
    const double common = uniform(generator);
    const double x0 = uniform(generator) + 0.3 * common;
    const double x1 = std::floor(5.0 * uniform(generator));
    const double x2 = uniform(generator) - 0.3 * common;
    data.inputs[0].push_back(x0);
    data.inputs[1].push_back(x1);
    data.inputs[2].push_back(x2);
    data.output.push_back(
        std::round(20.0 * std::exp(2.0 * x0) - 8.0 * x1 + 9.0 * uniform(generator)));
  }
  return data;
}

}  // namespace

TEST_CASE("SRRC and PRCC are those of residuals and regressions of ranks") {
  const Data data = example(60, 1);
  const RankCorrelations found = rank_correlations(data.inputs, data.output);
  const Eigen::VectorXd y = ranks(data.output);
  Eigen::MatrixXd x(y.size(), 3);
  for (Eigen::Index i = 0; i < 3; ++i) x.col(i) = ranks(data.inputs[static_cast<std::size_t>(i)]);
  Eigen::MatrixXd design(y.size(), 4);
  design << Eigen::VectorXd::Ones(y.size()), x;
  const Eigen::VectorXd beta = design.colPivHouseholderQr().solve(y);
  for (Eigen::Index i = 0; i < 3; ++i) {
    Eigen::MatrixXd others(y.size(), 2);
    others << x.col((i + 1) % 3), x.col((i + 2) % 3);
    const auto at = static_cast<std::size_t>(i);
    CHECK(found.prcc[at].value ==
          Approx(correlation(residual(others, x.col(i)), residual(others, y))));
    const double scale = (x.col(i).array() - x.col(i).mean()).matrix().norm() /
                         (y.array() - y.mean()).matrix().norm();
    CHECK(found.srrc[at].value == Approx(beta(i + 1) * scale));
    CHECK(found.prcc[at].low <= found.prcc[at].value);
    CHECK(found.prcc[at].value <= found.prcc[at].high);
  }
  const double left = residual(x, y).squaredNorm();
  CHECK(found.r_squared == Approx(1.0 - left / (y.array() - y.mean()).matrix().squaredNorm()));
}

TEST_CASE("the interval of one rank correlation is as wide as Fisher's", "[statistical]") {
  std::mt19937_64 generator(2);
  std::normal_distribution<double> normal;
  Columns inputs(1);
  std::vector<double> output;
  for (int i = 0; i < 500; ++i) {
    inputs[0].push_back(normal(generator));
    output.push_back(0.5 * inputs[0].back() + normal(generator));
  }
  const Index found = rank_correlations(inputs, output).prcc[0];
  // Fieller et al. (1957): the standard error of atanh(rho) is sqrt(1.06 / (n - 3)).
  const double centre = std::atanh(found.value);
  const double half = 1.96 * std::sqrt(1.06 / 497.0);
  const double width = std::tanh(centre + half) - std::tanh(centre - half);
  CHECK(found.high - found.low == Approx(width).epsilon(0.2));
}

TEST_CASE("ranks that depend on one another linearly give no numbers") {
  const Data data = example(40, 3);
  const RankCorrelations found = rank_correlations({data.inputs[0], data.inputs[0]}, data.output);
  CHECK(std::isnan(found.prcc[0].value));
  CHECK(std::isnan(found.srrc[1].low));
}

TEST_CASE("an output that is a rising function of one input has a correlation of one") {
  Columns inputs(2);
  std::vector<double> output;
  std::mt19937_64 generator(4);
  std::uniform_real_distribution<double> uniform;
  for (int i = 0; i < 50; ++i) {
    for (auto& input : inputs) input.push_back(uniform(generator));
    output.push_back(-std::exp(10.0 * inputs[1].back()) + 0.1 * uniform(generator));
  }
  const RankCorrelations found = rank_correlations(inputs, output);
  CHECK(found.srrc[1].value == Approx(-1.0).margin(0.02));
  CHECK(std::abs(found.srrc[0].value) < 0.05);
  CHECK(found.r_squared > 0.99);
}

TEST_CASE("the most correlated pair of inputs is found") {
  const Data data = example(200, 5);
  Columns inputs = data.inputs;
  CHECK(std::abs(most_correlated(inputs).correlation) < dependence_limit(200));
  inputs.push_back(inputs[1]);
  for (double& each : inputs[3]) each = -std::exp(each);
  const InputPair pair = most_correlated(inputs);
  CHECK(pair.first == 1);
  CHECK(pair.second == 3);
  CHECK(pair.correlation == Approx(-1.0));
  CHECK(most_correlated({data.inputs[0]}).correlation == 0.0);
  CHECK(dependence_limit(100'000) == 0.2);
  CHECK(dependence_limit(100) == Approx(0.4));
  CHECK(dependence_limit(5) == 0.95);
}
