#include "jobs/scaling/laws.hpp"

#include <fmt/format.h>

#include <boost/math/statistics/linear_regression.hpp>
#include <charconv>
#include <cmath>
#include <tuple>
#include <vector>

#include "engine/error.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Error;
using engine::ExitCode;

constexpr double petaflop_day = 8.64e19;
/// The middle, on a logarithmic scale, of the budgets of Hoffmann et al.'s IsoFLOP profiles, 6e18
/// to 3e21 FLOP: about it the fitted exponent turns.
const double middle_budget = 0.5 * (std::log10(6e18) + std::log10(3e21));

ScalingLaw ratio_law(const std::string& name, double ratio, const std::string& source) {
  ScalingLaw law;
  law.name = name;
  law.source = source;
  law.ratio = ratio;
  law.power = {0.0, -0.5 * std::log10(6.0 * ratio), 0.5};
  return law;
}

/// log10 N = at_one_flop + exponent * log10 C.
PowerLaw through(double at_one_flop, double exponent, double log10_flop) {
  return {log10_flop, at_one_flop + exponent * log10_flop, exponent};
}

ScalingLaw chinchilla_1() {
  ScalingLaw law;
  law.name = "chinchilla-1";
  law.source = "Hoffmann et al. 2022, approach 1 (minimum over training curves), Table 3";
  law.note =
      "the line that stays farthest within the rounding of every figure of Table 3 but its row of "
      "67 billion parameters, where 6 N D misses the printed FLOP by 5 %; interval: of the "
      "exponent "
      "(Table 2) about the middle of the training budgets, 1.3e20 FLOP";
  law.power = through(-1.0031038956907097, 0.49810019646951526, middle_budget);
  law.uncertainty.exponent = {0.488, 0.502};
  return law;
}

ScalingLaw chinchilla_2() {
  ScalingLaw law;
  law.name = "chinchilla-2";
  law.source = "Hoffmann et al. 2022, approach 2 (IsoFLOP profiles), Table A3";
  law.note =
      "as chinchilla-1, from Table A3; interval: of the exponent (Table 2) about the middle of the "
      "training budgets, 1.3e20 FLOP";
  law.power = through(-0.8358711194255523, 0.4898780663677043, middle_budget);
  law.uncertainty.exponent = {0.462, 0.534};
  return law;
}

ScalingLaw parametric(const std::string& name, const std::string& source,
                      const ParametricLoss& loss) {
  ScalingLaw law;
  law.name = name;
  law.source = source;
  law.power = frontier(loss);
  law.loss = loss;
  return law;
}

ScalingLaw chinchilla_3() {
  ScalingLaw law = parametric("chinchilla-3", "Hoffmann et al. 2022, approach 3 (parametric loss)",
                              {6.0073404, 6.0179186, 0.5267228, 0.33917084, 0.2849083});
  law.note =
      "unrounded constants of the paper's source, which give its figures; no interval: the "
      "published "
      "one of the exponent, 0.454 to 0.455, excludes the law's own 0.4565";
  return law;
}

ScalingLaw chinchilla_3_rounded() {
  ScalingLaw law = parametric("chinchilla-3-rounded",
                              "Hoffmann et al. 2022, approach 3, constants as printed (eq. 10)",
                              {std::log(406.4), std::log(410.7), std::log(1.69), 0.34, 0.28});
  law.note = "for the rounding, N is a fifth lower at 1e24 FLOP than by chinchilla-3";
  return law;
}

ScalingLaw besiroglu() {
  ScalingLaw law =
      parametric("besiroglu", "Besiroglu et al. 2024 (arXiv 2404.10102), refit of approach 3",
                 {std::log(482.01), std::log(2085.43), std::log(1.8172), 0.3478, 0.3658});
  law.note =
      "constants as printed; interval: from the covariance of 4,000 bootstrap fits to the same 240 "
      "points (flopsieve scaling fit), whose standard errors are within 2 % of the published ones "
      "(of B: 6 %)";
  // Of (ln A, ln B, ln E, alpha, beta): flopsieve scaling fit --drop-highest 5 --seed 1 on the
  // points that the authors read from Hoffmann et al.'s Figure 4; a test repeats it.
  law.uncertainty.covariance = {
      0.066921675,   -0.024140132,  0.0022314729,  0.0039862501,    -0.0012160417,    //
      -0.024140132,  0.17265788,    0.0036516495,  -0.0015086459,   0.0084487445,     //
      0.0022314729,  0.0036516495,  0.00020390791, 0.00013165636,   0.00017789317,    //
      0.0039862501,  -0.0015086459, 0.00013165636, 0.00023777548,   -0.000076042610,  //
      -0.0012160417, 0.0084487445,  0.00017789317, -0.000076042610, 0.00041370409};
  return law;
}

