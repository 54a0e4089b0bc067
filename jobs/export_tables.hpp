#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/plan.hpp"
#include "engine/tally.hpp"

/// The numbers of a run for other programs (jobs/REPORTS.md describes every column).
namespace flopsieve::jobs {

/// A table as CSV: one observation per row, with a header.
struct CsvFile {
  std::string name;  ///< "counts.csv"
  std::string text;
};

/// One step of a distribution function of whole numbers.
struct CdfStep {
  std::uint64_t value = 0;
  std::uint64_t trajectories = 0;  ///< that have this value
  double probability = 0.0;        ///< share of those that have at most this value
};

/// All values from 0 up to the largest one seen.
std::vector<CdfStep> distribution(const engine::Histogram& histogram);

/// Every table but that of trajectories. Quantiles are those of plan.outputs. Tables that would
/// have no row are left out.
std::vector<CsvFile> csv_tables(const engine::Plan& plan, const engine::Tally& tally);

/// What `show --format json` prints, with the distributions as `cdf` added.
std::string export_json(const engine::Plan& plan, const engine::Tally& tally);

/// Writes the counts of every complete trajectory as CSV, a few thousand trajectories at a time.
/// Throws Error(bad_input) if the run keeps none, Error(storage).
void write_trajectories(const std::filesystem::path& result, const engine::Plan& plan,
                        const std::filesystem::path& csv);

/// "0.01,0.5,0.99": ascending numbers between 0 and 1. Throws Error(bad_input).
std::vector<double> parse_quantiles(const std::string& text);

}  // namespace flopsieve::jobs
