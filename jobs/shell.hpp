#pragma once

#include <string>
#include <vector>

#include "engine/parts.hpp"

/// Commands that a user can type again, and the text of shards in them.
namespace flopsieve::jobs {

/// The words of a command line as a shell reads them, quoted where need be.
std::string shell_command(const std::vector<std::string>& words);

/// "I/N", 0 <= I < N <= 1,000,000. Throws Error(bad_input) otherwise.
engine::Shard parse_shard(const std::string& text);

}  // namespace flopsieve::jobs
