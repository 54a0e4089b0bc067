#include "jobs/scaling/parametric_fit.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <set>
#include <tuple>

#include "engine/error.hpp"
#include "tests/support/reference.hpp"

using namespace flopsieve;
using namespace flopsieve::jobs;

namespace {

const ParametricLoss truth{6.0, 7.0, 0.55, 0.34, 0.33};

/// Rows over the sizes and tokens of Hoffmann et al.'s runs; ln L has normal noise.
std::vector<TrainingRun> runs_of_truth(test::Splitmix& random, std::size_t rows, double noise) {
  std::vector<TrainingRun> runs;
  for (std::size_t i = 0; i < rows; ++i) {
    TrainingRun run;
    run.parameters = std::pow(10.0, random.uniform(7.8, 10.2));
    run.tokens = std::pow(10.0, random.uniform(9.0, 11.5));
    run.loss =
        (std::exp(truth.ln_e) + std::exp(truth.ln_a) / std::pow(run.parameters, truth.alpha) +
         std::exp(truth.ln_b) / std::pow(run.tokens, truth.beta)) *
        std::exp(noise * random.normal());
    runs.push_back(run);
  }
  return runs;
}

std::array<double, 5> values(const ParametricLoss& law) {
  return {law.ln_a, law.ln_b, law.ln_e, law.alpha, law.beta};
}

BootstrapOptions options_of(std::uint64_t resamples, std::uint64_t seed) {
  BootstrapOptions options;
  options.resamples = resamples;
  options.seed = seed;
  options.threads = 2;
  return options;
}

}  // namespace

TEST_CASE("parametric fit: the starts are the published grid") {
  std::set<std::array<double, 5>> expected;
  for (const double alpha : {0.0, 0.5, 1.0, 1.5, 2.0}) {
    for (const double beta : {0.0, 0.5, 1.0, 1.5, 2.0}) {
      for (const double e : {-1.0, -0.5, 0.0, 0.5, 1.0}) {
        for (const double a : {0.0, 5.0, 10.0, 15.0, 20.0, 25.0}) {
          for (const double b : {0.0, 5.0, 10.0, 15.0, 20.0, 25.0}) {
            expected.insert({a, b, e, alpha, beta});
          }
        }
      }
    }
  }
  std::set<std::array<double, 5>> found;
  for (const ParametricLoss& start : published_starts()) found.insert(values(start));
  CHECK(expected.size() == 4500);
  CHECK(published_starts().size() == 4500);
  CHECK(found == expected);
}

TEST_CASE("parametric fit: exact data give back the law") {
  test::Splitmix random(81);
  const auto runs = runs_of_truth(random, 60, 0.0);
  const Descent end = LawDescent(runs, 1e-3).from(published_constants());
  for (std::size_t k = 0; k < 5; ++k) {
    CHECK(values(end.law)[k] == Approx(values(truth)[k]).epsilon(1e-4));
  }
  CHECK(end.misfit < 1e-14);
}

TEST_CASE("parametric fit: exact data make one minimum of all that rounding leaves") {
  test::Splitmix random(84);
  const auto runs = runs_of_truth(random, 60, 0.0);
  BootstrapOptions options;
  options.resamples = 20;
  const ParametricFit fit = fit_parametric(runs, 1e-3, options, "runs");
  const auto groups = misfit_groups(fit);
  CHECK(fit.reached_best > 1'000);
  CHECK(groups.front().descents == fit.reached_best);
  const auto bootstrap = bootstrap_parametric(runs, 1e-3, fit.best.law, options);
  CHECK(bootstrap.laws.size() == 20);
  CHECK(bootstrap.from_estimate + bootstrap.from_published == 0);
}

TEST_CASE("parametric fit: a law with a constant beyond the starts is told") {
  test::Splitmix random(88);
  auto runs = runs_of_truth(random, 40, 0.0);
  for (TrainingRun& run : runs) run.loss *= std::exp(0.8);
  const ParametricFit fit = fit_parametric(runs, 1e-3, options_of(0, 1), "runs");
  CHECK(fit.best.law.ln_e == Approx(truth.ln_e + 0.8));  // the starts end at 1
  CHECK_FALSE(fit.inside_grid);
}

TEST_CASE("parametric fit: residuals are those of the definition") {
  test::Splitmix random(82);
  const auto runs = runs_of_truth(random, 40, 0.02);
  const ParametricLoss at{6.1, 6.9, 0.5, 0.345, 0.325};
  const std::vector<double> residuals = LawDescent(runs, 0.5).residuals(at);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    CHECK(residuals[i] ==
          Approx(std::log(at(runs[i].parameters, runs[i].tokens) / runs[i].loss)).margin(1e-13));
  }
}

