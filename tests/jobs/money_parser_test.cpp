#include "jobs/money_parser.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "engine/scaling.hpp"
#include "tests/support/small_job.hpp"

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using flopsieve::engine::Distribution;
using flopsieve::engine::Scaling;
using flopsieve::kernels::Law;
using namespace flopsieve::test;

namespace {

std::string with(const std::string& table) {
  return edited(small_job, "[models]", table + "\n[models]");
}

Scaling scaling(const std::string& line) {
  return round_trip(with("[scaling]\n" + line)).scaling;
}

/// log10 of the compute-optimal parameters of a run.
double log10_size_for(const Scaling& law, double flop) {
  return law.at_one_flop + law.slope * std::log10(flop);
}

/// Minimises A / N^alpha + B / D^beta over N with 6 N D = C, by golden sections in log10 N.
double cheapest_log10_parameters(double a, double b, double alpha, double beta, double flop) {
  const auto loss = [&](double n) {
    return a * std::pow(10.0, -alpha * n) + b * std::pow(6.0 * std::pow(10.0, n) / flop, beta);
  };
  double low = 6.0;
  double high = 16.0;
  for (int i = 0; i < 200; ++i) {
    const double left = high - (high - low) / 1.618033988749895;
    const double right = low + (high - low) / 1.618033988749895;
    (loss(left) < loss(right) ? high : low) = loss(left) < loss(right) ? right : left;
  }
  return 0.5 * (low + high);
}

}  // namespace

TEST_CASE("revenue is a law for all years or per year") {
  const auto plan = round_trip(edited(small_job, "flop_per_usd = 2e17",
                                      "revenue = { lognormal = [18, 2] }\nimprovement = 1.3"));
  REQUIRE(plan.money.revenue.size() == 3);
  CHECK(plan.money.revenue[2].law == Law::lognormal);
  CHECK(plan.money.revenue[2].arguments[1].value == 2.0);
  CHECK(plan.money.improvement == 1.3);
  const auto yearly = round_trip(
      edited(small_job, "flop_per_usd = 2e17",
             "revenue = { 2024 = 1e8, 2025 = { loguniform = [1e6, 1e9] }, 2026 = 1e9 }"));
  CHECK(yearly.money.revenue[0].law == Law::constant);
  CHECK(yearly.money.revenue[1].law == Law::loguniform);
  CHECK(plan_of(small_job).money.revenue.empty());
}

TEST_CASE("revenues have neither bounds nor a scope") {
  for (const auto& [revenue, says] :
       {std::pair{"{ normal = [1e8, 1e7], lower = 0 }", "cannot have bounds"},
        std::pair{"{ normal = [1e8, 1e7], upper = 2e8 }", "cannot have bounds"},
        std::pair{"{ normal = [1e8, 1e7], scope = \"trajectory\" }", "cannot have a scope"},
        std::pair{"{ normal = [1e8, 1e7], scope = \"candidate\" }", "cannot have a scope"},
        std::pair{"{ normal = [1e8, 1e7], year_correlation = 1 }", "cannot have a year_corr"},
        std::pair{"\"much\"", "must be a number"}}) {
    CHECK_THAT(
        complaint(edited(small_job, "flop_per_usd = 2e17", std::string("revenue = ") + revenue)),
        StartsWith("job.toml:10: ") && Contains(says));
  }
}

TEST_CASE("the default law gives each parameter 20 tokens") {
  const Scaling law = plan_of(small_job).scaling;
  CHECK(std::pow(10.0, log10_size_for(law, 120.0)) == Approx(1.0));
  CHECK(law.slope == 0.5);
  CHECK(scaling("").at_one_flop == law.at_one_flop);
  CHECK(scaling("tokens_per_parameter = 20").at_one_flop == law.at_one_flop);
  // 6 N (r N) = C.
  const Scaling other = scaling("tokens_per_parameter = 1.7");
  CHECK(std::pow(10.0, log10_size_for(other, 6.0 * 1.7 * 49.0)) == Approx(7.0));
}

