#include "engine/statistic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>

namespace flopsieve::engine {
namespace {

using enum StatisticKind;
using Scale = Grid::Scale;

constexpr Grid sizes_grid{0.0, 40.0, 4000, Scale::linear};
constexpr Grid spread_grid{0.0, 20.0, 4000, Scale::linear};
constexpr Grid error_grid{-1.0, 1.0, 4000, Scale::linear};
constexpr Grid shape_grid{-10.0, 10.0, 4000, Scale::linear};
constexpr Grid kurtosis_grid{-10.0, 190.0, 8000, Scale::linear};
constexpr Grid share_grid{0.0, 1.0, 2000, Scale::linear};
constexpr Grid money_grid{-5.0, 25.0, 3000, Scale::log10};
constexpr Grid tokens_grid{0.0, 30.0, 3000, Scale::log10};
constexpr Grid whole_grid{0.0, 0.0, 0, Scale::whole};

const std::vector<StatisticInfo> table = {
    {count, "count", "", "1", "number of models k", 0, whole_grid},
    {total, "total", "", "log10 FLOP", "log10 of the summed training compute", 0, sizes_grid},
    {total_error, "total_error", "", "1", "sum of the sizes / the year's total - 1", 0, error_grid},
    {largest, "largest", "", "log10 FLOP", "largest model", 0, sizes_grid},
    {smallest, "smallest", "", "log10 FLOP", "smallest model", 0, sizes_grid},
    {range, "range", "", "OOM", "largest - smallest", 0, spread_grid},
    {largest_share, "largest_share", "", "1", "largest model / sum of the sizes", 0, share_grid},
    {mean, "mean", "", "log10 FLOP", "mean of log10 FLOP", 0, sizes_grid},
    {median, "median", "", "log10 FLOP", "median of log10 FLOP", 1, sizes_grid},
    {sd, "sd", "", "OOM", "standard deviation of log10 FLOP", 0, spread_grid},
    {skewness, "skewness", "", "1", "skewness of log10 FLOP, mu3 / sd^3", 0, shape_grid},
    {excess_kurtosis, "excess_kurtosis", "", "1", "mu4 / sd^4 - 3 of log10 FLOP", 0, kurtosis_grid},
    {median_skewness, "median_skewness", "", "1", "(mean - median) / sd", 1, shape_grid},
    {allocation_gradient, "allocation_gradient", "", "1",
     "slope through the origin of log10(cumulative share) on log10(m / largest)", 1, shape_grid},
    {allocation_slope, "allocation_slope", "", "1",
     "least-squares slope of log10(cumulative share) on log10(m / total)", 1, shape_grid},
    {allocation_intercept, "allocation_intercept", "", "1",
     "least-squares intercept of log10(cumulative share) on log10(m / total)", 1, shape_grid},
    {gini, "gini", "", "1", "Gini index of the sizes", 1, share_grid},
    {count_above, "count_above", "FLOP", "1", "models of at least t FLOP", 1, whole_grid},
    {count_within, "count_within", "OOM", "1", "models within w OOM of the largest", 1, whole_grid},
    {cumulative_share, "cumulative_share", "FLOP", "1",
     "share of the year's total in models of at most t FLOP", 1, share_grid},
    {share_within, "share_within", "OOM", "1",
     "share of the year's total in models within w OOM of it", 1, share_grid},
    {class_count, "class_count", "class", "1", "models from 10^-j to 10^-(j-1) of the year's total",
     1, whole_grid},
    {class_share, "class_share", "class", "1",
     "share of the year's total in models from 10^-j to 10^-(j-1) of it", 1, share_grid},
    {cost_total, "cost_total", "", "USD", "cost of all models", 0, money_grid},
    {cost_largest, "cost_largest", "", "USD", "cost of the largest model", 0, money_grid},
    {cost_median, "cost_median", "", "USD", "cost of the median model", 1, money_grid},
    {share_over_budget, "share_over_budget", "USD", "1", "share of models that cost more than b", 1,
     share_grid},
    {tokens_largest, "tokens_largest", "", "tokens",
     "training tokens of the largest model, compute-optimal", 0, tokens_grid},
    {tokens_total, "tokens_total", "", "tokens", "training tokens of all models, compute-optimal",
     1, tokens_grid},
    {parameters_largest, "parameters_largest", "", "parameters",
     "parameters of the largest model, compute-optimal", 0, tokens_grid},
    {loss_making_share, "loss_making_share", "", "1",
     "share of models that cost more than the revenue drawn for them", 1, share_grid},
    {count_above_tokens, "count_above_tokens", "tokens", "1",
     "models trained on at least t tokens, compute-optimal", 1, whole_grid},
};

const StatisticInfo& find(std::string_view name) {
  for (const StatisticInfo& info : table) {
    if (info.name == name) return info;
  }
  std::string allowed;
  for (const StatisticInfo& info : table) {
    if (!allowed.empty()) allowed += ", ";
    allowed += info.name;
    if (!info.parameter.empty()) allowed += fmt::format("({})", info.parameter);
  }
  throw std::invalid_argument(fmt::format("unknown statistic \"{}\"; allowed: {}", name, allowed));
}

/// The shortest text that reads back as the number, long ones without their zeros: 1e+14.
std::string short_text(double number) {
  std::string text = fmt::format("{}", number);
  if (text.size() <= 8) return text;
  std::array<char, 32> buffer{};
  const auto end =
      std::to_chars(buffer.begin(), buffer.end(), number, std::chars_format::scientific).ptr;
  const std::string scientific(buffer.begin(), end);
  return scientific.size() < text.size() ? scientific : text;
}

double parse_parameter(const StatisticInfo& info, std::string_view text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole_class = info.parameter != "class" || (value == std::floor(value) && value <= 30);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value) ||
      value <= 0.0 || !whole_class) {
    throw std::invalid_argument(
        fmt::format("{} takes a positive {} in brackets, found \"{}\"", info.name,
                    info.parameter == "class" ? "class number from 1 to 30"
                                              : fmt::format("number of {}", info.parameter),
                    text));
  }
  return value;
}

}  // namespace

const std::vector<StatisticInfo>& statistic_table() {
  return table;
}

const StatisticInfo& Statistic::info() const {
  return table[static_cast<std::size_t>(kind)];
}

std::string Statistic::name() const {
  const StatisticInfo& row = info();
  if (row.parameter.empty()) return std::string(row.name);
  return fmt::format("{}({})", row.name, short_text(parameter));
}

Statistic parse_statistic(std::string_view text) {
  const std::size_t open = text.find('(');
  const StatisticInfo& info = find(text.substr(0, open));
  if (open == std::string_view::npos) {
    if (info.parameter.empty()) return {info.kind, 0.0};
    throw std::invalid_argument(fmt::format("{} needs its {} in brackets, for example {}(1)",
                                            info.name, info.parameter, info.name));
  }
  if (info.parameter.empty() || text.back() != ')') {
    throw std::invalid_argument(
        fmt::format("\"{}\" is not {}{}", text, info.name,
                    info.parameter.empty() ? " (it takes no parameter)" : "(...)"));
  }
  return {info.kind, parse_parameter(info, text.substr(open + 1, text.size() - open - 2))};
}

}  // namespace flopsieve::engine