TEST_CASE("parametric fit: an optimum has no slope, and weights are repeated rows") {
  test::Splitmix random(83);
  const auto runs = runs_of_truth(random, 50, 0.01);
  const std::vector<double> weights = drawn_weights(runs.size(), 5, 17);
  std::vector<TrainingRun> repeated;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    for (double k = 0.0; k < weights[i]; k += 1.0) repeated.push_back(runs[i]);
  }
  const LawDescent descent(repeated, 1e-3);
  const Descent one = LawDescent(runs, 1e-3).from(truth, weights);
  const Descent other = descent.from(truth);
  CHECK(one.misfit == Approx(other.misfit).epsilon(1e-9));
  CHECK(one.law.alpha == Approx(other.law.alpha).epsilon(1e-5));
  CHECK(one.gradient < no_slope);
  // The slope by ln E from its definition: the sum of residuals, each at most delta, times E / L.
  const std::vector<double> residuals = descent.residuals(other.law);
  double slope = 0.0;
  for (std::size_t i = 0; i < repeated.size(); ++i) {
    const double share =
        std::exp(other.law.ln_e) / other.law(repeated[i].parameters, repeated[i].tokens);
    slope += std::clamp(residuals[i], -1e-3, 1e-3) * share;
  }
  CHECK(std::abs(slope) < no_slope * 50.0 * 1e-3);
}

