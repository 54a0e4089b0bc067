#include "engine/split.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/error.hpp"
#include "kernels/math.hpp"

namespace flopsieve::engine {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// The level of the uniform that chooses the survivor.
constexpr std::uint32_t choice_level = 255;

constexpr double smallest_step = 0.01;

Address draws_address(const SplitAddress& address, const SplitPlace& place) {
  const std::uint64_t attempt = std::uint64_t{address.replicate} << 39 |
                                std::uint64_t{place.level} << 31 |
                                std::uint64_t{place.particle} << 15 | place.step;
  return {address.trajectory, attempt, address.year_index};
}

/// All of the event is equally good, and what cannot be measured is as bad as can be.
double distance(double violation) {
  return std::isnan(violation) ? infinity : std::max(violation, 0.0);
}

/// Levels are open, the event is closed. Violations are not negative.
bool is_within(double violation, double threshold) {
  return violation < threshold || violation <= 0.0;
}

void check(const SplitRule& rule) {
  const bool good = rule.population >= 16 && rule.population <= 65'536 && rule.kept > 0.0 &&
                    rule.kept < 1.0 && rule.moves >= 1 && rule.moves <= 32'768 &&
                    rule.final_moves <= 32'768 && rule.most_levels <= 250 &&
                    rule.first_step > 0.0 && rule.first_step <= 1.0;
  if (!good) throw Error(ExitCode::bug, "splitting: a number of the rule is out of range");
}

/// A population and what it is made of: `chains` chains, whose states of generation g stand at
/// g * chains onwards, in the order of the chains.
class Splitting {
 public:
  Splitting(const SplitProblem& problem, const SplitRule& rule, const Draws& draws,
            const SplitAddress& address)
      : problem_(problem), rule_(rule), draws_(draws), address_(address) {}

  SplitResult run();

 private:
  void draw_prior();
  double next_threshold() const;
  void measure(SplitLevel& level) const;
  double chain_correlation(const std::vector<std::uint8_t>& kept, double fraction) const;
  void regrow(const SplitLevel& level);
  void adapt();
  void finish();

  const SplitProblem& problem_;
  const SplitRule& rule_;
  const Draws& draws_;
  SplitAddress address_;
  std::size_t chains_ = 0;
  std::vector<double> points_;  ///< [particle, dimension]
  std::vector<double> violations_;
  double step_ = 0.0;        ///< of the moves that filled this population
  double acceptance_ = 1.0;  ///< of these moves
  SplitResult result_;
};

void Splitting::draw_prior() {
  const std::size_t dimension = problem_.dimension;
  points_.resize(rule_.population * dimension);
  violations_.resize(rule_.population);
  for (std::uint32_t i = 0; i < rule_.population; ++i) {
    draw_normals(draws_, address_, {0, i, 0}, std::span(points_).subspan(i * dimension, dimension));
  }
  problem_.violations(points_, violations_);
  for (double& each : violations_) each = distance(each);
  chains_ = rule_.population;
}

/// The violation of the first point that is not among the wanted: given it, the others are draws
/// from below it, and wanted / population is unbiased for their probability (the closed level of
/// the last point that is wanted would make every fraction too large by about 1 / wanted). The next
/// larger violation where so many are tied that nothing is below.
double Splitting::next_threshold() const {
  std::vector<double> sorted = violations_;
  std::sort(sorted.begin(), sorted.end());
  const auto wanted = static_cast<std::size_t>(std::ceil(rule_.kept * rule_.population));
  const double threshold = sorted[std::min(wanted, sorted.size() - 1)];
  if (sorted[wanted - 1] <= 0.0) return 0.0;
  if (sorted.front() < threshold) return threshold;
  const auto larger = std::upper_bound(sorted.begin(), sorted.end(), threshold);
  if (larger != sorted.end()) return *larger;
  throw Error(ExitCode::budget,
              fmt::format("splitting: all {} points of level {} are equally far from the "
                          "constraints, so nothing leads into them; raise the population, or use "
                          "statistics that vary from candidate to candidate",
                          rule_.population, result_.levels.size()));
}

/// Fills in the fraction of the population within the threshold, and gamma.
void Splitting::measure(SplitLevel& level) const {
  std::vector<std::uint8_t> kept(violations_.size());
  std::size_t count = 0;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    kept[i] = is_within(violations_[i], level.threshold) ? 1 : 0;
    count += kept[i];
  }
  level.fraction = static_cast<double>(count) / static_cast<double>(kept.size());
  level.gamma = chain_correlation(kept, level.fraction);
}

