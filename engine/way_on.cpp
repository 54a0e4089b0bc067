#include "engine/way_on.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string_view>
#include <vector>

#include "engine/format.hpp"

namespace flopsieve::engine {
namespace {

constexpr std::size_t most_named = 4;

std::string command_of(const Study& study) {
  for (const auto& [name, value] : study.provenance) {
    if (name == format::command_line && !value.empty()) return without_fresh(value);
  }
  return "flopsieve run JOB.toml";
}

/// The largest N of the parts' own split.
std::uint64_t shards_of(const PartSurvey& survey) {
  std::uint64_t count = 1;
  for (const PartSurvey::Found& part : survey.parts) count = std::max(count, part.shard.count);
  return count;
}

}  // namespace

std::string without_fresh(std::string command) {
  constexpr std::string_view option = " --fresh";
  const std::size_t place = command.find(option);
  if (place != std::string::npos) command.erase(place, option.size());
  return command;
}

std::string with_shard(const std::string& command, Shard shard) {
  constexpr std::string_view option = "--shard";
  const std::string value = fmt::format("{}/{}", shard.index, shard.count);
  const std::size_t place = command.find(fmt::format(" {}", option));
  if (place == std::string::npos) return fmt::format("{} {} {}", command, option, value);
  const std::size_t first = place + 1 + option.size() + 1;
  const std::size_t last = std::min(command.find(' ', first), command.size());
  return command.substr(0, first) + value + command.substr(last);
}

std::string way_on(const Shards& shards, const MissingBatches& missing) {
  const std::string command = command_of(shards.study);
  const std::uint64_t count = shards_of(shards.survey);
  if (count == 1) return command;
  std::set<std::uint64_t> indices;
  for (const std::uint64_t batch : missing.batches()) indices.insert(batch % count);
  std::vector<std::string> commands;
  for (const std::uint64_t index : indices) {
    if (commands.size() == most_named) {
      commands.push_back(fmt::format("{} shards in all", indices.size()));
      break;
    }
    commands.push_back(with_shard(command, {index, count}));
  }
  return fmt::format("{}", fmt::join(commands, "; "));
}

}  // namespace flopsieve::engine
