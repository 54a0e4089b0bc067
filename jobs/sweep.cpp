#include "jobs/sweep.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <deque>
#include <filesystem>
#include <limits>
#include <set>
#include <utility>

#include "engine/error.hpp"
#include "engine/files.hpp"
#include "engine/sha256.hpp"
#include "jobs/csv.hpp"
#include "jobs/job.hpp"
#include "jobs/sobol.hpp"
#include "jobs/suggest.hpp"
#include "jobs/support.hpp"
#include "jobs/sweep_axes.hpp"
#include "jobs/sweep_design.hpp"
#include "jobs/table_reader.hpp"
#include "jobs/toml_text.hpp"

namespace flopsieve::jobs {
namespace {

const std::vector<std::string> designs{"grid",  "zip",      "list",  "csv", "latin_hypercube",
                                       "sobol", "saltelli", "morris"};

/// Values that a sweep holds in memory.
constexpr std::uint64_t most_values = 50'000'000;

/// Reads one [sweep].
class SweepParser {
 public:
  SweepParser(const Document& job, TableReader table) : job_(job), table_(std::move(table)) {}

  Sweep parse() {
    sweep_.design = table_.string("design");
    if (std::find(designs.begin(), designs.end(), sweep_.design) == designs.end()) {
      const std::string hint = did_you_mean(sweep_.design, designs);
      table_.fail_at("design",
                     fmt::format("sweep.design: unknown design \"{}\"{} allowed: {}", sweep_.design,
                                 hint.empty() ? ";" : hint, fmt::join(designs, ", ")));
    }
    say("design", toml_string(sweep_.design));
    sweep_.common_random_numbers = table_.boolean("common_random_numbers", true);
    say("common_random_numbers", sweep_.common_random_numbers ? "true" : "false");
    if (table_.has("sensitivity")) {
      sweep_.sensitivity = table_.strings("sensitivity");
      say("sensitivity", toml_value(table_.value("sensitivity")));
    }
    if (sweep_.design == "list") {
      parse_list();
    } else if (sweep_.design == "csv") {
      parse_csv_file();
    } else {
      parse_keys();
    }
    table_.finish();
    refuse_swept_seed();
    refuse_keys_in_keys();
    return std::move(sweep_);
  }

 private:
  void say(const char* key, const std::string& value) {
    if (sweep_.text.empty()) sweep_.text = "[sweep]\n";
    sweep_.text += fmt::format("{} = {}\n", key, value);
  }

  std::uint64_t whole(const char* key, std::optional<std::int64_t> fallback, std::int64_t least,
                      std::int64_t most) {
    const std::int64_t value = fallback ? table_.integer(key, *fallback) : table_.integer(key);
    if (value < least || value > most) {
      table_.fail_at(
          key, fmt::format("sweep.{} must be from {} to {}, found {}", key, least, most, value));
    }
    say(key, std::to_string(value));
    return static_cast<std::uint64_t>(value);
  }

  /// Throws for more than can be held.
  void set_variants(std::uint64_t variants, std::size_t keys) {
    if (variants > most_variants || variants * keys > most_values) {
      table_.fail(
          fmt::format("the sweep has {} variants of {} keys; allowed are {} variants, and "
                      "{} values in all",
                      variants, keys, most_variants, most_values));
    }
    sweep_.variants = variants;
  }

  void refuse_swept_seed() {
    for (const SweepKey& key : sweep_.keys) {
      if (key.swept.name != "seed" || sweep_.common_random_numbers) continue;
      table_.fail_at("common_random_numbers",
                     "seed is swept, so common_random_numbers = false has nothing to decide; leave "
                     "one of them out");
    }
  }

  /// One of the two would take the other's place.
  void refuse_keys_in_keys() const {
    for (const SweepKey& inner : sweep_.keys) {
      for (const SweepKey& outer : sweep_.keys) {
        if (!inner.swept.name.starts_with(outer.swept.name + ".")) continue;
        fail_at_line(*inner.source, static_cast<std::size_t>(inner.lines[0]),
                     fmt::format("{} is a part of {}, which is swept too", inner.swept.name,
                                 outer.swept.name));
      }
    }
  }

  // What stands under `keys`.

  void parse_keys() {
    const bool is_sampled = sweep_.design != "grid" && sweep_.design != "zip";
    if (is_sampled) parse_sampling();
    std::vector<Axis> axes = parse_axes(table_);
    sweep_.text += "\n[sweep.keys]\n";
    for (const Axis& axis : axes) {
      sweep_.text += fmt::format("{} = {}\n", toml_string(axis.name), toml_value(*axis.place));
    }
    if (is_sampled) {
      sample(axes);
    } else {
      for (const Axis& axis : axes) refuse_law(axis);
      sweep_.design == "grid" ? make_grid(axes) : make_zip(axes);
    }
  }

