#include "jobs/table_reader.hpp"
#include "jobs/toml_text.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "engine/error.hpp"

using namespace flopsieve::jobs;
using flopsieve::engine::Error;
using flopsieve::engine::ExitCode;

namespace {

template <typename Action>
std::string error_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::bad_input);
    return error.what();
  }
  return "no error";
}

std::string parse_error_of(const std::string& text) {
  return error_of([&] { parse_toml(text, "job.toml"); });
}

const char* const job =
    "seed = 7\n"
    "name = 'x'  # caf\xC3\xA9\n"
    "\n"
    "[models]\n"
    "sd = 1.5\n"
    "mean = 22\n"
    "table = [1, 2.5,\n"
    "  3e2]\n"
    "exact = true\n"
    "\n"
    "[models.count]\n"
    "poisson = { mean = 57.0 }\n"
    "\n"
    "[[constraint]]\n"
    "statistic = \"largest_share\"\n"
    "[[constraint]]\n"
    "statistic = \"skewness\"\n";

const Entry& entry_of(const Value& table, const std::string& key) {
  const Entry* entry = find_entry(table, key);
  REQUIRE(entry != nullptr);
  return *entry;
}

/// But for places. Keys of the root may have changed their order: headings come last.
void demand_same(const Value& a, const Value& b, bool in_order = false) {
  REQUIRE(a.kind == b.kind);
  CHECK(a.text == b.text);
  CHECK(a.integer == b.integer);
  CHECK(a.number == b.number);
  CHECK(a.boolean == b.boolean);
  REQUIRE(a.elements.size() == b.elements.size());
  for (std::size_t i = 0; i < a.elements.size(); ++i) demand_same(a.elements[i], b.elements[i]);
  REQUIRE(a.entries.size() == b.entries.size());
  for (std::size_t i = 0; i < a.entries.size(); ++i) {
    const Entry& entry = a.entries[i];
    if (in_order) CHECK(entry.key == b.entries[i].key);
    const Entry& other = entry_of(b, entry.key);
    if (!other.value.entries.empty()) CHECK(entry.value.is_inline == other.value.is_inline);
    demand_same(entry.value, other.value, true);
  }
}

}  // namespace

TEST_CASE("TOML: values of every kind with their lines, tables in order of appearance") {
  const Document document = parse_toml(job, "job.toml");
  const Value& root = document.root;
  REQUIRE(root.entries.size() == 4);
  CHECK(root.entries[0].key == "seed");
  CHECK(root.entries[1].key == "name");
  CHECK(root.entries[2].key == "models");
  CHECK(root.entries[3].key == "constraint");
  CHECK(root.entries[0].value.kind == ValueKind::integer);
  CHECK(root.entries[0].value.integer == 7);
  CHECK(root.entries[1].value.text == "x");
  CHECK(root.entries[1].value.line == 2);
  const Value& models = root.entries[2].value;
  CHECK(models.line == 4);
  CHECK(find_entry(models, "sd")->value.number == 1.5);
  CHECK(find_entry(models, "sd")->line == 5);
  CHECK(find_entry(models, "exact")->value.boolean);
  const Value& table = find_entry(models, "table")->value;
  REQUIRE(table.elements.size() == 3);
  CHECK(table.elements[2].line == 8);
  CHECK(find_entry(models, "count")->value.line == 11);
  CHECK(root.entries[3].value.elements[1].line == 16);
  CHECK(find_entry(root, "nothing") == nullptr);
}

TEST_CASE("TOML: syntax errors name the file and the line") {
  CHECK_THAT(parse_error_of("a = 1\nb = \n"), Catch::StartsWith("job.toml:2: error while parsing"));
  CHECK_THAT(parse_error_of("a = 1\n\na = 2\n"), Catch::StartsWith("job.toml:3: "));
  CHECK_THAT(parse_error_of("[x]\na = 1\n[x]\n"), Catch::StartsWith("job.toml:3: "));
  CHECK_THAT(parse_error_of("a = 99999999999999999999\n"), Catch::StartsWith("job.toml:1: "));
  CHECK_THAT(parse_error_of("a = \"x\n"), Catch::StartsWith("job.toml:1: "));
}

