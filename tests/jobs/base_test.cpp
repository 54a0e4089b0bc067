#include "jobs/base.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <string>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "jobs/embedded.hpp"
#include "jobs/job.hpp"
#include "jobs/table_reader.hpp"
#include "tests/engine/support/folder.hpp"

using namespace flopsieve::jobs;
using flopsieve::engine::testing::ScratchFolder;

namespace {

/// A document without its places, tables in order of appearance.
std::string shown(const Value& value) {
  std::string text;
  switch (value.kind) {
    case ValueKind::string:
      return "'" + value.text + "'";
    case ValueKind::integer:
      return std::to_string(value.integer);
    case ValueKind::number:
      return std::to_string(value.number);
    case ValueKind::boolean:
      return value.boolean ? "true" : "false";
    case ValueKind::array:
      for (const Value& element : value.elements) text += shown(element) + " ";
      return "[ " + text + "]";
    case ValueKind::table:
      for (const Entry& entry : value.entries) text += entry.key + "=" + shown(entry.value) + " ";
      return "{ " + text + "}";
  }
  return "?";
}

std::string laid(const std::string& over, const std::string& base) {
  Document result = parse_toml(base, "base.toml");
  lay_over(result, parse_toml(over, "job.toml"));
  return shown(result.root);
}

std::string plain(const std::string& text) {
  return shown(parse_toml(text, "plain.toml").root);
}

std::string error_of(const std::function<void()>& action) {
  const auto error = flopsieve::engine::testing::error_of(action);
  CHECK(error.code() == flopsieve::engine::ExitCode::bad_input);
  return error.what();
}

/// Job files in a folder of their own.
class Files {
 public:
  std::string write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    flopsieve::engine::write_file_atomically(path, text);
    return path.string();
  }

  Document read(const std::string& name) const {
    const std::filesystem::path path = folder_ / name;
    return with_base(parse_toml(
        flopsieve::engine::read_text(path, flopsieve::engine::ExitCode::bad_input), path.string()));
  }

  std::string error(const std::string& name) const {
    return error_of([&] { read(name); });
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

 private:
  ScratchFolder folder_;
};

const char* const base_constraints =
    "[[constraint]]\nstatistic = 'sd'\nmin = 1\nmax = 2\n"
    "[[constraint]]\nname = 'budget'\nstatistic = 'cost_largest'\nmax = 1e9\n"
    "[[constraint]]\nstatistic = 'skewness'\nfrom = 'calibration'\n";

}  // namespace

TEST_CASE("base: values of the job replace those of its base, and its new keys follow") {
  CHECK(laid("b = 'x'\nc = [3]\nd = true", "a = 1\nb = 2\nc = [1, 2]\n") ==
        plain("a = 1\nb = 'x'\nc = [3]\nd = true"));
  CHECK(laid("", "a = 1\n[t]\nx = 1\n") == plain("a = 1\n[t]\nx = 1\n"));
  CHECK(laid("a = 1\n[t]\nx = 1\n", "") == plain("a = 1\n[t]\nx = 1\n"));
}

TEST_CASE("base: tables under a heading merge, at any depth; dotted keys are such tables") {
  const std::string base = "[t]\nx = 1\ny = 2\n[t.u]\na = 1\nb = 2\n";
  CHECK(laid("[t]\ny = 3\nz = 4\n[t.u]\nb = 5\n", base) ==
        plain("[t]\nx = 1\ny = 3\nu = { a = 1, b = 5 }\nz = 4\n"));
  CHECK(laid("[t.u]\nc = 5\n", base) == plain("[t]\nx = 1\ny = 2\n[t.u]\na = 1\nb = 2\nc = 5\n"));
  CHECK(laid("t.u.b = 5\n", base) == plain("[t]\nx = 1\ny = 2\n[t.u]\na = 1\nb = 5\n"));
  CHECK(laid("[t]\nu.b = 5\n", "t = { x = 1, u = { a = 1, b = 2 } }") ==
        plain("t = { x = 1, u = { a = 1, b = 5 } }"));
}

TEST_CASE("base: a table in braces replaces, so that two distributions do not mix") {
  CHECK(laid("[m]\nsd = { uniform = [1, 2] }\n",
             "[m]\nsd = { normal = [0, 1], lower = 0 }\nk = 1\n") ==
        plain("[m]\nsd = { uniform = [1, 2] }\nk = 1\n"));
  CHECK(laid("[m]\nsd = { 2025 = 1 }\n", "[m.sd]\n2024 = 1\n") == plain("[m]\nsd = { 2025 = 1 }"));
  CHECK(laid("[m]\nsd = 1\n", "[m.sd]\n2024 = 1\n") == plain("[m]\nsd = 1\n"));
  CHECK(laid("[m.sd]\nx = 1\n", "[m]\nsd = 1\n") == plain("[m.sd]\nx = 1\n"));
}

