#include "jobs/input_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "jobs/suggest.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Argument;
using engine::Distribution;
using engine::Input;
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

bool is_year(const std::string& key) {
  return key.size() == 4 &&
         std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_year_range(const std::string& key) {
  return key.size() == 9 && key[4] == '-' && is_year(key.substr(0, 4)) && is_year(key.substr(5));
}

/// Whether a table has an entry for a year or a range of years.
bool is_yearly(const Value& table) {
  return std::any_of(table.entries.begin(), table.entries.end(), [](const Entry& entry) {
    return is_year(entry.key) || is_year_range(entry.key);
  });
}

/// The entry of each year of the job in a table with keys such as 2024 and 2025-2028; marks these
/// keys as known. Throws for a year without an entry or with two, and for years outside the job.
std::vector<const Entry*> entries_of_years(TableReader& table, const std::vector<int>& years) {
  std::vector<const Entry*> result(years.size(), nullptr);
  for (const Entry& entry : table.raw().entries) {
    if (!is_year(entry.key) && !is_year_range(entry.key)) continue;
    const auto fail = [&](const std::string& why) {
      table.fail_at(entry.key, fmt::format("{}: {}", table.path(), why));
    };
    const auto [first, last] = parse_year_range(entry.key, fail);
    if (first < years.front() || last > years.back()) {
      fail(fmt::format("\"{}\" is not within the years of the job, {} to {}", entry.key,
                       years.front(), years.back()));
    }
    for (int year = first; year <= last; ++year) {
      const Entry*& slot = result[static_cast<std::size_t>(year - years.front())];
      if (slot != nullptr) {
        fail(fmt::format("\"{}\" and \"{}\" both name {}", slot->key, entry.key, year));
      }
      slot = &entry;
    }
    table.has(entry.key);
  }
  for (std::size_t i = 0; i < years.size(); ++i) {
    if (result[i] == nullptr) static_cast<void>(table.value(std::to_string(years[i])));
  }
  return result;
}

/// One input being read: where it stands, for messages.
class Parser {
 public:
  Parser(const TableReader& reader, const std::string& name, const InputRules& rules)
      : reader_(reader), name_(name), rules_(rules) {}

  Input input(const Value& value) {
    Input result;
    result.scope = rules_.default_scope;
    if (value.kind == ValueKind::table) {
      TableReader table(value, name_);
      if (const auto scope = table.optional_string("scope"))
        result.scope = parse_scope(table, *scope);
      if (is_yearly(value)) {
        result.years = yearly_distributions(table);
        table.finish();
        return result;
      }
    }
    for (const int year : rules_.years) result.years.push_back(distribution(value, name_, year));
    return result;
  }

 private:
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
      result.push_back(distribution(entry->value, fmt::format("{}.{}", name_, entry->key), year));
    }
    return result;
  }

  Distribution distribution(const Value& value, const std::string& name, int year) const {
    if (value.kind != ValueKind::table) {
      Distribution result = unbounded(Law::constant);
      result.arguments[0].value = reader_.as_number(value, name);
      return result;
    }
    TableReader table(value, name);
    table.has("scope");
    if (table.has("from")) return from_calibration(table, year);
    Distribution result = table.has("interval90") ? interval90(table) : law(table);
    bounds(table, result);
    table.finish();
    return result;
  }

  static Distribution unbounded(Law law) {
    Distribution result;
    result.law = law;
    result.lower = -infinity;
    result.upper = infinity;
    return result;
  }

  Distribution from_calibration(TableReader& table, int year) const {
    if (table.string("from") != "calibration" || !rules_.from_calibration) {
      table.fail_at("from", rules_.from_calibration
                                ? fmt::format("{}.from must be \"calibration\"", name_)
                                : fmt::format("{} cannot come from the calibration", name_));
    }
    table.finish();
    const Distribution result = rules_.from_calibration(year);
    const Support range = support(result);
    if (!(range.lower < range.upper && std::isfinite(range.lower) && std::isfinite(range.upper))) {
      table.fail_at("from", fmt::format("{} in {}: the calibration years give no range ({} to {}); "
                                        "write a distribution instead",
                                        name_, year, range.lower, range.upper));
    }
    return result;
  }

  Distribution interval90(TableReader& table) const {
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
    Distribution result = unbounded(logarithmic ? Law::lognormal : Law::normal);
    result.arguments[0].value = 0.5 * (low + high);
    result.arguments[1].value = 0.5 * (high - low) / normal_quantile_95;
    return result;
  }

  Distribution law(TableReader& table) const {
    std::vector<std::string> names;
    for (const LawSyntax& syntax : laws) {
      names.emplace_back(syntax.name);
      if (table.has(syntax.name)) return law(table, syntax);
    }
    std::string found;
    for (const Entry& entry : table.raw().entries) {
      if (entry.key != "scope" && entry.key != "lower" && entry.key != "upper") found = entry.key;
    }
    table.fail(
        fmt::format("{} has no distribution{}{}; allowed: {}, interval90, from, or one "
                    "entry per year",
                    table.path(), found.empty() ? "" : fmt::format(" called \"{}\"", found),
                    did_you_mean(found, names), fmt::join(names, ", ")));
  }

  Distribution law(TableReader& table, const LawSyntax& syntax) const {
    const Value& list = table.value(syntax.name);
    if (list.kind != ValueKind::array || list.elements.size() != syntax.arguments) {
      table.fail(list, fmt::format("{}.{} must be {}", table.path(), syntax.name, syntax.meaning));
    }
    Distribution result = unbounded(syntax.law);
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
    if (!rules_.references) {
      table.fail(value, fmt::format("{} cannot depend on another input; only models.mean can",
                                    table.path()));
    }
    if (input == "count") result.reference = engine::Reference::count;
    if (input == "sd") result.reference = engine::Reference::sd;
    if (input == "skewness") result.reference = engine::Reference::skewness;
    if (result.reference == engine::Reference::none) {
      table.fail(value, fmt::format("{}: unknown input \"{}\"; allowed: count, sd, skewness",
                                    table.path(), input));
    }
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
};

