#include "jobs/money_parser.hpp"

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <string_view>

#include "jobs/input_parser.hpp"

namespace flopsieve::jobs {
namespace {

/// Constants of a loss E + A / N^alpha + B / D^beta.
struct ParametricLoss {
  double ln_a;
  double ln_b;
  double alpha;
  double beta;
};
constexpr ParametricLoss hoffmann_3{6.0073404, 6.0179186, 0.33917084, 0.2849083};
constexpr ParametricLoss besiroglu{6.17795598, 7.64273236, 0.34781303, 0.36585412};

engine::Scaling optimum(const ParametricLoss& loss) {
  const double sum = loss.alpha + loss.beta;
  const double ln_g = (std::log(loss.alpha) + loss.ln_a - std::log(loss.beta) - loss.ln_b) / sum;
  const double slope = loss.beta / sum;
  return {ln_g / std::log(10.0) - slope * std::log10(6.0), slope};
}

engine::Scaling published(TableReader& table) {
  const std::string law = table.string("law");
  if (law == "hoffmann_3") return optimum(hoffmann_3);
  if (law == "besiroglu") return optimum(besiroglu);
  constexpr double petaflop_day = 8.64e19;
  if (law == "kaplan") return {std::log10(1.3e9) - 0.73 * std::log10(petaflop_day), 0.73};
  table.fail_at("law", fmt::format("scaling.law must be \"hoffmann_3\", \"besiroglu\" or "
                                   "\"kaplan\", found \"{}\"",
                                   law));
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
