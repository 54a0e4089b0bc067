#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace flopsieve::jobs {

/// The word of `allowed` that was most likely meant by `word`, for "did you mean" in messages.
///
/// Nearness is the Damerau-Levenshtein distance (optimal string alignment: insertions, deletions,
/// substitutions and swaps of neighbours each cost 1), with ASCII letters compared without case.
/// A word is offered only if the distance is at most a third of the longer of the two words
/// (at least 1), and if they have something in common. Of equally near words the first one wins.
std::optional<std::string> closest(std::string_view word, std::span<const std::string> allowed);

/// `; did you mean "X"?` for the closest allowed word, or nothing if none is near.
std::string did_you_mean(std::string_view word, std::span<const std::string> allowed);

}  // namespace flopsieve::jobs
