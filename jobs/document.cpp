#include "jobs/document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "engine/error.hpp"

namespace {

/// toml++ 3.3.0 trips its own assertions on some malformed input (`[ ~`); as an exception this
/// becomes an ordinary error message instead of an abort.
struct ParserAssertion : std::logic_error {
  using std::logic_error::logic_error;
};

[[noreturn]] void throw_parser_assertion(const char* expression) {
  throw ParserAssertion(expression);
}

}  // namespace

#define TOML_ASSERT(expression) \
  ((expression) ? static_cast<void>(0) : throw_parser_assertion(#expression))
// Compiled here whole, whatever the package's build flags say: the assertions of its shared library
// are not ours to redefine.
#undef TOML_HEADER_ONLY
#undef TOML_SHARED_LIB
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
// With NDEBUG the assertions would become assumptions of the optimiser, so that input on which one
// fails is undefined behaviour.
#pragma push_macro("NDEBUG")
#undef NDEBUG
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")

namespace flopsieve::jobs {
namespace {

constexpr std::size_t max_line_length = 8192;

/// Position of the `#` that begins the line's comment, or the line's length. Right only where no
/// string spans several lines.
std::size_t comment_begin(std::string_view line) {
  char quote = '\0';
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == '"' && c == '\\') {
      ++i;
    } else if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '#') {
      return i;
    } else if (c == '"' || c == '\'') {
      quote = c;
    }
  }
  return line.size();
}

/// Checks the bytes of one line and replaces those of a comment that are not ASCII.
void clean_line(std::string& line, std::size_t number, bool has_multi_line_strings,
                const std::string& source_name) {
  if (line.size() > max_line_length) {
    fail_at_line(source_name, number, fmt::format("longer than {} characters", max_line_length));
  }
  const std::size_t comment = has_multi_line_strings ? line.size() : comment_begin(line);
  for (std::size_t i = 0; i < line.size(); ++i) {
    const unsigned char byte = static_cast<unsigned char>(line[i]);
    if (byte == 0x7F || (byte < 0x20 && byte != '\t' && byte != '\r')) {
      fail_at_line(source_name, number, fmt::format("control character 0x{:02x}", byte));
    }
    if (byte < 0x80) continue;
    if (i < comment) {
      fail_at_line(source_name, number,
                   has_multi_line_strings
                       ? "a character that is not ASCII, which a file with strings of several "
                         "lines must not have; in a string of double quotes write \\u00F6 or alike"
                       : "a character that is not ASCII, which only comments may have; in a string "
                         "of double quotes write \\u00F6 or alike");
    }
    line[i] = '?';
  }
}

std::vector<std::string> clean_lines(std::string_view text, const std::string& source_name) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const bool has_multi_line_strings =
      text.find("\"\"\"") != std::string_view::npos || text.find("'''") != std::string_view::npos;
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    clean_line(lines.back(), lines.size(), has_multi_line_strings, source_name);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string join_lines(const std::vector<std::string>& lines, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += lines[i] + '\n';
  return text;
}

bool trips_assertion(const std::string& text) {
  try {
    static_cast<void>(toml::parse(text));
  } catch (const ParserAssertion&) {
    return true;
  } catch (const toml::parse_error&) {
    return false;
  }
  return false;
}

/// The parser reads forward, so the line at fault is the last one of the shortest prefix that trips
/// the same assertion.
std::size_t line_of_assertion(const std::vector<std::string>& lines) {
  std::size_t good = 0;
  std::size_t bad = lines.size();
  while (bad - good > 1) {
    const std::size_t middle = good + (bad - good) / 2;
    (trips_assertion(join_lines(lines, middle)) ? bad : good) = middle;
  }
  return bad;
}

std::string lower_first(std::string_view text) {
  std::string result(text);
  if (!result.empty() && result[0] >= 'A' && result[0] <= 'Z') {
    result[0] = static_cast<char>(result[0] - 'A' + 'a');
  }
  return result;
}

/// What the parser says, in other words where these mislead: control characters other than the end
/// of a line are refused before it sees them.
std::string words_of(const toml::parse_error& error) {
  const std::string_view description = error.description();
  const auto says = [&](const char* words) {
    return description.find(words) != std::string_view::npos;
  };
  if (says("parsing string") || says("parsing literal string")) {
    if (says("control characters")) return "a string begins here and its line ends before it does";
    if (says("end-of-file")) return "the file ends within a string";
  }
  return lower_first(description);
}

using Source = std::shared_ptr<const std::string>;

Value convert(const toml::node& node, const Source& source);

void convert_table(const toml::table& table, const Source& source, Value& result) {
  std::vector<std::pair<const toml::key*, const toml::node*>> ordered;
  for (const auto& [key, node] : table) ordered.emplace_back(&key, &node);
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) {
    return a.first->source().begin < b.first->source().begin;
  });
  for (const auto& [key, node] : ordered) {
    const int line = std::max(1, static_cast<int>(key->source().begin.line));
    result.entries.push_back({std::string(key->str()), line, convert(*node, source)});
  }
}