Support law_support(const Distribution& d) {
  const auto& a = d.arguments;
  if (depends_on_input(d)) return {-infinity, infinity};
  switch (d.law) {
    case Law::constant:
      return {a[0].value, a[0].value};
    case Law::uniform:
    case Law::loguniform:
      return {a[0].value, a[1].value};
    case Law::triangular:
      return {a[0].value, a[2].value};
    case Law::lognormal:
      return {0.0, infinity};
    case Law::normal:
      break;
  }
  return {-infinity, infinity};
}

}  // namespace

Support support(const Distribution& distribution) {
  const Support law = law_support(distribution);
  return {std::max(law.lower, distribution.lower), std::min(law.upper, distribution.upper)};
}

bool depends_on_input(const Distribution& distribution) {
  return std::any_of(
      distribution.arguments.begin(), distribution.arguments.end(),
      [](const Argument& argument) { return argument.reference != engine::Reference::none; });
}

void demand_mass(const TableReader& reader, const Value& where, const std::string& name,
                 const Distribution& distribution) {
  if (distribution.law == Law::constant || depends_on_input(distribution)) return;
  const auto& a = distribution.arguments;
  const kernels::Parameters parameters{a[0].value, a[1].value, a[2].value};
  const auto below = [&](double x) {  // P(value < x) by bisection of the quantile function
    double low = 0.0;
    double high = 1.0;
    for (int i = 0; i < 40; ++i) {
      const double p = 0.5 * (low + high);
      (kernels::quantile(distribution.law, parameters, p) < x ? low : high) = p;
    }
    return low;
  };
  constexpr double least = 0.01;
  if (below(distribution.upper) - below(distribution.lower) >= least) return;
  reader.fail(
      where,
      fmt::format("{}: less than {:.0f} % of the distribution lies between its bounds {} and "
                  "{}, so drawing again would take for ever; move it or widen the bounds",
                  name, 100.0 * least, distribution.lower, distribution.upper));
}

Input parse_input(const TableReader& reader, const Value& value, const std::string& name,
                  const InputRules& rules) {
  return Parser(reader, name, rules).input(value);
}

Input constant_input(double value, std::size_t years) {
  Distribution constant;
  constant.law = Law::constant;
  constant.arguments[0].value = value;
  constant.lower = -infinity;
  constant.upper = infinity;
  return {engine::Scope::candidate, std::vector<Distribution>(years, constant)};
}

std::vector<double> parse_yearly_numbers(const TableReader& reader, const Value& value,
                                         const std::string& name, const std::vector<int>& years) {
  if (value.kind != ValueKind::table) {
    return std::vector<double>(years.size(), reader.as_number(value, name));
  }
  TableReader table(value, name);
  std::vector<double> numbers;
  for (const Entry* entry : entries_of_years(table, years)) {
    numbers.push_back(table.as_number(entry->value, table.name_of(entry->key)));
  }
  table.finish();
  return numbers;
}

std::pair<int, int> parse_year_range(const std::string& text,
                                     const std::function<void(const std::string&)>& fail) {
  const std::size_t dash = text.find('-');
  const std::string first = text.substr(0, dash);
  const std::string last = dash == std::string::npos ? first : text.substr(dash + 1);
  if (!is_year(first) || !is_year(last)) {
    fail(fmt::format("\"{}\" is not a range of years such as \"2024-2028\"", text));
  }
  const std::pair<int, int> range{std::stoi(first), std::stoi(last)};
  if (range.first > range.second) {
    fail(fmt::format("the years \"{}\" are reversed; write \"{}-{}\"", text, last, first));
  }
  return range;
}

void keep_inside(Distribution& distribution, double lower, double upper) {
  const Support range = support(distribution);
  if (range.lower < lower) distribution.lower = lower;
  if (range.upper > upper) distribution.upper = upper;
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