TEST_CASE("base: constraints are laid over those of their name, or of their statistic") {
  const std::string sd = "[[constraint]]\nstatistic = 'sd'\nmin = 1\nmax = 2\n";
  const std::string budget =
      "[[constraint]]\nname = 'budget'\nstatistic = 'cost_largest'\nmax = 1e9\n";
  const std::string skewness = "[[constraint]]\nstatistic = 'skewness'\nfrom = 'calibration'\n";
  const std::string base = sd + budget + skewness;
  CHECK(laid("[[constraint]]\nstatistic = 'sd'\nmax = 3\n", base) ==
        plain("[[constraint]]\nstatistic = 'sd'\nmin = 1\nmax = 3\n" + budget + skewness));
  const std::string more = "[[constraint]]\nname = 'budget'\nstatistic = 'cost_largest'\nmax = 5\n";
  CHECK(laid("[[constraint]]\nname = 'budget'\nmax = 5\n", base) == plain(sd + more + skewness));
  CHECK(laid("[[constraint]]\nstatistic = 'cost_largest'\nmax = 5\n", base) ==
        plain(sd + more + skewness));
  CHECK(laid("[[constraint]]\nname = 'sd'\nstatistic = 'sd'\nmax = 3\n", base) ==
        plain("[[constraint]]\nstatistic = 'sd'\nmin = 1\nmax = 3\nname = 'sd'\n" + budget +
              skewness));
  const std::string second = "[[constraint]]\nname = 'late'\nstatistic = 'sd'\nmax = 1.5\n";
  CHECK(laid(second, base) == plain(base + second));
  const std::string other = "[[constraint]]\nstatistic = 'mean'\nmin = 20\n";
  CHECK(laid(other, base) == plain(base + other));
  CHECK(laid(other, "") == plain(other));
  // The second of the job's own finds the base's already taken.
  CHECK(laid(sd + sd, sd) == plain(sd + sd));
}

TEST_CASE("base: drop removes a constraint of the base") {
  const std::string base = base_constraints;
  const std::string drop_sd = "[[constraint]]\nstatistic = 'sd'\ndrop = true\n";
  const std::string rest = base.substr(base.find("[[", 2));
  CHECK(laid(drop_sd, base) == plain(rest));
  const std::string fresh = "[[constraint]]\nstatistic = 'sd'\nfrom = 'calibration'\n";
  CHECK(laid(drop_sd + fresh, base) == plain(rest + fresh));
  CHECK(laid("[[constraint]]\nstatistic = 'x'\ndrop = true\n", "[[constraint]]\nstatistic = 'x'") ==
        "{ constraint=[ ] }");

  const auto error = [&](const std::string& over) {
    return error_of([&] { laid("\n" + over, base); });
  };
  CHECK(error("[[constraint]]\nname = 'bugdet'\ndrop = true\n") ==
        "job.toml:4: the base job has no constraint \"bugdet\" to drop");
  CHECK(error(drop_sd + drop_sd) == "job.toml:7: the base job has no constraint \"sd\" to drop");
  CHECK(error("[[constraint]]\nstatistic = 'sd'\ndrop = false\n") ==
        "job.toml:4: drop can only be true");
  CHECK(error("[[constraint]]\nstatistic = 'sd'\ndrop = 1\n") ==
        "job.toml:4: constraint.drop must be true or false, found the whole number 1");
  CHECK(error("[[constraint]]\nstatistic = 'sd'\ndrop = true\nmax = 1\n") ==
        "job.toml:5: unknown key \"max\" in [constraint]; allowed: drop, name, statistic");
  CHECK(error_of([&] { laid(drop_sd, ""); }) ==
        "job.toml:3: the base job has no constraint \"sd\" to drop");
}

TEST_CASE("base: a statistic that several named constraints have needs the name") {
  const std::string base =
      "[[constraint]]\nname = 'a'\nstatistic = 'sd'\n[[constraint]]\nname = 'b'\nstatistic = "
      "'sd'\n";
  CHECK(error_of([&] { laid("[[constraint]]\nmax = 1\nstatistic = 'sd'\n", base); }) ==
        "job.toml:3: several constraints of the base job have the statistic sd; write the name of "
        "the one that is meant, or a new name");
}

TEST_CASE("base: every value keeps the file and the line where it stands") {
  Document merged = parse_toml("a = 1\n[t]\nx = 1\ny = 2\n", "base.toml");
  lay_over(merged, parse_toml("\n\n\n[t]\ny = 3\n", "job.toml"));
  TableReader root(merged);
  TableReader table = root.table("t");
  CHECK(error_of([&] { root.string("a"); }) ==
        "base.toml:1: a must be a string, found the whole number 1");
  CHECK(error_of([&] { table.string("x"); }) ==
        "base.toml:3: t.x must be a string, found the whole number 1");
  CHECK(error_of([&] { table.string("y"); }) ==
        "job.toml:5: t.y must be a string, found the whole number 3");
  CHECK(error_of([&] { table.string("z"); }) == "job.toml:4: [t] lacks \"z\"");
  CHECK(error_of([&] { TableReader(merged).finish(); }) ==
        "base.toml:1: unknown key \"a\" at the top level; allowed: ");
  set_key(merged, "a", "2");
  set_key(merged, "t.new.key", "2");
  CHECK(error_of([&] { TableReader(merged).string("a"); }) ==
        "--set a=2: a must be a string, found the whole number 2");
  CHECK(error_of([&] { TableReader(merged).table("t").table("new").string("key"); }) ==
        "--set t.new.key=2: t.new.key must be a string, found the whole number 2");
}

