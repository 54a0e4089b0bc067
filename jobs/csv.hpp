#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace flopsieve::jobs {

/// One row of data; `line` is the line of the file on which it starts (fields may hold newlines).
struct CsvRecord {
  int line = 0;
  std::vector<std::string> fields;
};

/// A whole CSV file: every record has exactly as many fields as the header.
struct CsvTable {
  std::string source_name;          ///< path or name, for messages
  std::string sha256;               ///< of the file's bytes, lower-case hex
  std::vector<std::string> header;  ///< column names, all different, none empty
  int header_line = 1;
  std::vector<CsvRecord> records;

  /// Index of the column with exactly this name. Throws engine::Error(bad_input) with a suggestion
  /// where there is none.
  std::size_t column(const std::string& name) const;
};

/// Strict RFC 4180: comma separated; fields may be quoted, then hold commas, newlines and doubled
/// quotes; lines end with LF or CRLF, the last one may lack it. Bytes pass through unchanged (UTF-8
/// expected, not checked); a leading byte order mark is skipped.
/// Throws engine::Error(bad_input, "source_name:line: ...") for a wrong number of fields, a quote
/// inside an unquoted field, text after a closing quote, a quote that never closes, a lone carriage
/// return, an empty file, an empty or repeated column name.
CsvTable parse_csv(std::string_view text, const std::string& source_name);

/// Reads the file into memory and parses it. Throws engine::Error(bad_input) where it cannot be
/// opened or read.
CsvTable read_csv(const std::string& path);

}  // namespace flopsieve::jobs
