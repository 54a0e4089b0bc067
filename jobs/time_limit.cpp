#include "jobs/time_limit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "engine/error.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Error;
using engine::ExitCode;

constexpr double minute = 60.0;
constexpr double hour = 3600.0;
constexpr double day = 86400.0;
constexpr double longest = 3653.0 * day;

/// A whole number at the start of the text, which is taken off it.
std::optional<double> take_number(std::string_view& text) {
  std::uint32_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || stop == text.data()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  return number;
}

/// "3h30m".
std::optional<double> with_units(std::string_view text) {
  constexpr std::pair<char, double> units[] = {{'d', day}, {'h', hour}, {'m', minute}, {'s', 1.0}};
  double seconds = 0.0;
  std::size_t next_unit = 0;
  while (!text.empty()) {
    const auto number = take_number(text);
    if (!number || text.empty()) return std::nullopt;
    while (next_unit < std::size(units) && units[next_unit].first != text.front()) ++next_unit;
    if (next_unit == std::size(units)) return std::nullopt;
    seconds += *number * units[next_unit++].second;
    text.remove_prefix(1);
    while (text.starts_with(' ') && text.size() > 1) text.remove_prefix(1);
  }
  return seconds;
}

/// "12:00:00" as its numbers; all but the first are below 60.
std::optional<std::vector<double>> between_colons(std::string_view text) {
  std::vector<double> numbers;
  while (true) {
    const auto number = take_number(text);
    if (!number || (!numbers.empty() && *number >= 60.0)) return std::nullopt;
    numbers.push_back(*number);
    if (text.empty()) return numbers;
    if (text.front() != ':') return std::nullopt;
    text.remove_prefix(1);
  }
}

/// The formats of sbatch(1), --time.
std::optional<double> as_slurm_writes(std::string_view text) {
  double seconds = 0.0;
  const std::size_t dash = text.find('-');
  const bool days = dash != std::string_view::npos;
  if (days) {
    std::string_view before = text.substr(0, dash);
    const auto number = take_number(before);
    if (!number || !before.empty()) return std::nullopt;
    seconds = *number * day;
    text.remove_prefix(dash + 1);
  }
  const auto numbers = between_colons(text);
  if (!numbers || numbers->size() > 3) return std::nullopt;
  // After days hours come first; without days two numbers are minutes and seconds.
  double unit = days || numbers->size() == 3 ? hour : minute;
  for (const double number : *numbers) {
    seconds += number * unit;
    unit /= 60.0;
  }
  return seconds;
}

[[noreturn]] void fail(const char* option, const std::string& text, const char* or_else) {
  throw Error(
      ExitCode::bad_input,
      fmt::format("{} {}: must be a time such as 3h30m, 90m or 5400s, or as Slurm writes it "
                  "(90 minutes, 90:00, 12:00:00, 1-12, 1-12:00:00), up to ten years{}",
                  option, text, or_else));
}

std::optional<double> until_end_of_slurm_job() {
  const char* text = std::getenv("SLURM_JOB_END_TIME");
  if (text == nullptr || *text == '\0') return std::nullopt;
  const std::string_view digits(text);
  std::int64_t end = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), end);
  if (error != std::errc() || stop != digits.data() + digits.size()) {
    throw Error(ExitCode::bad_input,
                fmt::format("SLURM_JOB_END_TIME={}: must be seconds since 1970", text));
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const double left = static_cast<double>(end) - std::chrono::duration<double>(now).count();
  return std::min(left, longest);
}

}  // namespace

std::optional<double> parse_time(const std::string& text) {
  std::optional<double> seconds = as_slurm_writes(text);
  if (!seconds) seconds = with_units(text);
  if (!seconds || *seconds <= 0.0 || *seconds > longest) return std::nullopt;
  return seconds;
}

std::optional<double> time_limit_seconds(const std::string& text) {
  if (text == "auto") return until_end_of_slurm_job();
  const std::optional<double> seconds = parse_time(text);
  if (!seconds) fail("--time-limit", text, ", or auto");
  return seconds;
}

double demand_time(const char* option, const std::string& text) {
  const std::optional<double> seconds = parse_time(text);
  if (!seconds) fail(option, text, "");
  return *seconds;
}

double sealing_margin(double seconds) {
  const double least = std::min(1.0, std::max(seconds, 0.0) / 2.0);
  return std::clamp(seconds / 20.0, least, minute);
}

Alarm::Alarm(double seconds, std::function<void()> ring)
    : thread_([this, seconds, ring = std::move(ring)] {
        std::unique_lock<std::mutex> lock(mutex_);
        const auto time = std::chrono::duration<double>(std::max(seconds, 0.0));
        if (!changed_.wait_for(lock, time, [this] { return cancelled_; })) ring();
      }) {}

Alarm::~Alarm() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    cancelled_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

}  // namespace flopsieve::jobs
