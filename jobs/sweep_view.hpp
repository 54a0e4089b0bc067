#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "jobs/report.hpp"
#include "jobs/sweep_data.hpp"

/// What `show` and `export` print of the result of a sweep.
namespace flopsieve::jobs {

struct SweepView {
  std::vector<std::string> of;  ///< see parse_metric(); none: default_metrics()
  /// A metric: variants with the largest values first; those without a value come last.
  std::string best;
  /// Conditions that all hold: a swept key, a metric or `status`, one of < <= > >= = !=, and a
  /// number or a text: "models.sd > 1.2", "cumulative(1e26, 2028) >= 10", "status = ok".
  std::vector<std::string> where;
  std::uint64_t rows = 0;  ///< at most so many variants; 0: all
};

/// Medians of the models above each threshold up to the end of the last year.
std::vector<Metric> default_metrics(const SweepData& sweep);

/// Every quantile and the mean of both counts above each threshold in each year, and acceptances.
std::vector<std::string> all_metrics(const SweepData& sweep);

/// The variants that are asked for, in order: their numbers.
std::vector<std::uint64_t> chosen_variants(SweepData& sweep, const SweepView& view);

/// One line for each variant: number, settings, metrics, status. `file` is for messages. Throws
/// Error(bad_input) for a metric or condition that cannot be read, or names nothing in the file.
std::string sweep_report(SweepData& sweep, const SweepView& view, ReportFormat format,
                         const std::string& file);

/// As a table shows it: whole numbers whole, others with four digits.
std::string short_number(double value);

/// Shortest text that reads back as the same number; nothing where there is none.
std::string exact_number(double value);
nlohmann::ordered_json number_or_null(double value);

/// A setting as a table shows it.
std::string setting_text(const engine::SweptKey& key, std::uint64_t variant);

}  // namespace flopsieve::jobs
