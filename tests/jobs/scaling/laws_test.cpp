#include "jobs/scaling/laws.hpp"

#include <boost/math/tools/minima.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "engine/error.hpp"
#include "jobs/scaling/token_budget.hpp"

using namespace flopsieve::jobs;

namespace {

ScalingLaw law(const std::string& name) {
  return scaling_law(name, "--law");
}

Budget flop(double amount) {
  return {Budget::Of::flop, amount};
}
Budget tokens(double amount) {
  return {Budget::Of::tokens, amount};
}
Budget parameters(double amount) {
  return {Budget::Of::parameters, amount};
}

/// A row of Table 3 or A3 of Hoffmann et al. (2022) with the half units of its last digits.
struct Row {
  double parameters, flop, half_flop, tokens, half_tokens;
};

void check_rows(const std::string& name, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    const Optimum best = optimum(law(name), parameters(row.parameters));
    INFO(name << " at " << row.parameters);
    CHECK(std::abs(best.flop - row.flop) <= row.half_flop);
    CHECK(std::abs(best.tokens - row.tokens) <= row.half_tokens);
  }
}

/// ln N of least loss for a budget, by search and not by the closed form.
double searched_log_parameters(const ParametricLoss& loss, double budget, double worth) {
  const auto at = [&](double ln_n) {
    const double n = std::exp(ln_n);
    const double d = worth * budget / (6.0 * n);
    return std::exp(loss.ln_e) + std::exp(loss.ln_a) / std::pow(n, loss.alpha) +
           std::exp(loss.ln_b) / std::pow(d, loss.beta);
  };
  return boost::math::tools::brent_find_minima(at, 5.0, 60.0, 50).first;
}

}  // namespace

// The row of 67e9 parameters is left out: its 6 N D misses its FLOP by 5 % and 0.7 %, beyond its
// rounding.
TEST_CASE("scaling laws: Hoffmann et al.'s Tables 3 and A3 within their rounding") {
  check_rows("chinchilla-1", {{400e6, 1.92e19, 5e16, 8.0e9, 5e7},
                              {1e9, 1.21e20, 5e17, 20.2e9, 5e7},
                              {10e9, 1.23e22, 5e19, 205.1e9, 5e7},
                              {175e9, 3.85e24, 5e21, 3.7e12, 5e10},
                              {280e9, 9.90e24, 5e21, 5.9e12, 5e10},
                              {520e9, 3.43e25, 5e22, 11.0e12, 5e10},
                              {1e12, 1.27e26, 5e23, 21.2e12, 5e10},
                              {10e12, 1.30e28, 5e25, 216.2e12, 5e10}});
  check_rows("chinchilla-2", {{400e6, 1.84e19, 5e16, 7.7e9, 5e7},
                              {1e9, 1.20e20, 5e17, 20.0e9, 5e7},
                              {10e9, 1.32e22, 5e19, 219.5e9, 5e7},
                              {175e9, 4.54e24, 5e21, 4.3e12, 5e10},
                              {280e9, 1.18e25, 5e22, 7.1e12, 5e10},
                              {520e9, 4.19e25, 5e22, 13.4e12, 5e10},
                              {1e12, 1.59e26, 5e23, 26.5e12, 5e10},
                              {10e12, 1.75e28, 5e25, 292.0e12, 5e10}});
}

TEST_CASE("scaling laws: figures of the papers' texts") {
  // Hoffmann et al., section 3.4: at 1e21 FLOP Kaplan et al. predict 4.68e9 parameters, approach 1
  // 2.86e9.
  CHECK(optimum(law("kaplan"), flop(1e21)).parameters == Approx(4.68e9).epsilon(0.0011));
  CHECK(optimum(law("chinchilla-1"), flop(1e21)).parameters == Approx(2.86e9).epsilon(0.0018));
  // Kaplan et al., Table 6: 175e9 parameters are optimal at C_min = (175 / 1.3)^(1 / 0.73) PF-days.
  CHECK(optimum(law("kaplan"), parameters(175e9)).flop ==
        Approx(2.0 * 8.64e19 * std::pow(175.0 / 1.3, 1.0 / 0.73)));
  CHECK(*optimum(law("kaplan"), flop(2.0 * 8.64e19)).loss == Approx(std::pow(3.1e8, 0.05)));
}

