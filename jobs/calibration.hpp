#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/plan.hpp"

namespace flopsieve::jobs {

/// Where the figures of a calibration come from.
struct Provenance {
  std::string source;                ///< name of the CSV file, without its folder
  std::string sha256;                ///< of the file's bytes, 64 lower-case hex digits
  std::string created;               ///< YYYY-MM-DD
  int first_year = 0;                ///< inclusive
  int last_year = 0;                 ///< inclusive
  std::string filters;               ///< in words
  std::vector<std::string> dropped;  ///< outliers named and found in the file
  std::string tool_version;          ///< of the program that made it
};

/// Thresholds of CalibrationYear::count_above, in FLOP.
inline constexpr std::array<double, 6> calibration_thresholds{1e21, 1e22, 1e23, 1e24, 1e25, 1e26};

/// Widths of CalibrationYear::frontier_counts, in orders of magnitude below the frontier.
inline constexpr std::array<double, 3> calibration_widths{0.5, 1.0, 1.5};

/// Width of a histogram bin, in orders of magnitude.
inline constexpr double calibration_bin_width = 0.25;

/// What is known of one year's models. Sizes are x = log10 FLOP; moments divide by the count.
struct CalibrationYear {
  int year = 0;
  std::int64_t count = 0;            ///< number of models, at least 3
  double log10_total = 0.0;          ///< log10 of the year's total FLOP
  double largest = 0.0;              ///< FLOP of the largest model
  double largest_share = 0.0;        ///< largest / total, in (0, 1)
  double mean = 0.0;                 ///< of x
  double median = 0.0;               ///< of x; the mean of the middle two for an even count
  double sd = 0.0;                   ///< of x, positive
  double skewness = 0.0;             ///< mu3 / sd^3
  double excess_kurtosis = 0.0;      ///< mu4 / sd^4 - 3
  double median_skewness = 0.0;      ///< (mean - median) / sd
  double allocation_gradient = 0.0;  ///< slope through the origin of log10(cumulative share of
                                     ///< models <= m) on log10(m / largest)
  double allocation_slope = 0.0;     ///< free least squares of the same on log10(m / total)
  double allocation_intercept = 0.0;
  /// Models of at least calibration_thresholds[i] FLOP.
  std::array<std::int64_t, calibration_thresholds.size()> count_above{};
  /// Frontier-connected models: per quarter those of at least F * 10^-width, with F the largest
  /// model dated before the quarter began; summed over the year's quarters.
  std::array<std::int64_t, calibration_widths.size()> frontier_counts{};
  double histogram_start = 0.0;  ///< lower edge of the first bin, a multiple of the bin width
  std::vector<std::int64_t> histogram;  ///< counts of x in [start + i w, start + (i + 1) w)
};

/// Figures that describe the models of some consecutive years: the input of forecasts. Holds no
/// row of the source.
struct Calibration {
  Provenance provenance;
  engine::CalibrationUsed text;        ///< which text it was read from; empty if from none
  double frontier_start = 0.0;         ///< FLOP of the largest model dated before the end of the
                                       ///< last year
  std::vector<CalibrationYear> years;  ///< ascending, without gaps

  /// The figures of one year, or nullptr.
  const CalibrationYear* find_year(int year) const;

  /// Models of a year of at least `threshold` FLOP; nothing where the calibration does not tell:
  /// for other years, and for thresholds up to the largest model that are no
  /// calibration_thresholds.
  std::optional<std::int64_t> count_above(int year, double threshold) const;
};

/// The calibration as of the end of a year: without the years after `last_year`, one of its own,
/// and with the largest model of the years left as frontier_start. The figures of the years left
/// are those of the source, as known when it was made, not at the end of `last_year`.
Calibration calibration_until(const Calibration& calibration, int last_year);

/// A small readable TOML file. Numbers are written so that reading gives the same double.
std::string calibration_toml(const Calibration& calibration);

/// Reads what calibration_toml() writes; `source_name` also becomes the name of its text. Throws
/// engine::Error(bad_input, "source_name:line: ...") for anything missing, unknown, of a wrong type
/// or out of its range.
Calibration parse_calibration(std::string_view text, const std::string& source_name);

/// One JSON object: `provenance`, `thresholds`, `frontier_widths`, `histogram_bin_width`,
/// `frontier_start`, and `years` with one object per year under its number as a string.
std::string calibration_json(const Calibration& calibration);

}  // namespace flopsieve::jobs
