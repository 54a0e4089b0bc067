#include "jobs/input_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "jobs/suggest.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Argument;
using engine::Distribution;
using engine::Input;
using engine::Reference;
using kernels::Law;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double normal_quantile_95 = 1.6448536269514722;

struct LawSyntax {
  const char* name;
  Law law;
  std::size_t arguments;
  const char* meaning;
};
constexpr LawSyntax laws[] = {
    {"normal", Law::normal, 2, "[mean, standard deviation]"},
    {"lognormal", Law::lognormal, 2, "[mean of ln x, standard deviation of ln x]"},
    {"uniform", Law::uniform, 2, "[lower, upper]"},
    {"loguniform", Law::loguniform, 2, "[lower, upper], both positive"},
    {"triangular", Law::triangular, 3, "[lower, mode, upper]"},
};

struct ReferenceName {
  const char* name;
  Reference reference;
};
constexpr ReferenceName reference_names[] = {
    {"count", Reference::count},       {"sd", Reference::sd},
    {"skewness", Reference::skewness}, {"state_mean", Reference::state_mean},
    {"state_sd", Reference::state_sd}, {"state_skewness", Reference::state_skewness},
};

/// One input being read: where it stands, for messages.
class Parser {
 public:
  Parser(const TableReader& reader, const std::string& name, const InputRules& rules)
      : reader_(reader), name_(name), rules_(rules) {}

  Input input(const Value& value) {
    Input result;
    result.scope = rules_.default_scope;
    const bool yearly = value.kind == ValueKind::table && is_yearly(value);
    if (value.kind == ValueKind::table) {
      TableReader table(value, name_);
      parse_dependence(table, result);
      if (yearly) {
        result.years = yearly_distributions(table);
        table.finish();
      }
    }
    whole_ = &value;
    for (std::size_t i = 0; !yearly && i < rules_.years.size(); ++i) {
      result.years.push_back(one(value, name_, rules_.years[i]));
    }
    if (is_constant(result)) {
      result.scope = rules_.default_scope;
      result.year_correlation = 0.0;
    }
    return result;
  }

 private:
  void parse_dependence(TableReader& table, Input& input) const {
    if (const auto scope = table.optional_string("scope")) input.scope = parse_scope(table, *scope);
    const auto correlation = table.optional_number("year_correlation");
    if (!correlation) return;
    if (!(*correlation >= 0.0 && *correlation <= 1.0)) {
      table.fail_at(
          "year_correlation",
          fmt::format("{}.year_correlation must be from 0 to 1, found {}", name_, *correlation));
    }
    if (input.scope == engine::Scope::trajectory) {
      table.fail_at("year_correlation",
                    fmt::format("{}.year_correlation needs scope = \"candidate\"; with scope "
                                "\"trajectory\" all years share one quantile",
                                name_));
    }
    input.year_correlation = *correlation;
  }

  engine::Scope parse_scope(const TableReader& table, const std::string& text) const {
    if (text == "candidate") return engine::Scope::candidate;
    if (text == "trajectory") return engine::Scope::trajectory;
    table.fail_at(
        "scope",
        fmt::format("{}.scope must be \"candidate\" or \"trajectory\", found \"{}\"", name_, text));
  }

  std::vector<Distribution> yearly_distributions(TableReader& table) const {
    std::vector<Distribution> result;
    for (const Entry* entry : entries_of_years(table, rules_.years)) {
      const int year = rules_.years[result.size()];
      result.push_back(one(entry->value, fmt::format("{}.{}", name_, entry->key), year));
    }
    return result;
  }

  Distribution one(const Value& value, const std::string& name, int year) const {
    if (value.kind != ValueKind::table) {
      if (value.kind != ValueKind::integer && value.kind != ValueKind::number) {
        reader_.wrong_type(value, name, "a number or a distribution such as { uniform = [1, 2] }");
      }
      return distribution_of(Law::constant, reader_.as_number(value, name));
    }
    TableReader table(value, name);
    if (&value == whole_) {
      table.has("scope");
      table.has("year_correlation");
    }
    if (table.has("from")) return from_source(table, year);
    if (rules_.largest_flop && table.has("largest_flop")) return share_of(table);
    Distribution result = table.has("interval90") ? interval90(table) : law(table);
    bounds(table, result);
    table.finish();
    return result;
  }

