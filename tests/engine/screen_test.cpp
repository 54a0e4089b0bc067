#include "engine/screen.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "engine/size_law.hpp"
#include "kernels/math.hpp"
#include "kernels/math_constants.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/support/targets.hpp"

// Survivors are those of double precision, although most sums are taken in single precision.

namespace flopsieve::engine {
namespace {

using testing::infinity;

constexpr std::array statistics = {"count",
                                   "total",
                                   "total_error",
                                   "largest",
                                   "smallest",
                                   "range",
                                   "largest_share",
                                   "mean",
                                   "sd",
                                   "skewness",
                                   "excess_kurtosis",
                                   "cost_total",
                                   "cost_largest",
                                   "tokens_largest",
                                   "parameters_largest",
                                   "median",
                                   "gini",
                                   "median_skewness",
                                   "allocation_gradient",
                                   "class_share(1)",
                                   "tokens_total",
                                   "count_above_tokens(1e12)"};

struct Setting {
  Match match;
  SizeFamily family;
  double count;
  double sd;  ///< OOM; laws with fixed bounds are five times as wide
};

constexpr std::array families = {
    SizeFamily::normal,  SizeFamily::skew_normal, SizeFamily::student_t,
    SizeFamily::mixture, SizeFamily::empirical,   SizeFamily::truncated_normal,
    SizeFamily::uniform, SizeFamily::power_law,   SizeFamily::grid};

bool is_bounded(SizeFamily family) {
  return family >= SizeFamily::truncated_normal && family != SizeFamily::student_t &&
         family != SizeFamily::mixture && family != SizeFamily::empirical;
}

std::vector<Setting> matches_of(SizeFamily family, double count, double sd) {
  if (is_bounded(family)) return {{Match::reject, family, count, sd}};
  return {{Match::reject, family, count, sd}, {Match::shift, family, count, sd}};
}

/// Few sizes, many sizes; nearly equal sizes, and one that has all. The widest leave the range of
/// single precision.
std::vector<Setting> settings() {
  std::vector<Setting> all;
  const auto add = [&](SizeFamily family, double count, double sd) {
    for (const Setting& setting : matches_of(family, count, sd)) all.push_back(setting);
  };
  for (const SizeFamily family : families) {
    for (const double count : {1.0, 2.0, 3.0, 4.0, 5.0, 40.0, 300.0}) {
      for (const double sd : {1e-4, 1.5, 3.5}) add(family, count, sd);
    }
    add(family, 40.0, 11.0);
  }
  return all;
}

/// All alike, but for bounds of their own.
constexpr std::uint32_t years = 10;

Input fixed(double value) {
  return testing::by_candidate(testing::constant(value), years);
}

/// Sizes of that spread about 24, or from 20 on.
void set_law(Plan& plan, SizeFamily family, double sd) {
  plan.sizes.family = family;
  const double top = std::min(20.0 + 5.0 * sd, 60.0);
  const Input skewness = testing::by_candidate(testing::uniform(-0.9, 0.9), years);
  switch (family) {
    case SizeFamily::skew_normal:
      plan.sizes.parameters = {fixed(24.0), fixed(sd), skewness};
      return;
    case SizeFamily::student_t:
      plan.sizes.parameters = {fixed(24.0), fixed(sd), fixed(sd < 2.0 ? 3.0 : 10.0)};
      return;
    case SizeFamily::mixture:
      plan.sizes.parameters = {fixed(0.0)};
      plan.sizes.components = {{fixed(0.4), fixed(24.0 - sd), fixed(sd)},
                               {fixed(0.6), fixed(24.0 + sd), fixed(0.5 * sd)}};
      return;
    case SizeFamily::empirical:
      plan.sizes.parameters = {fixed(24.0), fixed(sd)};
      plan.sizes.kernel = {{-1.0, 0.0, 0.4, 2.0}, {1.0, 2.0, 4.0, 5.0}, 0.5, 0.36, 1.1};
      return;
    case SizeFamily::truncated_normal:
      plan.sizes.parameters = {fixed(20.0 + 2.0 * sd), fixed(sd), fixed(20.0), fixed(top)};
      return;
    case SizeFamily::uniform:
      plan.sizes.parameters = {fixed(20.0), fixed(top)};
      return;
    case SizeFamily::power_law:
      plan.sizes.parameters = {fixed(sd < 2.0 ? 0.7 : 2.5), fixed(20.0), fixed(top)};
      return;
    case SizeFamily::grid:
      plan.sizes.parameters = {fixed(20.0), fixed(top), fixed((top - 20.0) / 12.0)};
      return;
    default:
      plan.sizes.parameters = {fixed(24.0), fixed(sd)};
  }
}

Plan plan_of(const Setting& setting) {
  std::vector<int> all(years);
  std::iota(all.begin(), all.end(), 2024);
  Plan plan = testing::plain_plan(all);
  testing::count_of(plan) = fixed(setting.count);
  set_law(plan, setting.family, setting.sd);
  // Nothing but the constraint may reject.
  if (setting.match == Match::reject) {
    plan.matching = {Match::reject, 1e250, {}};
  } else {
    plan.sizes.parameters[0] = testing::by_candidate(testing::uniform(-100.0, 100.0), years);
    plan.matching.bound.assign(years, 1.0 / 200.0);
  }
  testing::add_constraint(plan, testing::bounded("count", -infinity, infinity, years));
  return plan;
}

std::string text(const Setting& setting) {
  return std::string(setting.match == Match::shift ? "shift" : "reject") + ", family " +
         std::to_string(static_cast<int>(setting.family)) + ", k " + std::to_string(setting.count) +
         ", sd " + std::to_string(setting.sd);
}

testing::Trials trials_of(const Sieve& sieve, std::uint64_t size) {
  testing::Trials trials;
  for (std::uint64_t i = 0; i < size; ++i) trials.add(sieve.inputs(), {i, 3, 0});
  return trials;
}

/// The sums of the fast kernels for a candidate, in lane 0. Fills z with its sizes.
kernels::GroupSums fast_sums(const Plan& plan, const Candidate& precise, kernels::FastLaw& law,
                             std::vector<float>& z) {
  const Draws& draws = precise.sampler->draws();
  const kernels::Counter counter = draws.counter(Stream::sizes, precise.address);
  law.count[0] = precise.inputs.count;
  law.scale[0] = static_cast<float>(precise.scale * kernels::log2_of_10);
  z.resize(kernels::fast_rows(law.count[0]) * kernels::group_width);
  kernels::GroupSums sums;
  if (!is_vectorised(plan.sizes.family)) {
    SizeDraws size_draws(plan);
    size_draws.set_lane(0, precise.inputs, counter);
    law.origin = size_draws.origins();
    size_draws.draw_and_sum(draws.key(), law, z, sums);
    return sums;
  }
  kernels::GroupAddress address;
  kernels::GroupShape shape;
  shape.plain = plan.sizes.family == SizeFamily::normal;
  const kernels::SkewNormalShape skewed = shape_of(plan.sizes.family, precise.inputs);
  address.word1[0] = counter[1];
  address.word2[0] = counter[2];
  address.word3[0] = counter[3];
  shape.absolute[0] = static_cast<float>(skewed.absolute);
  shape.normal[0] = static_cast<float>(skewed.normal);
  shape.constant[0] = static_cast<float>(skewed.constant);
  kernels::draw_and_sum(draws.key(), address, shape, law.count, law.scale, z, sums);
  return sums;
}

/// The candidate of a trial with the sums of the fast kernels. Fills z with its sizes.
Candidate fast_candidate(const Plan& plan, const Candidate& precise, std::vector<float>& z) {
  Candidate fast = precise;
  kernels::FastLaw law;
  const kernels::GroupSums sums = fast_sums(plan, precise, law, z);
  fast.size_sum = sums.total[0];
  fast.log10_size_sum = kernels::decimal_log(sums.total[0]);
  fast.origin = static_cast<double>(law.origin[0]);
  fast.power_1 = sums.power_1[0];
  fast.power_2 = sums.power_2[0];
  fast.power_3 = sums.power_3[0];
  fast.power_4 = sums.power_4[0];
  if (plan.matching.match == Match::shift) {
    fast.location = fast.inputs.log10_total - fast.log10_size_sum;
  }
  return fast;
}

/// The values of all statistics in double precision, [trial][statistic].
std::vector<std::vector<double>> precise_values(Sieve& sieve, const testing::Trials& trials) {
  std::vector<std::vector<double>> values(trials.size());
  sieve.visit(trials, [&](std::size_t i, const Candidate& candidate, OrderedSizes& ordered) {
    for (const char* name : statistics) {
      values[i].push_back(evaluate(parse_statistic(name), candidate, ordered));
    }
  });
  return values;
}

bool survives(Sieve& sieve, const Trial& trial) {
  std::array<Verdict, 1> verdict{};
  sieve.judge(std::span(&trial, 1), verdict);
  return verdict[0].survives;
}

}  // namespace

TEST_CASE("a screened statistic lies within its error of double precision, and not far from it") {
  std::size_t fitting = 0;
  std::size_t known = 0;
  std::size_t useful = 0;
  for (const Setting& setting : settings()) {
    INFO(text(setting));
    const Plan plan = plan_of(setting);
    Sieve sieve(plan, Purpose::run);
    const testing::Trials trials = trials_of(sieve, 25);
    sieve.visit(trials, [&](std::size_t, const Candidate& precise, OrderedSizes& ordered) {
      std::vector<float> z;
      const Candidate fast = fast_candidate(plan, precise, z);
      REQUIRE(fast.largest_z == precise.largest_z);
      if (!fits_single_precision(fast)) return;
      ++fitting;
      OrderedSizes fast_ordered;
      fast_ordered.begin(fast, z.data(), kernels::group_width);
      for (const char* name : statistics) {
        const Statistic statistic = parse_statistic(name);
        const Screened screened =
            screen(statistic, fast, setting.match == Match::shift, fast_ordered);
        if (screened.error == infinity) continue;
        const double exact = evaluate(statistic, precise, ordered);
        INFO(name << ": " << screened.value << " +- " << screened.error << ", exact " << exact);
        REQUIRE(std::abs(screened.value - exact) <= screened.error);
        ++known;
        if (screened.error <= 1e-3 * std::max(1.0, std::abs(exact))) ++useful;
      }
    });
  }
  CHECK(fitting > 7'000);
  CHECK(known > 14 * fitting);
  CHECK(static_cast<double>(useful) > 0.95 * static_cast<double>(known));
}

/// The bounds of year `year` next to the value of its candidate; it passes the first three of five.
std::array<double, 2> bounds_next_to(double value, std::uint32_t year) {
  switch (year % 5) {
    case 0:
      return {value, infinity};
    case 1:
      return {-infinity, value};
    case 2:
      return {value, value};
    case 3:
      return {std::nextafter(value, infinity), infinity};
    default:
      return {-infinity, std::nextafter(value, -infinity)};
  }
}

TEST_CASE("bounds one unit in the last place around a statistic are kept as in double precision") {
  const test::RestoreTarget restore;
  for (const auto target : test::targets_to_test()) {
    REQUIRE(kernels::force_target(target));
    for (const Setting& setting : settings()) {
      INFO(text(setting));
      Plan plan = plan_of(setting);
      Sieve sieve(plan, Purpose::run);
      testing::Trials trials;
      for (std::uint32_t year = 0; year < years; ++year) trials.add(sieve.inputs(), {0, 3, year});
      const auto values = precise_values(sieve, trials);
      Constraint& rule = plan.constraints[0];
      std::array<Verdict, years> verdicts;
      for (std::size_t s = 0; s < statistics.size(); ++s) {
        rule.statistic = parse_statistic(statistics[s]);
        for (std::uint32_t year = 0; year < years; ++year) {
          const auto [lower, upper] = bounds_next_to(values[year][s], year);
          rule.lower[year] = lower;
          rule.upper[year] = upper;
        }
        sieve.judge(trials, verdicts);
        for (std::uint32_t year = 0; year < years; ++year) {
          INFO(statistics[s] << ", year " << year);
          REQUIRE(verdicts[year].survives == (year % 5 < 3));
        }
      }
    }
  }
}

/// Verdicts on trials under bounds next to their own values that are not those of double precision.
std::size_t wrong_verdicts(Sieve& sieve, Constraint& rule, std::span<const double> values,
                           const testing::Trials& trials) {
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const auto passes = [&](double lower, double upper) {
      rule.lower[0] = lower;
      rule.upper[0] = upper;
      return survives(sieve, trials[i]);
    };
    const double value = values[i];
    if (!passes(value, infinity)) ++wrong;
    if (!passes(-infinity, value)) ++wrong;
    if (passes(std::nextafter(value, infinity), infinity)) ++wrong;
    if (passes(-infinity, std::nextafter(value, -infinity))) ++wrong;
  }
  return wrong;
}

TEST_CASE("without the error bounds, single precision would keep other candidates") {
  for (const SizeFamily family : families) {
    for (const Setting& setting : matches_of(family, 40.0, 1.5)) {
      Plan plan = plan_of(setting);
      Sieve sieve(plan, Purpose::run);
      const testing::Trials trials = trials_of(sieve, 20);
      const auto values = precise_values(sieve, trials);
      for (std::size_t s = 0; s < statistics.size(); ++s) {
        const std::string name = statistics[s];
        const bool is_summed = name == "largest_share" || name == "mean" || name == "sd" ||
                               name == "skewness" || name == "excess_kurtosis" ||
                               name == "allocation_gradient" ||
                               name == (setting.match == Match::shift ? "largest" : "total");
        // Sums of small whole numbers have no rounding at all.
        const bool is_exact = setting.family == SizeFamily::grid && name != "total" &&
                              name != "largest_share" && name != "allocation_gradient";
        if (!is_summed || is_exact) continue;
        INFO(text(setting) << ": " << name);
        plan.constraints[0].statistic = parse_statistic(name);
        std::vector<double> own;
        for (const auto& all : values) own.push_back(all[s]);
        sieve.scale_error_bounds(0.0);
        CHECK(wrong_verdicts(sieve, plan.constraints[0], own, trials) > 5);
        sieve.scale_error_bounds(1.0);
        CHECK(wrong_verdicts(sieve, plan.constraints[0], own, trials) == 0);
      }
    }
  }
}

TEST_CASE("the match of the total is that of double precision, at its very edge too") {
  for (const double count : {2.0, 3.0, 40.0, 700.0}) {
    for (const SizeFamily family : families) {
      const Plan plan = plan_of({Match::reject, family, count, 1.5});
      Sieve sieve(plan, Purpose::run);
      const testing::Trials trials = trials_of(sieve, 30);
      const auto survives_with = [&](double tolerance, double error_factor, const Trial& trial) {
        Plan strict = plan;
        strict.matching.tolerance = tolerance;
        Sieve one(strict, Purpose::run);
        one.scale_error_bounds(error_factor);
        return survives(one, trial);
      };
      std::vector<double> errors(trials.size());
      sieve.visit(trials, [&](std::size_t i, const Candidate& candidate, OrderedSizes& ordered) {
        errors[i] = std::abs(evaluate({StatisticKind::total_error}, candidate, ordered));
      });
      const auto wrong = [&](double error_factor) {
        std::size_t sum = 0;
        for (std::size_t i = 0; i < trials.size(); ++i) {
          if (!survives_with(errors[i], error_factor, trials[i])) ++sum;
          if (survives_with(std::nextafter(errors[i], 0.0), error_factor, trials[i])) ++sum;
        }
        return sum;
      };
      INFO(text({Match::reject, family, count, 1.5}));
      CHECK(wrong(1.0) == 0);
      CHECK(wrong(0.0) > 0);
    }
  }
}

TEST_CASE("a solved location at the very edge of its prior is judged as in double precision") {
  const SizeFamily family = GENERATE(SizeFamily::normal, SizeFamily::skew_normal,
                                     SizeFamily::student_t, SizeFamily::empirical);
  Plan plan = plan_of({Match::shift, family, 40.0, 1.5});
  Sieve sieve(plan, Purpose::run);
  const testing::Trials trials = trials_of(sieve, 50);
  std::vector<double> locations(trials.size());
  sieve.visit(trials, [&](std::size_t i, const Candidate& candidate, OrderedSizes&) {
    locations[i] = candidate.location;
  });
  Distribution& prior = testing::mean_of(plan).years[0];
  for (std::size_t i = 0; i < trials.size(); ++i) {
    for (const double ulp : {-infinity, infinity}) {
      const bool inside = ulp < 0.0;
      prior.lower = inside ? locations[i] : std::nextafter(locations[i], infinity);
      prior.upper = infinity;
      REQUIRE(survives(sieve, trials[i]) == inside);
      prior.lower = -infinity;
      prior.upper = inside ? locations[i] : std::nextafter(locations[i], -infinity);
      REQUIRE(survives(sieve, trials[i]) == inside);
    }
  }
}

}  // namespace flopsieve::engine
