#include "jobs/scaling/optima_fit.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "engine/error.hpp"
#include "tests/support/reference.hpp"

using namespace flopsieve;
using namespace flopsieve::jobs;

namespace {

const ParametricLoss truth{6.0, 7.0, 0.55, 0.34, 0.30};

double loss_of_truth(double parameters, double tokens) {
  return std::exp(truth.ln_e) + std::exp(truth.ln_a) / std::pow(parameters, truth.alpha) +
         std::exp(truth.ln_b) / std::pow(tokens, truth.beta);
}

/// The minimum of loss_of_truth over N at a budget, by ternary search.
double best_parameters(double flop) {
  double low = 5.0;
  double high = 14.0;
  const auto loss = [&](double log10_n) {
    const double n = std::pow(10.0, log10_n);
    return loss_of_truth(n, flop / (6.0 * n));
  };
  for (int i = 0; i < 200; ++i) {
    const double third = (high - low) / 3.0;
    (loss(low + third) < loss(high - third) ? high : low) +=
        loss(low + third) < loss(high - third) ? -third : third;
  }
  return std::pow(10.0, 0.5 * (low + high));
}

TrainingData data_of(std::vector<TrainingRun> runs) {
  TrainingData data;
  data.file = "runs.csv";
  data.columns.parameters = "parameters";
  data.runs = std::move(runs);
  return data;
}

/// Curves of sizes 10^(1/steps) apart, each seen from D = 0.25 to 400 N.
TrainingData curves(int steps) {
  std::vector<TrainingRun> runs;
  for (int i = 0; i <= 4 * steps; ++i) {
    const double n = std::pow(10.0, 7.0 + static_cast<double>(i) / steps);
    for (int k = 0; k <= 320; ++k) {
      const double d = 0.25 * n * std::pow(1600.0, k / 320.0);
      runs.push_back({n, d, loss_of_truth(n, d), 2, std::to_string(i)});
    }
  }
  return data_of(std::move(runs));
}

/// At each level 2 half + 1 sizes over 1.2 orders, on a parabola in log10 N about the best N =
/// 10^(a log10 C - 1.2).
TrainingData levels(double a, double noise, test::Splitmix& random, int half = 4) {
  std::vector<TrainingRun> runs;
  int line = 2;
  for (const double flop : {6e18, 1e19, 3e19, 6e19, 1e20, 3e20, 6e20, 1e21, 3e21}) {
    const double best = a * std::log10(flop) - 1.2;
    for (int i = -half; i <= half; ++i) {
      const double n = std::pow(10.0, best + 0.6 * i / half + 0.02);
      const double x = std::log10(n) - best;
      runs.push_back(
          {n, flop / (6.0 * n), 2.5 + 0.3 * x * x + noise * random.normal(), line++, ""});
    }
  }
  return data_of(std::move(runs));
}

template <class Make>
std::string refusal(const Make& make) {
  try {
    make();
  } catch (const engine::Error& error) {
    return error.what();
  }
  return "no error";
}

BootstrapOptions options_of(std::uint64_t resamples, std::uint64_t seed) {
  BootstrapOptions options;
  options.resamples = resamples;
  options.seed = seed;
  options.threads = 2;
  return options;
}

}  // namespace

TEST_CASE("optima: least squares through them, by hand") {
  // log10 C = 18, 19, 20; log10 N = 7, 8, 8.4: slope 0.7, mean 7.8.
  std::vector<BudgetOptimum> optima = {{1e18, 1e7, 3.0, 5, ""},
                                       {1e19, 1e8, 2.9, 5, ""},
                                       {1e20, std::pow(10.0, 8.4), 2.8, 5, ""},
                                       {1e21, 1e20, 2.7, 5, "beyond"}};
  const OptimaFit fit = through_optima(optima);
  CHECK(fit.used == 3);
  CHECK(fit.law.exponent == Approx(0.7));
  CHECK(fit.law.log10_flop == Approx(19.0));
  CHECK(fit.law.log10_parameters == Approx(7.8));
  // Residuals -0.1, 0.2, -0.1 over one degree of freedom.
  CHECK(fit.scatter == Approx(std::sqrt(0.06)));
  optima.erase(optima.begin() + 1, optima.begin() + 3);
  CHECK_THROWS_AS(through_optima(optima), std::invalid_argument);
}