ScalingLaw kaplan() {
  ScalingLaw law;
  law.name = "kaplan";
  law.source = "Kaplan et al. 2020 (arXiv 2001.08361), Table 6 and eq. 1.3";
  law.note =
      "parameters without embeddings; N = 1.3e9 (C_min / PF-day)^0.73 with C_min = C / 2, training "
      "at "
      "the critical batch size, as Hoffmann et al. read it (4.68e9 parameters at 1e21 FLOP); "
      "tokens "
      "from C = 6 N D; its loss is of another text (WebText2) and tokenizer";
  law.power = {std::log10(2.0 * petaflop_day), std::log10(1.3e9), 0.73};
  law.loss_of_compute = {3.1e8 * petaflop_day, 0.050};
  return law;
}

/// Least squares of D / N on D over Hoffmann et al.'s Table 3; the ratios as published, which are D
/// / N of the printed figures.
ScalingLaw ratio_regression() {
  const std::vector tokens = {8.0e9,  20.2e9, 205.1e9, 1.5e12,  3.7e12,
                              5.9e12, 11e12,  21.2e12, 216.2e12};
  const std::vector ratios = {20.0, 20.2, 20.51, 22.388, 21.1428, 21.0714, 21.1538, 21.2, 21.62};
  ScalingLaw law;
  law.name = "ratio-regression";
  law.source = "least squares of D / N on D over Table 3 of Hoffmann et al. 2022";
  std::tie(law.ratio, law.ratio_slope) =
      boost::math::statistics::simple_ordinary_least_squares(tokens, ratios);
  law.note = fmt::format("D / N = {:.3f} + {:.4g} D / 1e9", law.ratio, law.ratio_slope * 1e9);
  return law;
}

std::vector<ScalingLaw> all_laws() {
  ScalingLaw gpt3 = ratio_law("gpt3-ratio", 1.7, "GPT-3's own ratio (arXiv 2005.14165)");
  gpt3.note =
      "300e9 tokens / 175e9 parameters; often called Kaplan's law, whose own formula gives another "
      "ratio";
  return {chinchilla_1(),
          chinchilla_2(),
          chinchilla_3(),
          chinchilla_3_rounded(),
          besiroglu(),
          kaplan(),
          ratio_law("tokens-per-parameter=20", 20.0, "rule of thumb after Hoffmann et al. 2022"),
          ratio_law("tokens-per-parameter=21", 21.0, "rule of thumb after Hoffmann et al. 2022"),
          ratio_regression(),
          gpt3};
}

/// log10 C of the fresh tokens on which the law's optimum spends the budget.
double log10_flop_of(const PowerLaw& law, const Budget& budget, double worth) {
  const double amount = std::log10(budget.amount);
  switch (budget.of) {
    case Budget::Of::flop:
      return amount + std::log10(worth);
    case Budget::Of::parameters:
      return law.log10_flop + (amount - law.log10_parameters) / law.exponent;
    case Budget::Of::tokens:
      break;
  }
  // log10 D = log10 C - log10 6 - log10 N(C).
  return (amount + std::log10(6.0 * worth) + law.log10_parameters - law.exponent * law.log10_flop) /
         (1.0 - law.exponent);
}

