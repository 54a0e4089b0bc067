// Every law of sizes as the sieve draws it, parameters and frames included, against its closed
// form. Sizes are those that visit() shows, in log10 FLOP.

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/skew_normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/sieve.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/engine/support/samples.hpp"
#include "tests/support/kolmogorov.hpp"
#include "tests/support/targets.hpp"

namespace flopsieve::engine {
namespace {

namespace bm = boost::math;
using testing::by_candidate;
using testing::constant;
using testing::uniform;

struct Case {
  std::string name;
  Plan plan;
  std::function<double(double)> cdf;  ///< of one size
  double location;                    ///< about which the sizes of the mutant are stretched
};

/// Sizes alone: nothing rejects.
Plan sizes_plan(SizeFamily family, const std::vector<Distribution>& parameters,
                double count = 3.0) {
  Plan plan = testing::plain_plan({2024});
  plan.seed = 61;
  plan.total.model = TotalModel::implied;
  plan.total.parameters.clear();
  plan.matching = {Match::none, 0.0, {}};
  testing::count_of(plan) = by_candidate(constant(count));
  plan.sizes.family = family;
  plan.sizes.parameters.clear();
  for (const Distribution& each : parameters) plan.sizes.parameters.push_back(by_candidate(each));
  return plan;
}

double normal_cdf(double z) {
  return bm::cdf(bm::normal_distribution<>(), z);
}

Case normal_case() {
  return {"normal", sizes_plan(SizeFamily::normal, {constant(24.0), constant(1.3)}),
          [](double x) { return normal_cdf((x - 24.0) / 1.3); }, 24.0};
}

/// One size per candidate, sd uniform on [0.5, 2]: the law by the midpoint rule over sd.
Case random_sd_case() {
  return {"normal with a random sd",
          sizes_plan(SizeFamily::normal, {constant(24.0), uniform(0.5, 2.0)}, 1.0),
          [](double x) {
            double sum = 0.0;
            for (int i = 0; i < 40; ++i) sum += normal_cdf((x - 24.0) / (0.5 + 0.0375 * (i + 0.5)));
            return sum / 40.0;
          },
          24.0};
}

/// Mean, sd and skewness solved for Azzalini's parameters.
Case moments_case(double skewness) {
  const double pi = std::acos(-1.0);
  const double power = std::pow(std::abs(skewness), 2.0 / 3.0);
  const double delta_squared = 0.5 * pi * power / (power + std::pow(0.5 * (4.0 - pi), 2.0 / 3.0));
  const double delta = std::copysign(std::sqrt(delta_squared), skewness);
  const double omega = 1.2 / std::sqrt(1.0 - 2.0 * delta_squared / pi);
  const bm::skew_normal_distribution<> law(24.0 - omega * delta * std::sqrt(2.0 / pi), omega,
                                           delta / std::sqrt(1.0 - delta_squared));
  return {"skew_normal " + std::to_string(skewness),
          sizes_plan(SizeFamily::skew_normal, {constant(24.0), constant(1.2), constant(skewness)}),
          [law](double x) { return bm::cdf(law, x); }, 24.0};
}

Case direct_case(double shape) {
  const bm::skew_normal_distribution<> law(24.0, 1.2, shape);
  return {
      "skew_normal direct " + std::to_string(shape),
      sizes_plan(SizeFamily::skew_normal_direct, {constant(24.0), constant(1.2), constant(shape)}),
      [law](double x) { return bm::cdf(law, x); }, 24.0};
}

Case truncated_case(double mean) {
  const auto below = [mean](double x) { return normal_cdf((x - mean) / 1.5); };
  return {"truncated_normal " + std::to_string(mean),
          sizes_plan(SizeFamily::truncated_normal,
                     {constant(mean), constant(1.5), constant(22.0), constant(25.0)}),
          [below](double x) {
            if (x <= 22.0) return 0.0;
            return x >= 25.0 ? 1.0 : (below(x) - below(22.0)) / (below(25.0) - below(22.0));
          },
          23.5};
}

Case uniform_case() {
  return {"uniform", sizes_plan(SizeFamily::uniform, {constant(21.5), constant(26.0)}),
          [](double x) { return std::clamp((x - 21.5) / 4.5, 0.0, 1.0); }, 23.75};
}

/// Two weights: one uniform on [0, 2], one 1. Its expected share is 1 - ln(3) / 2.
Case mixture_case() {
  Plan plan = sizes_plan(SizeFamily::mixture, {constant(24.0)}, 1.0);
  plan.sizes.components = {
      {by_candidate(uniform(0.0, 2.0)), by_candidate(constant(-1.5)), by_candidate(constant(0.5))},
      {by_candidate(constant(1.0)), by_candidate(constant(1.0)), by_candidate(constant(0.9))}};
  const double share = 1.0 - 0.5 * std::log(3.0);
  return {"mixture", plan,
          [share](double x) {
            return share * normal_cdf((x - 22.5) / 0.5) +
                   (1.0 - share) * normal_cdf((x - 25.0) / 0.9);
          },
          24.0};
}

Case student_case(double degrees) {
  const bm::students_t_distribution<> law(degrees);
  return {"student_t " + std::to_string(degrees),
          sizes_plan(SizeFamily::student_t, {constant(24.0), constant(0.7), constant(degrees)}),
          [law](double x) { return bm::cdf(law, (x - 24.0) / 0.7); }, 24.0};
}

/// Centres -1, 0, 2 with weights .5, .3, .2 and bandwidth .4: mean -.1, variance 1.29 + .16.
Case empirical_case() {
  Plan plan = sizes_plan(SizeFamily::empirical, {constant(24.0), constant(1.1)});
  const double sd = std::sqrt(1.45);
  plan.sizes.kernel = {{-1.0, 0.0, 2.0}, {0.5, 0.8, 1.0}, 0.4, -0.1, sd};
  return {"empirical", plan,
          [sd](double x) {
            const double y = (x - 24.0) / 1.1 * sd - 0.1;
            return 0.5 * normal_cdf((y + 1.0) / 0.4) + 0.3 * normal_cdf(y / 0.4) +
                   0.2 * normal_cdf((y - 2.0) / 0.4);
          },
          24.0};
}

/// Density of m proportional to m^(a - 2), so m^(a - 1) is linear in the probability.
Case power_case(double gradient) {
  return {"power_law " + std::to_string(gradient),
          sizes_plan(SizeFamily::power_law, {constant(gradient), constant(21.0), constant(26.0)}),
          [gradient](double x) {
            const double at = std::clamp(x, 21.0, 26.0) - 26.0;
            if (gradient == 1.0) return (at + 5.0) / 5.0;
            const double lowest = std::pow(10.0, -5.0 * (gradient - 1.0));
            return (std::pow(10.0, at * (gradient - 1.0)) - lowest) / (1.0 - lowest);
          },
          23.5};
}

std::vector<Case> cases() {
  return {normal_case(),     random_sd_case(), moments_case(-0.9),   moments_case(0.6),
          direct_case(-3.0), direct_case(0.5), truncated_case(24.0), truncated_case(29.0),
          uniform_case(),    mixture_case(),   student_case(2.5),    student_case(12.0),
          empirical_case(),  power_case(0.8),  power_case(1.0),      power_case(1.15)};
}

/// The sizes of the first candidates, one after the other.
std::vector<double> sizes_of(const Plan& plan, std::uint64_t candidates) {
  constexpr std::uint64_t tile = 4096;
  Sieve sieve(plan, Purpose::run);
  std::vector<double> all;
  for (std::uint64_t first = 0; first < candidates; first += tile) {
    testing::Trials trials;
    for (std::uint64_t i = first; i < std::min(first + tile, candidates); ++i) {
      trials.add(sieve.inputs(), {i, 0, 0});
    }
    std::vector<std::vector<double>> found(trials.size());
    sieve.visit(trials, [&](std::size_t i, const Candidate&, OrderedSizes& ordered) {
      const auto sizes = ordered.sizes().log10_flop;
      found[i].assign(sizes.begin(), sizes.end());
    });
    for (const auto& sizes : found) all.insert(all.end(), sizes.begin(), sizes.end());
  }
  return all;
}

Plan grid_plan() {
  return sizes_plan(SizeFamily::grid, {constant(22.0), constant(24.0), constant(0.1)});
}

}  // namespace

// kolmogorov_bound has a false alarm of 1e-6 for each of 16 laws. Sizes 3 % wider exceed it.
TEST_CASE("sizes have the law of their family", "[statistical]") {
  for (const Case& each : cases()) {
    INFO(each.name);
    const double k = each.plan.count.parameters[0].years[0].arguments[0].value;
    std::vector<double> sizes = sizes_of(each.plan, static_cast<std::uint64_t>(600'000.0 / k));
    CHECK(test::kolmogorov(sizes, each.cdf) < test::kolmogorov_bound);
    for (double& x : sizes) x = each.location + 1.03 * (x - each.location);
    CHECK(test::kolmogorov(sizes, each.cdf) > test::kolmogorov_bound);
  }
}

// 21 points with equal probabilities; chi-square at 1e-6.
TEST_CASE("a grid has each of its points as often", "[statistical]") {
  std::map<long, double> seen;
  const std::vector<double> sizes = sizes_of(grid_plan(), 40'960);
  for (const double x : sizes) {
    const long point = std::lround(10.0 * x);
    REQUIRE(x == Approx(0.1 * static_cast<double>(point)).epsilon(1e-13));
    seen[point] += 1.0;
  }
  REQUIRE(seen.size() == 21);
  CHECK(seen.begin()->first == 220);
  CHECK(seen.rbegin()->first == 240);
  std::vector<double> counts;
  for (const auto& [point, count] : seen) counts.push_back(count);
  CHECK(testing::chi_square_p(counts, std::vector<double>(counts.size(), 1.0)) > 1e-6);
}

TEST_CASE("sizes of every family have the same bits on every instruction set") {
  std::vector<Case> all = cases();
  all.push_back({"grid", grid_plan(), {}, 0.0});
  Plan last = all.front().plan;
  last.matching = {Match::last, 0.5, {0.0}};
  last.total.model = TotalModel::table;
  last.total.parameters = {by_candidate(constant(25.0))};
  all.push_back({"last", last, {}, 0.0});
  const test::RestoreTarget restore;
  for (const Case& each : all) {
    INFO(each.name);
    REQUIRE(kernels::force_target(kernels::Target::scalar));
    const std::vector<double> expected = sizes_of(each.plan, 500);
    for (const auto target : test::targets_to_test()) {
      REQUIRE(kernels::force_target(target));
      REQUIRE(sizes_of(each.plan, 500) == expected);
    }
  }
}

}  // namespace flopsieve::engine