TEST_CASE("scaling laws: the three published sets of a parametric loss") {
  struct Figure {
    const char* name;
    double flop, parameters, tokens, ratio, loss;
  };
  // Evaluated apart from this program, three digits (losses: four decimals).
  for (const Figure& figure :
       {Figure{"chinchilla-3-rounded", 5.76e23, 3.22e10, 2.98e12, 92.6, 1.9307},
        Figure{"chinchilla-3-rounded", 1e26, 3.31e11, 5.04e13, 152.6, 1.7991},
        Figure{"chinchilla-3", 5.76e23, 4.04e10, 2.38e12, 58.9, 1.9184},
        Figure{"chinchilla-3", 1e26, 4.25e11, 3.92e13, 92.3, 1.7946},
        Figure{"besiroglu", 5.76e23, 7.23e10, 1.33e12, 18.4, 1.9744},
        Figure{"besiroglu", 1e26, 1.02e12, 1.64e13, 16.2, 1.8799}}) {
    INFO(figure.name << " at " << figure.flop);
    const Optimum best = optimum(law(figure.name), flop(figure.flop));
    CHECK(best.parameters == Approx(figure.parameters).epsilon(0.005));
    CHECK(best.tokens == Approx(figure.tokens).epsilon(0.005));
    CHECK(best.tokens / best.parameters == Approx(figure.ratio).epsilon(0.004));
    CHECK(std::abs(*best.loss - figure.loss) < 5.1e-5);
  }
}

TEST_CASE("scaling laws: tokens per parameter at Gopher's budget") {
  const auto ratio = [](const char* name) {
    const Optimum best = optimum(law(name), flop(5.76e23));
    return best.tokens / best.parameters;
  };
  CHECK(std::abs(ratio("chinchilla-3-rounded") - 92.6) < 0.05);
  CHECK(std::abs(ratio("chinchilla-3") - 58.9) < 0.05);
  CHECK(std::abs(ratio("besiroglu") - 18.4) < 0.05);
}

TEST_CASE("scaling laws: the frontier of a parametric loss is where a search finds least loss") {
  for (const char* name : {"chinchilla-3", "chinchilla-3-rounded", "besiroglu"}) {
    for (const double budget : {1e19, 5.76e23, 1e29}) {
      for (const double worth : {1.0, 0.7}) {
        const ScalingLaw each = law(name);
        const Optimum best = optimum(each, flop(budget), worth);
        CHECK(std::log(best.parameters) ==
              Approx(searched_log_parameters(*each.loss, budget, worth)).epsilon(1e-6));
      }
    }
  }
}

