#include "jobs/trend.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <functional>

#include "kernels/math.hpp"
#include "kernels/philox.hpp"

namespace flopsieve::jobs {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

const std::vector<double> years = {2017, 2018, 2019, 2020, 2021, 2022, 2023};
const std::vector<double> logs = {2.9, 3.3, 3.9, 3.5, 4.2, 3.9, 4.1};

/// The i-th number of a trajectory, from a generator of the test's own.
std::function<double(std::uint32_t)> uniforms(std::uint32_t trajectory) {
  return [trajectory](std::uint32_t i) {
    const kernels::Words words = kernels::philox({i, trajectory, 0, 0}, {3, 14});
    return kernels::open_uniform(words[0], words[1]);
  };
}

/// Predictions for a year: the drawn line and a residual.
template <typename Draw>
std::vector<double> predictions(double year, std::uint32_t count, Draw draw) {
  std::vector<double> values;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto uniform = uniforms(i);
    const engine::TrendDraw line = draw(uniform);
    values.push_back(line.mean(year) + line.sigma * kernels::normal_quantile(uniform(1000)));
  }
  return values;
}

/// A Student t law with a centre and a scale.
struct Student {
  double centre = 0.0;
  double scale = 0.0;
  double degrees_of_freedom = 0.0;

  double below(double x) const {
    return boost::math::cdf(boost::math::students_t(degrees_of_freedom), (x - centre) / scale);
  }
};

/// Least squares on the columns of `design`, and what it predicts where the columns are `at`.
struct Regression {
  VectorXd beta;
  MatrixXd inverse;  ///< (X'X)^-1
  double squares = 0.0;
  double freedom = 0.0;

  Regression(const MatrixXd& design, const VectorXd& y) {
    const Eigen::JacobiSVD<MatrixXd> svd(design, Eigen::ComputeThinU | Eigen::ComputeThinV);
    beta = svd.solve(y);
    const VectorXd powers = svd.singularValues().array().square().inverse();
    inverse = svd.matrixV() * powers.asDiagonal() * svd.matrixV().transpose();
    squares = (y - design * beta).squaredNorm();
    freedom = static_cast<double>(design.rows() - design.cols());
  }

  Student prediction(const VectorXd& at) const {
    const double variance = squares / freedom * (1.0 + at.dot(inverse * at));
    return {at.dot(beta), std::sqrt(variance), freedom};
  }
};

/// Columns 1, year - 2020 and (year - knot)+: another basis than the program's.
VectorXd columns(double year, double knot) {
  return Eigen::Vector3d(1.0, year - 2020.0, std::max(0.0, year - knot));
}

Regression kinked(const std::vector<double>& at, const std::vector<double>& y, double knot) {
  MatrixXd design(at.size(), 3);
  VectorXd values(at.size());
  for (std::size_t i = 0; i < at.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    design.row(row) = columns(at[i], knot).transpose();
    values(row) = y[i];
  }
  return Regression(design, values);
}

/// Checks the share of values below each of 7 quantiles of the law, where `below` is its
/// distribution function, within 5 standard errors: false alarm 4e-6 for a call.
void check_law(std::vector<double> values, const std::function<double(double)>& below) {
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  for (const double p : {0.005, 0.05, 0.25, 0.5, 0.75, 0.95, 0.995}) {
    const double empirical = values[static_cast<std::size_t>(p * n)];
    CAPTURE(p, empirical);
    CHECK(std::abs(below(empirical) - p) < 5.0 * std::sqrt(p * (1.0 - p) / n));
  }
}

}  // namespace

TEST_CASE("a straight trend is the least-squares line") {
  MatrixXd design(7, 2);
  VectorXd values(7);
  for (int i = 0; i < 7; ++i) {
    design.row(i) << 1.0, i - 3.0;
    values(i) = logs[static_cast<std::size_t>(i)];
  }
  const Regression expected(design, values);
  const engine::TrendFit fit = fit_trend(years, logs);
  CHECK(fit.centre == 2020.0);
  CHECK(fit.intercept == Approx(expected.beta(0)));
  CHECK(fit.slope == Approx(expected.beta(1)));
  CHECK(fit.residual_variance == Approx(expected.squares / 5.0));
  CHECK(fit.degrees_of_freedom == 5);
  CHECK(trend_at(fit, 2028.0) == Approx(expected.beta(0) + 8.0 * expected.beta(1)));
}

TEST_CASE("predictions from a straight trend follow Student's t", "[statistical]") {
  MatrixXd design(7, 2);
  VectorXd values(7);
  for (int i = 0; i < 7; ++i) {
    design.row(i) << 1.0, i - 3.0;
    values(i) = logs[static_cast<std::size_t>(i)];
  }
  const Regression regression(design, values);
  const engine::TrendFit fit = fit_trend(years, logs);
  for (const double year : {2020.0, 2024.0, 2028.0}) {
    CAPTURE(year);
    const Student law = regression.prediction(Eigen::Vector2d(1.0, year - 2020.0));
    check_law(predictions(year, 100'000,
                          [&](const auto& uniform) { return engine::draw_trend(fit, uniform); }),
              [&](double x) { return law.below(x); });
  }
}

