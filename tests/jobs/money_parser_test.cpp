#include "jobs/money_parser.hpp"

#include <catch2/catch.hpp>
#include <cmath>

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
double log10_parameters(const Scaling& law, double flop) {
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
  CHECK(std::pow(10.0, log10_parameters(law, 120.0)) == Approx(1.0));
  CHECK(law.slope == 0.5);
  CHECK(scaling("").at_one_flop == law.at_one_flop);
  CHECK(scaling("tokens_per_parameter = 20").at_one_flop == law.at_one_flop);
  // 6 N (r N) = C.
  const Scaling other = scaling("tokens_per_parameter = 1.7");
  CHECK(std::pow(10.0, log10_parameters(other, 6.0 * 1.7 * 49.0)) == Approx(7.0));
}

TEST_CASE("parametric laws minimise their loss") {
  for (const double flop : {1e21, 5.76e23, 1e28}) {
    CHECK(log10_parameters(scaling("law = \"hoffmann_3\""), flop) ==
          Approx(cheapest_log10_parameters(std::exp(6.0073404), std::exp(6.0179186), 0.33917084,
                                           0.2849083, flop))
              .epsilon(1e-6));
    CHECK(log10_parameters(scaling("law = \"besiroglu\""), flop) ==
          Approx(cheapest_log10_parameters(482.01, 2085.43, 0.34781, 0.36585, flop)).epsilon(1e-5));
  }
}

TEST_CASE("published laws give published figures") {
  // Hoffmann et al., Figure 4: 40 billion parameters for the compute of Gopher.
  CHECK(std::pow(10.0, log10_parameters(scaling("law = \"hoffmann_3\""), 5.76e23)) ==
        Approx(40e9).epsilon(0.02));
  // Kaplan et al., Table 6, at 3,646 PF-days, the compute of GPT-3: 1.3e9 * 3646^0.73.
  CHECK(std::pow(10.0, log10_parameters(scaling("law = \"kaplan\""), 3646.0 * 8.64e19)) ==
        Approx(5.2e11).epsilon(0.01));
}

TEST_CASE("scaling laws that cannot be meant are refused") {
  for (const auto& [line, number, says] :
       {std::tuple{"tokens_per_parameter = 0", 12, "must be positive"},
        std::tuple{"law = \"hoffman\"", 12, "found \"hoffman\""},
        std::tuple{"law = \"kaplan\"\ntokens_per_parameter = 20", 11, "takes one of"},
        std::tuple{"law = \"kaplan\"\nslope = 0.5", 11, "takes one of"},
        std::tuple{"slope = 0.5", 11, "at_one_flop"},
        std::tuple{"slope = 1.5\nat_one_flop = -1", 12, "between 0 and 1, found 1.5"},
        std::tuple{"laws = \"kaplan\"", 12, "did you mean \"law\"?"}}) {
    CHECK_THAT(complaint(with(std::string("[scaling]\n") + line)),
               StartsWith("job.toml:" + std::to_string(number) + ": ") && Contains(says));
  }
}
