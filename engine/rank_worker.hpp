#pragma once

#include <atomic>

#include "engine/ranks.hpp"

namespace flopsieve::engine {

/// What every rank but the root does: computes batches for the root (rank_run.hpp) until that
/// dismisses it. Says nothing to the user: a failure is told to the root. Once `signalled` is true
/// the root is told that too, and decides. Ends all where the root is lost.
void serve_root(Ranks& ranks, const std::atomic<bool>& signalled);

}  // namespace flopsieve::engine