  Distribution from_source(TableReader& table, int year) const {
    const std::string from = table.string("from");
    std::vector<std::string> names;
    for (const InputSource& source : rules_.sources) {
      names.push_back(fmt::format("\"{}\"", source.name));
      if (source.name != from) continue;
      table.finish();
      const Distribution result = source.distribution(year);
      if (!depends_on_input(result)) demand_range(table, result, from, year);
      return result;
    }
    table.fail_at("from", names.empty() ? fmt::format("{} cannot come from the {}", name_, from)
                                        : fmt::format("{}.from must be {}, found \"{}\"", name_,
                                                      fmt::join(names, " or "), from));
  }

  void demand_range(const TableReader& table, const Distribution& distribution,
                    const std::string& from, int year) const {
    const Support range = support(distribution);
    if (range.lower < range.upper && std::isfinite(range.lower) && std::isfinite(range.upper)) {
      return;
    }
    table.fail_at("from", fmt::format("{} in {}: the {} years give no range ({} to {}); write a "
                                      "distribution instead",
                                      name_, year, from, range.lower, range.upper));
  }

  /// The share of a model of known size in the year's total.
  Distribution share_of(TableReader& table) const {
    Distribution result = distribution_of(Law::constant, 0.0);
    result.arguments[0] = {0.0, positive_number(table, "largest_flop"), Reference::inverse_total};
    table.finish();
    return result;
  }

  Distribution interval90(TableReader& table) const {
    for (const LawSyntax& other : laws) {
      if (!table.has(other.name)) continue;
      table.fail_at(other.name,
                    fmt::format("{} has two distributions, interval90 and {}; only one is allowed",
                                table.path(), other.name));
    }
    const std::vector<double> ends = table.numbers("interval90");
    const std::string shape = table.string("shape", "normal");
    if (shape != "normal" && shape != "lognormal") {
      table.fail_at(
          "shape",
          fmt::format("{}.shape must be \"normal\" or \"lognormal\", found \"{}\"", name_, shape));
    }
    const bool logarithmic = shape == "lognormal";
    if (ends.size() != 2 || !(ends[0] < ends[1]) || (logarithmic && ends[0] <= 0.0)) {
      table.fail_at("interval90", fmt::format("{}.interval90 must be [a, b] with {}a < b", name_,
                                              logarithmic ? "0 < " : ""));
    }
    const double low = logarithmic ? std::log(ends[0]) : ends[0];
    const double high = logarithmic ? std::log(ends[1]) : ends[1];
    return distribution_of(logarithmic ? Law::lognormal : Law::normal, 0.5 * (low + high),
                           0.5 * (high - low) / normal_quantile_95);
  }

  Distribution law(TableReader& table) const {
    std::vector<std::string> names;
    for (const LawSyntax& syntax : laws) {
      names.emplace_back(syntax.name);
      if (!table.has(syntax.name)) continue;
      demand_one_law(table, syntax);
      return law(table, syntax);
    }
    std::string found;
    for (const Entry& entry : table.raw().entries) {
      const std::string& key = entry.key;
      if (key != "scope" && key != "year_correlation" && key != "lower" && key != "upper") {
        found = key;
      }
    }
    table.fail(
        fmt::format("{} has no distribution{}{}; allowed: {}, interval90, from, or one "
                    "entry per year",
                    table.path(), found.empty() ? "" : fmt::format(" called \"{}\"", found),
                    did_you_mean(found, names), fmt::join(names, ", ")));
  }

  static void demand_one_law(TableReader& table, const LawSyntax& syntax) {
    for (const LawSyntax& other : laws) {
      if (other.law == syntax.law || !table.has(other.name)) continue;
      table.fail_at(other.name,
                    fmt::format("{} has two distributions, {} and {}; only one is allowed",
                                table.path(), syntax.name, other.name));
    }
  }

  Distribution law(TableReader& table, const LawSyntax& syntax) const {
    const Value& list = table.value(syntax.name);
    if (list.kind != ValueKind::array || list.elements.size() != syntax.arguments) {
      table.fail(list, fmt::format("{}.{} must be {}", table.path(), syntax.name, syntax.meaning));
    }
    Distribution result = distribution_of(syntax.law, 0.0);
    for (std::size_t i = 0; i < syntax.arguments; ++i) {
      result.arguments[i] = argument(table, list.elements[i]);
    }
    check(table, list, syntax, result);
    if (result.law != Law::normal && depends_on_input(result)) {
      table.fail(list, fmt::format("{}: only a normal distribution may depend on another input",
                                   table.path()));
    }
    return result;
  }

