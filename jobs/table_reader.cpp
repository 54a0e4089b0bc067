#include "jobs/table_reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "jobs/suggest.hpp"

namespace flopsieve::jobs {
namespace {

std::string kind_name(const Value& value) {
  switch (value.kind) {
    case ValueKind::string:
      return "a string";
    case ValueKind::integer:
      return fmt::format("the whole number {}", value.integer);
    case ValueKind::number:
      return fmt::format("the number {}", value.number);
    case ValueKind::boolean:
      return value.boolean ? "true" : "false";
    case ValueKind::array:
      return "an array";
    case ValueKind::table:
      return "a table";
  }
  return "something else";
}

/// How messages call the element of an array at an index: counted from 1.
std::string element_name(const std::string& array, std::size_t index) {
  return fmt::format("{}[{}]", array, index + 1);
}

}  // namespace

TableReader::TableReader(const Value& table, std::string path)
    : table_(&table), path_(std::move(path)) {
  if (table.kind != ValueKind::table) wrong_type(table, path_, "a table");
}

TableReader::TableReader(const Document& document) : TableReader(document.root, "") {}

bool TableReader::has(std::string_view key) {
  return optional_value(key) != nullptr;
}

const Value* TableReader::optional_value(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  const Entry* entry = find_entry(*table_, key);
  return entry == nullptr ? nullptr : &entry->value;
}

const Value& TableReader::value(std::string_view key) {
  const Value* found = optional_value(key);
  if (found != nullptr) return *found;
  std::vector<std::string> unknown;
  for (const Entry& entry : table_->entries) {
    if (std::find(known_.begin(), known_.end(), entry.key) == known_.end()) {
      unknown.push_back(entry.key);
    }
  }
  const std::optional<std::string> misspelt = closest(key, unknown);
  fail(fmt::format("{} lacks \"{}\"{}", title(), key,
                   misspelt ? fmt::format("; is \"{}\" meant for it?", *misspelt) : ""));
}

double TableReader::number(std::string_view key) {
  return as_number(value(key), name_of(key));
}

double TableReader::number(std::string_view key, double fallback) {
  return optional_number(key).value_or(fallback);
}

std::optional<double> TableReader::optional_number(std::string_view key) {
  if (!has(key)) return std::nullopt;
  return number(key);
}

std::int64_t TableReader::integer(std::string_view key) {
  return as_integer(value(key), name_of(key));
}

std::int64_t TableReader::integer(std::string_view key, std::int64_t fallback) {
  return optional_integer(key).value_or(fallback);
}

std::optional<std::int64_t> TableReader::optional_integer(std::string_view key) {
  if (!has(key)) return std::nullopt;
  return integer(key);
}

int TableReader::year(std::string_view key) {
  const std::int64_t found = integer(key);
  if (found < 1900 || found > 9999) {
    fail_at(key, fmt::format("{} must be a year from 1900 to 9999, found {}", name_of(key), found));
  }
  return static_cast<int>(found);
}

int TableReader::year(std::string_view key, int fallback) {
  return has(key) ? year(key) : fallback;
}

std::string TableReader::string(std::string_view key) {
  return as_string(value(key), name_of(key));
}

std::string TableReader::string(std::string_view key, std::string_view fallback) {
  return optional_string(key).value_or(std::string(fallback));
}

std::optional<std::string> TableReader::optional_string(std::string_view key) {
  if (!has(key)) return std::nullopt;
  return string(key);
}

std::string TableReader::label(std::string_view key, std::string_view fallback, Empty empty) {
  if (!has(key)) return std::string(fallback);
  const std::string text = string(key);
  const bool control = std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
  if (control) fail_at(key, fmt::format("{} must not hold control characters", name_of(key)));
  if (text.empty() && empty == Empty::refused) {
    fail_at(key, fmt::format("{} must not be empty", name_of(key)));
  }
  return text;
}

bool TableReader::boolean(std::string_view key) {
  const Value& found = value(key);
  if (found.kind != ValueKind::boolean) wrong_type(found, name_of(key), "true or false");
  return found.boolean;
}

bool TableReader::boolean(std::string_view key, bool fallback) {
  return has(key) ? boolean(key) : fallback;
}

std::vector<double> TableReader::numbers(std::string_view key) {
  return as_numbers(value(key), name_of(key));
}

std::vector<std::int64_t> TableReader::integers(std::string_view key) {
  return elements(value(key), name_of(key), "an array of whole numbers", &TableReader::as_integer);
}

std::vector<std::string> TableReader::strings(std::string_view key) {
  return elements(value(key), name_of(key), "an array of strings", &TableReader::as_string);
}

TableReader TableReader::table(std::string_view key) {
  return TableReader(value(key), name_of(key));
}

std::optional<TableReader> TableReader::optional_table(std::string_view key) {
  if (!has(key)) return std::nullopt;
  return table(key);
}

std::vector<TableReader> TableReader::tables(std::string_view key) {
  std::vector<TableReader> result;
  const Value* found = optional_value(key);
  if (found == nullptr) return result;
  const std::string name = name_of(key);
  for (const Value& element : array_elements(*found, name, fmt::format("tables [[{}]]", name))) {
    result.emplace_back(element, element_name(name, result.size()));
  }
  return result;
}

double TableReader::as_number(const Value& value, const std::string& name) const {
  if (value.kind == ValueKind::integer) return static_cast<double>(value.integer);
  if (value.kind != ValueKind::number) wrong_type(value, name, "a number");
  if (!std::isfinite(value.number)) wrong_type(value, name, "a finite number");
  return value.number;
}

std::int64_t TableReader::as_integer(const Value& value, const std::string& name) const {
  constexpr double largest_exact = 9007199254740992.0;
  if (value.kind == ValueKind::integer) return value.integer;
  const bool whole = value.kind == ValueKind::number && std::trunc(value.number) == value.number &&
                     std::abs(value.number) <= largest_exact;
  if (!whole) wrong_type(value, name, "a whole number");
  return static_cast<std::int64_t>(value.number);
}

std::string TableReader::as_string(const Value& value, const std::string& name) const {
  if (value.kind != ValueKind::string) wrong_type(value, name, "a string");
  return value.text;
}

std::vector<double> TableReader::as_numbers(const Value& value, const std::string& name) const {
  return elements(value, name, "an array of numbers", &TableReader::as_number);
}

template <class T>
std::vector<T> TableReader::elements(const Value& value, const std::string& name,
                                     const std::string& wanted, Converter<T> convert) const {
  std::vector<T> result;
  for (const Value& element : array_elements(value, name, wanted)) {
    result.push_back((this->*convert)(element, element_name(name, result.size())));
  }
  return result;
}

void TableReader::finish() const {
  for (const Entry& entry : table_->entries) {
    if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
    const std::string where = path_.empty() ? "at the top level" : "in " + title();
    const std::string hint = did_you_mean(entry.key, known_);
    throw UnknownKey(fmt::format("{}: unknown key \"{}\" {}{} allowed: {}", place_of(entry.value),
                                 entry.key, where, hint.empty() ? ";" : hint,
                                 fmt::join(known_, ", ")));
  }
}

void TableReader::fail(const Value& where, const std::string& message) const {
  fail_at_value(where, message);
}

void TableReader::fail(const std::string& message) const {
  fail(*table_, message);
}

void TableReader::fail_at(std::string_view key, const std::string& message) const {
  const Entry* entry = find_entry(*table_, key);
  fail(entry == nullptr ? *table_ : entry->value, message);
}

std::string TableReader::name_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

std::string TableReader::title() const {
  return path_.empty() ? "the top level" : fmt::format("[{}]", path_);
}

void TableReader::wrong_type(const Value& found, const std::string& name,
                             const std::string& wanted) const {
  fail(found, fmt::format("{} must be {}, found {}", name, wanted, kind_name(found)));
}

const std::vector<Value>& TableReader::array_elements(const Value& value, const std::string& name,
                                                      const std::string& wanted) const {
  if (value.kind != ValueKind::array) wrong_type(value, name, wanted);
  return value.elements;
}

}  // namespace flopsieve::jobs
