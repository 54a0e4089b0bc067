#include "jobs/money_parser.hpp"

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <string_view>

#include "engine/error.hpp"
#include "jobs/input_parser.hpp"
#include "jobs/scaling/laws.hpp"

namespace flopsieve::jobs {
namespace {

constexpr const char* any_ratio = "tokens-per-parameter=";

/// Whether log10 parameters are a line in log10 FLOP.
bool is_line(const ScalingLaw& law) {
  return law.ratio_slope == 0.0;
}

[[noreturn]] void refuse_law(const TableReader& table, const std::string& name) {
  std::string allowed;
  for (const ScalingLaw& law : scaling_laws()) {
    if (is_line(law) && !law.name.starts_with(any_ratio)) {
      allowed += fmt::format("\"{}\", ", law.name);
    }
  }
  table.fail_at("law", fmt::format("scaling.law: no law \"{}\"; allowed: {}\"{}X\"", name, allowed,
                                   any_ratio));
}

/// The line of a law of flopsieve scaling.
engine::Scaling published(TableReader& table) {
  const std::string name = table.string("law");
  ScalingLaw law;
  try {
    law = scaling_law(name, "scaling.law");
  } catch (const engine::Error& error) {
    if (name.starts_with(any_ratio)) table.fail_at("law", error.what());
    refuse_law(table, name);
  }
  if (!is_line(law)) {
    table.fail_at("law", fmt::format("scaling.law: \"{}\" is no power law of FLOP, which a job "
                                     "needs; \"tokens-per-parameter=21\" is near it",
                                     name));
  }
  const PowerLaw& power = law.power;
  return {power.log10_parameters - power.exponent * power.log10_flop, power.exponent};
}

std::vector<engine::Distribution> parse_revenue(TableReader& table, const Value& value,
                                                const std::vector<int>& years) {
  for (const char* key : {"scope", "year_correlation"}) {
    if (value.kind != ValueKind::table || find_entry(value, key) == nullptr) continue;
    table.fail(value,
               fmt::format("money.revenue cannot have a {}: it is drawn for each model", key));
  }
  InputRules rules;
  rules.years = years;
  const engine::Input revenue = parse_input(table, value, "money.revenue", rules);
  for (const engine::Distribution& year : revenue.years) {
    if (std::isfinite(year.lower) || std::isfinite(year.upper)) {
      table.fail(value, "money.revenue cannot have bounds; choose a law that stays within them");
    }
  }
  return revenue.years;
}

}  // namespace

void parse_money(TableReader& table, engine::Plan& plan) {
  engine::Money& money = plan.money;
  money.flop_per_usd = positive_number(table, "flop_per_usd", money.flop_per_usd);
  money.improvement = positive_number(table, "improvement", money.improvement);
  money.base_year = table.year("base_year", money.base_year);
  if (const Value* revenue = table.optional_value("revenue")) {
    money.revenue = parse_revenue(table, *revenue, plan.years);
  }
  table.finish();
}

double log10_flop_per_usd(const engine::Money& money, int year) {
  return std::log10(money.flop_per_usd) + (year - money.base_year) * std::log10(money.improvement);
}

void parse_scaling(TableReader& table, engine::Plan& plan) {
  const bool by_ratio = table.has("tokens_per_parameter");
  const bool by_name = table.has("law");
  const bool has_slope = table.has("slope");
  const bool by_line = table.has("at_one_flop") || has_slope;
  if (by_ratio + by_name + by_line > 1) {
    table.fail("[scaling] takes one of tokens_per_parameter, law, or at_one_flop with slope");
  }
  if (by_name) {
    plan.scaling = published(table);
  } else if (by_line) {
    plan.scaling = {table.number("at_one_flop"), table.number("slope")};
    if (!(plan.scaling.slope > 0.0 && plan.scaling.slope < 1.0)) {
      table.fail_at("slope", fmt::format("scaling.slope must be between 0 and 1, found {}",
                                         plan.scaling.slope));
    }
  } else {
    // C = 6 N D and D = r N give N = sqrt(C / (6 r)).
    const double ratio = positive_number(table, "tokens_per_parameter", 20.0);
    plan.scaling = {-0.5 * std::log10(6.0 * ratio), 0.5};
  }
  table.finish();
}

}  // namespace flopsieve::jobs
