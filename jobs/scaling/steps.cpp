#include "jobs/scaling/steps.hpp"

#include <fmt/format.h>

#include <charconv>
#include <string_view>
#include <vector>

#include "engine/error.hpp"

namespace flopsieve::jobs {
namespace {

[[noreturn]] void refuse(const char* option, const std::string& what) {
  throw engine::Error(engine::ExitCode::bad_input, fmt::format("{}: {}", option, what));
}

std::int64_t parse_number(const char* option, std::string_view word, const std::string& text,
                          std::int64_t most) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  const bool whole = end == word.data() + word.size() && !word.empty();
  if (!whole || (error != std::errc{} && error != std::errc::result_out_of_range)) {
    refuse(option, fmt::format("\"{}\" is no whole number; allowed are FROM:TO:STEP, as "
                               "64:1024:64, or one number; found \"{}\"",
                               word, text));
  }
  if (error != std::errc{} || number < 1 || number > most) {
    refuse(option, fmt::format("whole numbers from 1 to {}, not {}", most, word));
  }
  return number;
}

}  // namespace

Steps parse_steps(const char* option, const std::string& text, std::int64_t most) {
  std::vector<std::int64_t> numbers;
  std::string_view rest = text;
  while (true) {
    const auto colon = rest.find(':');
    numbers.push_back(parse_number(option, rest.substr(0, colon), text, most));
    if (colon == std::string_view::npos) break;
    rest.remove_prefix(colon + 1);
  }
  if (numbers.size() == 1) return {numbers[0], numbers[0], 1};
  if (numbers.size() != 3) {
    refuse(option, fmt::format("allowed are FROM:TO:STEP, as 64:1024:64, or one number; found "
                               "\"{}\"",
                               text));
  }
  if (numbers[0] > numbers[1]) {
    refuse(option, fmt::format("the range is empty: {} is above {} (FROM:TO:STEP); found \"{}\"",
                               numbers[0], numbers[1], text));
  }
  return {numbers[0], numbers[1], numbers[2]};
}

std::string to_string(const Steps& steps) {
  if (steps.from == steps.to) return fmt::format("{}", steps.from);
  return fmt::format("{}:{}:{}", steps.from, steps.to, steps.step);
}

}  // namespace flopsieve::jobs
