#pragma once

#include <string>
#include <string_view>
#include <vector>

/// The instruction set that the vector kernels run on. Every choice gives the same bits.
namespace flopsieve::kernels {

enum class Target { scalar, avx2, avx512 };

std::string_view name(Target target);

/// The targets that this processor runs, from the slowest; scalar is always there.
std::vector<Target> supported_targets();

/// The target that the kernels use: the fastest unless forced.
Target active_target();

/// Makes the kernels use `target` from now on. Not thread-safe: call it before the first kernel.
/// Returns false, and changes nothing, if this processor cannot run it.
bool force_target(Target target);

/// The target of a name (`scalar`, `avx2`, `avx512`); false if there is none of that name.
bool parse_target(std::string_view text, Target& target);

}  // namespace flopsieve::kernels
