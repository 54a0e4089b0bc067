#include "jobs/feasibility.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "tests/support/reference_statistics.hpp"
#include "tests/support/small_job.hpp"

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using flopsieve::engine::Constraint;
using flopsieve::engine::ExitCode;
using flopsieve::engine::Plan;
using flopsieve::engine::RelativeTo;
using namespace flopsieve::test;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// What the proof says of a plan; "feasible" if it finds nothing.
std::string proof(const Plan& plan) {
  try {
    flopsieve::jobs::prove_feasible_or_throw(plan);
  } catch (const flopsieve::engine::Error& error) {
    CHECK(error.code() == ExitCode::infeasible);
    return error.what();
  }
  return "feasible";
}

/// A job of one year with given count, total and laws of sizes.
std::string job(const std::string& count, const std::string& total, const std::string& sizes,
                const std::string& constraints = "") {
  return "years = \"2024\"\n[total]\nmodel = \"table\"\nlog10_flop = " + total +
         "\n[models]\ncount = " + count + "\n" + sizes + "\n" + constraints +
         "[outputs]\nthresholds = [1e25]\n";
}

std::string rule(const std::string& statistic, const std::string& bounds) {
  return "[[constraint]]\nstatistic = \"" + statistic + "\"\n" + bounds + "\n";
}

const std::string shifted =
    "sizes = \"skew_normal\"\nsd = 1.5\nskewness = 0\nmean = { uniform = [20, 27] }\n"
    "match = \"shift\"";

/// 20 to 80 models with 10^26 to 10^27 FLOP together, under these constraints.
std::string proof_of(const std::string& constraints) {
  return proof(
      plan_of(job("{ uniform = [20, 80] }", "{ uniform = [26, 27] }", shifted, constraints)));
}

void proves(const std::string& constraints, const std::vector<std::string>& says) {
  INFO(constraints);
  const std::string said = proof_of(constraints);
  CHECK_THAT(said, StartsWith("infeasible: in 2024 "));
  for (const std::string& each : says) CHECK_THAT(said, Contains(each));
}

void leaves_alone(const std::string& constraints) {
  INFO(constraints);
  CHECK(proof_of(constraints) == "feasible");
}

}  // namespace

TEST_CASE("constraints that exclude each other are found, with the reason") {
  proves(rule("count", "min = 81"), {"count", "81 (constraint count)", "80 (models.count)"});
  proves(rule("count", "min = 30.1\nmax = 30.9"), {"at least 31", "at most 30"});
  proves(rule("gini", "min = 0.99"), {"gini", "0.9875 (1 - 1/k)"});
  proves(rule("largest_share", "max = 0.0124"), {"0.0125 (the largest of k models"});
  proves(rule("largest", "min = 27.1"), {"largest", "at most 27 (the total)"});
  proves(rule("largest", "max = 24"), {"largest", "24.0969 (the total times largest_share)"});
  proves(rule("mean", "min = 25.7"), {"mean", "25.699 (the total divided by k)"});
  proves(rule("smallest", "min = 25") + rule("count", "min = 70") + rule("total", "max = 26.5"),
         {"smallest", "25 (constraint smallest)", "24.6549 (the total divided by k)"});
  proves(rule("smallest", "min = 20") + rule("sd", "min = 3.6"),
         {"sd", "3.6 (constraint sd)", "3.5 (half the range)"});
  proves(rule("median_skewness", "min = 1.01"), {"mean and median differ"});
  proves(rule("count_above(1e26)", "min = 11"), {"10 (the total divided by the threshold)"});
  proves(rule("count_above(1e25)", "min = 1") + rule("largest", "max = 24.9"),
         {"0 (the largest model is smaller)"});
  proves(rule("count_above_tokens(2e13)", "min = 9"), {"8 (the total divided by the threshold)"});
  proves(rule("count_above_tokens(1e12)", "min = 1") + rule("largest", "max = 23.4"),
         {"0 (the largest model is smaller)"});
  // 20 tokens per parameter: sqrt(20 C / 6) tokens, of 1e27 FLOP in one model or in 80.
  proves(rule("tokens_largest", "min = 6e13"), {"at most 5.7735e+13 (the greatest possible"});
  proves(rule("parameters_largest", "min = 3e12"), {"at most 2.88675e+12 (the greatest possible"});
  proves(rule("tokens_total", "min = 5.2e14"), {"5.16398e+14 (the total in k equal models)"});
  proves(rule("tokens_total", "max = 1.8e13"), {"1.82574e+13 (the smallest total in one model)"});
  proves(rule("class_count(1)", "min = 11"), {"10 (no more models of this class"});
  proves(rule("class_count(9)", "min = 90"), {"80 (the number of models)"});
  for (const char* share : {"class_share(1)", "share_within(1)", "cumulative_share(1e26)"}) {
    proves(rule(share, "min = 1.1"), {"1.1 (constraint", "1 (it is a share of the total)"});
    leaves_alone(rule(share, "min = 0.1"));
  }
  proves(rule("largest", "max = 26.5") + rule("smallest", "min = 27"),
         {"largest", "27 (the smallest model: constraint smallest)", "26.5 (constraint largest)"});
  proves(rule("count_within(1)", "max = 0"), {"1 (the largest model itself)"});
  proves(rule("cost_total", "max = 4e8"), {"cost_total", "5e+08 (the smallest total)"});
  proves(rule("skewness", "min = 2") + rule("excess_kurtosis", "max = 1.9"),
         {"2 (skewness^2 - 2", "1.9 (constraint excess_kurtosis)"});
  proves(rule("skewness", "min = 9"), {"(k - 2) / sqrt(k - 1)"});
  proves(rule("sd", "max = -1"), {"it cannot be negative"});
  leaves_alone(rule("largest_share", "max = 0.0126") + rule("gini", "min = 0.98") +
               rule("count_above(1e26)", "max = 10"));
  leaves_alone(rule("mean", "min = 25.6"));
}