/// Au and Beck's gamma: twice the correlations of the kept flags along the chains, each times the
/// number of its pairs per particle. Never below 0: estimates from few chains scatter.
double Splitting::chain_correlation(const std::vector<std::uint8_t>& kept, double fraction) const {
  if (fraction >= 1.0) return 0.0;
  double sum = 0.0;
  for (std::size_t lag = chains_; lag < kept.size(); lag += chains_) {
    std::size_t both = 0;
    for (std::size_t i = lag; i < kept.size(); ++i) both += kept[i] * std::size_t{kept[i - lag]};
    const auto pairs = static_cast<double>(kept.size() - lag);
    sum += static_cast<double>(both) - pairs * fraction * fraction;
  }
  const auto size = static_cast<double>(kept.size());
  return std::max(0.0, 2.0 * sum / (size * fraction * (1.0 - fraction)));
}

/// Keeps the points within the level and fills the population up with the chains that start there.
void Splitting::regrow(const SplitLevel& level) {
  const std::size_t dimension = problem_.dimension;
  chains_ = 0;
  for (std::size_t i = 0; i < violations_.size(); ++i) {
    if (!is_within(violations_[i], level.threshold)) continue;
    std::copy_n(points_.begin() + static_cast<std::ptrdiff_t>(i * dimension), dimension,
                points_.begin() + static_cast<std::ptrdiff_t>(chains_ * dimension));
    violations_[chains_++] = violations_[i];
  }
  std::uint64_t accepted = 0;
  const auto place = static_cast<std::uint32_t>(result_.levels.size());
  for (std::size_t first = chains_; first < violations_.size(); first += chains_) {
    const std::size_t size = std::min(chains_, violations_.size() - first);
    const auto points = std::span(points_).subspan(first * dimension, size * dimension);
    const auto violations = std::span(violations_).subspan(first, size);
    std::copy_n(points_.begin() + static_cast<std::ptrdiff_t>((first - chains_) * dimension),
                points.size(), points.begin());
    std::copy_n(violations_.begin() + static_cast<std::ptrdiff_t>(first - chains_), size,
                violations.begin());
    for (std::uint32_t i = 0; i < rule_.moves; ++i) {
      const SplitMove move{
          address_, {place, static_cast<std::uint32_t>(first), i}, level.threshold, step_};
      accepted += move_chains(problem_, draws_, move, points, violations);
    }
  }
  const auto made = static_cast<double>((violations_.size() - chains_) * rule_.moves);
  acceptance_ = made > 0.0 ? static_cast<double>(accepted) / made : 1.0;
}

/// The step of the next level.
void Splitting::adapt() {
  if (step_ == 0.0) {
    step_ = rule_.first_step;
  } else {
    const double factor = kernels::exponential(2.0 * (acceptance_ - rule_.accepted));
    step_ = std::clamp(step_ * factor, smallest_step, 1.0);
  }
}

/// Chooses among the points in the event and moves the chosen on, within the event: what is left of
/// its likeness to the others, and to the levels before, fades.
void Splitting::finish() {
  std::vector<std::uint32_t> inside;
  for (std::uint32_t i = 0; i < violations_.size(); ++i) {
    if (violations_[i] <= 0.0) inside.push_back(i);
  }
  const double u =
      draws_.uniform(Stream::splitting, draws_address(address_, {choice_level, 0, 0}), 0);
  const auto place = static_cast<std::size_t>(u * static_cast<double>(inside.size()));
  result_.particle = inside[std::min(place, inside.size() - 1)];
  const std::size_t dimension = problem_.dimension;
  const auto chosen = std::span(points_).subspan(result_.particle * dimension, dimension);
  result_.survivor.assign(chosen.begin(), chosen.end());
  double violation = 0.0;
  const auto level = static_cast<std::uint32_t>(result_.levels.size());
  adapt();
  for (std::uint32_t i = 0; i < rule_.final_moves; ++i) {
    const SplitMove move{address_, {level, 0, i}, 0.0, step_};
    move_chains(problem_, draws_, move, result_.survivor, std::span(&violation, 1));
  }
}

