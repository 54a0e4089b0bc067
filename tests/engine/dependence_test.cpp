// How an uncertain input depends on its values in other years: scope and year_correlation.

#include <boost/math/distributions/normal.hpp>
#include <catch2/catch.hpp>
#include <cmath>

#include "tests/engine/support/runs.hpp"
#include "tests/engine/support/samples.hpp"
#include "tests/support/kolmogorov.hpp"

namespace flopsieve::engine {
namespace {

using testing::uniform;

constexpr std::uint64_t trajectories = 40'000;

/// One model a year, of which sd() is the uncertain input: its law differs between the years, so
/// that only its latent normal score can be what they have in common.
Plan dependent_plan(Scope scope, double correlation) {
  Plan plan = testing::plain_plan({2024, 2025, 2028});
  plan.seed = 20;
  testing::sd_of(plan) = {scope,
                          correlation,
                          {uniform(1.0, 2.0), testing::normal(5.0, 0.5),
                           testing::law(kernels::Law::lognormal, 0.5, 0.3)}};
  return plan;
}

/// The normal score of the input in a year: what it was made from, by the law's own formula.
double score(std::uint32_t year, double sd) {
  if (year == 0) return boost::math::quantile(boost::math::normal(), sd - 1.0);
  if (year == 1) return (sd - 5.0) / 0.5;
  return (std::log(sd) - 0.5) / 0.3;
}

/// [year, trajectory] scores of the candidates of one attempt.
std::vector<std::vector<double>> scores(const Plan& plan, std::uint64_t attempt) {
  const InputSampler inputs(plan, Purpose::run);
  std::vector<std::vector<double>> all(3);
  for (std::uint64_t t = 0; t < trajectories; ++t) {
    const Trajectory trajectory = inputs.trajectory(t);
    for (std::uint32_t year = 0; year < 3; ++year) {
      const CandidateInputs drawn = inputs.candidate(trajectory, {t, attempt, year});
      all[year].push_back(score(year, drawn.parameters[1]));
    }
  }
  return all;
}

/// The mean product of scores: their correlation, as their means are 0 and their variances 1.
double mean_product(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum / static_cast<double>(a.size());
}

}  // namespace

// The mean product of n pairs of correlation rho has variance (1 + rho^2) / n. Bounds of 5 standard
// errors (5 x 6 comparisons) and Kolmogorov distances (15 laws, 1e-6 each): false alarm 4e-5. Seed
// fixed beforehand.
TEST_CASE("the years' normal scores have the correlation asked for, and each year its own law",
          "[statistical]") {
  const double rho = GENERATE(0.0, 0.3, 0.8, 1.0);
  const Scope scope = rho == 1.0 ? GENERATE(Scope::candidate, Scope::trajectory) : Scope::candidate;
  CAPTURE(rho, scope == Scope::trajectory);
  const Plan plan = dependent_plan(scope, scope == Scope::trajectory ? 0.0 : rho);
  const auto first = scores(plan, 0);
  const auto second = scores(plan, 1);
  const double error = std::sqrt((1.0 + rho * rho) / trajectories);
  for (std::size_t year = 0; year < 3; ++year) {
    CHECK(test::kolmogorov(first[year], testing::normal_cumulative) < test::kolmogorov_bound);
    CHECK(std::abs(mean_product(first[year], first[(year + 1) % 3]) - rho) < 5.0 * error);
    // Attempts share what the years share.
    CHECK(std::abs(mean_product(first[year], second[year]) - rho) < 5.0 * error);
  }
  if (rho < 1.0) return;
  for (std::size_t t = 0; t < trajectories; ++t) {
    REQUIRE(std::abs(first[0][t] - first[1][t]) < 1e-6);
    REQUIRE(std::abs(first[0][t] - first[2][t]) < 1e-6);
    REQUIRE(first[1][t] == second[1][t]);
  }
}

namespace {

/// k is uniform on 1, 2, 3, 4 and the count constraint wants at least 3 in the second year.
Plan selecting_plan(Scope scope, double correlation) {
  Plan plan = testing::plain_plan({2024, 2025});
  plan.seed = 21;
  plan.trajectories = 20'000;
  plan.batch_trajectories = 2'000;
  plan.attempts = 200;
  testing::set_no_total(plan);
  testing::set_sizes(plan, SizeFamily::normal, {25.0, 1.0});
  testing::count_of(plan) = {scope, correlation, {uniform(0.5, 4.5), uniform(0.5, 4.5)}};
  testing::add_constraint(plan, testing::bounded("largest", 25.0, 28.0, 2));
  plan.outputs.statistics = {parse_statistic("count")};
  plan.outputs.keep = Keep::statistics;
  return plan;
}

std::vector<double> shares_of_count(const testing::WholeRun& run, std::size_t year) {
  std::vector<double> shares(4, 0.0);
  for (std::size_t row = 0; row < run.rows(); ++row) {
    shares[static_cast<std::size_t>(run.columns.statistics[2 * row + year]) - 1] +=
        1.0 / static_cast<double>(run.rows());
  }
  return shares;
}

}  // namespace

// P(the largest of k normal sizes about 25 lies in [25, 28]) = Phi(3)^k - 2^-k. The survivors of an
// input drawn for each candidate have k weighted by it; one of trajectory scope keeps its prior.
// 16 bounds of 5 standard errors: false alarm 1e-5.
TEST_CASE("rejection re-selects what candidates draw anew, and nothing that a trajectory holds",
          "[statistical]") {
  const Scope scope = GENERATE(Scope::candidate, Scope::trajectory);
  CAPTURE(scope == Scope::trajectory);
  const testing::WholeRun run = testing::run_all(selecting_plan(scope, 0.0));
  REQUIRE(run.rows() == 20'000);
  std::vector<double> expected(4, 0.25);
  if (scope == Scope::candidate) {
    double sum = 0.0;
    for (int k = 1; k <= 4; ++k) {
      expected[static_cast<std::size_t>(k - 1)] =
          std::pow(testing::normal_cumulative(3.0), k) - std::pow(0.5, k);
      sum += expected[static_cast<std::size_t>(k - 1)];
    }
    for (double& share : expected) share /= sum;
  }
  for (std::size_t year = 0; year < 2; ++year) {
    const std::vector<double> found = shares_of_count(run, year);
    for (std::size_t k = 0; k < 4; ++k) {
      const double error = std::sqrt(expected[k] * (1.0 - expected[k]) / 20'000.0);
      CHECK(std::abs(found[k] - expected[k]) < 5.0 * error);
    }
  }
  for (std::size_t row = 0; scope == Scope::trajectory && row < run.rows(); ++row) {
    REQUIRE(run.columns.statistics[2 * row] == run.columns.statistics[2 * row + 1]);
  }
}

}  // namespace flopsieve::engine