TEST_CASE("what holds relative to the total or the count is used") {
  const auto relative = [](const std::string& what) { return "relative_to = \"" + what + "\"\n"; };
  proves(rule("smallest", relative("total") + "min = -1"),
         {"count", "20 (models.count)", "10 (constraint smallest: no more models of this size"});
  proves(rule("largest", relative("total") + "min = 0.1"), {"largest_share", "it is a share"});
  proves(rule("largest", relative("total") + "max = -2"), {"largest_share", "0.0125", "0.01"});
  proves(rule("mean", relative("total") + "min = 0"), {"mean", "26 (constraint mean times the"});
  proves(rule("count_above(1e26)", relative("count") + "min = 0.6"),
         {"12 (constraint count_above(1e+26) times the count)", "10 (the total divided by"});
  leaves_alone(rule("smallest", relative("total") + "min = -1.4"));
  leaves_alone(rule("largest", relative("total") + "max = -1.8"));
}

TEST_CASE("soft constraints and ratios to the previous year prove nothing") {
  leaves_alone(rule("largest", "soft = { normal = [40, 0.1] }"));
  leaves_alone(rule("largest", "soft = { below = [1, 2] }"));
  const std::string ratio = rule("largest", "ratio_to_previous_year = { min = 1e9 }");
  CHECK(proof(plan_of(edited(small_job, "[[constraint]]", ratio + "[[constraint]]"))) ==
        "feasible");
}

TEST_CASE("constraints hold only in their years") {
  const auto text = [](const std::string& years) {
    return edited(small_job, "min = 0.05", "min = 1.1\nyears = \"" + years + "\"");
  };
  CHECK_THAT(proof(plan_of(edited(text("2025-2026"), "max = 0.5", "max = 2"))),
             StartsWith("infeasible: in 2025 largest_share"));
}

TEST_CASE("laws of sizes with fixed ends bound the total and the count") {
  const auto uniform = [](const std::string& count, const std::string& total) {
    return proof(plan_of(
        job(count, total, "sizes = \"uniform\"\nlower = 22\nupper = 24\nmatch = \"reject\"")));
  };
  CHECK(uniform("50", "25") == "feasible");
  CHECK_THAT(uniform("50", "25.8"), Contains("largest") && Contains("the law of sizes"));
  CHECK_THAT(uniform("50", "23.6"), Contains("total") && Contains("k times the smallest model"));
  // The tolerance is 5 %: 10^22 * 50 = 10^23.699.
  CHECK(uniform("50", "23.68") == "feasible");
  const auto other = [](const std::string& sizes, double total) {
    return proof(plan_of(job("50", std::to_string(total), sizes + "match = \"reject\"")));
  };
  for (const char* sizes :
       {"sizes = \"grid\"\nlower = 22\nupper = 24\n",
        "sizes = \"power_law\"\ngradient = 1\nsmallest = 22\nlargest = 24\n",
        "sizes = \"truncated_normal\"\nmean = 23\nsd = 1\nlower = 22\nupper = 24\n"}) {
    INFO(sizes);
    CHECK(other(sizes, 25.0) == "feasible");
    CHECK_THAT(other(sizes, 25.8), Contains("the law of sizes"));
    CHECK_THAT(other(sizes, 23.6), Contains("k times the smallest model"));
  }
  const std::string sizes = "sizes = \"uniform\"\nlower = 22\nupper = 24\n";
  CHECK(proof(plan_of(job("50", "27", sizes + "match = \"rescale\""))) == "feasible");
  CHECK_THAT(proof(plan_of(job("50", "25", sizes + "match = \"reject\"", rule("sd", "min = 1.1")))),
             Contains("half the range"));
}

