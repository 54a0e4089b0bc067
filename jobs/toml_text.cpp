#include "jobs/toml_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace flopsieve::jobs {
namespace {

/// Length in bytes of the UTF-8 sequence that starts with this byte; 0 for a byte that starts none.
std::size_t sequence_length(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0) return 2;
  if (first >= 0xE0 && first < 0xF0) return 3;
  if (first >= 0xF0 && first < 0xF5) return 4;
  return 0;
}

/// The code point at `position`, which moves behind it; '?' for bytes that are not UTF-8.
std::uint32_t take_code_point(std::string_view text, std::size_t& position) {
  const unsigned char first = static_cast<unsigned char>(text[position++]);
  const std::size_t length = sequence_length(first);
  if (length == 1) return first;
  if (length == 0 || position + length - 1 > text.size()) return '?';
  std::uint32_t code = first & (0x7Fu >> length);
  for (std::size_t i = 0; i + 1 < length; ++i) {
    const unsigned char byte = static_cast<unsigned char>(text[position + i]);
    if ((byte & 0xC0u) != 0x80u) return '?';
    code = (code << 6) | (byte & 0x3Fu);
  }
  position += length - 1;
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  return surrogate || code > 0x10FFFF ? '?' : code;
}

}  // namespace

std::string toml_string(std::string_view text) {
  std::string result = "\"";
  for (std::size_t position = 0; position < text.size();) {
    const std::uint32_t code = take_code_point(text, position);
    if (code == '"' || code == '\\') {
      result += {'\\', static_cast<char>(code)};
    } else if (code >= 0x20 && code < 0x7F) {
      result += static_cast<char>(code);
    } else {
      result += code > 0xFFFF ? fmt::format("\\U{:08X}", code) : fmt::format("\\u{:04X}", code);
    }
  }
  return result + "\"";
}

namespace {

/// A key, in quotes where a bare one is not allowed.
std::string toml_key(const std::string& key) {
  const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
           c == '-';
  });
  return bare ? key : toml_string(key);
}

std::string number_text(double number) {
  std::string text = fmt::format("{}", number);
  // Otherwise it would be a whole number.
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

}  // namespace

std::string toml_value(const Value& value) {
  std::string text;
  switch (value.kind) {
    case ValueKind::string:
      return toml_string(value.text);
    case ValueKind::integer:
      return std::to_string(value.integer);
    case ValueKind::number:
      return number_text(value.number);
    case ValueKind::boolean:
      return value.boolean ? "true" : "false";
    case ValueKind::array:
      for (const Value& each : value.elements) {
        text += fmt::format("{}{}", text.empty() ? "" : ", ", toml_value(each));
      }
      return fmt::format("[{}]", text);
    case ValueKind::table:
      for (const Entry& each : value.entries) {
        text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", toml_key(each.key),
                            toml_value(each.value));
      }
  }
  return text.empty() ? "{}" : fmt::format("{{ {} }}", text);
}

namespace {

bool is_under_heading(const Value& value) {
  return value.kind == ValueKind::table && !value.is_inline && !value.entries.empty();
}

/// Lines are limited (parse_toml()).
std::string value_in_lines(const Value& value) {
  constexpr std::size_t long_line = 100;
  std::string text = toml_value(value);
  if (value.kind != ValueKind::array || text.size() <= long_line) return text;
  text = "[\n";
  for (const Value& each : value.elements) text += "  " + toml_value(each) + ",\n";
  return text + "]";
}

/// Tables as dotted keys: headings would come behind all that stands under none.
void add_lines(const Value& table, const std::string& prefix, std::string& text) {
  for (const Entry& each : table.entries) {
    const std::string key = prefix + toml_key(each.key);
    if (is_under_heading(each.value)) {
      add_lines(each.value, key + ".", text);
    } else {
      text += fmt::format("{} = {}\n", key, value_in_lines(each.value));
    }
  }
}

}  // namespace

std::string toml_document(const Document& document) {
  std::string text;
  std::string headed;
  for (const Entry& each : document.root.entries) {
    if (is_under_heading(each.value)) {
      headed += fmt::format("\n[{}]\n", toml_key(each.key));
      add_lines(each.value, "", headed);
    } else {
      text += fmt::format("{} = {}\n", toml_key(each.key), value_in_lines(each.value));
    }
  }
  return text + headed;
}

}  // namespace flopsieve::jobs