TEST_CASE("approach 2: parabolas give back their law") {
  test::Splitmix random(91);
  const IsoFlopFit fit(levels(0.5, 0.0, random), {});
  CHECK(fit.fit().optima.size() == 9);
  CHECK(fit.fit().used == 9);
  CHECK(fit.rows_used() == 81);
  CHECK(fit.fit().law.exponent == Approx(0.5).epsilon(1e-9));
  CHECK(fit.fit().optima[4].parameters == Approx(std::pow(10.0, 8.8)).epsilon(1e-8));
  CHECK(fit.fit().optima[4].loss == Approx(2.5).epsilon(1e-10));
  CHECK(fit.fit().optima[4].flop == Approx(1e20).epsilon(1e-12));
}

TEST_CASE("approach 2: four sizes make a level, three do not") {
  test::Splitmix random(97);
  const TrainingData five = levels(0.47, 0.0, random, 2);
  const auto without = [&](std::size_t dropped) {
    TrainingData data = five;
    data.runs.clear();
    for (std::size_t i = 0; i < five.runs.size(); ++i) {
      if (i % 5 >= dropped) data.runs.push_back(five.runs[i]);
    }
    return data;
  };
  CHECK(IsoFlopFit(without(1), {}).fit().law.exponent == Approx(0.47).epsilon(1e-8));
  CHECK(refusal([&] { IsoFlopFit(without(2), {}); }).find("only 0 of 27 rows") !=
        std::string::npos);
}

TEST_CASE("approach 2: named levels take the rows within 10 %") {
  test::Splitmix random(92);
  TrainingData data = levels(0.47, 0.0, random);
  data.runs.push_back({1e9, 1.085e20 / 6e9, 99.0, 83, ""});  // within 10 % of 1e20
  data.runs.push_back({1e9, 1.115e20 / 6e9, 99.0, 84, ""});
  data.runs.push_back({1e9, 0.91e21 / 6e9, 99.0, 85, ""});  // within 10 % of 1e21
  data.runs.push_back({1e9, 0.89e21 / 6e9, 99.0, 86, ""});
  const IsoFlopFit fit(data, {1e21, 3e19, 1e20});
  CHECK(fit.fit().optima.size() == 3);
  CHECK(fit.rows_used() == 29);
  CHECK(fit.fit().optima[0].flop == Approx(3e19));
  CHECK(IsoFlopFit(levels(0.47, 0.0, random), {1e21, 3e19}).fit().law.exponent ==
        Approx(0.47).epsilon(1e-8));
}

TEST_CASE("approach 2: a level without a minimum among its models is left out") {
  test::Splitmix random(93);
  TrainingData data = levels(0.5, 0.0, random);
  std::vector<TrainingRun> kept;
  for (const TrainingRun& run : data.runs) {
    const double best = 0.5 * std::log10(run.flop()) - 1.2;
    const bool second = std::abs(run.flop() / 1e19 - 1.0) < 0.01;
    const bool third = std::abs(run.flop() / 3e19 - 1.0) < 0.01;
    if (second && std::log10(run.parameters) < best) continue;  // the minimum is below all
    if (third && std::abs(std::log10(run.parameters) - best) > 0.2) continue;  // 3 sizes
    kept.push_back(run);
    if (std::abs(run.flop() / 6e19 - 1.0) < 0.01) kept.back().loss = 5.0 - kept.back().loss;
  }
  data.runs = kept;
  const OptimaFit fit = IsoFlopFit(data, {}).fit();
  CHECK(fit.used == 6);
  CHECK(fit.optima[1].left_out == "the minimum lies beyond the models");
  CHECK(fit.optima[2].left_out == "fewer than 4 sizes of model");
  CHECK(fit.optima[3].left_out == "the parabola has no minimum");
  CHECK(fit.law.exponent == Approx(0.5).epsilon(1e-8));
}

TEST_CASE("approach 2: the spread of resamples is that of repeated data", "[statistical]") {
  // The standard deviation of the exponent over 400 data sets (relative error 3.5 %) against the
  // mean standard error of 30 of them. Resamples of 17 rows with 3 constants: residuals are smaller
  // by sqrt(14 / 17), places scatter more; measured 1.05 (1.55 with 9 rows).
  test::Splitmix random(94);
  std::vector<double> exponents;
  double errors = 0.0;
  for (int i = 0; i < 400; ++i) {
    const IsoFlopFit fit(levels(0.5, 0.003, random, 8), {});
    exponents.push_back(fit.fit().law.exponent);
    if (i >= 30) continue;
    std::vector<double> resampled;
    for (const PowerLaw& law : fit.bootstrap(options_of(200, 4)).laws) {
      resampled.push_back(law.exponent);
    }
    errors += estimate(0.0, resampled, 0.9).standard_error / 30.0;
  }
  const Estimate spread = estimate(0.0, exponents, 0.9);
  CHECK(errors > spread.standard_error / 1.5);
  CHECK(errors < spread.standard_error * 1.5);
  // 400 data sets centre on the truth: 5 standard errors, 6e-7.
  double mean = 0.0;
  for (const double each : exponents) mean += each / 400.0;
  CHECK(std::abs(mean - 0.5) < 5.0 * spread.standard_error / 20.0);
}

