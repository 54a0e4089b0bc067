#include "jobs/metric.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <utility>

#include "engine/error.hpp"
#include "jobs/report_words.hpp"
#include "jobs/suggest.hpp"

namespace flopsieve::jobs {
namespace {

constexpr std::array<std::pair<MetricKind, std::string_view>, 4> kinds{
    {{MetricKind::counts, "counts"},
     {MetricKind::cumulative, "cumulative"},
     {MetricKind::statistic, "statistic"},
     {MetricKind::acceptance, "acceptance"}}};

constexpr const char* allowed =
    "allowed: counts(THRESHOLD, YEAR), cumulative(THRESHOLD, YEAR), statistic(NAME, YEAR), all "
    "with a quantile or mean as a third argument, and acceptance(YEAR)";

[[noreturn]] void refuse(const std::string& message) {
  throw engine::Error(engine::ExitCode::bad_input, message);
}

std::string_view name_of(MetricKind kind) {
  return std::find_if(kinds.begin(), kinds.end(),
                      [&](const auto& each) { return each.first == kind; })
      ->second;
}

std::string_view trimmed(std::string_view text) {
  constexpr const char* blank = " \t";
  const std::size_t first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

/// The texts between commas.
std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t comma = text.find(',');
    parts.push_back(trimmed(text.substr(0, comma)));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

/// Reads the arguments of one metric; every refusal names its text.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(trimmed(text)) {}

  Metric metric() const {
    const std::size_t open = text_.find('(');
    const std::string_view name = trimmed(text_.substr(0, open));
    Metric result;
    result.kind = kind(name);
    if (open == std::string_view::npos || !text_.ends_with(')')) {
      fail(fmt::format("{} needs its arguments in brackets", name));
    }
    const auto arguments = split(text_.substr(open + 1, text_.size() - open - 2));
    const bool is_acceptance = result.kind == MetricKind::acceptance;
    const std::size_t least = is_acceptance ? 1 : 2;
    if (arguments.size() < least || arguments.size() > (is_acceptance ? 1U : 3U)) {
      fail(fmt::format("{} takes {} arguments, found {}", name, is_acceptance ? "1" : "2 or 3",
                       arguments.size()));
    }
    result.year = number<int>(arguments[least - 1], "a year");
    if (is_acceptance) return result;
    if (result.kind == MetricKind::statistic) {
      result.statistic = statistic(arguments[0]);
    } else {
      result.threshold = threshold(arguments[0]);
    }
    if (arguments.size() == 3) set_part(arguments[2], result);
    return result;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    refuse(fmt::format("\"{}\": {}; {}", text_, what, allowed));
  }

  MetricKind kind(std::string_view name) const {
    std::vector<std::string> names;
    for (const auto& [kind, its_name] : kinds) {
      if (its_name == name) return kind;
      names.emplace_back(its_name);
    }
    fail(fmt::format("no output has the name \"{}\"{}", name, did_you_mean(name, names)));
  }

  double threshold(std::string_view argument) const {
    const auto found = number<double>(argument, "a threshold in FLOP");
    if (found > 0.0 && !std::isinf(found)) return found;
    fail(fmt::format("\"{}\" is no positive threshold", argument));
  }

  engine::Statistic statistic(std::string_view argument) const {
    try {
      return engine::parse_statistic(argument);
    } catch (const std::invalid_argument& error) {
      refuse(fmt::format("\"{}\": {}", text_, error.what()));
    }
  }

  template <class T>
  T number(std::string_view argument, const char* what) const {
    T value{};
    const char* end = argument.data() + argument.size();
    const auto [stop, error] = std::from_chars(argument.data(), end, value);
    if (argument.empty() || error != std::errc() || stop != end) {
      fail(fmt::format("\"{}\" is not {}", argument, what));
    }
    return value;
  }

  void set_part(std::string_view argument, Metric& metric) const {
    metric.names_part = true;
    if (argument == "mean") {
      metric.quantile.reset();
      return;
    }
    const auto quantile = number<double>(argument, "a quantile or mean");
    if (!(quantile > 0.0 && quantile < 1.0)) {
      fail(fmt::format("\"{}\" is no quantile between 0 and 1", argument));
    }
    metric.quantile = quantile;
  }

  std::string_view text_;
};

/// Position of a number, but for rounding of its text.
template <class T>
std::size_t find_or_refuse(const std::vector<T>& numbers, T wanted, const std::string& what,
                           const std::string& has) {
  const auto at = std::find_if(numbers.begin(), numbers.end(), [&](T each) {
    return std::abs(each - wanted) <= 1e-9 * std::abs(static_cast<double>(wanted));
  });
  if (at == numbers.end()) refuse(fmt::format("{}; it has {}", what, has.empty() ? "none" : has));
  return static_cast<std::size_t>(at - numbers.begin());
}

using Lacks = std::function<std::string(const std::string&)>;

/// Place of the threshold or of the statistic.
std::size_t column_of(const Metric& metric, const MetricAxes& axes, const Lacks& lacks) {
  std::vector<std::string> has;
  if (metric.kind == MetricKind::statistic) {
    const auto at = std::find(axes.statistics.begin(), axes.statistics.end(), metric.statistic);
    if (at != axes.statistics.end()) return static_cast<std::size_t>(at - axes.statistics.begin());
    for (const engine::Statistic& each : axes.statistics) has.push_back(each.name());
    refuse(fmt::format("{}; it has {}", lacks("statistic " + metric.statistic.name()),
                       has.empty() ? "none" : fmt::format("{}", fmt::join(has, ", "))));
  }
  for (const double each : axes.thresholds) has.push_back(threshold_words(each));
  return find_or_refuse(axes.thresholds, metric.threshold,
                        lacks(fmt::format("threshold {}", threshold_words(metric.threshold))),
                        fmt::format("{}", fmt::join(has, ", ")));
}

}  // namespace

std::string Metric::text() const {
  if (kind == MetricKind::acceptance) return fmt::format("acceptance({})", year);
  // Shortest text that reads back as the same number, without the plus of 1e+26.
  std::string what =
      kind == MetricKind::statistic ? statistic.name() : fmt::format("{}", threshold);
  std::erase(what, '+');
  const std::string part =
      !names_part ? "" : (quantile ? fmt::format(", {}", *quantile) : std::string(", mean"));
  return fmt::format("{}({}, {}{})", name_of(kind), what, year, part);
}

Metric parse_metric(const std::string& text) {
  return Parser(text).metric();
}

MetricPlace place_of(const Metric& metric, const MetricAxes& axes, const std::string& file) {
  const auto lacks = [&](const std::string& what) {
    return fmt::format("{}: {} has no {}", metric.text(), file, what);
  };
  MetricPlace place;
  place.year = find_or_refuse(axes.years, metric.year, lacks(fmt::format("year {}", metric.year)),
                              fmt::format("{}", fmt::join(axes.years, ", ")));
  if (metric.kind == MetricKind::acceptance) return place;
  place.threshold = column_of(metric, axes, lacks);
  if (!metric.quantile) return place;
  place.quantile = find_or_refuse(axes.quantiles, *metric.quantile,
                                  lacks(fmt::format("quantile {}", *metric.quantile)),
                                  fmt::format("{}, and mean", fmt::join(axes.quantiles, ", ")));
  return place;
}

MetricAxes axes_of(const engine::Plan& plan) {
  return {{plan.years.begin(), plan.years.end()},
          plan.outputs.thresholds,
          plan.outputs.quantiles,
          plan.outputs.statistics};
}

}  // namespace flopsieve::jobs
