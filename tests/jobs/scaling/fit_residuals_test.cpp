#include "jobs/scaling/fit_residuals.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>

using namespace flopsieve::jobs;

TEST_CASE("residuals: figures of three numbers, by hand") {
  const ResidualSummary summary = summarise({0.1, -0.3, 0.5}, 0.2);
  CHECK(summary.mean == Approx(0.1).epsilon(1e-14));
  CHECK(summary.sd == Approx(0.4).epsilon(1e-14));
  const double t = 0.1 / (0.4 / std::sqrt(3.0));
  CHECK(summary.t == Approx(t).epsilon(1e-13));
  CHECK(summary.p == Approx(1.0 - t / std::sqrt(2.0 + t * t)).epsilon(1e-12));  // 2 degrees
  CHECK(std::abs(summary.skewness) < 1e-14);
  CHECK(summary.within_delta == Approx(1.0 / 3.0));
  CHECK(summary.largest == std::vector<std::size_t>{2, 1, 0});
  // Numbers 0, 0, 3: central moments 2 (second) and 2 (third): 2 / 2^1.5.
  CHECK(summarise({0.0, 0.0, 3.0}, 0.2).skewness == Approx(2.0 / std::pow(2.0, 1.5)));
  CHECK(summarise({0.0, 0.0, 0.0}, 0.2).p == 1.0);
}

TEST_CASE("residuals: the likelihood is Laplace's for small delta and normal for large") {
  const std::vector<double> residuals = {0.01, -0.02, 0.005, 0.03, -0.001, 0.0};
  double magnitude = 0.0;
  double squares = 0.0;
  for (const double each : residuals) {
    magnitude += std::abs(each) / 6.0;
    squares += each * each / 6.0;
  }
  const HuberLikelihood laplace = huber_likelihood(residuals, 1e-6);
  CHECK(laplace.log_likelihood == Approx(-6.0 * std::log(2.0 * magnitude) - 6.0).epsilon(1e-5));
  CHECK(laplace.ln_scale == Approx(std::log(1e-6 * magnitude)).epsilon(1e-5));
  const HuberLikelihood normal = huber_likelihood(residuals, 50.0);
  CHECK(normal.log_likelihood ==
        Approx(-3.0 * std::log(2.0 * std::numbers::pi * squares) - 3.0).epsilon(1e-9));
  CHECK(normal.ln_scale == Approx(0.5 * std::log(squares)).epsilon(1e-6));
}