TEST_CASE("scaling laws: ratios") {
  CHECK(std::llround(optimum(law("tokens-per-parameter=21"), tokens(558'382)).parameters) ==
        26'590);
  CHECK(std::llround(optimum(law("gpt3-ratio"), tokens(558'382)).parameters) == 328'460);
  CHECK(optimum(law("tokens-per-parameter=2.5"), flop(6.0 * 1e4 * 2.5)).parameters ==
        Approx(100.0));
  const ScalingLaw line = law("ratio-regression");
  CHECK(line.ratio == Approx(20.934).epsilon(2e-5));
  CHECK(line.ratio_slope * 1e9 == Approx(3.377e-6).epsilon(1e-4));
  // Least squares: residuals sum to nothing, by themselves and times the tokens.
  const std::vector<double> d = {8, 20.2, 205.1, 1500, 3700, 5900, 11000, 21200, 216200};
  const std::vector<double> r = {20, 20.2, 20.51, 22.388, 21.1428, 21.0714, 21.1538, 21.2, 21.62};
  double sum = 0.0;
  double weighted = 0.0;
  for (std::size_t i = 0; i < d.size(); ++i) {
    const double residual = r[i] - line.ratio - line.ratio_slope * 1e9 * d[i];
    sum += residual;
    weighted += residual * d[i] / 216200;
  }
  CHECK(std::abs(sum) < 1e-9);
  CHECK(std::abs(weighted) < 1e-9);
  const Optimum best = optimum(line, tokens(1e14));
  CHECK(best.tokens / best.parameters == Approx(line.ratio + line.ratio_slope * 1e14));
  CHECK_THROWS_WITH(optimum(line, parameters(1e15)),
                    Catch::Contains("no optimum has 1e+15 parameters"));
}

TEST_CASE("scaling laws: ceilings of text") {
  struct Ceiling {
    double tokens, by_ratio, by_besiroglu;
  };
  for (const Ceiling& each : {Ceiling{1e14, 3.0e27, 4.1e27}, Ceiling{3e14, 2.7e28, 3.9e28},
                              Ceiling{1e15, 3.0e29, 4.6e29}}) {
    CHECK(optimum(law("tokens-per-parameter=20"), tokens(each.tokens)).flop ==
          Approx(each.by_ratio).epsilon(0.02));
    CHECK(optimum(law("besiroglu"), tokens(each.tokens)).flop ==
          Approx(each.by_besiroglu).epsilon(0.02));
  }
}

TEST_CASE("scaling laws: any side of a budget gives the same optimum") {
  for (const ScalingLaw& each : scaling_laws()) {
    for (const double worth : {1.0, 0.8}) {
      INFO(each.name << ", worth " << worth);
      const Optimum by_flop = optimum(each, flop(3e24), worth);
      CHECK(by_flop.flop == Approx(3e24));
      CHECK(by_flop.flop == Approx(6.0 * by_flop.parameters * by_flop.tokens));
      for (const Budget& budget : {tokens(by_flop.tokens), parameters(by_flop.parameters)}) {
        const Optimum again = optimum(each, budget, worth);
        CHECK(again.flop == Approx(by_flop.flop));
        CHECK(again.parameters == Approx(by_flop.parameters));
        CHECK(again.tokens == Approx(by_flop.tokens));
        REQUIRE(again.loss.has_value() == by_flop.loss.has_value());
        CHECK(again.loss.value_or(0.0) == Approx(by_flop.loss.value_or(0.0)));
      }
    }
  }
}

TEST_CASE("scaling laws: names") {
  CHECK_THROWS_WITH(law("chinchila"), Catch::Contains("--law: no law \"chinchila\"; allowed: "));
  CHECK_THROWS_WITH(law("tokens-per-parameter=-3"), Catch::Contains("1e-6 to 1e6"));
  CHECK_THROWS_WITH(law("tokens-per-parameter=20x"), Catch::Contains("1e-6 to 1e6"));
  CHECK_THROWS_WITH(law("tokens-per-parameter="), Catch::Contains("1e-6 to 1e6"));
  CHECK(law("tokens-per-parameter=20").power.exponent == 0.5);
}

TEST_CASE("scaling laws: repeated tokens lose worth as exp(-repetitions / 15.39)") {
  CHECK(repeated_worth(1.0) == 1.0);
  for (const double epochs : {1.5, 4.0, 16.0, 1000.0}) {
    // The sum of the worth of all that is seen, by the trapezoidal rule.
    constexpr int steps = 200'000;
    double sum = 0.0;
    for (int i = 0; i <= steps; ++i) {
      const double weight = i == 0 || i == steps ? 0.5 : 1.0;
      sum += weight * std::exp(-(epochs - 1.0) * i / steps / 15.387756);
    }
    CHECK(epochs * repeated_worth(epochs) == Approx(1.0 + sum * (epochs - 1.0) / steps));
  }
}

TEST_CASE("scaling laws: decisions about data") {
  DataOptions options;
  options.vocabulary = 5'000;
  options.unknown_rate = 0.04;
  CHECK_THROWS_WITH(token_budget(options), Catch::Contains("--unknown skip or --unknown keep"));
  options.unknown = "skip";
  CHECK(token_budget(options).kept_share == Approx(0.96));
  CHECK(*token_budget(options).vocabulary == 5'000);
  options.unknown = "keep";
  CHECK(token_budget(options).kept_share == 1.0);
  CHECK(*token_budget(options).vocabulary == 5'001);
  for (const double rate : {-0.1, 1.0, std::nan("")}) {
    options.unknown_rate = rate;
    CHECK_THROWS_WITH(token_budget(options), Catch::Contains("--unknown-rate"));
  }
  options.unknown_rate = 0.0;
  options.unknown = "drop";
  CHECK_THROWS_WITH(token_budget(options), Catch::Contains("skip or keep"));
  options.unknown = "keep";
  for (const double epochs : {0.5, -1.0, 1e7, std::nan("")}) {
    options.epochs = epochs;
    CHECK_THROWS_WITH(token_budget(options), Catch::Contains("--epochs"));
  }
  options.epochs = 1.0;
  options.vocabulary = -1;
  CHECK_THROWS_WITH(token_budget(options), Catch::Contains("--vocabulary"));
}