/// Parameters where D / N = ratio + slope D, D in fresh tokens.
double parameters_of_ratio(double ratio, double slope, const Budget& budget, double worth) {
  if (budget.of == Budget::Of::parameters) {
    if (slope * budget.amount < 1.0) return budget.amount;
    throw Error(ExitCode::bad_input,
                fmt::format("ratio-regression: no optimum has {:.3g} parameters; at most {:.3g}",
                            budget.amount, 1.0 / slope));
  }
  if (budget.of == Budget::Of::tokens) {
    const double tokens = worth * budget.amount;
    return tokens / (ratio + slope * tokens);
  }
  // 6 D^2 = C (ratio + slope D).
  const double flop = worth * budget.amount;
  const double tokens =
      (flop * slope + std::sqrt(flop * flop * slope * slope + 24.0 * flop * ratio)) / 12.0;
  return flop / (6.0 * tokens);
}

double parameters_of(const ScalingLaw& law, const Budget& budget, double worth) {
  if (budget.of == Budget::Of::parameters && law.ratio_slope == 0.0) return budget.amount;
  if (law.ratio > 0.0) return parameters_of_ratio(law.ratio, law.ratio_slope, budget, worth);
  const double log10_flop = log10_flop_of(law.power, budget, worth);
  return std::pow(
      10.0, law.power.log10_parameters + law.power.exponent * (log10_flop - law.power.log10_flop));
}

/// Fresh tokens for a number of parameters.
double fresh_tokens_of(const ScalingLaw& law, double parameters) {
  if (law.ratio > 0.0) return law.ratio * parameters / (1.0 - law.ratio_slope * parameters);
  const Budget budget{Budget::Of::parameters, parameters};
  return std::pow(10.0, log10_flop_of(law.power, budget, 1.0)) / (6.0 * parameters);
}

}  // namespace

double ParametricLoss::operator()(double parameters, double tokens) const {
  return std::exp(ln_e) + std::exp(ln_a - alpha * std::log(parameters)) +
         std::exp(ln_b - beta * std::log(tokens));
}

PowerLaw frontier(const ParametricLoss& loss) {
  const double sum = loss.alpha + loss.beta;
  const double ln_g = (std::log(loss.alpha / loss.beta) + loss.ln_a - loss.ln_b) / sum;
  return {std::log10(6.0), ln_g / std::log(10.0), loss.beta / sum};
}

const std::vector<ScalingLaw>& scaling_laws() {
  static const std::vector<ScalingLaw> laws = all_laws();
  return laws;
}

ScalingLaw scaling_law(const std::string& name, const std::string& where) {
  std::string names;
  for (const ScalingLaw& law : scaling_laws()) {
    if (law.name == name) return law;
    if (!law.name.starts_with("tokens-per-parameter=")) names += law.name + ", ";
  }
  const std::string rule = "tokens-per-parameter=";
  if (name.starts_with(rule)) {
    double ratio = 0.0;
    const char* end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data() + rule.size(), end, ratio);
    if (error == std::errc() && stop == end && ratio >= 1e-6 && ratio <= 1e6) {
      return ratio_law(name, ratio, "a fixed ratio");
    }
    throw Error(
        ExitCode::bad_input,
        fmt::format("{}: \"{}\": the ratio is to be a number from 1e-6 to 1e6", where, name));
  }
  throw Error(
      ExitCode::bad_input,
      fmt::format("{}: no law \"{}\"; allowed: {}tokens-per-parameter=X", where, name, names));
}

Optimum optimum(const ScalingLaw& law, const Budget& budget, double worth) {
  Optimum result;
  result.parameters = parameters_of(law, budget, worth);
  switch (budget.of) {
    case Budget::Of::flop:
      result.tokens = budget.amount / (6.0 * result.parameters);
      break;
    case Budget::Of::tokens:
      result.tokens = budget.amount;
      break;
    case Budget::Of::parameters:
      result.tokens = fresh_tokens_of(law, result.parameters) / worth;
      break;
  }
  result.flop = 6.0 * result.parameters * result.tokens;
  if (law.loss) {
    result.loss = (*law.loss)(result.parameters, worth * result.tokens);
  } else if (law.loss_of_compute) {
    const auto& [scale, exponent] = *law.loss_of_compute;
    result.loss = std::pow(2.0 * scale / (worth * result.flop), exponent);
  }
  return result;
}

}  // namespace flopsieve::jobs
