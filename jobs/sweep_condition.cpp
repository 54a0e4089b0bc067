#include "jobs/sweep_condition.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

#include "engine/error.hpp"

namespace flopsieve::jobs {
namespace {

enum class Relation : std::uint8_t { less, at_most, greater, at_least, equal, different };

struct Symbol {
  std::string_view text;
  Relation relation;
};

/// Longer ones first.
constexpr std::array<Symbol, 7> symbols{{{"<=", Relation::at_most},
                                         {">=", Relation::at_least},
                                         {"!=", Relation::different},
                                         {"==", Relation::equal},
                                         {"<", Relation::less},
                                         {">", Relation::greater},
                                         {"=", Relation::equal}}};

[[noreturn]] void fail(const std::string& condition, const std::string& why) {
  throw engine::Error(engine::ExitCode::bad_input,
                      fmt::format("--where \"{}\": {}", condition, why));
}

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

struct Condition {
  std::string name;
  Relation relation = Relation::equal;
  std::string value;
};

Condition parse(const std::string& text) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '(') ++depth;
    if (text[i] == ')') --depth;
    if (depth > 0) continue;
    for (const Symbol& symbol : symbols) {
      if (text.compare(i, symbol.text.size(), symbol.text) != 0) continue;
      Condition condition{trimmed(std::string_view(text).substr(0, i)), symbol.relation,
                          trimmed(std::string_view(text).substr(i + symbol.text.size()))};
      if (condition.name.empty()) fail(text, "nothing stands before the sign");
      if (condition.value.empty()) fail(text, "nothing stands behind the sign");
      return condition;
    }
  }
  fail(text, "there is no sign in it; allowed: < <= > >= = !=");
}

template <class T>
bool holds(const T& a, Relation relation, const T& b) {
  switch (relation) {
    case Relation::less:
      return a < b;
    case Relation::at_most:
      return a <= b;
    case Relation::greater:
      return a > b;
    case Relation::at_least:
      return a >= b;
    case Relation::equal:
      return a == b;
    case Relation::different:
      break;
  }
  return !(a == b);
}

std::vector<bool> compare_numbers(const std::vector<double>& numbers, const Condition& condition,
                                  const std::string& text) {
  double value = 0.0;
  const char* end = condition.value.data() + condition.value.size();
  const auto [stop, error] = std::from_chars(condition.value.data(), end, value);
  if (error != std::errc() || stop != end) {
    fail(text, fmt::format("\"{}\" is no number, but {} is one", condition.value, condition.name));
  }
  std::vector<bool> met;
  for (const double number : numbers) met.push_back(holds(number, condition.relation, value));
  return met;
}

std::vector<bool> compare_texts(const std::vector<std::string>& texts, const Condition& condition,
                                const std::string& text) {
  const bool ordered =
      condition.relation != Relation::equal && condition.relation != Relation::different;
  if (ordered) fail(text, fmt::format("{} is a text; allowed: = !=", condition.name));
  std::vector<bool> met;
  for (const std::string& each : texts) {
    met.push_back(holds(each, condition.relation, condition.value));
  }
  return met;
}

}  // namespace

std::vector<bool> meets(SweepData& sweep, const std::string& text) {
  const Condition condition = parse(text);
  if (condition.name == "status") return compare_texts(sweep.status(), condition, text);
  std::vector<std::string> names;
  for (const engine::SweptKey& key : sweep.settings()) {
    names.push_back(key.name);
    if (key.name != condition.name) continue;
    return key.is_number ? compare_numbers(key.numbers, condition, text)
                         : compare_texts(key.texts, condition, text);
  }
  std::optional<Metric> metric;
  try {
    metric = parse_metric(condition.name);
  } catch (const engine::Error&) {
    fail(text, fmt::format("{} is neither a key of the sweep ({}), nor status, nor a number such "
                           "as \"cumulative(1e26, 2028)\"",
                           condition.name, fmt::join(names, ", ")));
  }
  return compare_numbers(sweep.values(*metric).values, condition, text);
}

}  // namespace flopsieve::jobs
