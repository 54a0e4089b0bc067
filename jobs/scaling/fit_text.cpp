#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "jobs/scaling/fit_report.hpp"
#include "jobs/scaling/optimal_text.hpp"
#include "jobs/text_table.hpp"

namespace flopsieve::jobs {
namespace {

std::string interval_words(const FitContent& content) {
  return fmt::format("{:g} % interval", 100.0 * content.options.interval);
}

std::string number_text(double value) {
  return std::isfinite(value) ? fmt::format("{:.6g}", value) : "-";
}

std::string interval_text(const Estimate& estimate, std::string (*text)(double)) {
  if (!std::isfinite(estimate.low)) return "-";
  return fmt::format("[{}, {}]", text(estimate.low), text(estimate.high));
}

std::string amount_or_dash(double value) {
  return std::isfinite(value) ? amount_text(value) : "-";
}

std::string short_text(double value) {
  return fmt::format("{:.4g}", value);
}

std::string data_lines(const FitContent& content) {
  const auto& runs = content.data.runs;
  const auto range = [&](double (*of)(const TrainingRun&)) {
    const auto [low, high] = std::minmax_element(
        runs.begin(), runs.end(),
        [&](const TrainingRun& a, const TrainingRun& b) { return of(a) < of(b); });
    return fmt::format("{:.3g} to {:.3g}", of(*low), of(*high));
  };
  std::string text =
      fmt::format("{}: {} rows; {} parameters, {} tokens, loss {}\n", content.data.file,
                  grouped(runs.size()), range([](const TrainingRun& r) { return r.parameters; }),
                  range([](const TrainingRun& r) { return r.tokens; }),
                  range([](const TrainingRun& r) { return r.loss; }));
  const std::size_t dropped = content.data.dropped;
  if (dropped > 0) {
    text += fmt::format("Left out: the {} highest losses, above {:.6g}.\n", dropped,
                        content.data.highest_kept);
  }
  return text;
}

std::string method_line(const FitContent& content) {
  switch (content.approach) {
    case 1:
      return fmt::format("Approach 1: N of the lowest loss at 1,500 budgets, from {}\n",
                         content.optima->rows);
    case 2:
      return fmt::format("Approach 2: parabolas of the loss in log N, {}\n", content.optima->rows);
    default:
      return fmt::format(
          "Approach 3: L = E + A / N^alpha + B / D^beta, Huber loss of log loss, delta {:g}\n",
          content.delta);
  }
}

std::string number_table(const FitContent& content) {
  TextTable table({"number", "value", "standard error", interval_words(content)});
  for (const FitNumber& number : content.numbers) {
    const Estimate& estimate = number.estimate;
    table.add({fmt::format("{:<20} {}", number.name, number.meaning), number_text(estimate.value),
               std::isfinite(estimate.standard_error) ? short_text(estimate.standard_error) : "-",
               interval_text(estimate, short_text)});
  }
  return table.text();
}

std::string budget_table(const FitContent& content) {
  if (content.budgets.empty()) return "";
  const std::string interval = interval_words(content);
  std::vector<std::string> heading = {"budget, FLOP", "parameters", interval, "tokens", interval};
  const bool has_loss = content.budgets.front().loss.has_value();
  if (has_loss) heading.insert(heading.end(), {"loss", interval});
  TextTable table(heading);
  for (const FitBudget& budget : content.budgets) {
    std::vector<std::string> row = {
        amount_text(budget.flop), amount_or_dash(budget.parameters.value),
        interval_text(budget.parameters, amount_text), amount_or_dash(budget.tokens.value),
        interval_text(budget.tokens, amount_text)};
    if (has_loss) {
      row.push_back(number_text(budget.loss->value));
      row.push_back(interval_text(*budget.loss, short_text));
    }
    table.add(row);
  }
  return "\nBest training of a budget, C = 6 N D:\n" + table.text();
}

std::string starts_lines(const ParametricFit& fit) {
  constexpr std::size_t most_groups = 4;
  std::string text = fmt::format(
      "\nStarts: of {} descents {} ended at the lowest misfit, {:.9g} (slope {:.1g}), {} elsewhere "
      "without slope, {} stopped on a slope.\n",
      grouped(fit.descents.size()), grouped(fit.reached_best), fit.best.misfit, fit.best.gradient,
      grouped(fit.level_elsewhere),
      grouped(fit.descents.size() - fit.reached_best - fit.level_elsewhere));
  TextTable table({"misfit, lowest = 1", "descents", "alpha", "beta", "E"});
  const std::vector<MisfitGroup> groups = misfit_groups(fit);
  for (std::size_t i = 0; i < std::min(most_groups, groups.size()); ++i) {
    const MisfitGroup& group = groups[i];
    table.add({fmt::format("{:.6g}", group.misfit / fit.best.misfit), grouped(group.descents),
               short_text(group.example.alpha), short_text(group.example.beta),
               short_text(std::exp(group.example.ln_e))});
  }
  text += table.text();
  if (groups.size() > most_groups) {
    text += fmt::format("  and {} higher misfits, up to {:.4g}\n", groups.size() - most_groups,
                        groups.back().misfit / fit.best.misfit);
  }
  return text + (fit.inside_grid ? "The optimum lies inside the grid of starts.\n"
                                 : "Beware: the optimum lies outside the grid of starts.\n");
}

std::string residual_lines(const FitContent& content) {
  const ResidualSummary& summary = content.parametric->summary;
  std::string text = fmt::format(
      "\nResiduals of ln L: mean {:.3g} (t = {:.2f}, p = {:.2g}), standard deviation {:.3g}, "
      "skewness {:.2f}; {:.0f} % within delta; log-likelihood {:.2f}\nLargest:",
      summary.mean, summary.t, summary.p, summary.sd, summary.skewness,
      100.0 * summary.within_delta, summary.log_likelihood);
  for (const std::size_t row : summary.largest) {
    text += fmt::format("{} {:+.3g} (line {})", row == summary.largest.front() ? "" : ",",
                        content.parametric->residuals[row], content.data.runs[row].line);
  }
  return text + "\n";
}

std::string optima_lines(const OptimaFit& fit) {
  std::string text = fmt::format(
      "\nThe law goes through {} of {} optima; they scatter about it by {:.3g} in log10 N.\n",
      grouped(fit.used), grouped(fit.optima.size()), fit.scatter);
  std::vector<std::string> reasons;
  for (const BudgetOptimum& each : fit.optima) {
    if (!each.left_out.empty()) reasons.push_back(each.left_out);
  }
  std::sort(reasons.begin(), reasons.end());
  for (auto first = reasons.begin(); first != reasons.end();) {
    const auto last = std::upper_bound(first, reasons.end(), *first);
    text += fmt::format("Left out: {}, since {}.\n",
                        grouped(static_cast<unsigned long long>(last - first)), *first);
    first = last;
  }
  constexpr std::size_t most_rows = 12;
  if (fit.optima.size() > most_rows) return text;
  TextTable table({"FLOP", "parameters", "loss", "sizes", ""});
  for (const BudgetOptimum& each : fit.optima) {
    table.add({short_text(each.flop), amount_or_dash(each.parameters),
               std::isfinite(each.loss) ? short_text(each.loss) : "-", std::to_string(each.sizes),
               each.left_out.empty() ? "" : "left out"});
  }
  return text + table.text();
}

const char* drawn_words(int approach) {
  return approach == 1 ? "training curves" : approach == 2 ? "rows within each level" : "rows";
}

std::string bootstrap_line(const FitContent& content) {
  const BootstrapOptions& options = content.options;
  if (options.resamples == 0) return "\nNo resamples were asked for: no errors, no intervals.\n";
  std::string text =
      fmt::format("\nBootstrap: {} resamples of {}, seed {}; {} failed", grouped(options.resamples),
                  drawn_words(content.approach), options.seed, grouped(content.failed));
  if (content.parametric) {
    text += fmt::format(
        "; only the descent from the published constants found the lowest misfit "
        "in {}, only the one from the estimate in {}",
        grouped(content.parametric->bootstrap.from_published),
        grouped(content.parametric->bootstrap.from_estimate));
  }
  text += ".\n";
  if (content.failed > 0) text += "Errors and intervals are of those that did not fail.\n";
  return text;
}

}  // namespace

std::string fit_text(const FitContent& content) {
  std::string text = data_lines(content) + method_line(content) + "\n" + number_table(content);
  text += budget_table(content);
  if (content.parametric) {
    text += starts_lines(content.parametric->fit) + residual_lines(content);
  }
  if (content.optima) text += optima_lines(content.optima->fit);
  return text + bootstrap_line(content);
}

}  // namespace flopsieve::jobs