TEST_CASE("TOML: input on which the parser's own assertions fail is an ordinary error") {
  CHECK_THAT(parse_error_of("a = 1\n\n[ ~\n"), Catch::StartsWith("job.toml:3: "));
  CHECK_THAT(parse_error_of("[ ~"), Catch::StartsWith("job.toml:1: "));
  CHECK_THAT(parse_error_of("[\v"), Catch::StartsWith("job.toml:1: control character 0x0b"));
  CHECK_THAT(parse_error_of("a = 6\xEF\xBB\x9A"), Catch::Contains("not ASCII"));
}

TEST_CASE("TOML: control bytes, foreign characters, dates and endless lines are refused") {
  CHECK(parse_error_of(std::string("a = 1\nb\0 = 2\n", 13)) ==
        "job.toml:2: control character 0x00");
  CHECK_THAT(parse_error_of("a = 'caf\xC3\xA9'\n"), Catch::StartsWith("job.toml:1: a character"));
  CHECK_THAT(parse_error_of("a = '#\xC3\xA9'\n"), Catch::StartsWith("job.toml:1: a character"));
  CHECK_THAT(parse_error_of("a = '''\n# \xC3\xA9'''\n"), Catch::StartsWith("job.toml:2: a char"));
  CHECK_THAT(parse_error_of("x = 1\nday = 2024-01-31\n"), Catch::StartsWith("job.toml:2: dates"));
  CHECK_THAT(parse_error_of("x = [1, 07:30:00]\n"), Catch::StartsWith("job.toml:1: dates"));
  CHECK(parse_error_of("\n" + std::string(9000, 'a') + " = 1\n") ==
        "job.toml:2: longer than 8192 characters");
}

TEST_CASE("TOML: an empty file, CRLF and a byte order mark are fine") {
  CHECK(parse_toml("", "job.toml").root.entries.empty());
  CHECK(parse_toml("\xEF\xBB\xBFx = 1\r\ny = 2\r\n", "job.toml").root.entries.size() == 2);
}

TEST_CASE("TOML: a document that was written is read again as it was") {
  const char* text = R"(# not kept
z = [1, 2.0, "three \u00e9", true, [4, 5], { a = 1 }]
a.c = 1
a.b.y = 2
a.b.x = -0.5
"a"."quoted key" = inf
empty = []
[[list]]
name = "first"
"dotted.name" = 1e300
[[list]]
inline = { p = [1], q = {} }
[table.under]
k2 = 1
[table]
k1 = 2
)";
  Document document = parse_toml(text, "job.toml");
  Value numbers;
  numbers.kind = ValueKind::array;
  for (int i = 0; i < 5000; ++i) {  // longer than a line may be
    Value& each = numbers.elements.emplace_back();
    each.kind = ValueKind::number;
    each.number = i / 7.0;
  }
  document.root.entries.push_back({"numbers", 1, numbers});
  const std::string written = toml_document(document);
  const Document again = parse_toml(written, "written");
  demand_same(again.root, document.root);
  CHECK(toml_document(again) == written);
  CHECK_THAT(written, !Catch::Contains("not kept"));
}

TEST_CASE("reader: getters, fallbacks and nested tables") {
  const Document document = parse_toml(job, "job.toml");
  TableReader root(document);
  CHECK(root.integer("seed") == 7);
  CHECK(root.integer("trajectories", 100) == 100);
  CHECK(root.string("name") == "x");
  CHECK(root.string("title", "none") == "none");
  CHECK_FALSE(root.optional_table("outputs"));
  TableReader models = root.table("models");
  CHECK(models.path() == "models");
  CHECK(models.line() == 4);
  CHECK(models.number("sd") == 1.5);
  CHECK(models.number("mean") == 22.0);
  CHECK(models.optional_number("skewness") == std::nullopt);
  CHECK(models.numbers("table") == std::vector<double>{1.0, 2.5, 300.0});
  CHECK(models.boolean("exact"));
  CHECK(models.boolean("other", true));
  TableReader poisson = models.table("count").table("poisson");
  CHECK(poisson.path() == "models.count.poisson");
  CHECK(poisson.integer("mean") == 57);
  std::vector<TableReader> constraints = root.tables("constraint");
  REQUIRE(constraints.size() == 2);
  CHECK(constraints[1].string("statistic") == "skewness");
  CHECK(root.tables("observed").empty());
  CHECK_NOTHROW(root.finish());
  CHECK_NOTHROW(models.finish());
}

