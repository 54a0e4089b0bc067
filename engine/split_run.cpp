#include "engine/split_run.hpp"

#include <utility>

#include "engine/error.hpp"
#include "engine/size_law.hpp"
#include "engine/split_year.hpp"

namespace flopsieve::engine {
namespace {

/// Beyond so many levels the probability is below 1e-17, and normals no longer reach.
constexpr SplitRule rule{.most_levels = 25};

/// The sums over a population's levels.
void add_levels(const SplitResult& result, SplitTally& tally) {
  tally.levels += result.levels.size();
  for (std::size_t i = 1; i < result.levels.size(); ++i) {
    tally.acceptance += result.levels[i].acceptance;
    ++tally.moved_levels;
  }
}

void add_estimate(double probability, double variation, SplitTally& tally) {
  ++tally.populations;
  tally.probability += probability;
  tally.square_probability += probability * probability;
  tally.variance += probability * variation * (probability * variation);
}

/// A problem that counts the points it judges.
SplitProblem counted(SplitProblem problem, std::uint64_t& points) {
  return {problem.dimension, [violations = std::move(problem.violations), &points](
                                 std::span<const double> rows, std::span<double> found) {
            points += found.size();
            violations(rows, found);
          }};
}

/// A second population of the same trajectory. Without a survivor it agrees with none that has one.
void add_pair(const InputSampler& sampler, const SplitProblem& problem, const SplitResult& one,
              const SplitAddress& second, SplitTally& tally) {
  ++tally.pairs;
  try {
    const SplitResult other = split(problem, rule, sampler.draws(), second);
    add_levels(other, tally);
    if (!(sigmas_apart(one, other) <= most_split_sigmas)) ++tally.disagreeing;
  } catch (const Error& error) {
    if (error.code() != ExitCode::budget) throw;
    ++tally.disagreeing;
  }
}

/// What becomes of a trajectory hangs on its first population alone, whether there is a second one
/// or not.
SplitResult sample(const InputSampler& sampler, const SplitProblem& problem,
                   const SplitAddress& address, SplitTally& tally) {
  SplitResult one = split(problem, rule, sampler.draws(), address);
  add_levels(one, tally);
  add_estimate(one.probability, one.variation, tally);
  if (address.trajectory % split_pair_interval == 0) {
    add_pair(sampler, problem, one, {address.trajectory, address.year_index, 1}, tally);
  }
  return one;
}

}  // namespace

std::optional<SplitSurvivor> split_survivor(const InputSampler& sampler,
                                            const Trajectory& trajectory, std::uint32_t year_index,
                                            YearTally& tally, std::string* why) {
  ++tally.first_trials;
  try {
    SplitYear year(sampler, trajectory, year_index);
    const SplitProblem problem = counted(year.problem(), tally.candidates);
    const SplitResult result =
        sample(sampler, problem, {trajectory.index, year_index, 0}, tally.split);
    const Candidate* candidate = year.candidate(result.survivor);
    if (candidate == nullptr) {
      throw Error(ExitCode::bug, "splitting: a survivor has impossible inputs");
    }
    ++tally.survivors;
    return SplitSurvivor{result.particle, candidate->inputs, {year.z().begin(), year.z().end()}};
  } catch (const Error& error) {
    if (error.code() != ExitCode::budget) throw;
    ++tally.exhausted;
    if (why != nullptr) *why = error.what();
    return std::nullopt;
  }
}

void visit_survivor(const InputSampler& sampler, const Address& address,
                    const SplitSurvivor& survivor, const SplitVisitor& visit) {
  Candidate candidate;
  candidate.inputs = survivor.inputs;
  candidate.address = address;
  candidate.sampler = &sampler;
  const Frame frame = frame_of(sampler.plan(), candidate.inputs);
  candidate.location = frame.location;
  candidate.scale = frame.scale;
  OrderedSizes ordered;
  complete_candidate(sampler.plan(), survivor.z, candidate, ordered);
  visit(candidate, ordered);
}

}  // namespace flopsieve::engine
