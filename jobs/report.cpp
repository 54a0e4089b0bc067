#include "jobs/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/error.hpp"
#include "engine/summary.hpp"
#include "jobs/text_table.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Estimate;
using engine::Plan;
using engine::QuantileEstimate;
using engine::Summary;
using engine::Tally;
using engine::YearTally;
using Json = nlohmann::ordered_json;

double ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

/// 4.5e8 -> "450M".
std::string money(double usd) {
  constexpr std::pair<double, const char*> units[] = {
      {1e12, "T"}, {1e9, "B"}, {1e6, "M"}, {1e3, "k"}};
  for (const auto& [size, name] : units) {
    if (usd >= 0.9995 * size) return fmt::format("{:.3g}{}", usd / size, name);
  }
  return fmt::format("{:.3g}", usd);
}

/// Two decimals for sizes and shapes; two digits for shares, which may be small.
std::string number(const engine::Statistic& statistic, double value) {
  const engine::Grid& grid = statistic.info().grid;
  if (grid.scale == engine::Grid::Scale::whole) return fmt::format("{:.0f}", value);
  if (grid.scale == engine::Grid::Scale::log10) return money(value);
  return grid.upper == 1.0 ? fmt::format("{:.2g}", value) : fmt::format("{:.2f}", value);
}

std::string triple(const engine::Statistic& statistic, const Estimate& estimate) {
  std::string text = "[";
  for (std::size_t q = 0; q < estimate.quantiles.size(); ++q) {
    text += (q == 0 ? "" : ", ") + number(statistic, estimate.quantiles[q].value);
  }
  return text + "]";
}

std::string quantile_list(const Plan& plan) {
  std::string text = "[";
  for (std::size_t q = 0; q < plan.outputs.quantiles.size(); ++q) {
    text += fmt::format("{}{:.4g}", q == 0 ? "" : ", ", 100.0 * plan.outputs.quantiles[q]);
  }
  return text + "] % quantiles";
}

std::string threshold_name(double threshold) {
  std::string text = fmt::format("{:.3g}", threshold);
  const std::size_t plus = text.find("e+");
  return plus == std::string::npos ? text : text.erase(plus + 1, 1);
}

std::string count_table(const Plan& plan, const std::vector<Estimate>& estimates) {
  std::vector<std::string> heading{"year"};
  for (const double t : plan.outputs.thresholds) heading.push_back("> " + threshold_name(t));
  TextTable table(heading);
  const std::size_t thresholds = plan.outputs.thresholds.size();
  for (std::size_t year = 0; year < plan.year_count(); ++year) {
    std::vector<std::string> row{std::to_string(plan.years[year])};
    for (std::size_t t = 0; t < thresholds; ++t) {
      row.push_back(triple({engine::StatisticKind::count, 0.0}, estimates[year * thresholds + t]));
    }
    table.add(row);
  }
  return table.text();
}

/// "4 above 1e25", or "none", of the known years.
std::string known_models(const Plan& plan) {
  std::string text;
  for (std::size_t t = 0; t < plan.outputs.thresholds.size(); ++t) {
    if (plan.outputs.cumulative_base[t] == 0) continue;
    text += fmt::format("{}{} above {}", text.empty() ? "" : ", ", plan.outputs.cumulative_base[t],
                        threshold_name(plan.outputs.thresholds[t]));
  }
  return text.empty() ? "none above these thresholds" : text;
}

std::string cumulative_heading(const Plan& plan) {
  const int from = plan.outputs.cumulative_from;
  std::string text =
      fmt::format("Models above each threshold (FLOP), from {} to the end of the year", from);
  const int last_known = plan.years.front() - 1;
  if (from > last_known) return text;
  const std::string years =
      from == last_known ? std::to_string(from) : fmt::format("{}-{}", from, last_known);
  return text + fmt::format(" (known in {}: {})", years, known_models(plan));
}

/// How far the quantiles may be off because the number of trajectories is finite.
std::string monte_carlo_line(const Summary& summary) {
  double widest = 0.0;
  bool missing = false;
  for (const Estimate& estimate : summary.cumulative) {
    for (const QuantileEstimate& q : estimate.quantiles) {
      if (!q.low || !q.high) {
        missing = true;
      } else {
        widest = std::max({widest, *q.high - q.value, q.value - *q.low});
      }
    }
  }
  if (missing)
    return "Too few trajectories for a Monte Carlo interval of some of these quantiles.\n";
  return fmt::format("Monte Carlo error of these quantiles (95 %): at most {:.0f} model{}.\n",
                     widest, widest == 1.0 ? "" : "s");
}

