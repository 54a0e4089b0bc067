#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "engine/error.hpp"
#include "jobs/job.hpp"

namespace flopsieve::jobs {
namespace {

[[noreturn]] void fail(const std::string& assignment, const std::string& why) {
  throw engine::Error(engine::ExitCode::bad_input, fmt::format("{}: {}", assignment, why));
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

bool has_text(const Value& table, std::string_view key, const std::string& text) {
  const Entry* entry = find_entry(table, key);
  return entry != nullptr && entry->value.kind == ValueKind::string && entry->value.text == text;
}

/// The element of an array of tables whose `name`, or else `statistic`, is `name`.
template <class Array>
auto element(Array& array, const std::string& name) -> decltype(&array.elements[0]) {
  for (const char* key : {"name", "statistic"}) {
    for (auto& table : array.elements) {
      if (table.kind == ValueKind::table && has_text(table, key, name)) return &table;
    }
  }
  return nullptr;
}

[[noreturn]] void fail_unnamed(const std::string& assignment, const Value& array,
                               const std::string& name) {
  std::vector<std::string> names;
  for (const Value& table : array.elements) {
    for (const char* naming : {"name", "statistic"}) {
      const Entry* entry = find_entry(table, naming);
      if (entry == nullptr || entry->value.kind != ValueKind::string) continue;
      names.push_back(entry->value.text);
      break;
    }
  }
  fail(assignment,
       fmt::format("nothing there is called {}; there is {}", name, fmt::join(names, ", ")));
}

/// A replaced value stands in the file of what it replaced, to which names of files in it are
/// relative, and messages about it name the assignment.
void set_place(Value& value, const std::shared_ptr<const std::string>& source,
               const std::shared_ptr<const std::string>& assignment) {
  value.source = source;
  value.assignment = assignment;
  for (Value& element : value.elements) set_place(element, source, assignment);
  for (Entry& entry : value.entries) set_place(entry.value, source, assignment);
}

/// The first dot outside parentheses: a statistic's parameter may have one of its own.
std::size_t first_dot(std::string_view key) {
  int depth = 0;
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (key[i] == '(') ++depth;
    if (key[i] == ')') --depth;
    if (key[i] == '.' && depth <= 0) return i;
  }
  return std::string_view::npos;
}

/// What is added on the way is the assignment's doing.
Value& child(Value& table, const std::string& name,
             const std::shared_ptr<const std::string>& assignment) {
  for (Entry& entry : table.entries) {
    if (entry.key == name) return entry.value;
  }
  Value added;
  added.source = table.source;
  added.line = table.line;
  added.assignment = assignment;
  table.entries.push_back({name, table.line, std::move(added)});
  return table.entries.back().value;
}

}  // namespace

Value value_of_text(std::string_view text, const std::string& assignment) {
  if (text.find('\n') != std::string_view::npos) {
    fail(assignment, "the value must stand on one line");
  }
  try {
    return parse_toml(fmt::format("value = {}", text), assignment).root.entries.at(0).value;
  } catch (const engine::Error&) {
    if (!is_ascii(text)) {
      fail(assignment, "only ASCII is allowed; other characters as \"\\u00f6\"");
    }
    const bool word = !text.empty() && text.find_first_of("\"'[]{}=") == std::string_view::npos;
    if (!word) fail(assignment, "the text after = is not a TOML value");
    Value value;
    value.kind = ValueKind::string;
    value.source = std::make_shared<const std::string>(assignment);
    value.text = text;
    return value;
  }
}

void put_value(Document& document, std::string_view dotted_key, Value value,
               const std::shared_ptr<const std::string>& assignment) {
  Value* at = &document.root;
  std::string_view rest = dotted_key;
  while (true) {
    const std::size_t dot = first_dot(rest);
    const std::string name(rest.substr(0, dot));
    if (name.empty()) fail(*assignment, "the key must be a dotted name such as models.sd");
    if (at->kind == ValueKind::array) {
      const Value& array = *at;
      at = element(*at, name);
      if (at == nullptr) fail_unnamed(*assignment, array, name);
    } else if (at->kind == ValueKind::table) {
      at = &child(*at, name, assignment);
    } else {
      fail(*assignment, fmt::format("\"{}\" is not inside a table", name));
    }
    if (dot == std::string_view::npos) break;
    rest = rest.substr(dot + 1);
  }
  set_place(value, at->source, assignment);
  *at = std::move(value);
}

void set_key(Document& document, std::string_view dotted_key, std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  const auto assignment = std::make_shared<const std::string>(
      fmt::format("--set {}={}", dotted_key, is_ascii(line) ? line : "..."));
  put_value(document, dotted_key, value_of_text(text, *assignment), assignment);
}

const Value* find_key(const Document& document, std::string_view dotted_key) {
  const Value* at = &document.root;
  std::string_view rest = dotted_key;
  while (at != nullptr) {
    const std::size_t dot = first_dot(rest);
    const std::string name(rest.substr(0, dot));
    if (at->kind == ValueKind::array) {
      at = element(*at, name);
    } else {
      const Entry* entry = at->kind == ValueKind::table ? find_entry(*at, name) : nullptr;
      at = entry == nullptr ? nullptr : &entry->value;
    }
    if (dot == std::string_view::npos) return at;
    rest = rest.substr(dot + 1);
  }
  return nullptr;
}

}  // namespace flopsieve::jobs
