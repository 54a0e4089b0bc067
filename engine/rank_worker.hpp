#pragma once

#include <atomic>

#include "engine/rank_share.hpp"
#include "engine/ranks.hpp"

namespace flopsieve::engine {

/// What every rank but the root does: computes batches for the root (rank_run.hpp), or does its
/// share of some work (rank_share.hpp), until the root dismisses it. Says nothing to the user: a
/// failure is told to the root. Once `signalled` is true the root is told that too, and decides.
/// Ends all where the root is lost.
void serve_root(Ranks& ranks, const std::atomic<bool>& signalled, const RankWork& work);

}  // namespace flopsieve::engine
