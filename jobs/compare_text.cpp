#include "jobs/compare_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "engine/summary.hpp"
#include "jobs/report_words.hpp"
#include "jobs/text_table.hpp"

namespace flopsieve::jobs {
namespace {

using engine::Statistic;

constexpr Statistic whole_number{engine::StatisticKind::count, 0.0};
constexpr std::size_t most_keys = 30;  ///< listed in the table; json and csv list all

/// How the numbers of a table are written.
struct Writer {
  std::function<std::string(double value, bool is_mean)> value;
  std::function<std::string(double error)> error;
};

/// Means of whole numbers get decimals; USD their units.
Writer writer(const Statistic& statistic) {
  using Scale = engine::Grid::Scale;
  const Scale scale = statistic.info().grid.scale;
  const auto value = [=](double number, bool is_mean) {
    return scale == Scale::whole && is_mean ? fmt::format("{:.2f}", number)
                                            : number_text(statistic, number);
  };
  if (scale != Scale::log10) return {value, two_digits};
  return {value, [=](double error) { return number_text(statistic, error); }};
}

/// "[3, 5, 9] 5.44": the quantiles, then what `last` makes of the mean.
template <class Text>
std::string bracketed(std::size_t measures, const Text& text) {
  std::string quantiles;
  for (std::size_t i = 0; i + 1 < measures; ++i) quantiles += (i == 0 ? "" : ", ") + text(i, false);
  const std::string mean = text(measures - 1, true);
  return measures == 1 ? mean : "[" + quantiles + "] " + mean;
}

/// The cells of one threshold or statistic: a row per year, a column per run and difference.
std::string cell_table(const Comparison& comparison, const std::vector<ComparedCell>& cells,
                       std::size_t of, const Writer& writer) {
  std::vector<std::string> heading{"year"};
  for (const std::string& name : comparison.names) heading.push_back(name);
  for (std::size_t run = 1; run < comparison.names.size(); ++run) {
    heading.push_back(comparison.names[run] + " - " + comparison.names[0]);
  }
  TextTable table(heading);
  for (const ComparedCell& cell : cells) {
    if (cell.of != of) continue;
    const auto& runs = cell.runs;
    std::vector<std::string> row{std::to_string(cell.year)};
    for (const auto& measures : runs) {
      row.push_back(bracketed(measures.size(), [&](std::size_t i, bool is_mean) {
        return writer.value(measures[i].value, is_mean);
      }));
    }
    for (std::size_t run = 1; run < runs.size(); ++run) {
      row.push_back(bracketed(runs[run].size(), [&](std::size_t i, bool is_mean) {
        return difference_text(
            difference(runs[0][i], runs[run][i]),
            [&](double value) { return writer.value(value, is_mean); }, writer.error);
      }));
    }
    table.add(row);
  }
  return table.text() + "\n";
}

std::string files_table(const std::vector<NamedResults>& runs) {
  TextTable table({"file", "seed", "trajectories", "complete", "class", "title"});
  for (const NamedResults& run : runs) {
    const engine::Plan& plan = run.results.study.plan;
    table.add({run.name, std::to_string(plan.seed), grouped(run.results.tally.trajectories),
               grouped(run.results.tally.complete), std::string(engine::result_class(plan)),
               plan.title.empty() ? "-" : plan.title});
  }
  return table.text() + "\n";
}

std::string explanation(const Comparison& comparison) {
  const std::string quantiles = comparison.quantiles.empty()
                                    ? "means"
                                    : quantile_words(comparison.quantiles) + " and the mean";
  std::string text = fmt::format(
      "Numbers are {}. A difference to the first file is followed by its\n95 % Monte Carlo error, "
      "if "
      "it has one: of a mean from the standard errors, of a quantile from half of its Monte\nCarlo "
      "interval, those of the two files combined in quadrature. * the difference exceeds its "
      "error; "
      "by chance\nabout one in twenty does.{}\n\n",
      quantiles,
      comparison.shares_seed ? " Files of one seed share their random numbers: their errors are an "
                               "upper end."
                             : "");
  for (const std::string& each : comparison.left_out)
    text += "Not shared, left out: " + each + "\n";
  return comparison.left_out.empty() ? text : text + "\n";
}

std::string count_tables(const Comparison& comparison, const std::vector<ComparedCell>& cells,
                         const std::string& when) {
  std::string text;
  for (std::size_t t = 0; t < comparison.thresholds.size() && !cells.empty(); ++t) {
    text += fmt::format("Models above {} FLOP {}\n{}", threshold_words(comparison.thresholds[t]),
                        when, cell_table(comparison, cells, t, writer(whole_number)));
  }
  return text;
}

std::string frontier_tables(const Comparison& comparison) {
  std::string text;
  for (std::size_t w = 0; w < comparison.frontier_widths.size(); ++w) {
    const auto add = [&](const char* dated, const std::vector<ComparedCell>& cells) {
      text += fmt::format(
          "Models in the year within {:.3g} OOM of the largest one dated before {}their period\n{}",
          comparison.frontier_widths[w], dated,
          cell_table(comparison, cells, w, writer(whole_number)));
    };
    add("", comparison.frontier_before);
    add("the end of ", comparison.frontier_including);
  }
  return text;
}

}  // namespace

std::string two_digits(double error) {
  return error < 99.5 ? fmt::format("{:.2g}", error) : fmt::format("{:.0f}", error);
}

std::string difference_text(const Measure& change, const NumberText& value,
                            const NumberText& error) {
  if (std::isnan(change.value)) return "-";
  return fmt::format("{}{}{}{}", change.value < 0.0 ? "-" : "+", value(std::abs(change.value)),
                     change.error ? "±" + error(*change.error) : "", exceeds(change) ? "*" : "");
}

std::string differing_table(const std::vector<std::string>& names,
                            const std::vector<DifferingKey>& differing) {
  if (differing.empty()) return "The resolved jobs do not differ.\n\n";
  std::vector<std::string> heading{"key"};
  for (const std::string& name : names) heading.push_back(name);
  TextTable table(heading);
  const std::size_t shown = std::min(most_keys, differing.size());
  for (std::size_t i = 0; i < shown; ++i) {
    std::vector<std::string> row{differing[i].key};
    for (const auto& value : differing[i].values) row.push_back(value.value_or("-"));
    table.add(row);
  }
  std::string text = "Keys of the resolved jobs that differ\n" + table.text();
  if (shown < differing.size()) {
    text += fmt::format("  and {} more; --format json lists all\n", differing.size() - shown);
  }
  return text + "\n";
}

std::string comparison_text(const Comparison& comparison, const std::vector<NamedResults>& runs) {
  std::string text = files_table(runs) + differing_table(comparison.names, comparison.differing) +
                     explanation(comparison);
  text += count_tables(comparison, comparison.counts, "in the year");
  text += count_tables(comparison, comparison.cumulative, "up to the end of the year");
  text += frontier_tables(comparison);
  for (std::size_t s = 0; s < comparison.statistics.size(); ++s) {
    const Statistic& statistic = comparison.statistics[s];
    const std::string unit(statistic.info().unit);
    text +=
        fmt::format("Survivors: {}{}\n{}", statistic.name(), unit == "1" ? "" : " (" + unit + ")",
                    cell_table(comparison, comparison.statistic_cells, s, writer(statistic)));
  }
  const Writer digits{
      [](double value, bool) { return std::isnan(value) ? "-" : fmt::format("{:.4g}", value); },
      two_digits};
  const auto table = [&](Acceptance what) {
    return cell_table(comparison, comparison.acceptance, static_cast<std::size_t>(what), digits);
  };
  text += "Acceptance: pass rate of the year's first attempts\n" +
          table(Acceptance::first_attempt_pass_rate);
  text += "Acceptance: efficiency (survivors / candidates)\n" + table(Acceptance::efficiency);
  text += "Acceptance: exhausted trajectories\n" + table(Acceptance::exhausted);
  text.pop_back();  // the empty line after the last table
  return text;
}

}  // namespace flopsieve::jobs
