#include "jobs/sweep_axes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "jobs/input_parser.hpp"
#include "jobs/support.hpp"
#include "jobs/toml_text.hpp"
#include "jobs/yearly.hpp"

namespace flopsieve::jobs {
namespace {

constexpr double largest_exact = 9007199254740992.0;

/// Keys, or tables, that decide what a sweep's rows have in common.
struct CommonKey {
  const char* name;
  const char* reason;
};
constexpr CommonKey common_keys[] = {
    {"years", "all variants have the same years"},
    {"outputs", "all variants have the same thresholds, quantiles and statistics"},
    {"observed", "all variants have the same observed counts"},
    {"precision", "all variants have the same precision"},
    {"trajectories", "all variants have the same number of them"},
    {"batch_trajectories", "all variants have the same batches"},
    {"calibration", "all variants have the same calibration"},
    {"base", "all variants have the same base"},
    {"backtest", "a backtest is several runs already"},
    {"sweep", "a sweep cannot sweep itself"},
    {"constraint",
     "all variants have the same constraints; sweep their numbers, such as "
     "constraint.largest_share.max"},
};

bool is_number(const Value& value) {
  return value.kind == ValueKind::integer || value.kind == ValueKind::number;
}

double number_of(const TableReader& reader, const Value& value, const std::string& name) {
  const double number = reader.as_number(value, name);
  if (value.kind == ValueKind::integer && std::abs(number) > largest_exact) {
    reader.fail(value, fmt::format("{}: a whole number beyond 2^53 cannot be swept", name));
  }
  return number;
}

std::string text_of(const Value& value) {
  return value.kind == ValueKind::string ? value.text : toml_value(value);
}

/// To 12 digits: results are selected by these numbers, and 0.7999999999999999 would not be found.
double rounded(double number) {
  return std::stod(fmt::format("{:.12g}", number));
}

/// `{ from = 1, to = 2, points = 5 }`
class RangeParser {
 public:
  RangeParser(const Value& value, const std::string& name) : table_(value, name) {}

  void parse(Axis& axis) {
    const double from = table_.number("from");
    const double to = table_.number("to");
    const std::int64_t points = table_.integer("points");
    const std::string spacing = table_.string("spacing", "linear");
    table_.finish();
    if (spacing != "linear" && spacing != "log") {
      table_.fail_at("spacing",
                     fmt::format("{}.spacing must be \"linear\" or \"log\", found \"{}\"",
                                 axis.name, spacing));
    }
    const bool logarithmic = spacing == "log";
    if (points < 2 || points > static_cast<std::int64_t>(most_variants)) {
      table_.fail_at("points", fmt::format("{}.points must be from 2 to {}, found {}", axis.name,
                                           most_variants, points));
    }
    if (!(from < to) || (logarithmic && from <= 0.0)) {
      table_.fail(fmt::format("{} is an empty range, from {} to {}; it needs {}from < to",
                              axis.name, from, to, logarithmic ? "0 < " : ""));
    }
    axis.text = fmt::format("{:.6g} to {:.6g}, {} points{}", from, to, points,
                            logarithmic ? " in equal ratios" : "");
    for (std::int64_t i = 0; i < points; ++i) {
      const auto last = static_cast<double>(points - 1);
      const double steps = static_cast<double>(i);
      axis.values.push_back(*axis.place);
      Value& value = axis.values.back();
      value.entries.clear();
      value.kind = ValueKind::number;
      value.number = rounded(logarithmic ? from * std::pow(to / from, steps / last)
                                         : (from * (last - steps) + to * steps) / last);
      if (i + 1 == points) value.number = to;
    }
  }

