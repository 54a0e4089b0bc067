#include "jobs/kalman.hpp"

#include <Eigen/Dense>
#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>
#include <random>

namespace flopsieve::jobs {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Level and slope of every year (rows 2 t and 2 t + 1) as linear forms of independent standard
/// normals: the first state, then the two noises of each later year.
MatrixXd states_from_normals(const LocalTrend& trend, int years) {
  MatrixXd forms = MatrixXd::Zero(2 * years, 2 * years);
  for (int t = 0; t < years; ++t) {
    forms(2 * t, 0) = trend.first_level_sd;
    forms(2 * t, 1) = t * trend.first_slope_sd;
    forms(2 * t + 1, 1) = trend.first_slope_sd;
    for (int u = 1; u <= t; ++u) {
      forms(2 * t, 2 * u) = trend.level_sd;
      forms(2 * t, 2 * u + 1) = (t - u) * trend.slope_sd;
      forms(2 * t + 1, 2 * u + 1) = trend.slope_sd;
    }
  }
  return forms;
}

/// The joint normal law of all states and values, written out as matrices.
struct Dense {
  VectorXd state_mean;
  MatrixXd state_covariance;
  MatrixXd picks_level;  ///< values = picks_level * states + noise
  VectorXd values;
  MatrixXd noise;

  Dense(const Series& series, const LocalTrend& trend) {
    const int n = static_cast<int>(series.values.size());
    const MatrixXd forms = states_from_normals(trend, n);
    state_covariance = forms * forms.transpose();
    state_mean.resize(2 * n);
    picks_level = MatrixXd::Zero(n, 2 * n);
    noise = MatrixXd::Zero(n, n);
    values.resize(n);
    for (int t = 0; t < n; ++t) {
      const auto at = static_cast<std::size_t>(t);
      state_mean(2 * t) = trend.first_level + t * trend.first_slope;
      state_mean(2 * t + 1) = trend.first_slope;
      picks_level(t, 2 * t) = 1.0;
      noise(t, t) = series.noise_sd[at] * series.noise_sd[at];
      values(t) = series.values[at];
    }
  }

  double log_density() const {
    const MatrixXd covariance = picks_level * state_covariance * picks_level.transpose() + noise;
    const Eigen::LLT<MatrixXd> root(covariance);
    const VectorXd z = root.matrixL().solve(values - picks_level * state_mean);
    const double log_root = root.matrixLLT().diagonal().array().log().sum();
    return -0.5 * z.squaredNorm() - log_root -
           0.5 * static_cast<double>(values.size()) * std::log(2.0 * std::numbers::pi);
  }

  /// The law of year t's state given the first `known` values.
  StateMoments given(int known, int t) const {
    const MatrixXd picks = picks_level.topRows(known);
    const MatrixXd covariance =
        picks * state_covariance * picks.transpose() + noise.topLeftCorner(known, known);
    const MatrixXd gain = covariance.ldlt().solve(picks * state_covariance).transpose();
    const VectorXd mean = state_mean + gain * (values.head(known) - picks * state_mean);
    const MatrixXd left = state_covariance - gain * picks * state_covariance;
    return {mean(2 * t), mean(2 * t + 1), left(2 * t, 2 * t), left(2 * t + 1, 2 * t),
            left(2 * t + 1, 2 * t + 1)};
  }
};

struct Case {
  Series series;
  LocalTrend trend;
};

/// Noises over four orders of magnitude, first states known well or badly.
Case random_case(unsigned seed) {
  std::mt19937_64 engine(seed);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  std::normal_distribution<double> normal;
  const auto sd = [&] { return std::pow(10.0, -2.5 + 3.0 * uniform(engine)); };
  Case one{{}, {sd(), sd(), 20.0 + normal(engine), sd(), normal(engine), sd()}};
  for (int t = 0; t < 9; ++t) {
    one.series.values.push_back(20.0 + t + normal(engine));
    one.series.noise_sd.push_back(sd());
  }
  return one;
}

void check_same(const StateMoments& a, const StateMoments& b) {
  CHECK(a.level == Approx(b.level).epsilon(1e-9));
  CHECK(a.slope == Approx(b.slope).epsilon(1e-8).margin(1e-9));
  CHECK(a.level_variance == Approx(b.level_variance).epsilon(1e-7));
  CHECK(a.covariance == Approx(b.covariance).epsilon(1e-6).margin(1e-10));
  CHECK(a.slope_variance == Approx(b.slope_variance).epsilon(1e-7));
}

}  // namespace

TEST_CASE("the filter's likelihood is that of the dense multivariate normal law") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    const Case one = random_case(seed);
    const double expected = Dense(one.series, one.trend).log_density();
    CHECK(kalman_filter(one.series, one.trend).log_likelihood == Approx(expected).epsilon(1e-9));
  }
}

TEST_CASE("filtered and smoothed states are those of dense conditioning") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const Case one = random_case(seed);
    const Dense dense(one.series, one.trend);
    const Filtered filtered = kalman_filter(one.series, one.trend);
    const std::vector<StateMoments> smoothed = kalman_smoother(one.series, one.trend);
    REQUIRE(filtered.states.size() == 9);
    REQUIRE(smoothed.size() == 9);
    for (int t = 0; t < 9; ++t) {
      CAPTURE(seed, t);
      check_same(filtered.states[static_cast<std::size_t>(t)], dense.given(t + 1, t));
      check_same(smoothed[static_cast<std::size_t>(t)], dense.given(9, t));
    }
  }
}

TEST_CASE("without noise in the states the smoother is a straight line with its prior") {
  const Series series{{1.0, 3.0, 5.0, 7.0}, {0.1, 0.1, 0.1, 0.1}};
  const auto smoothed = kalman_smoother(series, {1e-5, 1e-5, 0.0, 1e3, 0.0, 1e3});
  for (std::size_t t = 0; t < 4; ++t) {
    CHECK(smoothed[t].level == Approx(1.0 + 2.0 * static_cast<double>(t)).epsilon(1e-6));
    CHECK(smoothed[t].slope == Approx(2.0).epsilon(1e-6));
  }
}

}  // namespace flopsieve::jobs