TEST_CASE("a set key finds a constraint whose statistic has a parameter with a point") {
  Document document = parse_toml(
      "[[constraint]]\nstatistic = \"share_within(1.31)\"\nmax = 0.5\n"
      "[[constraint]]\nname = \"few (2.5)\"\nstatistic = \"count\"\nmax = 50\n",
      "job.toml");
  set_key(document, "constraint.share_within(1.31).max", "0.9");
  set_key(document, "constraint.few (2.5).max", "40");
  TableReader root(document);
  std::vector<TableReader> constraints = root.tables("constraint");
  CHECK(constraints.at(0).number("max") == 0.9);
  CHECK(constraints.at(1).number("max") == 40.0);
  CHECK(error_of([&] { set_key(document, "constraint.share_within(1.32).max", "1"); }) ==
        "--set constraint.share_within(1.32).max=1: nothing there is called share_within(1.32); "
        "there is share_within(1.31), few (2.5)");
}

TEST_CASE("base: names are relative to the file that names them, chains go on") {
  Files files;
  files.write("a.toml", "x = 1\ny = 1\nz = 1\n");
  files.write("sub/b.toml", "base = '../a.toml'\ny = 2\nz = 2\n");
  files.write("c.toml", "base = 'sub/b.toml'\nz = 3\n");
  CHECK(shown(files.read("c.toml").root) == plain("x = 1\ny = 2\nz = 3\n"));
  files.write("absolute.toml", "base = '" + files.path("a.toml") + "'\nx = 5\n");
  CHECK(shown(files.read("absolute.toml").root) == plain("x = 5\ny = 1\nz = 1\n"));
  const Document merged = files.read("c.toml");
  CHECK(*find_entry(merged.root, "y")->value.source == files.path("sub/b.toml"));
  CHECK(*find_entry(merged.root, "z")->value.source == files.path("c.toml"));
}

TEST_CASE("base: a calibration is relative to the file that names it") {
  Files files;
  files.write("sub/calibration.toml", "nonsense = 1\n");
  files.write("sub/base.toml", "calibration = 'calibration.toml'\n");
  files.write("job.toml", "base = 'sub/base.toml'\n");
  const std::string said = error_of([&] { calibration_for(files.read("job.toml")); });
  CHECK_THAT(said, Catch::StartsWith(files.path("sub/calibration.toml") + ":1: "));
}

TEST_CASE("base: the embedded forecast is a base") {
  const Document job = with_base(parse_toml("base = 'forecast'\nseed = 9\n", "stdin"));
  Document expected = parse_toml(embedded_forecast(), "forecast");
  set_key(expected, "seed", "9");
  CHECK(shown(job.root) == shown(expected.root));
  CHECK(plan_from_job(job, calibration_for(job)).seed == 9);
  CHECK(error_of([&] { with_base(parse_toml("\nbase = 'forecst'\n", "job.toml")); }) ==
        "job.toml:2: base: forecst: cannot read: No such file or directory");
}

TEST_CASE("base: circles, long chains and names that are none are refused") {
  Files files;
  files.write("self.toml", "base = 'self.toml'\n");
  CHECK(files.error("self.toml") == files.path("self.toml") +
                                        ":1: the base jobs lead in a circle, back to " +
                                        files.path("self.toml"));
  files.write("sub/a.toml", "base = '../b.toml'\n");
  files.write("b.toml", "\nbase = './sub/../sub/a.toml'\n");
  CHECK(files.error("sub/a.toml") == files.path("sub/../b.toml") +
                                         ":2: the base jobs lead in a circle, back to " +
                                         files.path("sub/a.toml"));

  files.write("0.toml", "x = 1\n");
  for (int i = 1; i <= 9; ++i) {
    files.write(std::to_string(i) + ".toml", "base = '" + std::to_string(i - 1) + ".toml'\n");
  }
  CHECK(shown(files.read("8.toml").root) == plain("x = 1\n"));
  CHECK(files.error("9.toml") ==
        files.path("1.toml") + ":1: more than 8 jobs are based on one another");

  const auto error = [](const std::string& text) {
    return error_of([&] { with_base(parse_toml(text, "job.toml")); });
  };
  CHECK(error("base = 5\n") == "job.toml:1: base must be a string, found the whole number 5");
  CHECK(error("base = ''\n") == "job.toml:1: base must not be empty");
  files.write("broken.toml", "x = 1\ny = \n");
  files.write("on-broken.toml", "base = 'broken.toml'\n");
  CHECK_THAT(files.error("on-broken.toml"), Catch::StartsWith(files.path("broken.toml") + ":2: "));
}