 private:
  TableReader table_;
};

/// `{ uniform = [1, 2] }` and the job's other distributions.
void parse_law(const TableReader& reader, const Value& value, Axis& axis) {
  for (const char* key : {"scope", "year_correlation"}) {
    const Entry* entry = find_entry(value, key);
    if (entry == nullptr) continue;
    reader.fail(entry->value, fmt::format("{}: a swept range has no {}", axis.name, key));
  }
  if (is_yearly(value)) {
    reader.fail(value, fmt::format("{}: a swept range is not per year; sweep {}.YEAR", axis.name,
                                   axis.name));
  }
  InputRules rules;
  rules.years = {0};
  axis.law = parse_input(reader, value, axis.name, rules).years.at(0);
  const auto& a = axis.law.arguments;
  const std::size_t arguments = axis.law.law == kernels::Law::triangular ? 3 : 2;
  axis.text = fmt::format("{} {:.6g}, {:.6g}", name_of(axis.law.law), a[0].value, a[1].value);
  if (arguments == 3) axis.text += fmt::format(", {:.6g}", a[2].value);
  const Support range = support(axis.law);
  if (std::isfinite(axis.law.lower)) axis.text += fmt::format(", above {:.6g}", range.lower);
  if (std::isfinite(axis.law.upper)) axis.text += fmt::format(", below {:.6g}", range.upper);
}

void parse_values(const TableReader& reader, const Value& value, Axis& axis) {
  if (value.elements.empty()) {
    reader.fail(value, fmt::format("{} has no values: write some between the brackets", axis.name));
  }
  axis.values = value.elements;
  std::vector<std::string> texts;
  for (const Value& each : value.elements) {
    texts.push_back(text_of(each));
    if (texts.size() == 6) break;
  }
  const std::size_t more = value.elements.size() - texts.size();
  axis.text = fmt::format("{}", fmt::join(texts, ", "));
  if (more > 0) axis.text += fmt::format(" and {} more", more);
}

Axis parse_axis(const TableReader& reader, const std::string& name, const Value& value) {
  Axis axis;
  axis.name = name;
  axis.place = &value;
  if (value.kind == ValueKind::array) {
    parse_values(reader, value, axis);
  } else if (value.kind != ValueKind::table) {
    reader.wrong_type(value, name, "a list of values, a range or a distribution");
  } else if (find_entry(value, "from") != nullptr || find_entry(value, "to") != nullptr ||
             find_entry(value, "points") != nullptr) {
    axis.kind = Axis::Kind::range;
    RangeParser(value, name).parse(axis);
  } else {
    axis.kind = Axis::Kind::law;
    parse_law(reader, value, axis);
  }
  return axis;
}

/// Tables that are not written in braces only lead on to longer names.
void add_axes(const TableReader& reader, const Value& table, const std::string& prefix,
              std::vector<Axis>& axes) {
  for (const Entry& entry : table.entries) {
    const std::string name = prefix.empty() ? entry.key : fmt::format("{}.{}", prefix, entry.key);
    if (entry.value.kind == ValueKind::table && !entry.value.is_inline) {
      add_axes(reader, entry.value, name, axes);
      continue;
    }
    refuse_common_key(reader, entry.value, name);
    if (std::any_of(axes.begin(), axes.end(),
                    [&](const Axis& axis) { return axis.name == name; })) {
      reader.fail(entry.value, fmt::format("{} is swept twice", name));
    }
    axes.push_back(parse_axis(reader, name, entry.value));
  }
}

/// Messages name the line of each value, or the one line of all.
void set_lines(SweepKey& key, const std::vector<const Value*>& values) {
  std::set<int> different;
  for (const Value* each : values) {
    if (each == nullptr) continue;
    key.source = each->source;
    different.insert(each->line);
  }
  if (different.size() == 1) {
    key.lines = {*different.begin()};
    return;
  }
  for (const Value* each : values) key.lines.push_back(each == nullptr ? 0 : each->line);
}

}  // namespace

void refuse_common_key(const TableReader& reader, const Value& place, std::string_view key) {
  for (const CommonKey& each : common_keys) {
    const std::string_view name = each.name;
    const bool is_table_of = key.starts_with(name) && key.size() > name.size() &&
                             key[name.size()] == '.' && name != "constraint";
    if (key != name && !is_table_of) continue;
    reader.fail(place, fmt::format("{} cannot be swept: {}", key, each.reason));
  }
}

std::vector<Axis> parse_axes(TableReader& sweep) {
  const Value& keys = sweep.value("keys");
  TableReader reader(keys, sweep.name_of("keys"));
  std::vector<Axis> axes;
  add_axes(reader, keys, "", axes);
  // Dotted names that begin alike stand in one table, wherever they are written. Lines of several
  // files have no order.
  const bool one_file = std::all_of(axes.begin(), axes.end(), [&](const Axis& axis) {
    return axis.place->source == axes.front().place->source;
  });
  if (one_file) {
    std::stable_sort(axes.begin(), axes.end(),
                     [](const Axis& a, const Axis& b) { return a.place->line < b.place->line; });
  }
  if (axes.empty()) {
    reader.fail("[sweep.keys] has no key: write what to sweep, such as models.sd = [1, 2]");
  }
  return axes;
}

SweepKey column_of(const TableReader& reader, const std::string& name, const Value& place,
                   const std::vector<const Value*>& values) {
  SweepKey key;
  key.swept.name = name;
  key.source = place.source;
  set_lines(key, values);
  key.swept.is_number = std::all_of(values.begin(), values.end(), [](const Value* each) {
    return each == nullptr || is_number(*each);
  });
  if (key.swept.is_number) {
    for (const Value* each : values) {
      key.swept.numbers.push_back(each == nullptr ? std::numeric_limits<double>::quiet_NaN()
                                                  : number_of(reader, *each, name));
    }
    return key;
  }
  std::map<std::string, std::uint32_t> known;
  for (const Value* each : values) {
    if (each == nullptr) continue;
    if (known.try_emplace(toml_value(*each), known.size()).second) key.palette.push_back(*each);
  }
  for (const Value* each : values) {
    key.swept.texts.push_back(each == nullptr ? "" : text_of(*each));
    key.choice.push_back(each == nullptr ? static_cast<std::uint32_t>(known.size())
                                         : known.at(toml_value(*each)));
  }
  return key;
}

SweepKey column_of_numbers(const std::string& name, const Value& place,
                           std::vector<double> numbers) {
  SweepKey key;
  key.swept.name = name;
  key.swept.numbers = std::move(numbers);
  key.source = place.source;
  key.lines = {place.line};
  return key;
}

}  // namespace flopsieve::jobs