  void refuse_law(const Axis& axis) const {
    if (axis.kind != Axis::Kind::law) return;
    table_.fail(*axis.place,
                fmt::format("{}: a {} takes values, [1, 2] or {{ from = 1, to = 2, points = 3 }}; "
                            "distributions are for latin_hypercube, sobol, saltelli and morris",
                            axis.name, sweep_.design));
  }

  /// As many rows as all combinations; the last key runs fastest.
  void make_grid(const std::vector<Axis>& axes) {
    std::uint64_t variants = 1;
    for (const Axis& axis : axes) {
      variants = std::min(variants * axis.values.size(), most_values);
    }
    set_variants(variants, axes.size());
    std::uint64_t repeats = variants;
    for (const Axis& axis : axes) {
      const std::size_t n = axis.values.size();
      repeats /= n;
      std::vector<const Value*> values;
      for (std::uint64_t v = 0; v < variants; ++v) values.push_back(&axis.values[v / repeats % n]);
      add(axis, values);
    }
  }

  void make_zip(const std::vector<Axis>& axes) {
    const Axis& first = axes.front();
    for (const Axis& axis : axes) {
      if (axis.values.size() == first.values.size()) continue;
      table_.fail(*axis.place,
                  fmt::format("zip: {} has {} values and {} has {}; it takes one of "
                              "each key for each variant",
                              axis.name, axis.values.size(), first.name, first.values.size()));
    }
    set_variants(first.values.size(), axes.size());
    for (const Axis& axis : axes) {
      std::vector<const Value*> values;
      for (const Value& each : axis.values) values.push_back(&each);
      add(axis, values);
    }
  }

  void add(const Axis& axis, const std::vector<const Value*>& values) {
    sweep_.keys.push_back(column_of(table_, axis.name, *axis.place, values));
    sweep_.keys.back().range = axis.text;
  }

  // Designs that sample.

  void parse_sampling() {
    sweep_.points = whole("points", std::nullopt, 1, static_cast<std::int64_t>(most_variants));
    seed_ = whole("seed", 1, 0, std::numeric_limits<std::int64_t>::max());
    if (sweep_.design != "morris") return;
    levels_ = whole("levels", 4, 2, 1000);
    if (levels_ % 2 != 0) {
      table_.fail_at("levels", fmt::format("sweep.levels must be even, found {}", levels_));
    }
  }

  void sample(const std::vector<Axis>& axes) {
    for (const Axis& axis : axes) demand_sampled(axis);
    const std::size_t d = axes.size();
    const std::size_t dimensions = sweep_.design == "saltelli" ? 2 * d : d;
    const bool is_sobol = sweep_.design == "sobol" || sweep_.design == "saltelli";
    if (is_sobol && dimensions > most_sobol_dimensions) {
      table_.fail(fmt::format("{} takes at most {} keys, found {}", sweep_.design,
                              most_sobol_dimensions * d / dimensions, d));
    }
    std::uint64_t rows = 1;
    if (sweep_.design == "saltelli") rows = d + 2;
    if (sweep_.design == "morris") rows = d + 1;
    set_variants(sweep_.points * rows, d);
    const UnitRows unit = unit_rows(d);
    for (std::size_t j = 0; j < d; ++j) add_sampled(axes[j], unit, j, d);
  }

  UnitRows unit_rows(std::size_t d) const {
    if (sweep_.design == "latin_hypercube") return latin_hypercube(sweep_.points, d, seed_);
    if (sweep_.design == "sobol") return sobol(sweep_.points, d, seed_);
    if (sweep_.design == "saltelli") return saltelli(sweep_.points, d, seed_);
    return morris(sweep_.points, d, levels_, seed_);
  }

  void demand_sampled(const Axis& axis) const {
    if (axis.kind == Axis::Kind::range) {
      table_.fail(
          *axis.place,
          fmt::format("{}: {} takes a distribution such as {{ uniform = [1, 2] }}, or a list "
                      "of equally likely values; from, to and points are for grid and zip",
                      axis.name, sweep_.design));
    }
    if (sweep_.design == "saltelli") demand_numbers(axis);
    if (sweep_.design != "morris") return;
    const Support range = support(axis.law);
    const bool bounded = std::isfinite(range.lower) && std::isfinite(range.upper);
    if (axis.kind == Axis::Kind::law && bounded) return;
    table_.fail(*axis.place, fmt::format("{}: morris goes from one end of a range to the other, so "
                                         "it takes a distribution with both ends; give it lower "
                                         "and upper, or use uniform",
                                         axis.name));
  }