  Argument argument(const TableReader& table, const Value& value) const {
    Argument result;
    if (value.kind != ValueKind::table) {
      result.value = table.as_number(value, table.path());
      return result;
    }
    TableReader reference(value, table.path());
    const std::string input = reference.string("input");
    result.times = reference.number("times", 1.0);
    result.value = reference.number("plus", 0.0);
    reference.finish();
    if (rules_.references.empty()) {
      table.fail(value, fmt::format("{} cannot depend on another input", table.path()));
    }
    std::vector<std::string> allowed;
    for (const Reference each : rules_.references) allowed.emplace_back(name_of(each));
    const auto found = std::find(allowed.begin(), allowed.end(), input);
    if (found == allowed.end()) {
      table.fail(value, fmt::format("{}: unknown input \"{}\"{}; allowed: {}", table.path(), input,
                                    did_you_mean(input, allowed), fmt::join(allowed, ", ")));
    }
    result.reference = rules_.references[static_cast<std::size_t>(found - allowed.begin())];
    return result;
  }

  /// The conditions on arguments that do not depend on another input.
  void check(const TableReader& table, const Value& where, const LawSyntax& syntax,
             const Distribution& d) const {
    const auto& a = d.arguments;
    if (depends_on_input(d)) return;
    bool good = true;
    switch (d.law) {
      case Law::normal:
      case Law::lognormal:
        good = a[1].value > 0.0;
        break;
      case Law::uniform:
        good = a[0].value < a[1].value;
        break;
      case Law::loguniform:
        good = 0.0 < a[0].value && a[0].value < a[1].value;
        break;
      case Law::triangular:
        good = a[0].value <= a[1].value && a[1].value <= a[2].value && a[0].value < a[2].value;
        break;
      case Law::constant:
        break;
    }
    if (!good) {
      table.fail(where, fmt::format("{}.{} must be {}{}", table.path(), syntax.name, syntax.meaning,
                                    d.law == Law::normal || d.law == Law::lognormal
                                        ? " with a positive standard deviation"
                                        : ", in ascending order"));
    }
  }

  void bounds(TableReader& table, Distribution& result) const {
    if (const auto lower = table.optional_number("lower")) result.lower = *lower;
    if (const auto upper = table.optional_number("upper")) result.upper = *upper;
    const Support range = support(result);
    if (!(range.lower < range.upper)) {
      table.fail(fmt::format("{}: no value of the distribution lies between lower and upper",
                             table.path()));
    }
    demand_mass(table, table.raw(), table.path(), result);
  }

  const TableReader& reader_;
  const std::string& name_;
  const InputRules& rules_;
  const Value* whole_ = nullptr;  ///< the value that stands for all years
};

}  // namespace

Input parse_input(const TableReader& reader, const Value& value, const std::string& name,
                  const InputRules& rules) {
  return Parser(reader, name, rules).input(value);
}

Distribution distribution_of(Law law, double a, double b, double c) {
  Distribution result;
  result.law = law;
  result.arguments[0].value = a;
  result.arguments[1].value = b;
  result.arguments[2].value = c;
  result.lower = -infinity;
  result.upper = infinity;
  return result;
}

Input constant_input(double value, std::size_t years, engine::Scope scope) {
  Input result;
  result.scope = scope;
  result.years.assign(years, distribution_of(Law::constant, value));
  return result;
}

std::string_view name_of(Law law) {
  for (const LawSyntax& each : laws) {
    if (each.law == law) return each.name;
  }
  return "";
}

std::string_view name_of(Reference reference) {
  for (const ReferenceName& each : reference_names) {
    if (each.reference == reference) return each.name;
  }
  return "";
}

double positive_number(TableReader& table, const char* key) {
  const double value = table.number(key);
  if (!(value > 0.0)) {
    table.fail_at(key, fmt::format("{} must be positive, found {}", table.name_of(key), value));
  }
  return value;
}

double positive_number(TableReader& table, const char* key, double fallback) {
  return table.has(key) ? positive_number(table, key) : fallback;
}

}  // namespace flopsieve::jobs
