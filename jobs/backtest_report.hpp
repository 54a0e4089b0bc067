#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "jobs/backtest.hpp"
#include "jobs/report.hpp"

namespace flopsieve::jobs {

/// A finished origin of a backtest.
struct OriginResult {
  int origin = 0;
  int calibration_years = 0;       ///< up to the origin
  std::uint64_t trajectories = 0;  ///< started
  std::uint64_t complete = 0;      ///< of these
  std::vector<Outcome> outcomes;   ///< by year and threshold
};

/// What the heading of the scores tells besides the origins.
struct BacktestHeading {
  std::string title;
  std::string calibration;      ///< name of its source
  std::string observed_source;  ///< of counts after the calibration; empty if there are none
};

/// Scores are called descriptive: outcomes are few and depend on one another. The PIT becomes a
/// histogram from so many independent outcomes on: one target year each, at lead 1.
inline constexpr std::size_t least_for_pit_histogram = 20;

/// The scores of all origins, with their number, for people (table), spreadsheets (csv: one line
/// per outcome and forecast) or programs (json). Ends with a newline.
std::string backtest_report(const BacktestHeading& heading,
                            const std::vector<OriginResult>& origins, ReportFormat format);

}  // namespace flopsieve::jobs
