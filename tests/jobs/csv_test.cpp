#include "jobs/csv.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "engine/error.hpp"

using flopsieve::engine::Error;
using flopsieve::engine::ExitCode;
using flopsieve::jobs::CsvTable;
using flopsieve::jobs::parse_csv;
using flopsieve::jobs::read_csv;

namespace {

std::string error_of(const std::string& text) {
  try {
    parse_csv(text, "t.csv");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::bad_input);
    return error.what();
  }
  return "no error";
}

using Fields = std::vector<std::string>;

}  // namespace

TEST_CASE("CSV: plain, quoted and empty fields") {
  const CsvTable table = parse_csv("a,b,c\n1,\"x,y\",\n,\"say \"\"hi\"\"\",\"\"\n", "t.csv");
  CHECK(table.header == Fields{"a", "b", "c"});
  REQUIRE(table.records.size() == 2);
  CHECK(table.records[0].fields == Fields{"1", "x,y", ""});
  CHECK(table.records[1].fields == Fields{"", "say \"hi\"", ""});
}

TEST_CASE("CSV: records know the line on which they start, over quoted newlines") {
  const CsvTable table = parse_csv("a,b\n\"one\ntwo\r\nthree\",2\n3,4\n", "t.csv");
  REQUIRE(table.records.size() == 2);
  CHECK(table.header_line == 1);
  CHECK(table.records[0].line == 2);
  CHECK(table.records[0].fields[0] == "one\ntwo\r\nthree");
  CHECK(table.records[1].line == 5);
}

TEST_CASE("CSV: CRLF, a byte order mark, UTF-8 and a last line without an end") {
  const CsvTable table = parse_csv("\xEF\xBB\xBFn,m\r\n\xC3\xA9,\"\xE4\xB8\xAD\"\r\n1,2", "t.csv");
  CHECK(table.header == Fields{"n", "m"});
  REQUIRE(table.records.size() == 2);
  CHECK(table.records[0].fields == Fields{"\xC3\xA9", "\xE4\xB8\xAD"});
  CHECK(table.records[1].fields == Fields{"1", "2"});
}

TEST_CASE("CSV: a header alone is a table without records") {
  CHECK(parse_csv("a,b", "t.csv").records.empty());
  CHECK(parse_csv("a,b\r\n", "t.csv").records.empty());
}

TEST_CASE("CSV: the checksum is that of the bytes") {
  // printf 'a,b\n1,2\n' | sha256sum (GNU coreutils)
  CHECK(parse_csv("a,b\n1,2\n", "t.csv").sha256 ==
        "492d5ea496056f1a6a6592241032fab764c321596317930b4fa0e1e8bc3b7470");
}

TEST_CASE("CSV: malformed input names the file, the line and what is wrong") {
  CHECK(error_of("") == "t.csv:1: the file is empty; a line of column names is needed");
  CHECK(error_of("a,b\n1,2\n3\n") == "t.csv:3: this record has 1 fields, the header has 2");
  CHECK(error_of("a,b\n\"x\ny\",2\n1,2,3\n") ==
        "t.csv:4: this record has 3 fields, the header has 2");
  CHECK(error_of("a,b\n1,2\n\n") == "t.csv:3: this record has 1 fields, the header has 2");
  CHECK_THAT(error_of("a,b\n1,x\"y\n"), Catch::StartsWith("t.csv:2: a quote inside a field"));
  CHECK_THAT(error_of("a,b\n1,\"x\"y\n"), Catch::StartsWith("t.csv:2: text after a closing quote"));
  CHECK_THAT(error_of("a,b\n1,\"x\ny\" \n"), Catch::StartsWith("t.csv:3: text after a closing"));
  CHECK_THAT(error_of("a,b\n1,2\r3,4\n"), Catch::StartsWith("t.csv:2: a carriage return without"));
  CHECK(error_of("a,a\n1,2\n") == "t.csv:1: column \"a\" appears twice");
  CHECK(error_of("a,,b\n1,2,3\n") == "t.csv:1: a column without a name");
}

TEST_CASE("CSV: a quote that never closes is reported where the field begins") {
  CHECK(error_of("a,b\n1,2\n3,\"x\n4,5\n6,7\n") ==
        "t.csv:3: a quoted field begins here and never ends");
  CHECK(error_of("a,b\n1,\"x\"\"") == "t.csv:2: a quoted field begins here and never ends");
}

TEST_CASE("CSV: a missing column is an error with a suggestion") {
  const CsvTable table = parse_csv("Model,Publication date\nx,y\n", "t.csv");
  CHECK(table.column("Publication date") == 1);
  CHECK_THROWS_WITH(table.column("Publication dates"),
                    "t.csv:1: no column \"Publication dates\"; did you mean \"Publication date\"?");
  CHECK_THROWS_WITH(table.column("Compute"), "t.csv:1: no column \"Compute\"");
}

TEST_CASE("CSV: files that cannot be read") {
  CHECK_THROWS_WITH(read_csv("/nonexistent/x.csv"), "/nonexistent/x.csv: cannot be opened");
  const std::string folder = std::filesystem::temp_directory_path().string();
  CHECK_THROWS_WITH(read_csv(folder), folder + ": a folder, not a CSV file");
}