  /// Indices are computed from the columns of the result.
  void demand_numbers(const Axis& axis) const {
    for (const Value& each : axis.values) {
      if (each.kind == ValueKind::integer || each.kind == ValueKind::number) continue;
      table_.fail(each,
                  fmt::format("{}: saltelli takes a distribution or a list of numbers", axis.name));
    }
  }

  void add_sampled(const Axis& axis, const UnitRows& unit, std::size_t j, std::size_t d) {
    if (axis.kind == Axis::Kind::values) {
      const std::size_t n = axis.values.size();
      std::vector<const Value*> values;
      for (std::size_t i = j; i < unit.size(); i += d) {
        const auto index = static_cast<std::size_t>(unit[i] * static_cast<double>(n));
        values.push_back(&axis.values[std::min(index, n - 1)]);
      }
      add(axis, values);
      return;
    }
    std::vector<double> numbers;
    for (std::size_t i = j; i < unit.size(); i += d) {
      numbers.push_back(quantile_between_bounds(axis.law, unit[i]));
    }
    sweep_.keys.push_back(column_of_numbers(axis.name, *axis.place, std::move(numbers)));
    sweep_.keys.back().range = axis.text;
  }

  // Variants one by one.

  void parse_list() {
    std::vector<TableReader> entries = table_.tables("list");
    if (entries.empty()) table_.fail_at("list", "the sweep has no [[sweep.list]]");
    std::vector<std::string> names;
    std::vector<const Value*> places;
    for (const TableReader& entry : entries) {
      sweep_.text += "\n[[sweep.list]]\n";
      for (const Entry& each : entry.raw().entries) {
        sweep_.text += fmt::format("{} = {}\n", toml_string(each.key), toml_value(each.value));
        if (std::find(names.begin(), names.end(), each.key) != names.end()) continue;
        if (each.value.kind == ValueKind::table && each.key.find('.') == std::string::npos) {
          entry.fail(each.value, fmt::format("{0}: a list takes no whole table; dotted keys stand "
                                             "in quotes here: \"{0}.KEY\" = ...",
                                             each.key));
        }
        refuse_common_key(entry, each.value, each.key);
        names.push_back(each.key);
        places.push_back(&each.value);
      }
    }
    if (names.empty()) table_.fail_at("list", "no [[sweep.list]] has a key");
    set_variants(entries.size(), names.size());
    for (std::size_t k = 0; k < names.size(); ++k) {
      std::deque<Value> own;
      std::vector<const Value*> values;
      for (const TableReader& entry : entries) {
        const Entry* each = find_entry(entry.raw(), names[k]);
        values.push_back(each == nullptr ? own_value(names[k], entry, own) : &each->value);
      }
      sweep_.keys.push_back(column_of(table_, names[k], *places[k], values));
      sweep_.keys.back().range = "as listed";
    }
  }

  /// What the job itself says of a key that an entry of the list leaves out, put into `own`.
  const Value* own_value(const std::string& name, const TableReader& entry,
                         std::deque<Value>& own) const {
    const Value* found = find_key(job_, name);
    if (found == nullptr) return nullptr;
    own.push_back(*found);
    own.back().source = entry.raw().source;
    own.back().line = entry.line();
    return &own.back();
  }

  void parse_csv_file() {
    const std::string name = table_.label("csv", "");
    if (name.empty()) table_.fail("design = \"csv\" needs csv = \"FILE\"");
    // An absolute name stays as it is.
    const std::filesystem::path path =
        std::filesystem::path(*table_.value("csv").source).parent_path() / name;
    if (engine::path_kind(path) != engine::PathKind::file) {
      table_.fail_at("csv", fmt::format("sweep.csv: there is no file {}", path.string()));
    }
    const CsvTable csv = read_csv(path.string());
    if (csv.records.empty()) {
      table_.fail_at("csv", fmt::format("{} has a header and no variant", path.string()));
    }
    say("csv", toml_string(name));
    sweep_.text += fmt::format("# sha256 of the file: {}\n", csv.sha256);
    set_variants(csv.records.size(), csv.header.size());
    for (std::size_t column = 0; column < csv.header.size(); ++column) add_csv(csv, column);
  }

