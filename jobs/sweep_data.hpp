#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/sweep_result.hpp"
#include "jobs/metric.hpp"

namespace flopsieve::jobs {

/// A metric in every variant.
struct MetricValues {
  std::vector<double> values;  ///< nan where the variant has no result
  /// Monte Carlo standard errors, nan where there is none; empty if the metric has none at all.
  std::vector<double> errors;
};

/// The result of a sweep as commands look at it: by the names of settings and metrics.
class SweepData {
 public:
  /// Throws as engine::open_sweep().
  explicit SweepData(const std::filesystem::path& path);

  std::uint64_t variants() const { return status().size(); }
  const std::string& design() const { return result_.study().design; }
  bool common_random_numbers() const { return result_.study().common_random_numbers; }
  const std::vector<engine::SweptKey>& settings() const { return result_.study().keys; }
  const std::vector<std::string>& status() const { return result_.status(); }
  const MetricAxes& axes() const { return axes_; }
  const engine::Plan& base() const { return result_.study().base; }
  /// The resolved base.
  const std::string& job() const { return result_.study().job; }
  /// [sweep] as TOML.
  const std::string& sweep() const { return result_.study().sweep; }
  engine::SweepTally tally() { return result_.tally(); }

  /// Reads the metric's column in pieces. Throws as place_of() does.
  MetricValues values(const Metric& metric);

 private:
  std::vector<double> errors_of(const std::string& group, const MetricPlace& place);

  std::string name_;
  engine::SweepResult result_;
  MetricAxes axes_;
};

}  // namespace flopsieve::jobs
