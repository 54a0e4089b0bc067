// The fit that others have published, on the data that they have published: Besiroglu et al. 2024
// (arXiv 2404.10102) and the printout of their notebook.
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>

#include "jobs/scaling/fit_residuals.hpp"
#include "jobs/scaling/parametric_fit.hpp"

using namespace flopsieve;
using namespace flopsieve::jobs;

namespace {

/// The points without the 5 highest losses, or with them; none (said aloud) where the data is
/// absent.
std::vector<TrainingRun> points(std::int64_t drop = 5) {
  const std::string path = FLOPSIEVE_SOURCE_DIR "/../shared/data/chinchilla_fig4_points.csv";
  if (!std::filesystem::exists(path)) {
    WARN("skipped: " << path << " is not here");
    return {};
  }
  TrainingData data = training_data(read_csv(path), {});
  drop_highest(data, drop);
  return data.runs;
}

BootstrapOptions published_options() {
  BootstrapOptions options;
  options.threads = engine::default_threads();
  return options;  // 4,000 resamples, as published
}

/// The optimum of the published start.
ParametricLoss refit(const std::vector<TrainingRun>& runs, double delta) {
  return LawDescent(runs, delta).from(published_constants()).law;
}

/// Standard deviation of f over laws.
template <class F>
double sd(const std::vector<ParametricLoss>& laws, F f) {
  std::vector<double> all;
  for (const ParametricLoss& law : laws) all.push_back(f(law));
  return estimate(0.0, all, 0.9).standard_error;
}

}  // namespace

TEST_CASE("published fit: the lowest misfit from all 4,500 starts", "[real-data][slow]") {
  const auto runs = points();
  if (runs.empty()) return;
  REQUIRE(runs.size() == 240);
  const ParametricFit fit = fit_parametric(runs, 1e-3, published_options(), "points");
  // Their best: 0.00101827403, printed to 5e-9 of it, and not at its very bottom: ours is 1.2e-8 of
  // it lower.
  CHECK(fit.best.misfit == Approx(0.00101827403).epsilon(3e-8));
  CHECK(fit.best.misfit < 0.00101827403);
  // Along the valley A and B change by 2e-4 within 2e-8 of the misfit.
  CHECK(std::exp(fit.best.law.ln_a) == Approx(477.8417).epsilon(1e-3));
  CHECK(std::exp(fit.best.law.ln_b) == Approx(2143.8638).epsilon(1e-3));
  CHECK(std::exp(fit.best.law.ln_e) == Approx(1.8172355).epsilon(1e-4));
  CHECK(fit.best.law.alpha == Approx(0.34731266).epsilon(1e-4));
  CHECK(fit.best.law.beta == Approx(0.36718262).epsilon(1e-4));
  CHECK(fit.best.gradient < no_slope);
  CHECK(fit.inside_grid);
  CHECK(fit.reached_best > 1'000);
}

TEST_CASE("published fit: their point estimate is the fit of least absolute deviations",
          "[real-data]") {
  // Their likelihood compares delta with the residual over its scale, which makes it Laplace's
  // (fit_residuals.hpp): delta -> 0 here. They stopped within 1e-5 of it.
  const auto runs = points();
  if (runs.empty()) return;
  const ParametricLoss law = refit(runs, 1e-8);
  CHECK(std::exp(law.ln_a) == Approx(482.00572).epsilon(2e-5));
  CHECK(std::exp(law.ln_b) == Approx(2085.43420).epsilon(2e-5));
  CHECK(std::exp(law.ln_e) == Approx(1.81686).epsilon(5e-6));
  CHECK(law.alpha == Approx(0.34781303).epsilon(1e-5));
  CHECK(law.beta == Approx(0.36585412).epsilon(1e-5));
}

TEST_CASE("published fit: standard errors of 4,000 resamples within 10 %", "[real-data]") {
  const auto runs = points();
  if (runs.empty()) return;
  const auto found = bootstrap_parametric(runs, 1e-3, refit(runs, 1e-3), published_options());
  CHECK(found.failed == 0);
  using Law = const ParametricLoss&;
  const auto& laws = found.laws;
  CHECK(sd(laws, [](Law l) { return std::exp(l.ln_a); }) == Approx(124.52232).epsilon(0.1));
  CHECK(sd(laws, [](Law l) { return std::exp(l.ln_b); }) == Approx(1293.28410).epsilon(0.1));
  CHECK(sd(laws, [](Law l) { return std::exp(l.ln_e); }) == Approx(0.02566).epsilon(0.1));
  CHECK(sd(laws, [](Law l) { return l.alpha; }) == Approx(0.01540).epsilon(0.1));
  CHECK(sd(laws, [](Law l) { return l.beta; }) == Approx(0.02060).epsilon(0.1));
  CHECK(sd(laws, [](Law l) { return l.ln_a; }) == Approx(0.258).epsilon(0.1));
  CHECK(sd(laws, [](Law l) { return l.ln_b; }) == Approx(0.421).epsilon(0.1));
  CHECK(sd(laws, [](Law l) { return l.ln_e; }) == Approx(0.014).epsilon(0.1));
  CHECK(sd(laws, [](Law l) { return l.beta / (l.alpha + l.beta); }) == Approx(0.020).epsilon(0.1));
  // The law "besiroglu" carries this covariance.
  const auto embedded = scaling_law("besiroglu", "--law").uncertainty.covariance;
  const auto matrix = covariance(laws);
  REQUIRE(embedded.size() == 25);
  for (std::size_t i = 0; i < 25; ++i) CHECK(matrix[i] == Approx(embedded[i]).epsilon(1e-6));
}

TEST_CASE("published fit: log-likelihoods", "[real-data]") {
  const auto without = points(5);
  const auto with = points(0);
  if (without.empty()) return;
  const auto likelihood = [](const std::vector<TrainingRun>& runs, const ParametricLoss& law) {
    return huber_likelihood(LawDescent(runs, 1e-3).residuals(law), 1e-3).log_likelihood;
  };
  const ParametricLoss rounded{std::log(406.4), std::log(410.7), std::log(1.69), 0.34, 0.28};
  CHECK(likelihood(without, rounded) == Approx(562.25).margin(0.005));
  CHECK(likelihood(with, rounded) == Approx(531.89).margin(0.005));
  CHECK(likelihood(without, published_constants()) == Approx(837.78).margin(0.005));
  CHECK(likelihood(with, published_constants()) == Approx(714.43).margin(0.005));
  CHECK(likelihood(without, refit(without, 1e-8)) == Approx(879.77).margin(0.005));
}

TEST_CASE("published fit: no resample has a lower misfit than its two descents find",
          "[real-data][slow]") {
  const auto runs = points();
  if (runs.empty()) return;
  const LawDescent descent(runs, 1e-3);
  const ParametricLoss best = refit(runs, 1e-3);
  const auto starts = published_starts();
  for (std::uint64_t resample = 0; resample < 40; ++resample) {
    const auto weights = drawn_weights(runs.size(), 1, resample);
    double lowest = std::min(descent.from(best, weights).misfit,
                             descent.from(published_constants(), weights).misfit);
    double of_grid = lowest;
    // Every 23rd start: 196 of them, in all corners of the grid.
    for (std::size_t i = 0; i < starts.size(); i += 23) {
      of_grid = std::min(of_grid, descent.from(starts[i], weights).misfit);
    }
    CHECK(lowest <= same_misfit(of_grid));
  }
}
