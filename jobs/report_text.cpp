#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/tilt_window.hpp"
#include "jobs/report_content.hpp"
#include "jobs/report_words.hpp"
#include "jobs/text_table.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Estimate;
using engine::Plan;
using engine::QuantileEstimate;
using engine::Summary;
using engine::Tally;
using engine::YearTally;

constexpr engine::Statistic whole_number{engine::StatisticKind::count, 0.0};

std::string quantile_text(const engine::Statistic& statistic, const Estimate& estimate) {
  std::vector<double> values;
  for (const QuantileEstimate& each : estimate.quantiles) values.push_back(each.value);
  return list_text(statistic, values);
}

std::string count_table(const Plan& plan, const std::vector<Estimate>& estimates) {
  std::vector<std::string> heading{"year"};
  for (const double t : plan.outputs.thresholds) heading.push_back("> " + threshold_words(t));
  TextTable table(heading);
  const std::size_t thresholds = plan.outputs.thresholds.size();
  for (std::size_t year = 0; year < plan.year_count(); ++year) {
    std::vector<std::string> row{std::to_string(plan.years[year])};
    for (std::size_t t = 0; t < thresholds; ++t) {
      row.push_back(quantile_text(whole_number, estimates[year * thresholds + t]));
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
                        threshold_words(plan.outputs.thresholds[t]));
  }
  return text.empty() ? "none above these thresholds" : text;
}

/// From which year on the counts are added up, and what is known before the forecast.
std::string start_words(const Plan& plan) {
  const engine::Outputs& outputs = plan.outputs;
  const std::string retrodicted = fmt::format("from {} to the end of the year", plan.years.front());
  if (outputs.forecast_from > plan.years.back()) return retrodicted;
  std::string text = fmt::format("from {} to the end of the year", outputs.cumulative_from);
  const int last_known = outputs.forecast_from - 1;
  if (outputs.cumulative_from <= last_known) {
    const std::string first =
        outputs.cumulative_from == last_known ? "" : fmt::format("{}-", outputs.cumulative_from);
    text += fmt::format(" (known in {}{}: {})", first, last_known, known_models(plan));
  }
  if (plan.years.front() >= outputs.forecast_from) return text;
  return text + fmt::format("; before {}, {}", outputs.forecast_from, retrodicted);
}

std::string yearly_heading(Convention convention) {
  const char* more =
      convention == Convention::trajectory ? "" : ": quantiles interpolated and rounded";
  return fmt::format("Models above each threshold (FLOP) in the year{}", more);
}

std::string cumulative_heading(const Plan& plan, Convention convention) {
  const std::string years = start_words(plan);
  if (convention == Convention::trajectory) {
    return "Models above each threshold (FLOP), " + years;
  }
  return "Sum of percentiles: the yearly figures above added up, " + years +
         "\n(the published form; no quantiles of a trajectory's own sum: unless the years depend "
         "perfectly, they spread wider)";
}