Value convert(const toml::node& node, const Source& source) {
  Value result;
  result.source = source;
  result.line = std::max(1, static_cast<int>(node.source().begin.line));
  if (const auto* table = node.as_table()) {
    result.kind = ValueKind::table;
    result.is_inline = table->is_inline();
    convert_table(*table, source, result);
  } else if (const auto* array = node.as_array()) {
    result.kind = ValueKind::array;
    for (const toml::node& element : *array) {
      result.elements.push_back(convert(element, source));
    }
  } else if (const auto* text = node.as_string()) {
    result.kind = ValueKind::string;
    result.text = text->get();
  } else if (const auto* integer = node.as_integer()) {
    result.kind = ValueKind::integer;
    result.integer = integer->get();
  } else if (const auto* number = node.as_floating_point()) {
    result.kind = ValueKind::number;
    result.number = number->get();
  } else if (const auto* boolean = node.as_boolean()) {
    result.kind = ValueKind::boolean;
    result.boolean = boolean->get();
  } else {
    fail_at_line(*source, static_cast<std::size_t>(result.line),
                 "dates and times are not used; write a number, or a string in quotes");
  }
  return result;
}

}  // namespace

void fail_at_line(const std::string& source_name, std::size_t line, const std::string& message) {
  throw engine::Error(engine::ExitCode::bad_input,
                      fmt::format("{}:{}: {}", source_name, line, message));
}

std::string place_of(const Value& value) {
  if (value.assignment != nullptr) return *value.assignment;
  return fmt::format("{}:{}", *value.source, value.line);
}

void fail_at_value(const Value& value, const std::string& message) {
  throw engine::Error(engine::ExitCode::bad_input, fmt::format("{}: {}", place_of(value), message));
}

const Entry* find_entry(const Value& table, std::string_view key) {
  const auto found = std::find_if(table.entries.begin(), table.entries.end(),
                                  [&](const Entry& entry) { return entry.key == key; });
  return found == table.entries.end() ? nullptr : &*found;
}

Document parse_toml(std::string_view text, const std::string& source_name) {
  const std::vector<std::string> lines = clean_lines(text, source_name);
  Document document;
  try {
    const toml::table root = toml::parse(join_lines(lines, lines.size()));
    document.root = convert(root, std::make_shared<const std::string>(source_name));
    document.root.line = 1;
  } catch (const toml::parse_error& error) {
    const std::size_t line = error.source().begin.line;
    fail_at_line(source_name,
                 std::clamp<std::size_t>(line, 1, std::max<std::size_t>(1, lines.size())),
                 words_of(error));
  } catch (const ParserAssertion&) {
    fail_at_line(source_name, line_of_assertion(lines), "not valid TOML");
  }
  return document;
}

}  // namespace flopsieve::jobs