SplitResult Splitting::run() {
  draw_prior();
  double variance = 0.0;
  result_.probability = 1.0;
  while (true) {
    SplitLevel level{.threshold = next_threshold(), .step = step_, .acceptance = acceptance_};
    measure(level);
    result_.levels.push_back(level);
    result_.probability *= level.fraction;
    variance += (1.0 - level.fraction) * (1.0 + level.gamma) /
                (static_cast<double>(rule_.population) * level.fraction);
    if (level.threshold <= 0.0) break;
    if (result_.levels.size() >= rule_.most_levels) {
      throw Error(ExitCode::budget,
                  fmt::format("splitting: {} levels do not reach the constraints; the best "
                              "candidates are at a violation of {:.3g}",
                              rule_.most_levels, level.threshold));
    }
    adapt();
    regrow(level);
  }
  result_.variation = std::sqrt(variance);
  finish();
  return std::move(result_);
}

}  // namespace

void draw_normals(const Draws& draws, const SplitAddress& address, const SplitPlace& place,
                  std::span<double> normals) {
  kernels::Counter at = draws.counter(Stream::splitting, draws_address(address, place));
  for (std::size_t i = 0; i < normals.size(); i += 2) {
    at[0] = static_cast<std::uint32_t>(i / 2);
    const kernels::Words words = kernels::philox(at, draws.key());
    normals[i] = kernels::normal_quantile(kernels::open_uniform(words[0], words[1]));
    if (i + 1 == normals.size()) break;
    normals[i + 1] = kernels::normal_quantile(kernels::open_uniform(words[2], words[3]));
  }
}

void propose(std::span<const double> point, std::span<const double> noise, double step,
             std::span<double> proposal) {
  const double kept = std::sqrt(1.0 - step * step);
  for (std::size_t i = 0; i < point.size(); ++i) {
    proposal[i] = kept * point[i] + step * noise[i];
  }
}

std::uint64_t move_chains(const SplitProblem& problem, const Draws& draws, const SplitMove& move,
                          std::span<double> points, std::span<double> violations) {
  const std::size_t dimension = problem.dimension;
  std::vector<double> noise(dimension);
  std::vector<double> proposals(points.size());
  std::vector<double> found(violations.size());
  for (std::size_t i = 0; i < violations.size(); ++i) {
    SplitPlace place = move.first;
    place.particle += static_cast<std::uint32_t>(i);
    draw_normals(draws, move.address, place, noise);
    propose(points.subspan(i * dimension, dimension), noise, move.step,
            std::span(proposals).subspan(i * dimension, dimension));
  }
  problem.violations(proposals, found);
  std::uint64_t accepted = 0;
  for (std::size_t i = 0; i < violations.size(); ++i) {
    found[i] = distance(found[i]);
    if (!is_within(found[i], move.threshold)) continue;
    ++accepted;
    violations[i] = found[i];
    std::copy_n(proposals.begin() + static_cast<std::ptrdiff_t>(i * dimension), dimension,
                points.begin() + static_cast<std::ptrdiff_t>(i * dimension));
  }
  return accepted;
}

SplitResult split(const SplitProblem& problem, const SplitRule& rule, const Draws& draws,
                  const SplitAddress& address) {
  check(rule);
  return Splitting(problem, rule, draws, address).run();
}

double sigmas_apart(const SplitResult& one, const SplitResult& other) {
  const double apart = std::abs(kernels::natural_log(one.probability / other.probability));
  if (apart == 0.0) return 0.0;
  return apart / std::sqrt(one.variation * one.variation + other.variation * other.variation);
}

}  // namespace flopsieve::engine
