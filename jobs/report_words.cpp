#include "jobs/report_words.hpp"

#include <fmt/format.h>

#include "engine/parameters.hpp"
#include "engine/summary.hpp"

namespace flopsieve::jobs {
namespace {

/// 4.5e8 -> "450M".
std::string money(double usd) {
  constexpr std::pair<double, const char*> units[] = {
      {1e12, "T"}, {1e9, "B"}, {1e6, "M"}, {1e3, "k"}};
  for (const auto& [size, name] : units) {
    if (usd >= 0.9995 * size) return fmt::format("{:.3g}{}", usd / size, name);
  }
  return fmt::format("{:.3g}", usd);
}

}  // namespace

double ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string number_text(const engine::Statistic& statistic, double value) {
  const engine::Grid& grid = statistic.info().grid;
  if (grid.scale == engine::Grid::Scale::whole) return fmt::format("{:.0f}", value);
  if (grid.scale == engine::Grid::Scale::log10) return money(value);
  if (grid.upper != 1.0) return fmt::format("{:.2f}", value);
  // A share in the lowest bin cannot be told from 0.
  return value < 1.0 / grid.bins ? "0" : fmt::format("{:.2g}", value);
}

std::string list_text(const engine::Statistic& statistic, const std::vector<double>& values) {
  std::string text = "[";
  for (std::size_t i = 0; i < values.size(); ++i) {
    text += (i == 0 ? "" : ", ") + number_text(statistic, values[i]);
  }
  return text + "]";
}

std::string quantile_words(const std::vector<double>& quantiles) {
  std::string text = "[";
  for (std::size_t q = 0; q < quantiles.size(); ++q) {
    text += fmt::format("{}{:.4g}", q == 0 ? "" : ", ", 100.0 * quantiles[q]);
  }
  return text + "] % quantiles";
}

std::string threshold_words(double threshold) {
  std::string text = fmt::format("{:.3g}", threshold);
  const std::size_t plus = text.find("e+");
  return plus == std::string::npos ? text : text.erase(plus + 1, 1);
}

std::string method_line(const engine::Plan& plan) {
  const engine::Sampling& sampling = plan.sampling;
  std::string line = fmt::format("Method: {}, class: {}", engine::name(sampling.method),
                                 engine::result_class(plan));
  if (sampling.automatic) line += fmt::format(" (auto: {})", sampling.reason);
  return line;
}

std::vector<std::string> number_keys(const std::vector<double>& numbers) {
  std::vector<std::string> keys;
  for (const double number : numbers) keys.push_back(fmt::format("{}", number));
  return keys;
}

int cumulative_start(const engine::Plan& plan, int year) {
  return year < plan.outputs.forecast_from ? plan.years.front() : plan.outputs.cumulative_from;
}

std::vector<std::string> statistic_keys(const std::vector<engine::Statistic>& statistics) {
  std::vector<std::string> keys;
  for (const engine::Statistic& each : statistics) keys.push_back(each.name());
  return keys;
}

}  // namespace flopsieve::jobs