std::string statistics_table(const Plan& plan, const Summary& summary) {
  std::vector<std::string> heading{"statistic"};
  for (const int year : plan.years) heading.push_back(std::to_string(year));
  TextTable table(heading);
  const auto& statistics = plan.outputs.statistics;
  for (std::size_t s = 0; s < statistics.size(); ++s) {
    const std::string unit(statistics[s].info().unit);
    std::vector<std::string> row{statistics[s].name() + (unit == "1" ? "" : " (" + unit + ")")};
    for (std::size_t year = 0; year < plan.year_count(); ++year) {
      row.push_back(triple(statistics[s], summary.statistics[year * statistics.size() + s]));
    }
    table.add(row);
  }
  return table.text();
}

std::string acceptance_table(const Plan& plan, const Tally& tally) {
  TextTable table({"year", "candidates", "survivors", "efficiency", "P(constraints)", "exhausted"});
  for (std::size_t i = 0; i < plan.year_count(); ++i) {
    const YearTally& year = tally.years[i];
    table.add({std::to_string(plan.years[i]), grouped(year.candidates), grouped(year.survivors),
               fmt::format("{:.4g}", ratio(year.survivors, year.candidates)),
               fmt::format("{:.4g}", ratio(year.first_passes, year.first_trials)),
               grouped(year.exhausted)});
  }
  return table.text();
}

/// Which fact kills the candidates: per cent of the audited candidates of each year.
std::string cutflow_table(const Plan& plan, const Tally& tally) {
  std::vector<std::string> heading{"rejected by"};
  for (const int year : plan.years) heading.push_back(std::to_string(year));
  TextTable table(heading);
  std::vector<std::vector<engine::RejectorReport>> years;
  for (const YearTally& year : tally.years) years.push_back(cutflow(plan, year));
  for (std::size_t i = 0; i < years.front().size(); ++i) {
    std::vector<std::string> row{years.front()[i].name};
    for (std::size_t year = 0; year < years.size(); ++year) {
      const std::uint64_t audited = tally.years[year].audited;
      const auto percent = [&](std::uint64_t n) { return 100.0 * ratio(n, audited); };
      row.push_back(fmt::format("{:.1f} / {:.1f} / {:.1f}", percent(years[year][i].killed),
                                percent(years[year][i].alone), percent(years[year][i].without)));
    }
    table.add(row);
  }
  return table.text();
}

std::uint64_t all_candidates(const Tally& tally) {
  std::uint64_t sum = 0;
  for (const YearTally& year : tally.years) sum += year.candidates;
  return sum;
}

std::string text_report(const Plan& plan, const Tally& tally) {
  const Summary summary = summarise(plan, tally);
  std::string text = fmt::format(
      "{}\n{} of {} trajectories complete, from {} candidates; seed {}; {} over trajectories\n\n",
      plan.title.empty() ? "Forecast" : plan.title, grouped(tally.complete),
      grouped(tally.trajectories), grouped(all_candidates(tally)), plan.seed, quantile_list(plan));
  if (tally.complete > 0) {
    text += fmt::format("Models above each threshold (FLOP) in the year\n{}\n{}\n{}{}\n",
                        count_table(plan, summary.counts), cumulative_heading(plan),
                        count_table(plan, summary.cumulative), monte_carlo_line(summary));
    if (!plan.outputs.statistics.empty()) {
      text += fmt::format("Survivors\n{}\n", statistics_table(plan, summary));
    }
  }
  text += fmt::format(
      "Acceptance (efficiency: survivors / candidates; P: pass rate of the year's first "
      "attempts)\n{}\n",
      acceptance_table(plan, tally));
  text += fmt::format(
      "Cutflow, % of audited candidates: first to reject / rejects alone / would survive without "
      "it\n"
      "{}",
      cutflow_table(plan, tally));
  return text;
}

std::string csv_rows(const Plan& plan, const char* kind, const std::vector<Estimate>& estimates,
                     const std::vector<std::string>& inner) {
  std::string text;
  const auto bound = [](const std::optional<double>& value) {
    return value ? fmt::format("{}", *value) : std::string();
  };
  for (std::size_t cell = 0; cell < estimates.size(); ++cell) {
    for (std::size_t q = 0; q < plan.outputs.quantiles.size(); ++q) {
      const QuantileEstimate& estimate = estimates[cell].quantiles[q];
      text += fmt::format("{},{},\"{}\",{},{},{},{}\n", kind, plan.years[cell / inner.size()],
                          inner[cell % inner.size()], plan.outputs.quantiles[q], estimate.value,
                          bound(estimate.low), bound(estimate.high));
    }
  }
  return text;
}

std::vector<std::string> threshold_keys(const Plan& plan) {
  std::vector<std::string> keys;
  for (const double t : plan.outputs.thresholds) keys.push_back(fmt::format("{}", t));
  return keys;
}

std::vector<std::string> statistic_keys(const Plan& plan) {
  std::vector<std::string> keys;
  for (const engine::Statistic& s : plan.outputs.statistics) keys.push_back(s.name());
  return keys;
}

