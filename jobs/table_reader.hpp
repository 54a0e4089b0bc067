#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/error.hpp"
#include "jobs/document.hpp"

namespace flopsieve::jobs {

/// A key that nothing asked for.
class UnknownKey : public engine::Error {
 public:
  explicit UnknownKey(const std::string& message) : Error(engine::ExitCode::bad_input, message) {}
};

/// Strict reader of one table. Every getter marks its key as known; finish() then refuses what was
/// never asked for. Errors are engine::Error(bad_input) with `FILE:LINE: ` of the value at fault.
///
/// Getters with one argument demand the key; those with a fallback, and optional_*, do not. The
/// reader refers to the table it reads: the Document must live longer.
///
///     TableReader outputs = root.table("outputs");
///     const std::vector<double> thresholds = outputs.numbers("thresholds");
///     const double tolerance = outputs.number("tolerance", 0.05);
///     outputs.finish();
class TableReader {
 public:
  /// `path` is the dotted name of the table in messages, empty for the root. Throws if `table` is
  /// not a table.
  TableReader(const Value& table, std::string path);
  explicit TableReader(const Document& document);

  /// True if the key stands in the table; marks it as known.
  bool has(std::string_view key);

  /// An integer is accepted as a number. Infinities and nan are refused.
  double number(std::string_view key);
  double number(std::string_view key, double fallback);
  std::optional<double> optional_number(std::string_view key);

  /// A number without a fraction, up to 2^53 in magnitude, is accepted too: 1e6 is 1,000,000.
  std::int64_t integer(std::string_view key);
  std::int64_t integer(std::string_view key, std::int64_t fallback);
  std::optional<std::int64_t> optional_integer(std::string_view key);

  /// A calendar year, from 1900 to 9999.
  int year(std::string_view key);
  int year(std::string_view key, int fallback);

  std::string string(std::string_view key);
  std::string string(std::string_view key, std::string_view fallback);
  std::optional<std::string> optional_string(std::string_view key);

  /// A string to be printed: without control characters, and not empty unless that is allowed. An
  /// absent key gives `fallback`.
  enum class Empty : std::uint8_t { refused, allowed };
  std::string label(std::string_view key, std::string_view fallback, Empty empty = Empty::refused);

  bool boolean(std::string_view key);
  bool boolean(std::string_view key, bool fallback);

  /// Arrays whose elements are all of one type; they may be empty.
  std::vector<double> numbers(std::string_view key);
  std::vector<std::int64_t> integers(std::string_view key);
  std::vector<std::string> strings(std::string_view key);

  /// A sub-table, with its path extended by the key.
  TableReader table(std::string_view key);
  std::optional<TableReader> optional_table(std::string_view key);

  /// An array of tables (`[[key]]`), empty where the key is absent.
  std::vector<TableReader> tables(std::string_view key);

  /// The bare value, for keys that take several types.
  const Value& value(std::string_view key);
  const Value* optional_value(std::string_view key);

  /// Checked conversions of a value found through value(); `name` is its name in messages.
  double as_number(const Value& value, const std::string& name) const;
  std::int64_t as_integer(const Value& value, const std::string& name) const;
  std::string as_string(const Value& value, const std::string& name) const;
  std::vector<double> as_numbers(const Value& value, const std::string& name) const;

  /// Refuses the first key that no getter asked for, with a suggestion and the list of known keys.
  void finish() const;

  /// Throws `FILE:LINE: message` with the place of `where`, or of the table itself.
  [[noreturn]] void fail(const Value& where, const std::string& message) const;
  [[noreturn]] void fail(const std::string& message) const;

  /// The same with the place of this key, or of the table where the key is absent.
  [[noreturn]] void fail_at(std::string_view key, const std::string& message) const;

  int line() const { return table_->line; }
  const Value& raw() const { return *table_; }
  const std::string& path() const { return path_; }

  /// Dotted name of a key of this table, as messages call it: `models.sd`.
  std::string name_of(std::string_view key) const;

  /// How messages call this table: `[models]`, or `the top level`.
  std::string title() const;

  /// "NAME must be WANTED, found ...".
  [[noreturn]] void wrong_type(const Value& found, const std::string& name,
                               const std::string& wanted) const;

 private:
  const std::vector<Value>& array_elements(const Value& value, const std::string& name,
                                           const std::string& wanted) const;
  template <class T>
  using Converter = T (TableReader::*)(const Value&, const std::string&) const;
  template <class T>
  std::vector<T> elements(const Value& value, const std::string& name, const std::string& wanted,
                          Converter<T> convert) const;

  const Value* table_;
  std::string path_;
  std::vector<std::string> known_;
};

}  // namespace flopsieve::jobs