TEST_CASE("reader: wrong types name the key, what is needed and what was found") {
  const Document document = parse_toml(
      "[models]\nsd = 'x'\nmean = inf\nk = 2.5\nlist = [1,\n true]\nflag = 1\nbig = 1e300\n",
      "job.toml");
  TableReader root(document);
  TableReader models = root.table("models");
  CHECK(error_of([&] { models.number("sd"); }) ==
        "job.toml:2: models.sd must be a number, found a string");
  CHECK(error_of([&] { models.number("mean"); }) ==
        "job.toml:3: models.mean must be a finite number, found the number inf");
  CHECK(error_of([&] { models.integer("k"); }) ==
        "job.toml:4: models.k must be a whole number, found the number 2.5");
  CHECK(error_of([&] { models.integer("big"); }) ==
        "job.toml:8: models.big must be a whole number, found the number 1e+300");
  CHECK(error_of([&] { models.numbers("list"); }) ==
        "job.toml:6: models.list[2] must be a number, found true");
  CHECK(error_of([&] { models.strings("list"); }) ==
        "job.toml:5: models.list[1] must be a string, found the whole number 1");
  CHECK(error_of([&] { models.boolean("flag"); }) ==
        "job.toml:7: models.flag must be true or false, found the whole number 1");
  CHECK(error_of([&] { models.table("sd"); }) ==
        "job.toml:2: models.sd must be a table, found a string");
  CHECK(error_of([&] { root.tables("models"); }) ==
        "job.toml:1: models must be tables [[models]], found a table");
}

TEST_CASE("reader: a whole number may be written with an exponent") {
  const Document document = parse_toml("n = 1e6\n", "job.toml");
  CHECK(TableReader(document).integer("n") == 1'000'000);
}

TEST_CASE("reader: a year is one of 1900 to 9999") {
  const Document document =
      parse_toml("a = 1900\nb = 9999\nc = 1899\nd = 10000\ne = 4294969319\n", "job.toml");
  TableReader root(document);
  CHECK(root.year("a") == 1900);
  CHECK(root.year("b", 2023) == 9999);
  CHECK(root.year("none", 2023) == 2023);
  CHECK(error_of([&] { root.year("c"); }) ==
        "job.toml:3: c must be a year from 1900 to 9999, found 1899");
  CHECK(error_of([&] { root.year("d", 2023); }) ==
        "job.toml:4: d must be a year from 1900 to 9999, found 10000");
  CHECK(error_of([&] { root.year("e"); }) ==
        "job.toml:5: e must be a year from 1900 to 9999, found 4294969319");
}

TEST_CASE("reader: a missing key is reported at its table, with a misspelt key if there is one") {
  const Document document = parse_toml("[a]\nx = 1\n[models]\nsize = 1\n", "job.toml");
  TableReader root(document);
  CHECK(error_of([&] { root.table("models").string("sizes"); }) ==
        "job.toml:3: [models] lacks \"sizes\"; is \"size\" meant for it?");
  CHECK(error_of([&] { root.table("a").string("sizes"); }) == "job.toml:1: [a] lacks \"sizes\"");
  CHECK(error_of([&] { root.string("years"); }) == "job.toml:1: the top level lacks \"years\"");
}

TEST_CASE("reader: the first key that nobody asked for is refused") {
  const Document document =
      parse_toml("[outputs]\nwidths = [1]\nthresold = [1e25]\ncolour = 1\n", "job.toml");
  TableReader root(document);
  TableReader outputs = root.table("outputs");
  outputs.has("threshold");
  outputs.numbers("widths");
  CHECK(error_of([&] { outputs.finish(); }) ==
        "job.toml:3: unknown key \"thresold\" in [outputs]; did you mean \"threshold\"? allowed: "
        "threshold, widths");
  TableReader fresh(document);
  fresh.has("seed");
  CHECK(error_of([&] { fresh.finish(); }) ==
        "job.toml:1: unknown key \"outputs\" at the top level; allowed: seed");
}

TEST_CASE("reader: fail_at points at the key, or at the table where the key is absent") {
  const Document document = parse_toml("\n[t]\nmin = 2\n", "job.toml");
  const TableReader reader = TableReader(document).table("t");
  CHECK(error_of([&] { reader.fail_at("min", "too large"); }) == "job.toml:3: too large");
  CHECK(error_of([&] { reader.fail_at("max", "needed"); }) == "job.toml:2: needed");
}
