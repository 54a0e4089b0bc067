#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "jobs/sensitivity_report.hpp"
#include "jobs/text_table.hpp"

namespace flopsieve::jobs {
namespace {

constexpr std::size_t most_rows = 30;  ///< listed for people

/// Effects of Morris have the output's unit and may be of any size; all else is a share.
std::string number(double value, SensitivityMeasure measure) {
  if (std::isnan(value)) return "-";
  return measure == SensitivityMeasure::morris ? fmt::format("{:.4g}", value)
                                               : fmt::format("{:.3f}", value);
}

std::string cell(const SensitivityIndex& index, SensitivityMeasure measure) {
  const std::string value = number(index.value, measure);
  if (index.noise_floor) {
    return fmt::format("{} (noise {}){}", value, number(*index.noise_floor, measure),
                       index.value > *index.noise_floor ? "*" : " ");
  }
  if (std::isnan(index.low)) return value;
  return fmt::format("{} [{}, {}]", value, number(index.low, measure), number(index.high, measure));
}

const char* title(SensitivityMeasure measure) {
  switch (measure) {
    case SensitivityMeasure::sobol:
      return "Sobol indices (shares of the variance)";
    case SensitivityMeasure::morris:
      return "elementary effects (change for one step of the input)";
    case SensitivityMeasure::rank:
      return "rank correlations";
    case SensitivityMeasure::pawn:
      break;
  }
  return "PAWN (Kolmogorov-Smirnov distances)";
}

const char* heading(const std::string& index) {
  constexpr std::pair<const char*, const char*> words[] = {{"first_order", "first order"},
                                                           {"mu_star", "mean magnitude"},
                                                           {"mu", "mean"},
                                                           {"sigma", "standard deviation"},
                                                           {"prcc", "PRCC"},
                                                           {"srrc", "SRRC"}};
  for (const auto& [name, word] : words) {
    if (index == name) return word;
  }
  return index.c_str();
}

/// What the numbers say about all inputs together.
std::string remark(const Sensitivity& result) {
  if (result.measure == SensitivityMeasure::sobol) {
    double sum = 0.0;
    for (const SensitivityRow& row : result.rows) sum += row.indices[0].value;
    return fmt::format(
        "First-order indices add up to {:.2f}; what is missing to 1 is interactions.\n", sum);
  }
  if (result.r_squared) {
    return fmt::format(
        "The regression of ranks explains {:.0f} % of the output's rank variance{}.\n",
        100.0 * *result.r_squared,
        *result.r_squared < 0.7 ? ": too little to trust its order, use design = \"saltelli\""
                                : "");
  }
  if (result.measure == SensitivityMeasure::pawn) {
    return "* above what 95 % of inputs without influence stay below. Inputs that go together "
           "share "
           "what one of them does.\n";
  }
  return "";
}

std::string noise_line(const Sensitivity& result, bool common_random_numbers) {
  if (!result.noise_share) return "";
  const double percent = 100.0 * *result.noise_share;
  return common_random_numbers
             ? fmt::format(
                   "Monte Carlo noise: at most {:.2g} % of the variance; less, as variants "
                   "share random numbers.\n",
                   percent)
             : fmt::format(
                   "Monte Carlo noise: about {:.2g} % of the variance, which no input "
                   "explains{}.\n",
                   percent,
                   result.measure == SensitivityMeasure::sobol
                       ? " and which adds about that much to every total index"
                       : "");
}

std::string table(const Sensitivity& result) {
  std::vector<std::string> names{"input"};
  for (const std::string& each : result.index_names) names.emplace_back(heading(each));
  names.emplace_back("rank");
  TextTable text(names);
  const std::size_t shown = std::min(most_rows, result.rows.size());
  for (std::size_t i = 0; i < shown; ++i) {
    std::vector<std::string> row{result.rows[i].input};
    for (const SensitivityIndex& index : result.rows[i].indices)
      row.push_back(cell(index, result.measure));
    row.push_back(std::to_string(i + 1));
    text.add(row);
  }
  if (shown == result.rows.size()) return text.text();
  return fmt::format("{}  and {} more; --format csv and json list all\n", text.text(),
                     result.rows.size() - shown);
}

}  // namespace

std::string sensitivity_text(const SensitivityContent& content) {
  std::string text;
  for (const Sensitivity& each : content.metrics) {
    text += fmt::format("{}{}: {}\n", text.empty() ? "" : "\n", each.metric, title(each.measure));
    text += table(each);
    text += fmt::format(
        "{} {}{}; mean of the output {:.4g}, standard deviation {:.3g}.{}\n", grouped(each.used),
        each.unit,
        each.left_out > 0
            ? fmt::format(" ({} left out, for want of a result)", grouped(each.left_out))
            : "",
        each.mean, each.sd,
        each.measure == SensitivityMeasure::pawn ? "" : " In brackets: 95 % bootstrap intervals.");
    text += remark(each) + noise_line(each, content.common_random_numbers);
    for (const std::string& note : each.notes) text += fmt::format("Note: {}.\n", note);
  }
  return text;
}

}  // namespace flopsieve::jobs
