#include "jobs/csv.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "engine/error.hpp"
#include "engine/sha256.hpp"
#include "jobs/suggest.hpp"

namespace flopsieve::jobs {
namespace {

[[noreturn]] void fail(const std::string& source_name, int line, const std::string& message) {
  throw engine::Error(engine::ExitCode::bad_input,
                      source_name + ":" + std::to_string(line) + ": " + message);
}

class CsvParser {
 public:
  CsvParser(std::string_view text, const std::string& source_name)
      : text_(text), source_name_(source_name) {}

  bool at_end() const { return position_ == text_.size(); }

  CsvRecord record() {
    CsvRecord result;
    result.line = line_;
    do {
      result.fields.push_back(at('"') ? quoted_field() : plain_field());
    } while (take(','));
    end_of_line();
    return result;
  }

 private:
  bool at(char c) const { return !at_end() && text_[position_] == c; }

  bool take(char c) {
    if (!at(c)) return false;
    ++position_;
    if (c == '\n') ++line_;
    return true;
  }

  std::string plain_field() {
    const std::size_t begin = position_;
    position_ = std::min(text_.find_first_of(",\"\r\n", begin), text_.size());
    if (at('"')) {
      fail(source_name_, line_,
           "a quote inside a field that does not begin with one; quote the whole field and double "
           "the quotes in it");
    }
    return std::string(text_.substr(begin, position_ - begin));
  }

  std::string quoted_field() {
    const int first_line = line_;
    std::string field;
    take('"');
    while (true) {
      if (at_end()) fail(source_name_, first_line, "a quoted field begins here and never ends");
      const char c = text_[position_];
      take(c);
      if (c == '"' && !take('"')) break;
      field += c;
    }
    if (!at_end() && !at(',') && !at('\r') && !at('\n')) {
      fail(source_name_, line_,
           "text after a closing quote; only a comma or the end of the line may follow");
    }
    return field;
  }

  void end_of_line() {
    if (take('\r') && !at('\n')) {
      fail(source_name_, line_, "a carriage return without a line feed; lines end with LF or CRLF");
    }
    take('\n');
  }

  std::string_view text_;
  const std::string& source_name_;
  std::size_t position_ = 0;
  int line_ = 1;
};

void check_header(const CsvTable& table) {
  std::set<std::string> seen;
  for (const std::string& name : table.header) {
    if (name.empty()) fail(table.source_name, table.header_line, "a column without a name");
    if (!seen.insert(name).second) {
      fail(table.source_name, table.header_line, "column \"" + name + "\" appears twice");
    }
  }
}

}  // namespace

std::size_t CsvTable::column(const std::string& name) const {
  const auto found = std::find(header.begin(), header.end(), name);
  if (found == header.end()) {
    fail(source_name, header_line, "no column \"" + name + "\"" + did_you_mean(name, header));
  }
  return static_cast<std::size_t>(found - header.begin());
}

CsvTable parse_csv(std::string_view text, const std::string& source_name) {
  CsvTable table;
  table.source_name = source_name;
  table.sha256 = engine::sha256_hex(text);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (const std::size_t zero = text.find('\0'); zero != std::string_view::npos) {
    const auto line =
        1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(zero), '\n');
    fail(source_name, static_cast<int>(line), "a zero byte; the file must be text (UTF-8)");
  }
  CsvParser parser(text, source_name);
  if (parser.at_end()) fail(source_name, 1, "the file is empty; a line of column names is needed");
  table.header = parser.record().fields;
  check_header(table);
  while (!parser.at_end()) {
    CsvRecord record = parser.record();
    if (record.fields.size() != table.header.size()) {
      fail(source_name, record.line,
           "this record has " + std::to_string(record.fields.size()) + " fields, the header has " +
               std::to_string(table.header.size()));
    }
    table.records.push_back(std::move(record));
  }
  return table;
}

CsvTable read_csv(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    throw engine::Error(engine::ExitCode::bad_input, path + ": a folder, not a CSV file");
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) throw engine::Error(engine::ExitCode::bad_input, path + ": cannot be opened");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.bad()) throw engine::Error(engine::ExitCode::bad_input, path + ": cannot be read");
  return parse_csv(text, path);
}

}  // namespace flopsieve::jobs
