// The tables and laws that tilts are made of, against their definitions.
#include <array>
#include <boost/math/distributions/lognormal.hpp>
#include <boost/math/distributions/negative_binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/poisson.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/tilt.hpp"
#include "engine/tilt_count.hpp"
#include "tests/engine/support/plans.hpp"

namespace flopsieve::engine {
namespace {

using testing::by_candidate;
using testing::by_trajectory;
using testing::constant;
using testing::normal;
using testing::uniform;

// --- Numbers of models ---------------------------------------------------------------------------

struct CountCase {
  std::string name;
  TiltCount count;
  std::function<double(std::uint32_t)> prior;  ///< up to a factor
};

TiltCount rounded(const Distribution& distribution) {
  Count count;
  count.parameters = {by_candidate(distribution)};
  return TiltCount(count, 0, {});
}

TiltCount drawn(CountModel model, double mean, double size) {
  Count count;
  count.model = model;
  return TiltCount(count, 0, {mean, size});
}

std::vector<CountCase> count_cases() {
  namespace bm = boost::math;
  const bm::poisson_distribution<> few(3.0), many(100.0);
  const bm::negative_binomial_distribution<> even(2.5, 2.5 / (2.5 + 20.0)), uneven(0.5, 0.5 / 8.5);
  const bm::normal_distribution<> bell(30.0, 4.0);
  const bm::lognormal_distribution<> skew(3.0, 0.7);
  const auto step = [](const auto& law) {
    return [law](std::uint32_t k) { return cdf(law, k + 0.5) - cdf(law, k - 0.5); };
  };
  const auto mass = [](const auto& law) { return [law](std::uint32_t k) { return pdf(law, k); }; };
  return {{"Poisson(3)", drawn(CountModel::poisson, 3.0, 0.0), mass(few)},
          {"Poisson(100)", drawn(CountModel::poisson, 100.0, 0.0), mass(many)},
          {"negative binomial", drawn(CountModel::negative_binomial, 20.0, 2.5), mass(even)},
          {"clumped", drawn(CountModel::negative_binomial, 8.0, 0.5), mass(uneven)},
          {"normal", rounded(testing::within(normal(30.0, 4.0), 20.5, 45.5)),
           [=](std::uint32_t k) { return k > 20 && k < 46 ? step(bell)(k) : 0.0; }},
          {"lognormal", rounded(testing::law(kernels::Law::lognormal, 3.0, 0.7)), step(skew)},
          {"uniform", rounded(uniform(2.5, 8.0)),
           [](std::uint32_t k) { return k < 3 || k > 8 ? 0.0 : (k == 8 ? 0.5 : 1.0); }}};
}

}  // namespace

TEST_CASE("Tilted laws of the number of models are those of their definition") {
  for (const CountCase& each : count_cases()) {
    for (const double log_constant : {-1.0, -0.02, 0.0, 0.02}) {
      INFO(each.name << ", ln C = " << log_constant);
      // Its moment is that of the largest number there is.
      if (each.name == "lognormal" && log_constant > 0.0) continue;
      double total = 0.0, tilted_total = 0.0, found_total = 0.0;
      for (std::uint32_t k = 1; k < 3000; ++k) {
        total += each.prior(k);
        tilted_total += each.prior(k) * std::exp(k * log_constant);
      }
      for (std::size_t group = 0; group < each.count.groups(); ++group) {
        const double moment = std::exp(each.count.log_moment(group, log_constant));
        found_total += moment;
        const TiltCount::Table table = each.count.table(group, log_constant);
        REQUIRE(table.cumulative.back() == 1.0);
        double worst = 0.0, below = 0.0;
        for (std::size_t i = 0; i < table.cumulative.size(); ++i) {
          const auto k = table.first + static_cast<std::uint32_t>(i);
          const double share = each.prior(k) * std::exp(k * log_constant) / total / moment;
          worst = std::max(worst, moment * std::abs(table.cumulative[i] - below - share));
          below = table.cumulative[i];
        }
        CHECK(worst < 1e-11);
      }
      CHECK(found_total == Approx(tilted_total / total).epsilon(1e-10));
    }
  }
}

TEST_CASE("A number that all attempts share is the only one") {
  const TiltCount count(17);
  CHECK(count.log_moment(0, 0.25) == 17 * 0.25);
  CHECK(count.table(0, 0.25).first == 17);
  CHECK(count.table(0, 0.25).cumulative == std::vector<double>{1.0});
}

// --- Tables --------------------------------------------------------------------------------------

namespace {

struct Law {
  SizeFamily family;
  std::array<double, 4> parameters;
  double high_mean;  ///< parameters[0] or more
  double high_sd;    ///< parameters[1] or more
};

const std::vector<Law>& laws() {
  static const std::vector<Law> all = {
      {SizeFamily::truncated_normal, {23.0, 1.2, 20.0, 26.7}, 23.0, 1.2},
      {SizeFamily::truncated_normal, {23.0, 1.0, 20.0, 26.7}, 23.0, 1.1},
      {SizeFamily::truncated_normal, {19.0, 1.0, 20.0, 26.7}, 19.0, 1.5},
      {SizeFamily::normal, {24.0, 0.8, 0.0, 0.0}, 24.0, 0.8},
      {SizeFamily::normal, {24.0, 0.8, 0.0, 0.0}, 24.0, 1.0},
      {SizeFamily::normal, {24.0, 0.8, 0.0, 0.0}, 24.3, 1.0},
      {SizeFamily::truncated_normal, {22.5, 1.0, 20.0, 26.7}, 22.8, 1.1},
      {SizeFamily::skew_normal, {24.0, 0.8, 0.7, 0.0}, 24.0, 0.8},
      {SizeFamily::skew_normal_direct, {24.0, 0.8, -3.0, 0.0}, 24.0, 0.8},
      {SizeFamily::uniform, {22.0, 26.0, 0.0, 0.0}, 22.0, 26.0},
      {SizeFamily::power_law, {0.6, 22.0, 26.0, 0.0}, 0.6, 22.0},
      {SizeFamily::grid, {22.0, 26.0, 0.5, 0.0}, 22.0, 26.0}};
  return all;
}

Sizes sizes_of(const Law& law) {
  Sizes sizes;
  sizes.family = law.family;
  return sizes;
}

/// Some way up the range.
CandidateInputs inputs_of(const Law& law, double mean_share, double sd_share) {
  CandidateInputs inputs;
  inputs.parameters = law.parameters;
  inputs.parameters[0] += mean_share * (law.high_mean - law.parameters[0]);
  inputs.parameters[1] += sd_share * (law.high_sd - law.parameters[1]);
  return inputs;
}

}  // namespace

// A candidate is kept with a probability, and its bound is tight enough to be of use.
TEST_CASE("A table bounds the tilted density everywhere, for every mean and sd of its range") {
  for (const Law& law : laws()) {
    for (const double log10_most : {25.0, 40.0}) {
      for (const double strength : {-200.0, -2.0, 0.0, 0.01, 20.0, 400.0}) {
        const auto base = std::make_shared<TiltBase>(
            sizes_of(law), TiltRange{inputs_of(law, 0.0, 0.0), inputs_of(law, 1.0, 1.0)},
            log10_most);
        TiltTable table(base, strength);
        REQUIRE(table.alias() != nullptr);
        INFO("family " << static_cast<int>(law.family) << ", strength " << strength);
        const double range = base->frame().scale;
        for (const auto& [mean_share, sd_share] :
             {std::pair{0.0, 0.0}, {0.0, 1.0}, {1.0, 0.0}, {1.0, 1.0}, {0.3, 0.4}}) {
          const CandidateInputs inputs = inputs_of(law, mean_share, sd_share);
          LawStorage storage;
          const kernels::SizeLaw own = base->law(inputs, storage);
          double largest = -1e9;
          for (int i = 0; i < 10'000; ++i) {
            // Odd places too; what a grid draws are the ends of cells.
            float z = static_cast<float>(i) / 10'000.0f;
            if (base->is_grid()) z = std::floor(z * 4096.0f) / 4096.0f;
            const double log10_size = base->frame().location + static_cast<double>(z) * range;
            const double tilt = strength * std::pow(10.0, log10_size - base->log10_largest());
            largest = std::max(largest, table.log_share(inputs, own, z) + tilt);
          }
          CHECK(largest <= 1e-12);
          const bool is_one =
              law.high_mean == law.parameters[0] && law.high_sd == law.parameters[1];
          if (is_one && strength < 100.0) CHECK(largest > -0.1);
        }
      }
    }
  }
}

// --- Windows -------------------------------------------------------------------------------------

TEST_CASE("Constraints on sums are windows, others are not") {
  using testing::bounded;
  const auto relative = [](const std::string& statistic, RelativeTo what) {
    Constraint constraint = bounded(statistic, 0.0, 1.0);
    constraint.relative_to = what;
    return is_tilt_window(constraint);
  };
  for (const char* each : {"mean", "cumulative_share(1e24)", "share_within(1)", "class_share(2)",
                           "count_above(1e24)", "count_above_tokens(1e12)", "class_count(3)"}) {
    INFO(each);
    CHECK(relative(each, RelativeTo::nothing));
    CHECK_FALSE(relative(each, RelativeTo::previous_year));
    CHECK(relative(each, RelativeTo::count) == (std::string(each) != "mean"));
    Constraint soft = bounded(each, 0.0, 1.0);
    soft.centre = {0.5};
    soft.spread = {0.1};
    CHECK_FALSE(is_tilt_window(soft));
    Constraint ceiling = bounded(each, 0.0, 1.0);
    ceiling.ceiling = {{0.5}, {0.7}, Scope::trajectory};
    CHECK_FALSE(is_tilt_window(ceiling));
  }
  CHECK(relative("mean", RelativeTo::total));
  for (const char* each : {"median", "sd", "skewness", "largest_share", "largest", "gini", "count",
                           "count_within(1)"}) {
    CHECK_FALSE(relative(each, RelativeTo::nothing));
  }
}

TEST_CASE("Windows have the bounds of their year, and the ends that the total gives them") {
  Plan plan = testing::plain_plan({2024, 2025});
  testing::add_constraint(plan, testing::bounded("mean", -2.0, -1.0, 2));
  plan.constraints[0].relative_to = RelativeTo::total;
  testing::add_constraint(plan, testing::bounded("class_share(2)", 0.25, 0.5, 2));
  plan.constraints[1].active[0] = 0;
  plan.constraints[1].upper[1] = 0.75;
  testing::add_constraint(plan, testing::bounded("skewness", 0.25, 0.5, 2));
  REQUIRE(tilt_windows(plan, 0, 26.0).size() == 1);
  const std::vector<TiltWindow> windows = tilt_windows(plan, 1, 26.0);
  REQUIRE(windows.size() == 2);
  CHECK(windows[0].sum == TiltSum::log10_flop);
  CHECK(windows[0].per_model);
  CHECK(windows[0].low == 24.0);
  CHECK(windows[0].high == 25.0);
  CHECK(windows[1].sum == TiltSum::flop);
  CHECK_FALSE(windows[1].per_model);
  CHECK(windows[1].from == 24.0);
  CHECK(windows[1].below == 25.0);
  CHECK(windows[1].low == 0.25);
  CHECK(windows[1].high == 0.75);
}

TEST_CASE("A window of tokens begins at the FLOP that they are trained with") {
  Plan plan = testing::plain_plan({2024});
  plan.scaling = {-1.3, 0.55};
  testing::add_constraint(plan, testing::bounded("count_above_tokens(1e13)", 2.0, 5.0));
  const std::vector<TiltWindow> windows = tilt_windows(plan, 0, 26.0);
  REQUIRE(windows.size() == 1);
  CHECK(windows[0].sum == TiltSum::models);
  const double flop = std::pow(10.0, windows[0].from);
  const double parameters = std::pow(10.0, -1.3) * std::pow(flop, 0.55);
  CHECK(flop / (6.0 * parameters) == Approx(1e13).epsilon(1e-9));
  CHECK(windows[0].below == testing::infinity);
  CHECK(windows[0].high == 5.0);
}

// --- What can be tilted --------------------------------------------------------------------------

namespace {

Plan tiltable() {
  Plan plan = testing::plain_plan({2024});
  plan.attempts = 1000;
  plan.matching = {Match::reject, 0.05, {}};
  for (Input& each : plan.sizes.parameters) each = by_candidate(constant(1.0));
  return plan;
}

}  // namespace

TEST_CASE("What cannot be tilted is refused with its reason") {
  using Catch::Matchers::Contains;
  CHECK(tilt_refusal(tiltable()) == "");
  const auto refusal = [](const std::function<void(Plan&)>& change) {
    Plan plan = tiltable();
    change(plan);
    return tilt_refusal(plan);
  };
  CHECK_THAT(refusal([](Plan& p) { p.matching.match = Match::shift; }), Contains("match"));
  CHECK_THAT(refusal([](Plan& p) { p.sizes.family = SizeFamily::student_t; }),
             Contains("student_t"));
  CHECK_THAT(refusal([](Plan& p) { p.sizes.family = SizeFamily::allocation; }),
             Contains("allocation"));
  CHECK_THAT(refusal([](Plan& p) { testing::mean_of(p) = by_trajectory(uniform(23.0, 24.0)); }),
             Contains("mean must be a constant of the year or be drawn anew for each candidate"));
  CHECK_THAT(refusal([](Plan& p) {
               testing::sd_of(p) = by_candidate(uniform(1.0, 2.0));
               testing::sd_of(p).year_correlation = 0.5;
             }),
             Contains("sd must be"));
  CHECK_THAT(refusal([](Plan& p) {
               p.sizes.family = SizeFamily::mixture;
               p.sizes.parameters.resize(1);
               const Input weight = by_candidate(constant(1.0));
               p.sizes.components = {{weight, weight, weight},
                                     {weight, weight, by_trajectory(uniform(1.0, 2.0))}};
             }),
             Contains("sds[2] must be"));
  CHECK_THAT(refusal([](Plan& p) { testing::total_of(p) = by_candidate(uniform(25.0, 26.0)); }),
             Contains("total"));
  CHECK_THAT(refusal([](Plan& p) { p.attempts = 1; }), Contains("attempts"));
  CHECK_THAT(refusal([](Plan& p) {
               testing::count_of(p) = by_candidate(uniform(5.0, 9.0));
               testing::count_of(p).year_correlation = 0.5;
             }),
             Contains("year_correlation"));
  CHECK_THAT(refusal([](Plan& p) {
               p.count.model = CountModel::poisson;
               testing::count_of(p) = by_candidate(uniform(5.0, 9.0));
             }),
             Contains("trajectory"));
  CHECK_THAT(refusal([](Plan& p) {
               p.sizes.family = SizeFamily::grid;
               testing::mean_of(p) = by_candidate(constant(20.0));
               p.sizes.parameters[1] = by_candidate(constant(26.0));
               p.sizes.parameters[2] = by_candidate(constant(0.001));
             }),
             Contains("4095 points"));
  CHECK_THAT(refusal([](Plan& p) {
               p.sizes.family = SizeFamily::grid;
               p.sizes.parameters[2] = by_candidate(uniform(0.1, 0.2));
             }),
             Contains("step must be a constant of the year, as points"));
}

TEST_CASE("Every parameter of a bounded law may be drawn for each candidate") {
  for (const auto& [family, parameters] :
       std::vector<std::pair<SizeFamily, std::size_t>>{{SizeFamily::normal, 2},
                                                       {SizeFamily::skew_normal, 3},
                                                       {SizeFamily::skew_normal_direct, 3},
                                                       {SizeFamily::truncated_normal, 4},
                                                       {SizeFamily::uniform, 2},
                                                       {SizeFamily::mixture, 1},
                                                       {SizeFamily::empirical, 2},
                                                       {SizeFamily::power_law, 3}}) {
    Plan plan = tiltable();
    plan.sizes.family = family;
    plan.sizes.parameters.assign(parameters, by_candidate(uniform(1.0, 2.0)));
    const Input drawn = by_candidate(uniform(1.0, 2.0));
    if (family == SizeFamily::mixture) plan.sizes.components.assign(2, {drawn, drawn, drawn});
    CHECK(tilt_refusal(plan) == "");
    CHECK(tilt_priors(plan, 0).size() == (family == SizeFamily::mixture ? 7 : parameters));
  }
}

}  // namespace flopsieve::engine
