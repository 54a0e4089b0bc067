// A number of models whose years share a quantile keeps it where its law leaves what is allowed.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>
#include <vector>

#include "engine/inputs.hpp"
#include "tests/support/small_job.hpp"

namespace {

using namespace flopsieve::test;
namespace engine = flopsieve::engine;

constexpr std::size_t trajectories = 20'000;

/// Numbers of models of two years. Half of the first law rounds to 0 or less, and a fifth of the
/// second is above the largest number that is allowed.
struct Counts {
  std::vector<double> first, second;
};

Counts draw(const std::string& dependence) {
  const engine::Plan plan = round_trip(
      edited(small_job, "count = { uniform = [20, 80] }",
             "count = { " + dependence +
                 ", 2024 = { normal = [0.5, 2000] }, 2025-2026 = { uniform = [0.5, 125000] } }"));
  const engine::InputSampler inputs(plan, engine::Purpose::run);
  Counts counts;
  for (std::uint64_t t = 0; t < trajectories; ++t) {
    const engine::Trajectory trajectory = inputs.trajectory(t);
    counts.first.push_back(inputs.candidate(trajectory, {t, 0, 0}).count);
    counts.second.push_back(inputs.candidate(trajectory, {t, 0, 1}).count);
  }
  return counts;
}

std::vector<double> ranks(const std::vector<double>& x) {
  std::vector<std::size_t> order(x.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return x[a] < x[b]; });
  std::vector<double> result(x.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    result[order[i]] = (static_cast<double>(i) + 0.5) / static_cast<double>(x.size());
  }
  return result;
}

/// Spearman's.
double rank_correlation(const Counts& counts) {
  const std::vector<double> a = ranks(counts.first), b = ranks(counts.second);
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - 0.5) * (b[i] - 0.5);
  return 12.0 * sum / static_cast<double>(a.size());
}

}  // namespace

TEST_CASE("a shared number of models has one quantile in all years") {
  const Counts counts = draw("scope = \"trajectory\"");
  std::vector<std::size_t> order(trajectories);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(counts.second[a], counts.first[a]) <
           std::pair(counts.second[b], counts.first[b]);
  });
  for (std::size_t i = 1; i < trajectories; ++i) {
    // Equal numbers of the second year, 1 in 100,000 of its quantiles, may differ in the first.
    REQUIRE(counts.first[order[i - 1]] <= counts.first[order[i]]);
  }
  const auto [least, most] = std::minmax_element(counts.second.begin(), counts.second.end());
  CHECK(*least >= 1.0);
  CHECK(*most <= 100'000.0);
  CHECK(*most > 99'900.0);  // of 20,000 uniform ones: but for exp(-20)
}

// Spearman's correlation of a Gaussian copula is 6 / pi asin(rho / 2); its estimate from n pairs
// has a standard error below 1 / sqrt(n). 5 of them: false alarm 6e-7. Seed fixed beforehand.
TEST_CASE("a correlated number of models has the rank correlation of its copula", "[statistical]") {
  const double expected = 6.0 / M_PI * std::asin(0.4);
  CHECK(std::abs(rank_correlation(draw("year_correlation = 0.8")) - expected) <
        5.0 / std::sqrt(static_cast<double>(trajectories)));
}