TEST_CASE("approach 1: the envelope of curves follows the frontier of their law") {
  const TrainingData data = curves(16);
  const EnvelopeFit fit(data);
  CHECK(fit.curves() == 65);
  CHECK(fit.fit().used > 500);
  // Sizes are 10^(1/16) apart, so each optimum is off by at most half of that and the steps cancel
  // over 30 and more of them; interpolation adds 1e-6 of the loss.
  for (const BudgetOptimum& each : fit.fit().optima) {
    if (!each.left_out.empty()) continue;
    CHECK(std::abs(std::log10(each.parameters / best_parameters(each.flop))) < 0.6 / 16.0);
  }
  CHECK(fit.fit().law.exponent == Approx(truth.beta / (truth.alpha + truth.beta)).margin(0.003));
}

TEST_CASE("approach 1: only models that are neither the smallest nor the largest count") {
  const EnvelopeFit fit(curves(8));
  for (const BudgetOptimum& each : fit.fit().optima) {
    const double smallest = std::max(1e7, std::sqrt(each.flop / (6.0 * 400.0)));
    const double largest = std::min(1e11, std::sqrt(each.flop / (6.0 * 0.25)));
    if (each.left_out.empty()) {
      CHECK(each.parameters > smallest * 1.0001);
      CHECK(each.parameters < largest * 0.9999);
      CHECK(each.sizes >= 3);
    }
  }
}

TEST_CASE("approaches 1 and 2: resamples are equal for all threads") {
  test::Splitmix random(95);
  const IsoFlopFit iso(levels(0.5, 0.01, random), {});
  const EnvelopeFit envelope(curves(4));
  for (const auto backend : {engine::Backend::tbb, engine::Backend::openmp}) {
    BootstrapOptions one = options_of(50, 6);
    one.backend = engine::Backend::serial;
    BootstrapOptions many = options_of(50, 6);
    many.backend = backend;
    many.threads = 3;
    const auto equal = [](const OptimaBootstrap& a, const OptimaBootstrap& b) {
      CHECK(a.failed == b.failed);
      CHECK(a.resamples == b.resamples);
      REQUIRE(a.laws.size() == b.laws.size());
      for (std::size_t i = 0; i < a.laws.size(); ++i) {
        CHECK(a.laws[i].exponent == b.laws[i].exponent);
      }
    };
    equal(iso.bootstrap(one), iso.bootstrap(many));
    equal(envelope.bootstrap(one), envelope.bootstrap(many));
  }
}

TEST_CASE("approaches 1 and 2: data that do not allow them") {
  test::Splitmix random(96);
  TrainingData points = levels(0.5, 0.0, random);
  for (TrainingRun& run : points.runs) run.curve = std::to_string(run.line);
  CHECK(refusal([&] { EnvelopeFit{points}; }).find("runs.csv: approach 1 needs training curves") ==
        0);
  TrainingData mixed = curves(4);
  mixed.runs[5].parameters = 3.0;
  CHECK(refusal([&] { EnvelopeFit{mixed}; }) ==
        "runs.csv:2: run \"0\" has 3 parameters here and 1e+07 before");
  CHECK(refusal([&] {
          IsoFlopFit(curves(4), {});
        }).find("runs.csv: approach 2 needs rows at levels of equal compute") == 0);
  CHECK(refusal([&] { IsoFlopFit(points, {1e20, 1.1e20}); }).find("--levels: ") == 0);
  CHECK(refusal([&] { IsoFlopFit(points, {-1.0}); }).find("--levels: ") == 0);
  CHECK(refusal([&] {
          IsoFlopFit(points, {1e20, 1e25});
        }) == "--levels: runs.csv has no row within 10 % of 1e+25 FLOP");
  CHECK(refusal([&] { IsoFlopFit(points, {1e20}); }).find("runs.csv: fewer than 2 of 1 levels") ==
        0);
}
