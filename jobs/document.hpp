#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace flopsieve::jobs {

enum class ValueKind { string, integer, number, boolean, array, table };

struct Entry;

/// One value of a parsed TOML document with its place: the name of its file and its line (1-based).
/// Only the member that belongs to `kind` is meaningful.
struct Value {
  ValueKind kind = ValueKind::table;
  std::shared_ptr<const std::string> source;  ///< set in every value of a Document
  /// "--set KEY=VALUE" if that put it here: messages name it instead of source and line.
  std::shared_ptr<const std::string> assignment;
  int line = 1;
  bool is_inline = false;       ///< kind table: written as `{ ... }`, not under a `[heading]`
  std::string text;             ///< kind string
  std::int64_t integer = 0;     ///< kind integer
  double number = 0.0;          ///< kind number (written with a point, an exponent, inf or nan)
  bool boolean = false;         ///< kind boolean
  std::vector<Value> elements;  ///< kind array
  std::vector<Entry> entries;   ///< kind table, in order of appearance in the source
};

/// A key of a table with its value; `line` is the line of the key, in the file of the value.
struct Entry {
  std::string key;
  int line = 1;
  Value value;
};

/// A whole file, or several merged into one (jobs/base.hpp): its root table.
struct Document {
  Value root;
};

/// Throws engine::Error(bad_input, "source_name:line: message").
[[noreturn]] void fail_at_line(const std::string& source_name, std::size_t line,
                               const std::string& message);

/// What messages about a value begin with: its assignment if it came by one, "source:line"
/// otherwise.
std::string place_of(const Value& value);

/// The same about a value: with the assignment in front, if it came by one.
[[noreturn]] void fail_at_value(const Value& value, const std::string& message);

/// The entry of `table` with this key, or nullptr.
const Entry* find_entry(const Value& table, std::string_view key);

/// Parses TOML 1.0 without dates. Job files are ASCII: other bytes may stand only in comments
/// (and nowhere in a file with multi-line strings); TOML's \u escapes are there for the rest.
/// A UTF-8 byte order mark is skipped. Lines are limited to 8,192 bytes, which bounds the nesting.
/// Throws engine::Error(bad_input, "source_name:line: ...") for anything that does not parse, for
/// control bytes, duplicate keys, dates and times.
Document parse_toml(std::string_view text, const std::string& source_name);

}  // namespace flopsieve::jobs
