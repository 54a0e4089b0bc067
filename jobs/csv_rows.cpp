#include "jobs/csv_rows.hpp"

#include <fmt/format.h>

namespace flopsieve::jobs {

std::string csv_quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) result += c == '"' ? "\"\"" : std::string(1, c);
  return result + "\"";
}

std::string quantile_rows(const engine::Plan& plan, const char* kind,
                          const std::vector<engine::Estimate>& estimates,
                          const std::vector<std::string>& inner) {
  std::string text;
  const auto bound = [](const std::optional<double>& value) {
    return value ? fmt::format("{}", *value) : std::string();
  };
  for (std::size_t cell = 0; cell < estimates.size(); ++cell) {
    for (std::size_t q = 0; q < plan.outputs.quantiles.size(); ++q) {
      const engine::QuantileEstimate& estimate = estimates[cell].quantiles[q];
      text += fmt::format("{},{},{},{},{},{},{},{}\n", kind, plan.years[cell / inner.size()],
                          csv_quoted(inner[cell % inner.size()]), plan.outputs.quantiles[q],
                          estimate.value, bound(estimate.low), bound(estimate.high),
                          engine::result_class(plan));
    }
  }
  return text;
}

}  // namespace flopsieve::jobs
