#include "jobs/shell.hpp"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "engine/error.hpp"

namespace flopsieve::jobs {
namespace {

constexpr std::uint64_t most_shards = 1'000'000;

/// The whole text as a number; false if it is none.
bool parse_whole(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

}  // namespace

std::string shell_command(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    const bool plain = !word.empty() && word.find_first_not_of(
                                            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                            "0123456789@%+=:,./_-") == std::string::npos;
    text += text.empty() ? "" : " ";
    if (plain) {
      text += word;
      continue;
    }
    text += '\'';
    for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    text += '\'';
  }
  return text;
}

engine::Shard parse_shard(const std::string& text) {
  const std::size_t slash = text.find('/');
  engine::Shard shard;
  const std::string_view view(text);
  const bool good = slash != std::string::npos && parse_whole(view.substr(0, slash), shard.index) &&
                    parse_whole(view.substr(slash + 1), shard.count) && shard.index < shard.count &&
                    shard.count <= most_shards;
  if (good) return shard;
  throw engine::Error(engine::ExitCode::bad_input,
                      fmt::format("--shard {}: write I/N with 0 <= I < N <= {}, for example 0/4",
                                  text, most_shards));
}

}  // namespace flopsieve::jobs
