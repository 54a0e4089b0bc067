#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "engine/streams.hpp"

/// Multilevel splitting (subset simulation: Au and Beck, Probabilistic Engineering Mechanics 16
/// (2001) 263): the probability of a rare event, and points that have its law.
///
/// A point is a row of independent standard normals, the normal scores of everything that is drawn
/// for a candidate. How far it is from the event is its violation. A population drawn from the
/// prior is led into the event level by level: the points with the smallest violations are kept,
/// and chains that start from them, and leave the prior restricted to the level invariant, fill the
/// population up again. The probability is the product of the kept fractions.
///
/// Nothing is asked of the violation but that it is a function of the point, so the statistics need
/// not be sums over models. The survivors of one population are correlated: take one of each.
/// Both the probability and the law of the survivor have a bias of order 1 / population.
namespace flopsieve::engine {

/// What is sampled.
struct SplitProblem {
  std::size_t dimension = 0;  ///< normals of a point
  /// Fills in the violation of each point: 0 or less in the event, nan and infinity allowed.
  /// `points` is row-major [point, dimension]. A pure function of each point.
  std::function<void(std::span<const double> points, std::span<double> violations)> violations;
};

/// How a population is led; decides the result.
struct SplitRule {
  std::uint32_t population = 512;   ///< 16 to 65,536
  double kept = 0.2;                ///< fraction that a level keeps, in (0, 1); another where tied
  std::uint32_t moves = 4;          ///< between two states of a chain, 1 to 32,768
  std::uint32_t final_moves = 64;   ///< of the survivor, at most 32,768
  std::uint32_t most_levels = 100;  ///< at most 250
  double first_step = 0.8;          ///< of the moves after the first level, in (0, 1]
  double accepted = 0.35;           ///< share of moves that the step is adapted to
};

/// One population of a year: what its random numbers are addressed by.
struct SplitAddress {
  std::uint64_t trajectory = 0;  ///< below 2^40
  std::uint32_t year_index = 0;  ///< below 255
  std::uint32_t replicate = 0;   ///< 0 or 1
};

/// Where in a population a row of normals stands. Stream::splitting reads Address::attempt as
/// { replicate : 1, level : 8, particle : 16, step : 15 }, and the index is that of the normal.
/// Level 0 is the prior; level j + 1 holds the moves with which population j + 1 is filled up.
struct SplitPlace {
  std::uint32_t level = 0;
  std::uint32_t particle = 0;
  std::uint32_t step = 0;
};

struct SplitLevel {
  double threshold = 0.0;   ///< smaller violations are kept; 0 for the last level: the event
  double fraction = 0.0;    ///< of the population that is kept
  double gamma = 0.0;       ///< what the correlation of its chains adds to the variance, relative
  double step = 0.0;        ///< of the moves that filled this population; 0 for the prior
  double acceptance = 1.0;  ///< share of these moves that were accepted
};

struct SplitResult {
  double probability = 0.0;
  /// Coefficient of variation of the probability: the square root of the sum over levels of
  /// (1 - fraction) (1 + gamma) / (population fraction), Au and Beck's equations 28 and 29 with
  /// levels taken as independent. They are not quite: tests/engine/split_law_test.cpp finds it 0.85
  /// to 0.88 of the scatter of independent populations.
  double variation = 0.0;
  std::vector<SplitLevel> levels;
  std::uint32_t particle = 0;    ///< of the last population: where the survivor comes from
  std::vector<double> survivor;  ///< [dimension] a point in the event
};

/// A population of its own. A pure function of its arguments and the key of `draws`.
///
/// Moves are preconditioned Crank-Nicolson steps (Cotter, Roberts, Stuart and White, Statistical
/// Science 28 (2013) 424), accepted if the violation stays within the level. The size of the step
/// is fixed within a level and follows the acceptance from one level to the next.
///
/// Throws Error(bug) if a number of the rule is out of range, and Error(budget) if all points of a
/// population have the same violation, so that nothing leads into the event, or after most_levels.
SplitResult split(const SplitProblem& problem, const SplitRule& rule, const Draws& draws,
                  const SplitAddress& address);

/// How many standard errors the logarithms of the probabilities of two independent populations are
/// apart.
double sigmas_apart(const SplitResult& one, const SplitResult& other);

/// Replicates may be so far apart. If they are farther, the chains do not reach all of the event,
/// and neither result is to be trusted.
inline constexpr double most_split_sigmas = 5.0;

/// The normals of a place: by inversion of 53-bit uniforms.
void draw_normals(const Draws& draws, const SplitAddress& address, const SplitPlace& place,
                  std::span<double> normals);

/// A Crank-Nicolson proposal: point * sqrt(1 - step^2) + noise * step, 0 < step <= 1. It leaves
/// independent standard normals invariant and is reversible with respect to them.
void propose(std::span<const double> point, std::span<const double> noise, double step,
             std::span<double> proposal);

/// Where the moves of some chains stand: chain i moves by the normals of particle first + i.
struct SplitMove {
  SplitAddress address;
  SplitPlace first;
  double threshold = 0.0;
  double step = 0.0;
};

/// One move of each chain: points and violations are replaced where the proposal's violation is
/// smaller than the threshold, or not positive. Returns how many were.
std::uint64_t move_chains(const SplitProblem& problem, const Draws& draws, const SplitMove& move,
                          std::span<double> points, std::span<double> violations);

}  // namespace flopsieve::engine