TEST_CASE("parametric laws minimise their loss") {
  for (const double flop : {1e21, 5.76e23, 1e28}) {
    CHECK(log10_size_for(scaling("law = \"chinchilla-3\""), flop) ==
          Approx(cheapest_log10_parameters(std::exp(6.0073404), std::exp(6.0179186), 0.33917084,
                                           0.2849083, flop))
              .epsilon(1e-6));
    CHECK(log10_size_for(scaling("law = \"besiroglu\""), flop) ==
          Approx(cheapest_log10_parameters(482.01, 2085.43, 0.3478, 0.3658, flop)).epsilon(1e-5));
  }
}

TEST_CASE("published laws give published figures") {
  const auto parameters = [](const std::string& law, double flop) {
    return std::pow(10.0, log10_size_for(scaling("law = \"" + law + "\""), flop));
  };
  // Hoffmann et al., Figure 4: 40 billion parameters for the compute of Gopher.
  CHECK(parameters("chinchilla-3", 5.76e23) == Approx(40e9).epsilon(0.02));
  // The same with the constants as printed: D / N = 92.6.
  CHECK(5.76e23 / (6.0 * std::pow(parameters("chinchilla-3-rounded", 5.76e23), 2.0)) ==
        Approx(92.6).epsilon(1e-3));
  // Section D.3: 10^21 FLOP, by Kaplan et al. and by approach 1.
  CHECK(parameters("kaplan", 1e21) == Approx(4.68e9).epsilon(2e-3));
  CHECK(parameters("chinchilla-1", 1e21) == Approx(2.86e9).epsilon(0.01));
  // Table A3, approach 2.
  CHECK(parameters("chinchilla-2", 1.59e26) == Approx(1e12).epsilon(0.01));
  // 6 N (r N) = C.
  CHECK(parameters("tokens-per-parameter=21", 6.0 * 21.0 * 49.0) == Approx(7.0));
  CHECK(parameters("gpt3-ratio", 6.0 * 1.7 * 49.0) == Approx(7.0));
}

// The budget whose optimum is trained on so many tokens: 20 tokens per parameter have C = 6 D^2 /
// 20; for a parametric loss its minimum is found anew.
TEST_CASE("the stock of text is spent by these budgets") {
  const auto log10_flop = [](const std::string& law, double tokens) {
    return flopsieve::engine::log10_flop_of_tokens(scaling("law = \"" + law + "\""), tokens);
  };
  for (const double tokens : {1e14, 3e14, 1e15}) {
    CHECK(std::pow(10.0, log10_flop("tokens-per-parameter=20", tokens)) ==
          Approx(6.0 * tokens * tokens / 20.0));
    const double flop = std::pow(10.0, log10_flop("besiroglu", tokens));
    const double n = cheapest_log10_parameters(482.01, 2085.43, 0.3478, 0.3658, flop);
    CHECK(flop / (6.0 * std::pow(10.0, n)) == Approx(tokens).epsilon(1e-4));
  }
  CHECK(std::pow(10.0, log10_flop("besiroglu", 1e14)) == Approx(4.1e27).epsilon(0.02));
  CHECK(std::pow(10.0, log10_flop("besiroglu", 3e14)) == Approx(3.9e28).epsilon(0.02));
}

TEST_CASE("scaling laws that cannot be meant are refused") {
  for (const auto& [line, number, says] :
       {std::tuple{"tokens_per_parameter = 0", 12, "must be positive"},
        std::tuple{"law = \"hoffmann_3\"", 12, "no law \"hoffmann_3\"; allowed: \"chinchilla-1\""},
        std::tuple{"law = \"ratio-regression\"", 12, "is no power law of FLOP"},
        std::tuple{"law = \"tokens-per-parameter=0\"", 12, "a number from 1e-6 to 1e6"},
        std::tuple{"law = \"kaplan\"\ntokens_per_parameter = 20", 11, "takes one of"},
        std::tuple{"law = \"kaplan\"\nslope = 0.5", 11, "takes one of"},
        std::tuple{"slope = 0.5", 11, "at_one_flop"},
        std::tuple{"slope = 1.5\nat_one_flop = -1", 12, "between 0 and 1, found 1.5"},
        std::tuple{"laws = \"kaplan\"", 12, "did you mean \"law\"?"}}) {
    CHECK_THAT(complaint(with(std::string("[scaling]\n") + line)),
               StartsWith("job.toml:" + std::to_string(number) + ": ") && Contains(says));
  }
}
