#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "jobs/plan_text.hpp"
#include "jobs/toml_text.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Constraint;
using engine::Plan;

std::string money(const Plan& plan) {
  const engine::Money& m = plan.money;
  std::string text = fmt::format("\n[money]\nflop_per_usd = {}\nbase_year = {}\nimprovement = {}\n",
                                 m.flop_per_usd, m.base_year, m.improvement);
  if (m.revenue.empty()) return text;
  std::vector<std::string> years;
  for (const engine::Distribution& year : m.revenue) years.push_back(distribution_text(year));
  return text + fmt::format("revenue = {}\n", yearly_text(years, plan.years));
}

std::string scaling(const engine::Scaling& s) {
  return fmt::format("\n[scaling]\nat_one_flop = {}\nslope = {}\n", s.at_one_flop, s.slope);
}

/// `min = 1, max = 2` with `between` for the comma.
std::string bounds(const Constraint& c, const std::vector<int>& years, const char* between) {
  std::vector<std::string> ends;
  if (std::isfinite(c.lower[0])) ends.push_back("min = " + yearly_text(c.lower, years));
  if (std::isfinite(c.upper[0])) ends.push_back("max = " + yearly_text(c.upper, years));
  return fmt::format("{}", fmt::join(ends, between));
}

std::string constraint(const Constraint& c, const std::vector<int>& years) {
  std::string text = fmt::format("\n[[constraint]]\nname = {}\nstatistic = {}\n",
                                 toml_string(c.name), toml_string(c.statistic.name()));
  if (c.relative_to == engine::RelativeTo::total) text += "relative_to = \"total\"\n";
  if (c.relative_to == engine::RelativeTo::count) text += "relative_to = \"count\"\n";
  if (c.has_ceiling()) {
    text += fmt::format("soft = {{ below = [{}, {}], scope = \"{}\" }}\n",
                        yearly_text(c.ceiling.low, years), yearly_text(c.ceiling.high, years),
                        c.ceiling.scope == engine::Scope::candidate ? "candidate" : "trajectory");
  } else if (c.is_soft()) {
    text += fmt::format("soft = {{ normal = [{}, {}] }}\n", yearly_text(c.centre, years),
                        yearly_text(c.spread, years));
  } else if (c.relative_to == engine::RelativeTo::previous_year) {
    text += fmt::format("ratio_to_previous_year = {{ {} }}\n", bounds(c, years, ", "));
  } else {
    text += bounds(c, years, "\n") + "\n";
  }
  const auto first = std::find(c.active.begin(), c.active.end(), 1) - c.active.begin();
  const auto active = std::count(c.active.begin(), c.active.end(), 1);
  const int from = years[static_cast<std::size_t>(first)];
  return text + fmt::format("years = \"{}-{}\"\n", from, from + static_cast<int>(active) - 1);
}

std::string frontier(const engine::Frontier& f) {
  if (f.widths.empty()) return "";
  const std::string start = std::isfinite(f.log10_start) ? flop_text(f.log10_start) : "\"none\"";
  return fmt::format("frontier = {{ widths = {}, periods = {}, start = {} }}\n",
                     list_text(f.widths), f.periods, start);
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
      "\n[outputs]\nthresholds = {}\nquantiles = {}\nforecast_from = {}\ncumulative_from = {}\n"
      "cumulative_base = [{}]\nstatistics = [{}]\n{}keep = \"{}\"\n",
      list_text(o.thresholds), list_text(o.quantiles), o.forecast_from, o.cumulative_from,
      fmt::join(o.cumulative_base, ", "), fmt::join(statistics, ", "), frontier(o.frontier), keep);
}

std::string observed(const Plan& plan) {
  const std::vector<double>& thresholds = plan.outputs.thresholds;
  std::string text;
  for (std::size_t cell = 0; cell < plan.outputs.observed.size(); ++cell) {
    if (plan.outputs.observed[cell] < 0) continue;
    if (text.empty()) text = "\n[observed]\n";
    text += fmt::format("{}.\"{}\" = {}\n", plan.years[cell / thresholds.size()],
                        thresholds[cell % thresholds.size()], plan.outputs.observed[cell]);
  }
  return text;
}

}  // namespace

std::string precision_text(const engine::Precision& precision) {
  if (!precision.wanted()) return "";
  return fmt::format("precision = {{ absolute = {}, relative = {} }}\n", precision.absolute,
                     precision.relative);
}

std::string rules_text(const Plan& plan) {
  std::string text = money(plan) + scaling(plan.scaling);
  for (const Constraint& each : plan.constraints) text += constraint(each, plan.years);
  return text + outputs(plan.outputs) + observed(plan);
}

}  // namespace flopsieve::jobs