/// How far the quantiles may be off because the number of trajectories is finite.
std::string monte_carlo_line(const Summary& summary) {
  double widest = 0.0;
  bool missing = false;
  for (const std::vector<Estimate>* estimates : {&summary.counts, &summary.cumulative}) {
    for (const Estimate& estimate : *estimates) {
      for (const QuantileEstimate& q : estimate.quantiles) {
        if (!q.low || !q.high) {
          missing = true;
        } else {
          widest = std::max({widest, *q.high - q.value, q.value - *q.low});
        }
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
      row.push_back(quantile_text(statistics[s], summary.statistics[year * statistics.size() + s]));
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

/// nan: nothing was found to estimate from.
std::string estimate_text(double value, int digits) {
  return std::isnan(value) ? "-" : fmt::format("{:.{}g}", value, digits);
}

/// The same of tilted candidates (models.method = "truncate" and "tilt"), with probabilities under
/// the job's own law.
std::string tilt_table(const Plan& plan, const Tally& tally) {
  const auto& rules = plan.constraints;
  const bool one = std::none_of(rules.begin(), rules.end(), engine::is_tilt_window);
  TextTable table({"year", "candidates", "survivors", "efficiency",
                   one ? "P(total in window)" : "P(sums in windows)", "standard error",
                   "P(constraints)", "standard error", "exhausted"});
  for (std::size_t i = 0; i < plan.year_count(); ++i) {
    const YearTally& year = tally.years[i];
    const engine::TiltReport report = engine::report_tilt(year);
    table.add({std::to_string(plan.years[i]), grouped(year.candidates), grouped(year.survivors),
               fmt::format("{:.4g}", ratio(year.survivors, year.candidates)),
               estimate_text(report.total_probability, 3), estimate_text(report.total_error, 2),
               estimate_text(report.probability, 3), estimate_text(report.error, 2),
               grouped(year.exhausted)});
  }
  return table.text();
}

/// The same of populations (models.method = "split").
std::string split_table(const Plan& plan, const Tally& tally) {
  TextTable table({"year", "points", "survivors", "P(constraints)", "standard error", "levels",
                   "moves accepted", "pairs that agree", "exhausted"});
  for (std::size_t i = 0; i < plan.year_count(); ++i) {
    const YearTally& year = tally.years[i];
    const engine::SplitReport report = engine::report_split(year);
    table.add({std::to_string(plan.years[i]), grouped(year.candidates), grouped(year.survivors),
               fmt::format("{:.3g}", report.probability), fmt::format("{:.2g}", report.error),
               fmt::format("{:.1f}", report.levels), fmt::format("{:.2f}", report.acceptance),
               fmt::format("{} of {}", year.split.pairs - year.split.disagreeing, year.split.pairs),
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

/// "4 [3, 4, 6]": observed, and the quantiles of what was simulated.
std::string observed_table(const Plan& plan, const std::vector<Estimate>& estimates,
                           const std::vector<std::optional<std::uint64_t>>& known) {
  std::vector<std::string> heading{"year"};
  for (const double t : plan.outputs.thresholds) heading.push_back("> " + threshold_words(t));
  TextTable table(heading);
  const std::size_t thresholds = plan.outputs.thresholds.size();
  for (std::size_t year = 0; year < plan.year_count(); ++year) {
    std::vector<std::string> row{std::to_string(plan.years[year])};
    bool any = false;
    for (std::size_t cell = year * thresholds; cell < (year + 1) * thresholds; ++cell) {
      any = any || known[cell];
      row.push_back(known[cell] ? fmt::format("{} {}", *known[cell],
                                              quantile_text(whole_number, estimates[cell]))
                                : "-");
    }
    if (any) table.add(row);
  }
  return table.text();
}

/// Whether the totals of all years with observed counts are those observed, not modelled ones.
bool totals_are_known(const ReportContent& content) {
  const Plan& plan = content.plan;
  const std::vector<double>& totals = plan.total.known_log10;
  for (std::size_t cell = 0; cell < content.known.per_year.size(); ++cell) {
    const std::size_t year = cell / plan.outputs.thresholds.size();
    if (content.known.per_year[cell] && (totals.empty() || std::isnan(totals[year]))) return false;
  }
  return true;
}

std::string observed_text(const ReportContent& content) {
  if (content.known.empty()) return "";
  const Summary& summary = content.summary;
  return fmt::format(
      "Observed models (of the program's own calibration), and the quantiles above.\n{}\n"
      "In the year\n{}Up to the end of the year\n{}\n",
      totals_are_known(content)
          ? "In-sample: the totals of these years are those observed."
          : "In-sample unless the job's figures end before these years:\n"
            "totals, ranges and trends that a job takes from them are those observed.",
      observed_table(content.plan, summary.counts, content.known.per_year),
      observed_table(content.plan, summary.cumulative, content.known.cumulative));
}

std::string frontier_table(const Plan& plan, const std::vector<Estimate>& estimates) {
  const std::vector<double>& widths = plan.outputs.frontier.widths;
  std::vector<std::string> heading{"year"};
  for (const double width : widths) heading.push_back(fmt::format("{:.3g} OOM", width));
  TextTable table(heading);
  for (std::size_t year = 0; year < plan.year_count(); ++year) {
    std::vector<std::string> row{std::to_string(plan.years[year])};
    for (std::size_t w = 0; w < widths.size(); ++w) {
      row.push_back(quantile_text(whole_number, estimates[year * widths.size() + w]));
    }
    table.add(row);
  }
  return table.text();
}

std::string frontier_text(const ReportContent& content) {
  const Plan& plan = content.plan;
  if (plan.outputs.frontier.widths.empty()) return "";
  return fmt::format(
      "Models in the year within each width of the largest one dated before their period ({} a "
      "year)\n{}\nThe same, of the largest one dated before the end of their period\n{}\n",
      plan.outputs.frontier.periods, frontier_table(plan, content.summary.frontier_before),
      frontier_table(plan, content.summary.frontier_including));
}

std::string counts_text(const ReportContent& content) {
  const Plan& plan = content.plan;
  const Summary& summary = content.summary;
  const bool own = content.convention == Convention::trajectory;
  return fmt::format("{}\n{}\n{}\n{}{}\n", yearly_heading(content.convention),
                     count_table(plan, summary.counts),
                     cumulative_heading(plan, content.convention),
                     count_table(plan, summary.cumulative), own ? monte_carlo_line(summary) : "") +
         frontier_text(content) + observed_text(content);
}

std::uint64_t all_candidates(const Tally& tally) {
  std::uint64_t sum = 0;
  for (const YearTally& year : tally.years) sum += year.candidates;
  return sum;
}

/// What a reader must know before the figures.
std::string warnings(const Plan& plan, const Tally& tally) {
  std::string text;
  if (engine::result_class(plan) == "biased") {
    text += "Biased, for comparison only: match = \"rescale\" ignores the prior of the location.\n";
  }
  if (engine::result_class(plan) == "correlated") {
    text +=
        "Correlated: every survivor is one of a population of its own (multilevel splitting), "
        "which is close to the job's law, not exact.\n";
  }
  if (engine::result_class(plan) == "joint") {
    text +=
        "Joint: the trajectories of another run whose survivors meet the constraints in all years, "
        "without sampling. Where they are easy to meet, trajectories weigh more than in a run of "
        "this job, which finds every trajectory survivors of its own.\n";
  }
  if (plan.sampling.method != engine::Method::reject) text += method_line(plan) + "\n";
  if (engine::stopped_early(plan, tally)) {
    text += fmt::format("Stopped early, as precise as asked for: {} trajectories were allowed.\n",
                        grouped(plan.trajectories));
  }
  return text;
}

std::string acceptance_text(const Plan& plan, const Tally& tally) {
  if (plan.sampling.method == engine::Method::split) {
    return fmt::format(
        "Acceptance (P: mean of the populations' estimates, its error corrected for correlated "
        "chains)\n{}",
        split_table(plan, tally));
  }
  const bool tilted = engine::is_tilted(plan.sampling.method);
  return fmt::format(
      "Acceptance (efficiency: survivors / candidates; P: {} of the year's first "
      "attempts)\n{}\n"
      "Cutflow, % of audited candidates: first to reject / rejects alone / would survive without "
      "it\n{}",
      tilted ? "weighted pass rate" : "pass rate",
      tilted ? tilt_table(plan, tally) : acceptance_table(plan, tally), cutflow_table(plan, tally));
}

}  // namespace

std::string text_report(const ReportContent& content) {
  const Plan& plan = content.plan;
  const Tally& tally = content.tally;
  std::string text = fmt::format(
      "{}\n{} of {} trajectories complete, from {} candidates; class {}; seed {}; {} over "
      "trajectories\n{}\n",
      plan.title.empty() ? "Forecast" : plan.title, grouped(tally.complete),
      grouped(tally.trajectories), grouped(all_candidates(tally)), engine::result_class(plan),
      plan.seed, quantile_words(plan.outputs.quantiles), warnings(plan, tally));
  if (tally.complete > 0) {
    text += counts_text(content);
    if (!plan.outputs.statistics.empty()) {
      text += fmt::format("Survivors\n{}\n", statistics_table(plan, content.summary));
    }
  }
  return text + acceptance_text(plan, tally);
}

}  // namespace flopsieve::jobs