TEST_CASE("known totals and ceilings bound the total") {
  const std::string growing =
      "years = \"2024-2026\"\n[total]\nmodel = \"growth\"\nbase_year = 2023\nbase_flop = 1e26\n"
      "growth = 10\n" +
      std::string("MORE[models]\ncount = 50\n") + shifted + "\n" +
      rule("total", "min = 28.5\nyears = \"2026\"") + "[outputs]\nthresholds = [1e25]\n";
  const auto with = [&](const std::string& more) {
    return proof(plan_of(edited(growing, "MORE", more)));
  };
  CHECK(with("") == "feasible");
  CHECK_THAT(with("ceiling = 1e28\n"), Contains("in 2026") && Contains("28 (the year's total)"));
  CHECK(with("ceiling = 1e29\n") == "feasible");
  CHECK_THAT(with("known = { 2026 = 28.4 }\n"), Contains("28.4 (the year's total)"));
  CHECK(with("known = { 2025 = 28.4 }\n") == "feasible");
}

TEST_CASE("the models of totals have ranges") {
  const auto of = [](const std::string& total, const std::string& bounds) {
    return proof(plan_of("years = \"2025\"\n[total]\n" + total + "\n[models]\ncount = 50\n" +
                         shifted + "\n" + rule("total", bounds) +
                         "[outputs]\nthresholds = [1e25]\ncumulative_from = 2025\n"));
  };
  // 10^26 * 4 * 4^... falls to a growth of 2: between 2 * 2 and 4 * 4.
  const std::string tapering =
      "model = \"tapering\"\nbase_year = 2023\nbase_flop = 1e26\ngrowth = 4\nfinal_growth = 2\n"
      "time_constant = { uniform = [1, 9] }";
  CHECK(of(tapering, "min = 26.61\nmax = 27.20") == "feasible");
  CHECK_THAT(of(tapering, "min = 27.21"), Contains("27.2041 (the year's total)"));
  CHECK_THAT(of(tapering, "max = 26.6"), Contains("26.6021 (the year's total)"));
  const std::string saturating =
      "model = \"saturating\"\nbase_year = 2023\nlog10_base = 26\nslope = 0.5\nlog10_limit = LIMIT";
  CHECK_THAT(of(edited(saturating, "LIMIT", "30"), "min = 27.1"), Contains("27 (the year's"));
  CHECK_THAT(of(edited(saturating, "LIMIT", "26.5"), "min = 26.6"), Contains("26.5 (the year's"));
  CHECK_THAT(of(edited(saturating, "LIMIT", "30"), "max = 25.9"), Contains("26 (the year's"));
  CHECK(of("model = \"trend\"\nfit = \"calibration\"", "min = 40") == "feasible");
}

TEST_CASE("allocations are bounded by their largest share") {
  const auto of = [](const std::string& share, const std::string& constraints) {
    return proof(plan_of(job("\"implied\"", "27",
                             "sizes = \"allocation\"\nlargest_share = " + share +
                                 "\ngradient = { uniform = [0.9, 1.1] }\n"
                                 "smallest = { uniform = [-8, -6] }",
                             constraints)));
  };
  CHECK(of("{ uniform = [0.05, 0.5] }", rule("largest", "min = 26.6")) == "feasible");
  CHECK_THAT(of("{ uniform = [0.05, 0.5] }", rule("largest", "min = 26.71")),
             Contains("26.699 (the law of sizes)"));
  CHECK_THAT(of("{ largest_flop = 1e26 }", rule("largest", "min = 26.01")),
             Contains("26 (the law of sizes)"));
  // 10^-8 over 19 classes: the highest holds at most 1 - 10^(-8 / 19 * 1.1) = 0.656 of the total.
  CHECK_THAT(of("0.66", ""), Contains("models.largest_share is always larger"));
  CHECK(of("0.65", "") == "feasible");
  CHECK_THAT(of("{ largest_flop = 7e26 }", ""), Contains("models.largest_share"));
}

