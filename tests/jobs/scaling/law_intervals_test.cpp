#include "jobs/scaling/law_intervals.hpp"

#include <catch2/catch.hpp>
#include <cmath>

using namespace flopsieve::jobs;

namespace {

constexpr double z_90 = 1.2815515655446004;  ///< 90 % point of the standard normal
constexpr double z_95 = 1.6448536269514722;
/// 5 standard errors of the 95 % point of 100,000 normal draws: sqrt(0.05 * 0.95 / 1e5) / phi(z_95)
/// = 0.0067 each; false alarm 6e-7 per check.
constexpr double bound = 0.034;

/// Of (ln A, ln B, ln E, alpha, beta) the one is drawn; the others with a variance that changes
/// nothing.
ScalingLaw besiroglu_with(std::size_t which, double variance) {
  ScalingLaw law = scaling_law("besiroglu", "--law");
  law.uncertainty.covariance.assign(25, 0.0);
  for (std::size_t i = 0; i < 5; ++i) law.uncertainty.covariance[6 * i] = 1e-24;
  law.uncertainty.covariance[6 * which] = variance;
  return law;
}

}  // namespace

TEST_CASE("law intervals: of a published exponent", "[statistical]") {
  for (const char* name : {"chinchilla-1", "chinchilla-2"}) {
    const ScalingLaw law = scaling_law(name, "--law");
    const Budget budget{Budget::Of::flop, 1e26};
    const auto interval = optimum_interval(law, budget, 1.0, {});
    REQUIRE(interval);
    const auto [low, high] = *law.uncertainty.exponent;
    // The exponent turns about the middle of Hoffmann et al.'s budgets, 6e18 to 3e21 FLOP.
    const double middle_flop = std::sqrt(6e18 * 3e21);
    const double ooms = 26.0 - std::log10(middle_flop);
    const double best = std::log10(optimum(law, budget).parameters);
    const double down = (law.power.exponent - low) / z_90 * ooms;
    const double up = (high - law.power.exponent) / z_90 * ooms;
    CHECK(std::abs((best - std::log10(interval->parameters.first)) / down - z_95) < bound);
    CHECK(std::abs((std::log10(interval->parameters.second) - best) / up - z_95) < bound);
    // There nothing is uncertain.
    const Budget middle{Budget::Of::flop, middle_flop};
    const auto there = optimum_interval(law, middle, 1.0, {});
    CHECK(there->parameters.first == Approx(there->parameters.second).epsilon(1e-9));
  }
}

TEST_CASE("law intervals: of one constant of a loss", "[statistical]") {
  const Budget budget{Budget::Of::flop, 1e25};
  const Optimum best = optimum(scaling_law("besiroglu", "--law"), budget);
  const ParametricLoss loss = *scaling_law("besiroglu", "--law").loss;
  // ln N_opt moves by delta ln A / (alpha + beta).
  const auto of_a = optimum_interval(besiroglu_with(0, 0.09), budget, 1.0, {});
  const double step = 0.3 / (loss.alpha + loss.beta);
  CHECK(std::abs(std::log(of_a->parameters.second / best.parameters) / step - z_95) < bound);
  CHECK(std::abs(std::log(best.parameters / of_a->parameters.first) / step - z_95) < bound);
  CHECK(std::abs(std::log(best.tokens / of_a->tokens.first) / step - z_95) < bound);
  // The loss moves by delta E.
  const auto of_e = optimum_interval(besiroglu_with(2, 0.0004), budget, 1.0, {});
  const double e = std::exp(loss.ln_e);
  CHECK(std::abs(std::log(1.0 + (of_e->loss->second - *best.loss) / e) / 0.02 - z_95) < bound);
  CHECK(of_e->parameters.first == Approx(best.parameters).epsilon(1e-9));
}

TEST_CASE("law intervals: of two constants of a loss that move together", "[statistical]") {
  // A grows with alpha, which moves N_opt the other way: two thirds of the spread cancel.
  const auto moved = [](double z) {
    ScalingLaw law = scaling_law("besiroglu", "--law");
    law.loss->ln_a += 0.05 * z;
    law.loss->alpha += 0.001 * z;
    law.power = frontier(*law.loss);
    return std::log(optimum(law, {Budget::Of::flop, 1e25}).parameters);
  };
  ScalingLaw law = scaling_law("besiroglu", "--law");
  auto& covariance = law.uncertainty.covariance;
  covariance.assign(25, 0.0);
  for (std::size_t i = 0; i < 5; ++i) covariance[6 * i] = 1e-12;
  covariance[0] += 0.05 * 0.05;
  covariance[18] += 0.001 * 0.001;
  covariance[3] = covariance[15] = 0.05 * 0.001;
  const auto interval = optimum_interval(law, {Budget::Of::flop, 1e25}, 1.0, {});
  const double slope = (moved(z_95) - moved(-z_95)) / (2.0 * z_95);
  CHECK(slope > 0.0);
  CHECK(std::abs((std::log(interval->parameters.first) - moved(-z_95)) / slope) < bound);
  CHECK(std::abs((std::log(interval->parameters.second) - moved(z_95)) / slope) < bound);
}

TEST_CASE("law intervals: equal for any number of threads, other for other seeds") {
  const ScalingLaw law = scaling_law("chinchilla-2", "--law");
  const Budget budget{Budget::Of::tokens, 1e13};
  IntervalOptions options{0.8, 20'001, 7, 1};
  const auto one = optimum_interval(law, budget, 0.9, options);
  options.threads = 3;
  const auto three = optimum_interval(law, budget, 0.9, options);
  CHECK(one->flop == three->flop);
  CHECK(one->ratio == three->ratio);
  options.seed = 8;
  CHECK(optimum_interval(law, budget, 0.9, options)->flop != one->flop);
  CHECK_FALSE(optimum_interval(scaling_law("kaplan", "--law"), budget, 1.0, options));
}
