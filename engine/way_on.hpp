#pragma once

#include <string>

#include "engine/join.hpp"
#include "engine/merge.hpp"
#include "engine/parts.hpp"

/// Commands that compute what a run still misses, for messages.
namespace flopsieve::engine {

/// The command of a stored line that resumes: without --fresh, which would start anew.
std::string without_fresh(std::string command);

/// A command of a shell for another shard: its `--shard I/N` is replaced, or one is added.
std::string with_shard(const std::string& command, Shard shard);

/// The commands that compute the missing batches, with "; " between them: the one that began the
/// run, or where its parts are of shards, one for each shard that has to go on (four at most, then
/// their number).
std::string way_on(const Shards& shards, const MissingBatches& missing);

}  // namespace flopsieve::engine
