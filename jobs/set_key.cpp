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

[[noreturn]] void fail(std::string_view key, std::string_view text, const std::string& why) {
  throw engine::Error(engine::ExitCode::bad_input, fmt::format("--set {}={}: {}", key, text, why));
}

/// The value of `text`; a text that is no TOML value is a string.
Value parse_value(std::string_view key, std::string_view text) {
  const std::size_t line_end = text.find('\n');
  if (line_end != std::string_view::npos) {
    fail(key, text.substr(0, line_end), "the value must stand on one line");
  }
  try {
    return parse_toml(fmt::format("value = {}", text), "--set").root.entries.at(0).value;
  } catch (const engine::Error&) {
    const bool ascii =
        std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
    if (!ascii) fail(key, "...", "only ASCII is allowed; other characters as \"\\u00f6\"");
    const bool word = !text.empty() && text.find_first_of("\"'[]{}=") == std::string_view::npos;
    if (!word) fail(key, text, "the text after = is not a TOML value");
    Value value;
    value.kind = ValueKind::string;
    value.text = text;
    return value;
  }
}

bool has_text(const Value& table, std::string_view key, const std::string& text) {
  const Entry* entry = find_entry(table, key);
  return entry != nullptr && entry->value.kind == ValueKind::string && entry->value.text == text;
}

/// The element of an array of tables whose `name`, or else `statistic`, is `name`.
Value* element(Value& array, const std::string& name) {
  for (const char* key : {"name", "statistic"}) {
    for (Value& table : array.elements) {
      if (table.kind == ValueKind::table && has_text(table, key, name)) return &table;
    }
  }
  return nullptr;
}

[[noreturn]] void fail_unnamed(std::string_view key, std::string_view text, const Value& array,
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
  fail(key, text,
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

Value& child(Value& table, const std::string& name) {
  for (Entry& entry : table.entries) {
    if (entry.key == name) return entry.value;
  }
  Value added;
  added.source = table.source;
  added.line = table.line;
  table.entries.push_back({name, table.line, std::move(added)});
  return table.entries.back().value;
}

}  // namespace

void set_key(Document& document, std::string_view dotted_key, std::string_view text) {
  Value* at = &document.root;
  std::string_view rest = dotted_key;
  while (true) {
    const std::size_t dot = first_dot(rest);
    const std::string name(rest.substr(0, dot));
    if (name.empty()) fail(dotted_key, text, "the key must be a dotted name such as models.sd");
    if (at->kind == ValueKind::array) {
      const Value& array = *at;
      at = element(*at, name);
      if (at == nullptr) fail_unnamed(dotted_key, text, array, name);
    } else if (at->kind == ValueKind::table) {
      at = &child(*at, name);
    } else {
      fail(dotted_key, text, fmt::format("\"{}\" is not inside a table", name));
    }
    if (dot == std::string_view::npos) break;
    rest = rest.substr(dot + 1);
  }
  Value replacement = parse_value(dotted_key, text);
  set_place(replacement, at->source,
            std::make_shared<const std::string>(fmt::format("--set {}={}", dotted_key, text)));
  *at = std::move(replacement);
}

}  // namespace flopsieve::jobs