std::string csv_report(const Plan& plan, const Tally& tally) {
  const Summary summary = summarise(plan, tally);
  return "kind,year,of,quantile,value,error_low,error_high\n" +
         csv_rows(plan, "count", summary.counts, threshold_keys(plan)) +
         csv_rows(plan, "cumulative", summary.cumulative, threshold_keys(plan)) +
         csv_rows(plan, "statistic", summary.statistics, statistic_keys(plan));
}

/// [year][inner][quantile] of what `pick` makes of an estimate.
template <class Pick>
Json nested(const Plan& plan, const std::vector<Estimate>& estimates,
            const std::vector<std::string>& inner, const Pick& pick) {
  Json result = Json::object();
  for (std::size_t cell = 0; cell < estimates.size(); ++cell) {
    Json& at = result[std::to_string(plan.years[cell / inner.size()])][inner[cell % inner.size()]];
    for (std::size_t q = 0; q < plan.outputs.quantiles.size(); ++q) {
      at[fmt::format("{}", plan.outputs.quantiles[q])] = pick(estimates[cell].quantiles[q]);
    }
  }
  return result;
}

Json bounds_json(const QuantileEstimate& estimate) {
  Json pair = Json::array();
  pair.push_back(estimate.low ? Json(*estimate.low) : Json());
  pair.push_back(estimate.high ? Json(*estimate.high) : Json());
  return pair;
}

Json acceptance_json(const Plan& plan, const YearTally& year) {
  Json constraints = Json::object();
  for (const engine::RejectorReport& report : cutflow(plan, year)) {
    constraints[report.name] = {
        {"killed", report.killed}, {"alone", report.alone}, {"without", report.without}};
  }
  return {{"candidates", year.candidates},
          {"survivors", year.survivors},
          {"first_attempt_pass_rate", ratio(year.first_passes, year.first_trials)},
          {"first_trials", year.first_trials},
          {"exhausted", year.exhausted},
          {"audited", year.audited},
          {"audited_survivors", year.audited_survivors},
          {"constraints", constraints}};
}

std::string json_report(const Plan& plan, const Tally& tally) {
  const Summary summary = summarise(plan, tally);
  const auto whole = [](const QuantileEstimate& q) {
    return Json(static_cast<std::uint64_t>(q.value));
  };
  const auto value = [](const QuantileEstimate& q) { return Json(q.value); };
  const std::vector<std::string> thresholds = threshold_keys(plan);
  Json json;
  json["title"] = plan.title;
  json["years"] = plan.years;
  json["thresholds"] = plan.outputs.thresholds;
  json["quantiles"] = plan.outputs.quantiles;
  json["counts"] = {{"per_year", nested(plan, summary.counts, thresholds, whole)},
                    {"per_year_error", nested(plan, summary.counts, thresholds, bounds_json)},
                    {"cumulative", nested(plan, summary.cumulative, thresholds, whole)},
                    {"cumulative_error", nested(plan, summary.cumulative, thresholds, bounds_json)},
                    {"cumulative_from", plan.outputs.cumulative_from},
                    {"cumulative_base", plan.outputs.cumulative_base}};
  json["statistics"] = nested(plan, summary.statistics, statistic_keys(plan), value);
  json["acceptance"] = Json::object();
  for (std::size_t i = 0; i < plan.year_count(); ++i) {
    json["acceptance"][std::to_string(plan.years[i])] = acceptance_json(plan, tally.years[i]);
  }
  json["trajectories"] = tally.trajectories;
  json["complete_trajectories"] = tally.complete;
  json["seed"] = plan.seed;
  return json.dump(2) + "\n";
}

}  // namespace

ReportFormat parse_report_format(const std::string& text) {
  if (text == "table") return ReportFormat::table;
  if (text == "csv") return ReportFormat::csv;
  if (text == "json") return ReportFormat::json;
  throw engine::Error(engine::ExitCode::bad_input,
                      fmt::format("--format must be table, csv or json, found \"{}\"", text));
}

std::string report(const Plan& plan, const Tally& tally, ReportFormat format) {
  switch (format) {
    case ReportFormat::csv:
      return csv_report(plan, tally);
    case ReportFormat::json:
      return json_report(plan, tally);
    case ReportFormat::table:
      break;
  }
  return text_report(plan, tally);
}

std::string report_warnings(const Plan& plan, const Tally& tally) {
  if (plan.attempts == 1 || tally.trajectories == 0) return "";
  const std::uint64_t exhausted = tally.trajectories - tally.complete;
  const double share = ratio(exhausted, tally.trajectories);
  if (share <= 0.01) return "";
  return fmt::format(
      "{} of {} trajectories ({:.3g} %) ran out of their {} attempts and were dropped: the prior "
      "of "
      "the trajectory inputs is being reweighted. Raise attempts or widen the constraints.",
      exhausted, tally.trajectories, 100.0 * share, plan.attempts);
}

}  // namespace flopsieve::jobs
