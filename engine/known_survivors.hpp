#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "engine/plan.hpp"

namespace flopsieve::engine {

/// The survivors that a finished run has stored: 8 bytes for each, and for each trajectory.
struct KnownSurvivors {
  std::vector<std::uint64_t> trajectory;  ///< [complete] ascending
  std::vector<std::uint64_t> attempt;     ///< [complete, year]
  /// [year] 1 where the verdicts of that run hung on the survivor of the year before.
  std::vector<std::uint8_t> looks_back;

  /// [year] of a complete trajectory; empty for any other.
  std::span<const std::uint64_t> find(std::uint64_t index) const;
};

/// Those of a result file that belongs to the Plan. Throws Error(bad_input) if none are kept
/// (outputs.keep = "summary"), Error(storage) if they are not what was written.
KnownSurvivors read_survivors(const std::filesystem::path& path, const Plan& plan);

/// The same of one trajectory, in little memory: empty if it is not complete, or nothing is kept.
std::vector<std::uint64_t> read_survivors_of(const std::filesystem::path& path, const Plan& plan,
                                             std::uint64_t trajectory);

}  // namespace flopsieve::engine
