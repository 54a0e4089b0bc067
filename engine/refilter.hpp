#pragma once

#include <string>

#include "engine/plan.hpp"

namespace flopsieve::engine {

/// Why the stored survivors of one Plan do not answer for another, in one sentence that names the
/// key at fault; empty if they do: if both draw the same candidates, and the other takes none that
/// the stored one rejects. Then each of its survivors comes at or after the stored survivor of the
/// trajectory and year. The other Plan may differ
///   in constraints: narrower bounds of hard ones, more active years, further ones,
///   in everything under outputs, the precision, title, trajectories, and sizes of batches.
/// `constraint.NAME.KEY` is how a job calls a constraint's key.
std::string refilter_obstacle(const Plan& stored, const Plan& other);

}  // namespace flopsieve::engine
