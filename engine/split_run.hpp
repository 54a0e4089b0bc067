#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/inputs.hpp"
#include "engine/sieve.hpp"
#include "engine/split.hpp"
#include "engine/tally.hpp"

/// Method::split in a run: one population of each trajectory and year, and one survivor of it.
namespace flopsieve::engine {

/// What is kept of a survivor: no address draws it again by itself.
struct SplitSurvivor {
  std::uint64_t particle = 0;  ///< where in the last population it comes from
  CandidateInputs inputs;
  std::vector<float> z;  ///< its sizes, standardised
};

/// Trajectories whose index is a multiple of this have a second, independent population that must
/// agree with the first. It decides nothing else.
inline constexpr std::uint64_t split_pair_interval = 16;

/// Samples a trajectory's year and adds what was found to the tally. None if nothing leads into the
/// constraints, or if the number of models has no bound, which `why` then says: the trajectory is
/// exhausted.
std::optional<SplitSurvivor> split_survivor(const InputSampler& sampler,
                                            const Trajectory& trajectory, std::uint32_t year_index,
                                            YearTally& tally, std::string* why = nullptr);

/// Calls visit(candidate, its sizes) for a survivor.
using SplitVisitor = std::function<void(const Candidate&, OrderedSizes&)>;
void visit_survivor(const InputSampler& sampler, const Address& address,
                    const SplitSurvivor& survivor, const SplitVisitor& visit);

}  // namespace flopsieve::engine
