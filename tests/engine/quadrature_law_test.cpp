// Two and three sizes that add up to a total, sampled by every method: P(constraints) and the law
// of the largest share against quadrature of their density, written from the definition.
//
// The sizes are normal, their mean too, so that they are jointly normal with equal correlations.
// With x3 the largest and d its distances from the others, (x1, x2, x3) -> (d1, d2, log10 sum) has
// the Jacobian 1.

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "engine/size_law.hpp"
#include "engine/split_year.hpp"
#include "tests/engine/support/plans.hpp"
#include "tests/engine/support/samples.hpp"
#include "tests/engine/support/tilts.hpp"

namespace flopsieve::engine {
namespace {

using testing::by_candidate;

constexpr double centre = 24.0;  ///< of the mean
constexpr double mean_sd = 0.5;  ///< of the mean
constexpr double size_sd = 0.8;  ///< of the sizes about it
constexpr double total = 26.3;   ///< log10 FLOP
constexpr double tolerance = 0.05;
constexpr double normal_peak = 0.3989422804014327;
constexpr std::size_t cells = 8;

/// The density of sizes at these distances above the centre.
template <std::size_t k>
double density(const std::array<double, k>& y) {
  constexpr double a = size_sd * size_sd;
  constexpr double b = mean_sd * mean_sd;
  double sum = 0.0, squares = 0.0;
  for (const double each : y) {
    sum += each;
    squares += each * each;
  }
  const double exponent = squares / a - b / (a * (a + k * b)) * sum * sum;
  const double determinant = std::pow(a, k - 1.0) * (a + k * b);
  return std::pow(normal_peak, k) / std::sqrt(determinant) * std::exp(-0.5 * exponent);
}

/// Of log10 of the sum at t, by cells of the largest share between 1 / k and 1.
struct Masses {
  std::vector<double> shares = std::vector<double>(cells, 0.0);
  double all = 0.0;

  void add(std::size_t k, double share, double mass) {
    shares[cell(k, share)] += mass;
    all += mass;
  }
  static std::size_t cell(std::size_t k, double share) {
    const double least = 1.0 / static_cast<double>(k);
    const double part = (share - least) / (1.0 - least) * cells;
    return std::min(cells - 1, static_cast<std::size_t>(std::max(part, 0.0)));
  }
};

constexpr double step = 0.01;
constexpr double farthest = 8.0;

/// Adds that of a sum at t, times a weight.
void add_masses(std::size_t k, double t, double weight, Masses& masses) {
  for (double d1 = 0.5 * step; d1 < farthest; d1 += step) {
    const double first = std::pow(10.0, -d1);
    if (k == 2) {
      const double x = t - std::log10(1.0 + first) - centre;
      masses.add(2, 1.0 / (1.0 + first), 2.0 * weight * step * density(std::array{x, x - d1}));
      continue;
    }
    for (double d2 = 0.5 * step; d2 < farthest; d2 += step) {
      const double sum = 1.0 + first + std::pow(10.0, -d2);
      const double x = t - std::log10(sum) - centre;
      masses.add(3, 1.0 / sum, 3.0 * weight * step * step * density(std::array{x, x - d1, x - d2}));
    }
  }
}

/// Of the window of the total: Simpson's rule, far more exact than any sample.
Masses window_masses(std::size_t k) {
  const double low = total + std::log10(1.0 - tolerance);
  const double high = total + std::log10(1.0 + tolerance);
  Masses masses;
  add_masses(k, low, (high - low) / 6.0, masses);
  add_masses(k, 0.5 * (low + high), (high - low) / 1.5, masses);
  add_masses(k, high, (high - low) / 6.0, masses);
  return masses;
}

Plan job(std::size_t k) {
  Plan plan = testing::job(SizeFamily::normal, static_cast<double>(k), total, {centre, size_sd});
  testing::mean_of(plan) = by_candidate(testing::normal(centre, mean_sd));
  plan.matching = {Match::reject, tolerance, {}};
  return plan;
}

struct Found {
  std::vector<double> shares = std::vector<double>(cells, 0.0);
  double survivors = 0.0;
  double p = 0.0;
  double error = 0.0;  ///< standard error of p