  void add_csv(const CsvTable& csv, std::size_t column) {
    const std::string& name = csv.header[column];
    const auto source = std::make_shared<const std::string>(csv.source_name);
    Value place;
    place.source = source;
    place.line = csv.header_line;
    refuse_common_key(table_, place, name);
    std::vector<Value> values;
    std::vector<const Value*> pointers;
    for (const CsvRecord& record : csv.records) {
      values.push_back(name == "title" ? csv_title(record.fields[column])
                                       : csv_value(record.fields[column],
                                                   fmt::format("{}:{}: {}", csv.source_name,
                                                               record.line, name)));
      values.back().source = source;
      values.back().line = record.line;
    }
    for (const Value& each : values) pointers.push_back(&each);
    sweep_.keys.push_back(column_of(table_, name, place, pointers));
    sweep_.keys.back().range = fmt::format("column of {}", csv.source_name);
  }

  /// A title is a text, whatever it looks like; quotes of TOML around it are none of it.
  static Value csv_title(const std::string& field) {
    Value value;
    value.kind = ValueKind::string;
    const bool quoted = field.size() > 1 && field.front() == field.back() &&
                        (field.front() == '"' || field.front() == '\'');
    value.text = quoted ? field.substr(1, field.size() - 2) : field;
    return value;
  }

  /// Most fields are numbers, for which the TOML parser is slow.
  static Value csv_value(const std::string& field, const std::string& assignment) {
    Value value;
    value.kind = ValueKind::number;
    const char* end = field.data() + field.size();
    const auto [stop, error] = std::from_chars(field.data(), end, value.number);
    if (error == std::errc() && stop == end && std::isfinite(value.number)) return value;
    if (field.empty()) {
      throw engine::Error(engine::ExitCode::bad_input, assignment + ": the field is empty");
    }
    return value_of_text(field, assignment);
  }

  const Document& job_;
  TableReader table_;
  Sweep sweep_;
  std::uint64_t seed_ = 1;
  std::uint64_t levels_ = 4;
};

/// Whether the variant leaves the key as the job has it.
bool is_left(const SweepKey& key, std::uint64_t variant) {
  if (key.swept.is_number) return std::isnan(key.swept.numbers[variant]);
  return key.choice[variant] == key.palette.size();
}

Value value_of(const SweepKey& key, std::uint64_t variant) {
  if (!key.swept.is_number) return key.palette[key.choice[variant]];
  const double number = key.swept.numbers[variant];
  Value value;
  const bool whole = std::trunc(number) == number && std::abs(number) <= 9007199254740992.0;
  value.kind = whole ? ValueKind::integer : ValueKind::number;
  value.number = number;
  if (whole) value.integer = static_cast<std::int64_t>(number);
  return value;
}

std::string setting_text(const SweepKey& key, std::uint64_t variant) {
  if (is_left(key, variant)) return "";
  if (key.swept.is_number) return fmt::format("{}", key.swept.numbers[variant]);
  return toml_value(key.palette[key.choice[variant]]);
}

}  // namespace

std::optional<Sweep> parse_sweep(const Document& job) {
  TableReader root(job);
  auto table = root.optional_table("sweep");
  if (!table) return std::nullopt;
  return SweepParser(job, std::move(*table)).parse();
}

std::vector<std::string> sensitivity_metrics(const std::string& text) {
  const Document sweep = parse_toml(text, "stored sweep");
  const Value* list = find_key(sweep, "sweep.sensitivity");
  std::vector<std::string> metrics;
  if (list == nullptr) return metrics;
  for (const Value& each : list->elements) metrics.push_back(each.text);
  return metrics;
}

std::string place_of(const SweepKey& key, std::uint64_t variant) {
  const int line = key.lines.size() == 1 ? key.lines[0] : key.lines[variant];
  return fmt::format("{}:{}: {}={}", *key.source, line, key.swept.name, setting_text(key, variant));
}

void put_variant(Document& job, const Sweep& sweep, std::uint64_t variant) {
  for (const SweepKey& key : sweep.keys) {
    if (is_left(key, variant)) continue;
    put_value(job, key.swept.name, value_of(key, variant),
              std::make_shared<const std::string>(place_of(key, variant)));
  }
}

std::string canonical_settings(const Sweep& sweep, std::uint64_t variant) {
  std::set<std::string> lines;
  for (const SweepKey& key : sweep.keys) {
    if (key.swept.name == "title") continue;
    lines.insert(fmt::format("{}={}\n", key.swept.name, setting_text(key, variant)));
  }
  return fmt::format("{}", fmt::join(lines, ""));
}

std::uint64_t variant_seed(std::uint64_t base, const Sweep& sweep, std::uint64_t variant) {
  if (sweep.common_random_numbers) return base;
  const std::string hash = engine::sha256_hex(canonical_settings(sweep, variant));
  return base ^ (std::stoull(hash.substr(0, 16), nullptr, 16) >> 1);
}

}  // namespace flopsieve::jobs