TEST_CASE("bootstrap: drawn weights are a pure function and have the moments of the multinomial",
          "[statistical]") {
  CHECK(drawn_weights(240, 1, 7) == drawn_weights(240, 1, 7));
  CHECK(drawn_weights(240, 1, 7) != drawn_weights(240, 1, 8));
  CHECK(drawn_weights(240, 1, 7) != drawn_weights(240, 2, 7));
  CHECK(drawn_weights(240, 1, 7) != drawn_weights(240, 1, 7, 1));
  constexpr std::uint64_t resamples = 4'000;
  constexpr std::size_t rows = 50;
  std::vector<double> sums(rows, 0.0);
  double zeros = 0.0;
  for (std::uint64_t i = 0; i < resamples; ++i) {
    const std::vector<double> weights = drawn_weights(rows, 3, i);
    double total = 0.0;
    for (std::size_t k = 0; k < rows; ++k) {
      total += weights[k];
      sums[k] += weights[k];
      zeros += weights[k] == 0.0 ? 1.0 : 0.0;
    }
    CHECK(total == 50.0);
  }
  // Each sum is binomial(200,000, 1/50): 4,000 +- 62.6; 6 standard errors for 50 sums, 1e-7.
  for (const double sum : sums) CHECK(std::abs(sum - 4'000.0) < 6.0 * 62.6);
  // P(0) = 0.98^50 = 0.36417; the 50 of a resample are negatively correlated, so the standard error
  // of the share of zeros is below that of 200,000 independent ones, 0.00108; 6 of them.
  CHECK(std::abs(zeros / (resamples * rows) - std::pow(0.98, 50.0)) < 6.0 * 0.00108);
}

TEST_CASE("bootstrap: equal for all threads and back ends") {
  test::Splitmix random(84);
  const auto runs = runs_of_truth(random, 40, 0.01);
  const auto laws = [&](engine::Backend backend, int threads) {
    BootstrapOptions options = options_of(60, 9);
    options.backend = backend;
    options.threads = threads;
    std::vector<std::array<double, 5>> found;
    for (const auto& law : bootstrap_parametric(runs, 1e-3, truth, options).laws) {
      found.push_back(values(law));
    }
    return found;
  };
  const auto serial = laws(engine::Backend::serial, 1);
  CHECK(serial.size() == 60);
  for (const int threads : {1, 2, 5}) {
    CHECK(laws(engine::Backend::tbb, threads) == serial);
    CHECK(laws(engine::Backend::openmp, threads) == serial);
  }
}

TEST_CASE("bootstrap: estimates and covariance from their definitions") {
  const Estimate found = estimate(7.0, {4.0, 1.0, 3.0, 2.0, 5.0, std::nan("")}, 0.5);
  CHECK(found.value == 7.0);
  CHECK(found.standard_error == Approx(std::sqrt(2.5)));
  CHECK(found.low == Approx(2.0));
  CHECK(found.high == Approx(4.0));
  CHECK(std::isnan(estimate(7.0, {1.0}, 0.5).low));
  const std::vector<ParametricLoss> laws = {
      {1.0, 2.0, 3.0, 4.0, 5.0}, {2.0, 2.0, 1.0, 4.5, 5.5}, {3.0, 5.0, 2.0, 4.0, 5.0}};
  const auto matrix = covariance(laws);
  CHECK(matrix[0] == Approx(1.0));   // ln A: 1, 2, 3
  CHECK(matrix[1] == Approx(1.5));   // with ln B: (-1)(-1) + 0 + (1)(2), over 2
  CHECK(matrix[2] == Approx(-0.5));  // with ln E: (-1)(1) + 0 + (1)(0), over 2
  CHECK(matrix[5] == matrix[1]);
  CHECK(matrix[23] == Approx(0.25 / 3.0));  // alpha with beta: both up by a half once
}

TEST_CASE("parametric fit: too little data is refused") {
  test::Splitmix random(85);
  auto runs = runs_of_truth(random, 5, 0.01);
  const auto message = [&] {
    try {
      fit_parametric(runs, 1e-3, options_of(0, 1), "runs.csv");
    } catch (const engine::Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  CHECK(message() == "runs.csv: 5 rows; approach 3 fits five constants and needs at least 6");
  runs = runs_of_truth(random, 20, 0.01);
  for (auto& run : runs) run.parameters = run.parameters < 1e9 ? 1e8 : 1e10;
  CHECK(message() == "runs.csv: 2 different numbers of parameters; approach 3 needs at least 3");
}

TEST_CASE("parametric fit: 90 % intervals cover known constants", "[statistical]") {
  // 150 data sets, 200 resamples each. The number that cover is binomial(150, p); with p = 0.9 it
  // is 135 +- 3.7 and below 116 (5.2 standard errors) with probability 4e-6 for each of 6 numbers.
  // It cannot be too high by as much; 150 of 150 would have probability 1e-7.
  constexpr int sets = 150;
  std::array<int, 6> covered{};
  test::Splitmix random(86);
  for (int set = 0; set < sets; ++set) {
    const auto runs = runs_of_truth(random, 150, 0.006);
    const Descent best = LawDescent(runs, 1e-3).from(truth);
    const auto bootstrap = bootstrap_parametric(runs, 1e-3, best.law,
                                                options_of(200, static_cast<std::uint64_t>(set)));
    REQUIRE(bootstrap.failed == 0);
    const auto covers = [&](auto number) {
      std::vector<double> resampled;
      for (const auto& law : bootstrap.laws) resampled.push_back(number(law));
      const Estimate found = estimate(number(best.law), resampled, 0.9);
      return found.low <= number(truth) && number(truth) <= found.high ? 1 : 0;
    };
    for (std::size_t k = 0; k < 5; ++k) {
      covered[k] += covers([k](const ParametricLoss& law) { return values(law)[k]; });
    }
    covered[5] +=
        covers([](const ParametricLoss& law) { return law.beta / (law.alpha + law.beta); });
  }
  CAPTURE(covered);
  for (const int count : covered) {
    CHECK(count >= 116);
    CHECK(count < sets);
  }
}

TEST_CASE("parametric fit: every start that reaches the lowest misfit finds the same law",
          "[slow]") {
  test::Splitmix random(87);
  const auto runs = runs_of_truth(random, 150, 0.006);
  const ParametricFit fit = fit_parametric(runs, 1e-3, options_of(0, 1), "runs");
  CHECK(fit.best.misfit == Approx(LawDescent(runs, 1e-3).from(truth).misfit).epsilon(1e-9));
  CHECK(fit.reached_best > 1'000);
  CHECK(fit.inside_grid);
  std::size_t descents = 0;
  std::size_t level = 0;
  double last = 0.0;
  for (const MisfitGroup& group : misfit_groups(fit)) {
    CHECK(group.misfit > last);
    last = group.misfit;
    descents += group.descents;
    level += group.level;
  }
  CHECK(descents == 4500);
  CHECK(level == fit.level_elsewhere + fit.reached_best);
  for (const Descent& end : fit.descents) {
    if (end.misfit > same_misfit(fit.best.misfit)) continue;
    for (std::size_t k = 0; k < 5; ++k) {
      CHECK(values(end.law)[k] == Approx(values(fit.best.law)[k]).epsilon(1e-3));
    }
  }
}