namespace {

/// Statistics of a set of sizes, from their definitions.
std::vector<std::pair<std::string, double>> statistics(const Sizes& x, double log10_flop_per_usd) {
  const auto k = static_cast<double>(x.size());
  double mean = 0.0;
  double smallest = x[0];
  for (const double each : x) {
    mean += each / k;
    smallest = std::min(smallest, each);
  }
  double m2 = 0.0, m3 = 0.0, m4 = 0.0;
  for (const double each : x) {
    const double d = each - mean;
    m2 += d * d / k;
    m3 += d * d * d / k;
    m4 += d * d * d * d / k;
  }
  const double sd = std::sqrt(m2);
  const bool shaped = sd > 1e-9;  // otherwise the sizes are equal but for rounding
  const double sum = static_cast<double>(total_flop(x));
  const double total = std::log10(sum);
  const double top = largest(x);
  double tokens = 0.0;
  for (const double each : x) tokens += std::sqrt(std::pow(10.0, each) * 20.0 / 6.0);
  const auto count = [&](double from) { return static_cast<double>(count_from(x, from)); };
  return {{"count", k},
          {"total", total},
          {"largest", top},
          {"smallest", smallest},
          {"range", top - smallest},
          {"largest_share", std::pow(10.0, top - total)},
          {"mean", mean},
          {"median", median(x)},
          {"sd", sd},
          {"skewness", shaped ? m3 / (sd * m2) : 0.0},
          {"excess_kurtosis", shaped ? m4 / (m2 * m2) - 3.0 : 0.0},
          {"median_skewness", shaped ? (mean - median(x)) / sd : 0.0},
          {"gini", static_cast<double>(gini(x))},
          {"count_above(1e25)", count(25.0)},
          {"count_within(1)", count(top - 1.0)},
          {"class_count(1)", count(total - 1.0)},
          {"class_count(2)", count(total - 2.0) - count(total - 1.0)},
          {"cost_total", sum / std::pow(10.0, log10_flop_per_usd)},
          {"cost_largest", std::pow(10.0, top - log10_flop_per_usd)},
          {"cost_median", std::pow(10.0, median(x) - log10_flop_per_usd)},
          {"parameters_largest", std::sqrt(std::pow(10.0, top) / 120.0)},
          {"tokens_largest", std::sqrt(std::pow(10.0, top) * 20.0 / 6.0)},
          {"tokens_total", tokens},
          {"count_above_tokens(1e13)", count(std::log10(6.0 / 20.0) + 26.0)}};
}

/// A job in which this set of sizes survives, with nearly no room beside it.
Plan plan_around(const Sizes& x, std::mt19937_64& random) {
  constexpr double room = 1e-7;
  Plan plan = plan_of(job(std::to_string(x.size()), "26", shifted));
  const auto all = statistics(x, std::log10(2e17) + 0.0);
  const double total = all[1].second;
  plan.total.parameters[0].years[0].arguments[0].value = total;
  for (const auto& [name, value] : all) {
    if (random() % 2 == 0) continue;
    Constraint constraint;
    constraint.name = name;
    constraint.statistic = flopsieve::engine::parse_statistic(name);
    constraint.active = {1};
    double looked_at = value;
    const bool size = constraint.statistic.info().unit == "log10 FLOP";
    if (random() % 3 == 0) {
      constraint.relative_to = size ? RelativeTo::total : RelativeTo::count;
      looked_at = size ? value - total : value / static_cast<double>(x.size());
    }
    const double slack = room * std::max(1.0, std::abs(looked_at));
    constraint.lower = {random() % 4 == 0 ? -infinity : looked_at - slack};
    constraint.upper = {random() % 4 == 0 ? infinity : looked_at + slack};
    plan.constraints.push_back(constraint);
  }
  return plan;
}

}  // namespace

TEST_CASE("nothing that exists is called infeasible") {
  std::mt19937_64 random(20240607);
  for (int set = 0; set < 4000; ++set) {
    const std::size_t k = 1 + random() % (set % 2 == 0 ? 6 : 40);
    std::normal_distribution<double> normal(24.0, 0.1 + 0.2 * static_cast<double>(random() % 10));
    Sizes x;
    for (std::size_t i = 0; i < k; ++i) {
      // Many equal sizes, and a few far ones: shapes near the limits.
      const bool repeat = !x.empty() && random() % 3 == 0;
      x.push_back(repeat ? x.back() : normal(random) + (random() % 8 == 0 ? 3.0 : 0.0));
    }
    const std::string said = proof(plan_around(x, random));
    INFO("set " << set << " of " << k);
    REQUIRE(said == "feasible");
  }
}