  void add(const Candidate& candidate, OrderedSizes& ordered) {
    const double share = evaluate(parse_statistic("largest_share"), candidate, ordered);
    shares[Masses::cell(candidate.inputs.count, share)] += 1.0;
    survivors += 1.0;
  }
};

/// Attempts of one trajectory, until there are enough survivors.
Found by_attempts(const Plan& plan) {
  constexpr std::uint64_t tile = 4096;
  Sieve sieve(plan, Purpose::run);
  const Trajectory trajectory = sieve.inputs().trajectory(0);
  Found found;
  std::uint64_t candidates = 0;
  while (found.survivors < 4000.0 && candidates < 1000 * tile) {
    std::vector<Trial> trials, kept;
    for (std::uint64_t i = 0; i < tile; ++i) {
      trials.push_back({&trajectory, {0, candidates + i, 0}});
    }
    std::vector<Verdict> verdicts(tile);
    sieve.judge(trials, verdicts);
    for (std::size_t i = 0; i < tile; ++i) {
      if (verdicts[i].survives) kept.push_back(trials[i]);
    }
    sieve.visit(kept, [&](std::size_t, const Candidate& c, OrderedSizes& o) { found.add(c, o); });
    candidates += tile;
  }
  found.p = found.survivors / static_cast<double>(candidates);
  found.error = std::sqrt(found.p / static_cast<double>(candidates));
  if (is_tilted(plan.sampling.method)) {
    const testing::Share share = testing::estimate(plan, candidates);
    found.p = share.p;
    found.error = share.error;
  }
  return found;
}

/// One survivor of each of 300 populations.
Found by_split(const Plan& plan) {
  constexpr std::uint64_t populations = 300;
  const InputSampler sampler(plan, Purpose::run);
  const Trajectory trajectory = sampler.trajectory(0);
  SplitYear year(sampler, trajectory, 0);
  Found found;
  double squares = 0.0;
  for (std::uint64_t i = 0; i < populations; ++i) {
    const SplitResult result = split(year.problem(), {}, sampler.draws(), {i, 0, 0});
    found.p += result.probability / populations;
    squares += result.probability * result.probability / populations;
    found.add(*year.candidate(result.survivor), year.ordered());
  }
  found.error = std::sqrt((squares - found.p * found.p) / populations);
  return found;
}

/// `factor`: how many candidates of the job's law stand for one that is drawn; `bias`: of p,
/// relative.
void check(const Found& found, const Masses& masses, double factor, double bias = 0.0) {
  const double p = found.p * factor;
  CAPTURE(p, found.error * factor, masses.all, found.survivors);
  CHECK(found.error < 0.05 * found.p);
  CHECK(std::abs(p - masses.all) < 5.0 * found.error * factor + bias * masses.all);
  CHECK(testing::chi_square_p(found.shares, masses.shares) > 1e-6);
}

}  // namespace

// Twelve probabilities with a bound of 5 standard errors (5.7e-7 each) and twelve chi-square tests
// (1e-6 each): a right build fails with 2e-5. Splits have a bias of order 1 / 512; 2 % is allowed.
TEST_CASE("Two and three sizes of a known sum have the law of quadrature, by every method",
          "[statistical]") {
  for (const std::size_t k : {2u, 3u}) {
    const Masses window = window_masses(k);
    Plan plan = job(k);
    for (const Method method : {Method::reject, Method::truncate, Method::tilt}) {
      INFO("k = " << k << ", " << name(method));
      check(by_attempts(testing::with_method(plan, method)), window, 1.0);
    }
    {
      INFO("k = " << k << ", split");
      check(by_split(testing::with_method(plan, Method::split)), window, 1.0, 0.02);
    }
    {
      INFO("k = " << k << ", last");
      const double peak = normal_peak / size_sd;
      plan.matching = {Match::last, tolerance, {0.0}, {peak}};
      check(by_attempts(plan), window, last_weight_bound(static_cast<double>(k), tolerance, peak));
    }
    INFO("k = " << k << ", shift");
    Masses exact;
    add_masses(k, total, 1.0, exact);
    plan.matching = {Match::shift, 0.0, {normal_peak / mean_sd}};
    check(by_attempts(plan), exact, normal_peak / mean_sd);
  }
}

}  // namespace flopsieve::engine
