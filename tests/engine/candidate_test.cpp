#include "engine/candidate.hpp"

#include <algorithm>
#include <boost/math/distributions/lognormal.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>

#include "engine/sieve.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/engine/support/settings.hpp"
#include "tests/support/reference_statistics.hpp"

namespace flopsieve::engine {
namespace {

using Values = std::vector<double>;

/// Population moment of x about `centre`.
long double moment(const Values& x, int power, long double centre) {
  long double sum = 0.0L;
  for (const double value : x) sum += std::pow(static_cast<long double>(value) - centre, power);
  return sum / static_cast<long double>(x.size());
}

/// Moment about the mean, in units of the standard deviation.
double standardised_moment(const Values& x, int power) {
  const long double mean = moment(x, 1, 0.0L);
  return static_cast<double>(moment(x, power, mean) /
                             std::pow(moment(x, 2, mean), static_cast<long double>(power) / 2.0L));
}

/// log10 T and log10 FLOP per USD of a candidate, as the definitions use them.
struct Year {
  double log10_total;
  double log10_flop_per_usd;
};

double share_of(const Values& x, const Year& year, double from, double below) {
  return static_cast<double>(test::flop_between(x, from, below) / test::flop(year.log10_total));
}

/// Every statistic from its definition in the table of statistics.
double expected(const Statistic& statistic, const Values& x, const Year& year) {
  using enum StatisticKind;
  const double p = statistic.parameter;
  const auto k = static_cast<double>(x.size());
  const double largest_x = test::largest(x);
  const double smallest_x = *std::min_element(x.begin(), x.end());
  const double log10_sum = static_cast<double>(std::log10(test::total_flop(x)));
  const auto mean_x = static_cast<double>(moment(x, 1, 0.0L));
  const auto sd_x = static_cast<double>(std::sqrt(moment(x, 2, moment(x, 1, 0.0L))));
  const auto cost = [&](double size) { return std::pow(10.0, size - year.log10_flop_per_usd); };
  const auto models_from = [&](double at) { return static_cast<double>(test::count_from(x, at)); };
  const auto parameters_of = [](double size) { return std::sqrt(std::pow(10.0, size) / 120.0); };
  const double class_from = year.log10_total - p;
  const double class_below = year.log10_total - (p - 1.0);
  switch (statistic.kind) {
    case count:
      return k;
    case total:
      return log10_sum;
    case total_error:
      return std::pow(10.0, log10_sum - year.log10_total) - 1.0;
    case largest:
      return largest_x;
    case smallest:
      return smallest_x;
    case range:
      return largest_x - smallest_x;
    case largest_share:
      return static_cast<double>(test::flop(largest_x) / test::total_flop(x));
    case mean:
      return mean_x;
    case median:
      return test::median(x);
    case sd:
      return sd_x;
    case skewness:
      return standardised_moment(x, 3);
    case excess_kurtosis:
      return standardised_moment(x, 4) - 3.0;
    case median_skewness:
      return (mean_x - test::median(x)) / sd_x;
    case allocation_gradient:
      return static_cast<double>(test::allocation_gradient(x));
    case allocation_slope:
      return static_cast<double>(test::allocation_line(x).slope);
    case allocation_intercept:
      return static_cast<double>(test::allocation_line(x).intercept);
    case gini:
      return static_cast<double>(test::gini(x));
    case count_above:
      return models_from(std::log10(p));
    case count_within:
      return models_from(largest_x - p);
    case cumulative_share:
      return share_of(x, year, -1e9, std::nextafter(std::log10(p), 1e9));
    case share_within:
      return share_of(x, year, year.log10_total - p, 1e9);
    case class_count:
      return models_from(class_from) - models_from(class_below);
    case class_share:
      return share_of(x, year, class_from, class_below);
    case cost_total:
      return cost(log10_sum);
    case cost_largest:
      return cost(largest_x);
    case cost_median:
      return cost(test::median(x));
    case share_over_budget:
      return models_from(std::nextafter(std::log10(p) + year.log10_flop_per_usd, 1e9)) / k;
    case parameters_largest:
      return parameters_of(largest_x);
    case tokens_largest:
      return std::pow(10.0, largest_x) / (6.0 * parameters_of(largest_x));
    case tokens_total: {
      double sum = 0.0;
      for (const double size : x) sum += std::pow(10.0, size) / (6.0 * parameters_of(size));
      return sum;
    }
    case count_above_tokens:
      return static_cast<double>(std::count_if(x.begin(), x.end(), [&](double size) {
        return std::pow(10.0, size) / (6.0 * parameters_of(size)) >= p;
      }));
    case loss_making_share:
      break;  // its revenues are random: a test of its own
  }
  return std::nan("");
}

const std::map<std::string, std::vector<double>> parameters = {{"FLOP", {1e22, 3e24, 1e26}},
                                                               {"OOM", {0.5, 1.5, 3.0}},
                                                               {"class", {1, 2, 3, 6}},
                                                               {"tokens", {1e10, 3e12, 2e13}},
                                                               {"USD", {1e4, 1e7}}};

std::vector<Statistic> all_statistics() {
  std::vector<Statistic> statistics;
  for (const StatisticInfo& info : statistic_table()) {
    if (info.kind == StatisticKind::loss_making_share) continue;
    if (info.parameter.empty()) {
      statistics.push_back({info.kind, 0.0});
      continue;
    }
    for (const double value : parameters.at(std::string(info.parameter))) {
      statistics.push_back({info.kind, value});
    }
  }
  return statistics;
}

Plan varied_plan(Match match) {
  Plan plan = testing::uneven_plan(Keep::index);
  plan.years = {2023, 2026};
  plan.money = {2e17, 1.3, 2023, {}};
  plan.matching.match = match;
  return plan;
}

testing::Trials first_attempts(const InputSampler& inputs, std::uint64_t size) {
  testing::Trials trials;
  for (std::uint64_t i = 0; i < size; ++i) {
    trials.add(inputs, {i, 0, static_cast<std::uint32_t>(i % 2)});
  }
  return trials;
}

}  // namespace

TEST_CASE("every statistic agrees with its definition") {
  const Plan plan = varied_plan(GENERATE(Match::shift, Match::reject));
  const std::vector<Statistic> statistics = all_statistics();
  Sieve sieve(plan, Purpose::run);
  const testing::Trials trials = first_attempts(sieve.inputs(), 150);
  std::size_t visited = 0;
  sieve.visit(trials, [&](std::size_t i, const Candidate& candidate, OrderedSizes& ordered) {
    ++visited;
    const auto sizes = ordered.sizes().log10_flop;
    const Values x(sizes.begin(), sizes.end());
    REQUIRE(x.size() == candidate.inputs.count);
    REQUIRE(x.size() >= 2);
    const double years_on = plan.years[trials[i].address.year_index] - 2023;
    const Year year{candidate.inputs.log10_total, std::log10(2e17) + years_on * std::log10(1.3)};
    for (const Statistic& statistic : statistics) {
      const double found = evaluate(statistic, candidate, ordered);
      CAPTURE(statistic.name(), x.size());
      REQUIRE(found == Approx(expected(statistic, x, year)).epsilon(1e-8).margin(1e-8));
    }
  });
  CHECK(visited == trials.size());
}

/// Whether the definition divides by the spread of sizes, which must not vanish.
bool needs_spread(StatisticKind kind) {
  using enum StatisticKind;
  return kind == skewness || kind == excess_kurtosis || kind == median_skewness ||
         kind == allocation_gradient || kind == allocation_slope || kind == allocation_intercept;
}

TEST_CASE("statistics agree with their definitions under every law of sizes") {
  const std::vector<Statistic> statistics = all_statistics();
  for (const testing::Setting& setting : testing::all_settings()) {
    CAPTURE(setting.name);
    Plan plan = setting.plan;
    plan.money = {2e17, 1.3, plan.years.front(), {}};
    Sieve sieve(plan, Purpose::run);
    sieve.visit(first_attempts(sieve.inputs(), 12), [&](std::size_t, const Candidate& candidate,
                                                        OrderedSizes& ordered) {
      const auto sizes = ordered.sizes().log10_flop;
      const Values x(sizes.begin(), sizes.end());
      const double years_on =
          plan.years[candidate.address.year_index] - static_cast<double>(plan.years.front());
      const Year year{candidate.inputs.log10_total, std::log10(2e17) + years_on * std::log10(1.3)};
      for (const Statistic& statistic : statistics) {
        if (needs_spread(statistic.kind) && x.back() - x.front() < 1e-9) continue;
        CAPTURE(statistic.name(), x.size());
        REQUIRE(evaluate(statistic, candidate, ordered) ==
                Approx(expected(statistic, x, year)).epsilon(1e-8).margin(1e-8));
      }
    });
  }
}

TEST_CASE("counts, selections and single columns need not wait for the sorted sizes") {
  const std::vector<double> thresholds = {-testing::infinity, 20.0, 23.0, 24.0, 25.0, 26.0, 60.0};
  for (const testing::Setting& setting : testing::all_settings()) {
    CAPTURE(setting.name);
    Sieve sieve(setting.plan, Purpose::run);
    sieve.visit(first_attempts(sieve.inputs(), 40), [&](std::size_t, const Candidate&,
                                                        OrderedSizes& ordered) {
      std::vector<std::uint32_t> counts(thresholds.size());
      ordered.count_from(thresholds, counts);
      const auto near = ordered.select_from(23.5);
      const Values selected(near.log10_flop.begin(), near.log10_flop.end());
      const std::vector<std::uint32_t> places(near.places.begin(), near.places.end());
      const auto drawn = ordered.select_from(-testing::infinity).log10_flop;
      Values x(drawn.begin(), drawn.end());
      std::size_t found = 0;
      for (std::uint32_t i = 0; i < x.size(); ++i) {
        if (x[i] < 23.5) continue;
        REQUIRE(found < selected.size());
        REQUIRE(places[found] == i);
        REQUIRE(selected[found++] == x[i]);
      }
      REQUIRE(found == selected.size());
      for (std::size_t t = 0; t < thresholds.size(); ++t) {
        REQUIRE(static_cast<long>(counts[t]) ==
                std::count_if(x.begin(), x.end(), [&](double v) { return v >= thresholds[t]; }));
      }
      std::sort(x.begin(), x.end());
      const auto sorted = ordered.sizes(SizeColumns::log10_flop);
      REQUIRE(Values(sorted.log10_flop.begin(), sorted.log10_flop.end()) == x);
      const Values relative = [&] {
        const auto column = ordered.sizes(SizeColumns::relative).relative;
        return Values(column.begin(), column.end());
      }();
      const kernels::SortedSizes& all = ordered.sizes();
      REQUIRE(Values(all.relative.begin(), all.relative.end()) == relative);
      REQUIRE(relative.size() == x.size());
      REQUIRE(all.log10_cumulative_share.size() == x.size());
    });
  }
}

TEST_CASE("shift meets the total exactly") {
  const Plan plan = varied_plan(Match::shift);
  Sieve sieve(plan, Purpose::run);
  sieve.visit(first_attempts(sieve.inputs(), 300),
              [&](std::size_t, const Candidate& candidate, OrderedSizes& ordered) {
                const auto sizes = ordered.sizes().log10_flop;
                const Values x(sizes.begin(), sizes.end());
                const double sum = static_cast<double>(std::log10(test::total_flop(x)));
                // One part in 10^12 of T is 4e-13 in log10.
                REQUIRE(std::abs(sum - candidate.inputs.log10_total) < 4e-13);
              });
}

TEST_CASE("a single model has the whole total and no shape") {
  Plan plan = testing::plain_plan({2024});
  testing::count_of(plan) = testing::by_candidate(testing::constant(1.0));
  Sieve sieve(plan, Purpose::run);
  const std::vector<std::pair<const char*, double>> expectations = {{"count", 1.0},
                                                                    {"total", 26.0},
                                                                    {"largest", 26.0},
                                                                    {"median", 26.0},
                                                                    {"largest_share", 1.0},
                                                                    {"range", 0.0},
                                                                    {"sd", 0.0},
                                                                    {"skewness", 0.0},
                                                                    {"excess_kurtosis", 0.0},
                                                                    {"gini", 0.0},
                                                                    {"median_skewness", 0.0},
                                                                    {"count_within(1)", 1.0},
                                                                    {"class_count(1)", 0.0}};
  sieve.visit(first_attempts(sieve.inputs(), 1), [&](std::size_t, const Candidate& candidate,
                                                     OrderedSizes& ordered) {
    for (const auto& [name, value] : expectations) {
      CAPTURE(name);
      CHECK(evaluate(parse_statistic(name), candidate, ordered) == Approx(value).margin(1e-9));
    }
    for (const Statistic& statistic : all_statistics()) {
      CAPTURE(statistic.name());
      CHECK(std::isfinite(evaluate(statistic, candidate, ordered)));
    }
  });
}

// The share is that of the definition with the same revenues. Their law: bound of 5 standard
// errors, false alarm 6e-7, since losses of different models are independent.
TEST_CASE("models make a loss where they cost more than their revenue", "[statistical]") {
  Plan plan = varied_plan(Match::shift);
  plan.money.revenue = {testing::law(kernels::Law::lognormal, 16.0, 2.0),
                        testing::law(kernels::Law::lognormal, 18.0, 1.0)};
  const boost::math::lognormal laws[] = {{16.0, 2.0}, {18.0, 1.0}};
  Sieve sieve(plan, Purpose::run);
  double losses = 0.0, expected_losses = 0.0, variance = 0.0;
  const Draws draws(plan.seed, Purpose::run);
  sieve.visit(first_attempts(sieve.inputs(), 200), [&](std::size_t, const Candidate& candidate,
                                                       OrderedSizes& ordered) {
    const auto x = ordered.sizes().log10_flop;
    const boost::math::lognormal& law = laws[candidate.address.year_index];
    const double usd = candidate.address.year_index == 0 ? 2e17 : 2e17 * 1.3 * 1.3 * 1.3;
    double count = 0.0;
    for (std::size_t rank = 0; rank < x.size(); ++rank) {
      const double cost = std::pow(10.0, x[x.size() - 1 - rank]) / usd;
      const double u =
          draws.uniform(Stream::revenue, candidate.address, static_cast<std::uint32_t>(rank));
      if (cost > quantile(law, u)) count += 1.0;
      const double p = cdf(law, cost);
      expected_losses += p;
      variance += p * (1.0 - p);
    }
    const double share = evaluate({StatisticKind::loss_making_share, 0.0}, candidate, ordered);
    REQUIRE(share == Approx(count / static_cast<double>(x.size())));
    losses += count;
  });
  REQUIRE(expected_losses > 1'000.0);
  CHECK(std::abs(losses - expected_losses) < 5.0 * std::sqrt(variance));
}

}  // namespace flopsieve::engine
