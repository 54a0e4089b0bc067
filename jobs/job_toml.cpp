#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "engine/error.hpp"
#include "jobs/job.hpp"
#include "jobs/toml_text.hpp"

// The way from a Plan back to TOML, and the comparison of two such texts.

namespace flopsieve::jobs {
namespace {

using engine::Argument;
using engine::Distribution;
using engine::Input;
using engine::Plan;

std::string argument(const Argument& a) {
  if (a.reference == engine::Reference::none) return fmt::format("{}", a.value);
  constexpr const char* names[] = {"", "count", "sd", "skewness"};
  return fmt::format("{{ input = \"{}\", times = {}, plus = {} }}",
                     names[static_cast<std::size_t>(a.reference)], a.times, a.value);
}

std::string distribution(const Distribution& d) {
  constexpr const char* names[] = {"",       "uniform",   "loguniform",
                                   "normal", "lognormal", "triangular"};
  if (d.law == kernels::Law::constant) return fmt::format("{}", d.arguments[0].value);
  const std::size_t arguments = d.law == kernels::Law::triangular ? 3 : 2;
  std::string text = fmt::format("{{ {} = [", names[static_cast<std::size_t>(d.law)]);
  for (std::size_t i = 0; i < arguments; ++i) {
    text += fmt::format("{}{}", i == 0 ? "" : ", ", argument(d.arguments[i]));
  }
  text += "]";
  if (std::isfinite(d.lower)) text += fmt::format(", lower = {}", d.lower);
  if (std::isfinite(d.upper)) text += fmt::format(", upper = {}", d.upper);
  return text + " }";
}

bool all_equal(const std::vector<std::string>& texts) {
  return std::all_of(texts.begin(), texts.end(),
                     [&](const std::string& text) { return text == texts.front(); });
}

/// `{ 2024 = a, 2025 = b }`.
std::string per_year(const std::vector<std::string>& texts, const std::vector<int>& years,
                     const std::string& head) {
  std::vector<std::string> entries;
  if (!head.empty()) entries.push_back(head);
  for (std::size_t i = 0; i < years.size(); ++i) {
    entries.push_back(fmt::format("{} = {}", years[i], texts[i]));
  }
  return fmt::format("{{ {} }}", fmt::join(entries, ", "));
}

std::string input(const Input& value, const std::vector<int>& years) {
  std::vector<std::string> texts;
  for (const Distribution& year : value.years) texts.push_back(distribution(year));
  const std::string scope = fmt::format(
      "scope = \"{}\"", value.scope == engine::Scope::candidate ? "candidate" : "trajectory");
  if (!all_equal(texts)) return per_year(texts, years, scope);
  if (value.years.front().law == kernels::Law::constant) return texts.front();
  return fmt::format("{{ {}, {}", scope, texts.front().substr(2));
}

std::string yearly(const std::vector<double>& values, const std::vector<int>& years) {
  std::vector<std::string> texts;
  for (const double value : values) texts.push_back(fmt::format("{}", value));
  return all_equal(texts) ? texts.front() : per_year(texts, years, "");
}

template <class T>
std::string list(const std::vector<T>& values) {
  return fmt::format("[{}]", fmt::join(values, ", "));
}

std::string total(const Plan& plan) {
  const engine::Total& t = plan.total;
  if (t.model == engine::TotalModel::table) {
    return fmt::format("\n[total]\nmodel = \"table\"\nlog10_flop = {}\n",
                       input(t.input, plan.years));
  }
  return fmt::format(
      "\n[total]\nmodel = \"growth\"\nbase_year = {}\nbase_flop = {}\nusage_multiplier = {}\n"
      "growth = {}\nnoise = {}\ntrain_share = {}\n",
      t.base_year, t.base_flop, t.usage_multiplier, t.growth, input(t.input, plan.years),
      yearly(t.train_share, plan.years));
}

std::string count(const Plan& plan) {
  const engine::Count& c = plan.count;
  switch (c.model) {
    case engine::CountModel::poisson:
      return fmt::format("{{ poisson = {} }}", input(c.input, plan.years));
    case engine::CountModel::exponential_trend:
      return fmt::format(
          "{{ exponential_trend = {{ centre = {}, intercept = {}, slope = {}, residual_variance = "
          "{}, intercept_factor = {}, slope_factor = {}, degrees_of_freedom = {} }} }}",
          c.trend.centre, c.trend.intercept, c.trend.slope, c.trend.residual_variance,
          c.trend.intercept_factor, c.trend.slope_factor, c.trend.degrees_of_freedom);
    case engine::CountModel::input:
      break;
  }
  return input(c.input, plan.years);
}

std::string models(const Plan& plan) {
  const engine::Sizes& s = plan.sizes;
  const bool skewed = s.family == engine::SizeFamily::skew_normal;
  std::string text = fmt::format("\n[models]\ncount = {}\nsizes = \"{}\"\nsd = {}\n", count(plan),
                                 skewed ? "skew_normal" : "normal", input(s.sd, plan.years));
  if (skewed) text += fmt::format("skewness = {}\n", input(s.skewness, plan.years));
  text += fmt::format("mean = {}\n", input(s.mean, plan.years));
  if (plan.matching.match == engine::Match::shift) return text + "match = \"shift\"\n";
  return text + fmt::format("match = \"reject\"\ntolerance = {}\n", plan.matching.tolerance);
}

std::string constraint(const engine::Constraint& c, const std::vector<int>& years) {
  std::string text = fmt::format("\n[[constraint]]\nname = {}\nstatistic = {}\n",
                                 toml_string(c.name), toml_string(c.statistic.name()));
  if (std::isfinite(c.lower[0])) text += fmt::format("min = {}\n", yearly(c.lower, years));
  if (std::isfinite(c.upper[0])) text += fmt::format("max = {}\n", yearly(c.upper, years));
  const auto first = std::find(c.active.begin(), c.active.end(), 1) - c.active.begin();
  const auto active = std::count(c.active.begin(), c.active.end(), 1);
  const int from = years[static_cast<std::size_t>(first)];
  return text + fmt::format("years = \"{}-{}\"\n", from, from + static_cast<int>(active) - 1);
}

std::string outputs(const engine::Outputs& o) {
  std::vector<std::string> statistics;
  for (const engine::Statistic& statistic : o.statistics) {
    statistics.push_back(toml_string(statistic.name()));
  }
  constexpr const char* keeps[] = {"summary", "index", "statistics", "samples"};
  std::string keep = keeps[static_cast<std::size_t>(o.keep)];
  if (o.keep == engine::Keep::samples && o.keep_samples < engine::address_limit) {
    keep += fmt::format(":{}", o.keep_samples);
  }
  return fmt::format(
      "\n[outputs]\nthresholds = {}\nquantiles = {}\ncumulative_from = {}\ncumulative_base = {}\n"
      "statistics = {}\nkeep = \"{}\"\n",
      list(o.thresholds), list(o.quantiles), o.cumulative_from, list(o.cumulative_base),
      list(statistics), keep);
}

/// A leaf of a document: its text, and its number where it is one. A whole number has both.
struct Leaf {
  std::string text;
  double number = std::numeric_limits<double>::quiet_NaN();
};

void flatten(const Value& value, const std::string& name, std::map<std::string, Leaf>& leaves) {
  switch (value.kind) {
    case ValueKind::table:
      for (const Entry& entry : value.entries) {
        flatten(entry.value, name.empty() ? entry.key : name + "." + entry.key, leaves);
      }
      return;
    case ValueKind::array:
      for (std::size_t i = 0; i < value.elements.size(); ++i) {
        flatten(value.elements[i], fmt::format("{}[{}]", name, i + 1), leaves);
      }
      return;
    case ValueKind::string:
      leaves[name] = {value.text};
      return;
    case ValueKind::boolean:
      leaves[name] = {value.boolean ? "true" : "false"};
      return;
    case ValueKind::integer:
      leaves[name] = {std::to_string(value.integer), static_cast<double>(value.integer)};
      return;
    case ValueKind::number:
      leaves[name] = {"", value.number};
      return;
  }
}

/// Whole numbers, such as seeds, must be equal; others may differ by a rounding error.
bool same(const Leaf& a, const Leaf& b) {
  if (!a.text.empty() && !b.text.empty()) return a.text == b.text;
  if (std::isnan(a.number) || std::isnan(b.number)) {
    return a.text == b.text && std::isnan(a.number) == std::isnan(b.number);
  }
  return std::abs(a.number - b.number) <= 1e-12 * std::max(std::abs(a.number), std::abs(b.number));
}

}  // namespace

std::string resolved_job(const Plan& plan) {
  std::string text;
  if (!plan.title.empty()) text = fmt::format("title = {}\n", toml_string(plan.title));
  text += fmt::format(
      "years = \"{}-{}\"\nseed = {}\ntrajectories = {}\nattempts = {}\n"
      "batch_trajectories = {}\n",
      plan.years.front(), plan.years.back(), plan.seed, plan.trajectories, plan.attempts,
      plan.batch_trajectories);
  text += total(plan) + models(plan);
  text += fmt::format("\n[money]\nflop_per_usd = {}\nbase_year = {}\nimprovement = {}\n",
                      plan.money.flop_per_usd, plan.money.base_year, plan.money.improvement);
  for (const engine::Constraint& each : plan.constraints) text += constraint(each, plan.years);
  return text + outputs(plan.outputs);
}

std::vector<std::string> differing_keys(const std::string& resolved_a,
                                        const std::string& resolved_b) {
  std::map<std::string, Leaf> a, b;
  flatten(parse_toml(resolved_a, "stored job").root, "", a);
  flatten(parse_toml(resolved_b, "job").root, "", b);
  std::vector<std::string> keys;
  const auto ignored = [](const std::string& key) {
    return key == "trajectories" || key == "title" || key == "batch_trajectories";
  };
  for (const auto& [key, leaf] : a) {
    const auto other = b.find(key);
    if (!ignored(key) && (other == b.end() || !same(leaf, other->second))) keys.push_back(key);
  }
  for (const auto& [key, leaf] : b) {
    if (!ignored(key) && !a.contains(key)) keys.push_back(key);
  }
  return keys;
}

}  // namespace flopsieve::jobs