TEST_CASE("kinked trends are least squares with a knot on each interior year") {
  const std::vector<double> uneven = {2010, 2013, 2014, 2018, 2019, 2023};
  const std::vector<double> y = {1.0, 2.5, 2.4, 3.9, 5.5, 5.1};
  const std::vector<engine::Kink> kinks = fit_kinked_trend(uneven, y);
  REQUIRE(kinks.size() == 4);
  double best = 1e300, sum = 0.0;
  for (std::size_t i = 0; i < 4; ++i)
    best = std::min(best, kinked(uneven, y, uneven[i + 1]).squares);
  for (std::size_t i = 0; i < 4; ++i) {
    sum += std::exp(-kinked(uneven, y, uneven[i + 1]).squares / (2.0 * best / 3.0));
  }
  for (std::size_t i = 0; i < 4; ++i) {
    const double knot = uneven[i + 1];
    CAPTURE(knot);
    const Regression expected = kinked(uneven, y, knot);
    const engine::Kink& kink = kinks[i];
    CHECK(kink.knot == knot);
    CHECK(kink.coefficients[0] == Approx(expected.beta.dot(columns(knot, knot))));
    CHECK(kink.coefficients[1] == Approx(expected.beta(1)));
    CHECK(kink.coefficients[2] == Approx(expected.beta(1) + expected.beta(2)));
    CHECK(kink.degrees_of_freedom == 3);
    CHECK(kink.residual_variance == Approx(expected.squares / 3.0));
    CHECK(kink.weight == Approx(std::exp(-expected.squares / (2.0 * best / 3.0)) / sum));

    Eigen::Matrix3d to_coefficients;  // from the test's basis to (value at knot, before, after)
    to_coefficients << 1.0, knot - 2020.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0;
    const MatrixXd covariance = to_coefficients * expected.inverse * to_coefficients.transpose();
    const auto& f = kink.factor;
    Eigen::Matrix3d factor;
    factor << f[0], 0.0, 0.0, f[1], f[2], 0.0, f[3], f[4], f[5];
    CHECK((factor * factor.transpose() - covariance).norm() < 1e-10 * covariance.norm());
  }
}

TEST_CASE("no other kinked line is closer to the points") {
  for (const engine::Kink& kink : fit_kinked_trend(years, logs)) {
    const auto squares = [&](const std::array<double, 3>& c) {
      double sum = 0.0;
      for (std::size_t i = 0; i < years.size(); ++i) {
        const double from = years[i] - kink.knot;
        const double line = c[0] + (from < 0.0 ? c[1] : c[2]) * from;
        sum += (logs[i] - line) * (logs[i] - line);
      }
      return sum;
    };
    const double least = squares(kink.coefficients);
    CHECK(least == Approx(kink.residual_variance * kink.degrees_of_freedom));
    for (std::size_t j = 0; j < 3; ++j) {
      for (const double step : {-0.01, 0.01}) {
        std::array<double, 3> moved = kink.coefficients;
        moved[j] += step;
        CHECK(squares(moved) > least);
      }
    }
  }
}

TEST_CASE("points on a kinked line give that line") {
  std::vector<double> y;
  for (const double year : years)
    y.push_back(1.0 + (year < 2021.0 ? 0.5 : -0.25) * (year - 2021.0));
  const std::vector<engine::Kink> kinks = fit_kinked_trend(years, y);
  const auto found = std::find_if(kinks.begin(), kinks.end(),
                                  [](const engine::Kink& kink) { return kink.knot == 2021.0; });
  REQUIRE(found != kinks.end());
  CHECK(found->weight == Approx(1.0).margin(1e-12));
  CHECK(found->coefficients[0] == Approx(1.0));
  CHECK(found->coefficients[1] == Approx(0.5));
  CHECK(found->coefficients[2] == Approx(-0.25));
  const engine::TrendDraw draw = engine::draw_kinked(kinks, uniforms(1));
  for (const double year : {2018.0, 2021.0, 2028.0}) {
    CHECK(draw.mean(year) == Approx(1.0 + (year < 2021.0 ? 0.5 : -0.25) * (year - 2021.0)));
  }
  CHECK(draw.sigma < 1e-12);
}

TEST_CASE("predictions from a kinked trend follow the mixture of Student's t", "[statistical]") {
  const std::vector<engine::Kink> kinks = fit_kinked_trend(years, logs);
  for (const double year : {2018.0, 2024.0, 2028.0}) {
    CAPTURE(year);
    const auto below = [&](double x) {
      double sum = 0.0;
      for (const engine::Kink& kink : kinks) {
        const Regression regression = kinked(years, logs, kink.knot);
        sum += kink.weight * regression.prediction(columns(year, kink.knot)).below(x);
      }
      return sum;
    };
    check_law(predictions(year, 100'000,
                          [&](const auto& uniform) { return engine::draw_kinked(kinks, uniform); }),
              below);
  }
}

}  // namespace flopsieve::jobs
