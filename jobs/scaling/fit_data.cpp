#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "jobs/csv_rows.hpp"
#include "jobs/scaling/fit_report.hpp"

namespace flopsieve::jobs {
namespace {

using Json = nlohmann::ordered_json;

Json known(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

Json estimate_json(const Estimate& estimate) {
  return {{"value", known(estimate.value)},
          {"standard_error", known(estimate.standard_error)},
          {"low", known(estimate.low)},
          {"high", known(estimate.high)}};
}

Json law_json(const ParametricLoss& law) {
  return {{"ln_A", law.ln_a},
          {"ln_B", law.ln_b},
          {"ln_E", law.ln_e},
          {"alpha", law.alpha},
          {"beta", law.beta}};
}

Json starts_json(const ParametricFit& fit) {
  Json groups = Json::array();
  for (const MisfitGroup& group : misfit_groups(fit)) {
    groups.push_back({{"misfit", group.misfit},
                      {"descents", group.descents},
                      {"no_slope", group.level},
                      {"example", law_json(group.example)}});
  }
  return {{"starts", fit.descents.size()},
          {"reached_best", fit.reached_best},
          {"no_slope_elsewhere", fit.level_elsewhere},
          {"best_inside_grid", fit.inside_grid},
          {"best_gradient", fit.best.gradient},
          {"ends", groups}};
}

Json residuals_json(const FitContent& content) {
  const ResidualSummary& summary = content.parametric->summary;
  Json largest = Json::array();
  for (const std::size_t row : summary.largest) {
    largest.push_back(
        {{"line", content.data.runs[row].line}, {"residual", content.parametric->residuals[row]}});
  }
  return {{"mean", summary.mean},
          {"standard_deviation", summary.sd},
          {"t", summary.t},
          {"p_value", summary.p},
          {"skewness", summary.skewness},
          {"share_within_delta", summary.within_delta},
          {"log_likelihood", summary.log_likelihood},
          {"ln_scale", summary.ln_scale},
          {"largest", largest}};
}

Json parametric_json(const FitContent& content) {
  const ParametricContent& found = *content.parametric;
  Json covariance = Json();
  if (found.bootstrap.laws.size() > 1) {
    covariance = {{"constants", {"ln_A", "ln_B", "ln_E", "alpha", "beta"}},
                  {"rows", Json::array()}};
    for (std::size_t i = 0; i < 5; ++i) {
      Json row = Json::array();
      for (std::size_t k = 0; k < 5; ++k) row.push_back(found.covariance[5 * i + k]);
      covariance["rows"].push_back(row);
    }
  }
  return {{"delta", content.delta},
          {"misfit", found.fit.best.misfit},
          {"covariance", covariance},
          {"starts", starts_json(found.fit)},
          {"residuals", residuals_json(content)},
          {"resamples_lower_from_published", found.bootstrap.from_published},
          {"resamples_lower_from_estimate", found.bootstrap.from_estimate}};
}

Json optima_json(const OptimaContent& found) {
  Json optima = Json::array();
  for (const BudgetOptimum& each : found.fit.optima) {
    optima.push_back({{"flop", each.flop},
                      {"parameters", known(each.parameters)},
                      {"loss", known(each.loss)},
                      {"sizes", each.sizes},
                      {"left_out", each.left_out.empty() ? Json() : Json(each.left_out)}});
  }
  return {{"compared", found.rows},
          {"used", found.fit.used},
          {"scatter_log10", found.fit.scatter},
          {"points", optima}};
}

std::string csv_number(double value) {
  return std::isfinite(value) ? fmt::format("{}", value) : "";
}

std::string csv_row(const char* kind, const std::string& name, const std::string& flop,
                    const Estimate& estimate) {
  return fmt::format("{},{},{},{},{},{},{}\n", kind, name, flop, csv_number(estimate.value),
                     csv_number(estimate.standard_error), csv_number(estimate.low),
                     csv_number(estimate.high));
}

}  // namespace

std::string fit_json(const FitContent& content) {
  Json numbers = Json::object();
  for (const FitNumber& number : content.numbers) {
    numbers[number.name] = estimate_json(number.estimate);
  }
  Json budgets = Json::array();
  for (const FitBudget& budget : content.budgets) {
    Json row = {{"flop", budget.flop},
                {"parameters", estimate_json(budget.parameters)},
                {"tokens", estimate_json(budget.tokens)}};
    if (budget.loss) row["loss"] = estimate_json(*budget.loss);
    budgets.push_back(row);
  }
  Json json = {{"file", content.data.file},
               {"approach", content.approach},
               {"rows", content.data.runs.size()},
               {"dropped_rows", content.data.dropped},
               {"interval", content.options.interval},
               {"resamples", content.options.resamples},
               {"failed_resamples", content.failed},
               {"seed", content.options.seed},
               {"numbers", numbers},
               {"budgets", budgets}};
  if (content.parametric) json["parametric"] = parametric_json(content);
  if (content.optima) json["optima"] = optima_json(*content.optima);
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string fit_csv(const FitContent& content) {
  std::string text = "kind,name,flop,value,standard_error,low,high\n";
  for (const FitNumber& number : content.numbers) {
    text += csv_row("number", number.name, "", number.estimate);
  }
  for (const FitBudget& budget : content.budgets) {
    const std::string flop = csv_number(budget.flop);
    text += csv_row("budget", "parameters", flop, budget.parameters);
    text += csv_row("budget", "tokens", flop, budget.tokens);
    if (budget.loss) text += csv_row("budget", "loss", flop, *budget.loss);
  }
  if (!content.optima) return text;
  const double nan = std::nan("");
  for (const BudgetOptimum& each : content.optima->fit.optima) {
    const std::string kind = each.left_out.empty() ? "optimum" : "optimum_left_out";
    text += csv_row(kind.c_str(), "parameters", csv_number(each.flop),
                    {each.parameters, nan, nan, nan});
  }
  return text;
}

}  // namespace flopsieve::jobs
