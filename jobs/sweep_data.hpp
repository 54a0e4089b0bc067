#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/h5.hpp"
#include "jobs/metric.hpp"

namespace flopsieve::jobs {

/// Whether the file says that it is the result of a sweep. Anything else is for
/// engine::open_result_file() to refuse.
bool is_sweep(const std::filesystem::path& path);

/// A swept key with its value in every variant.
struct Setting {
  std::string name;  ///< dotted, as in a job
  bool is_number = true;
  std::vector<double> numbers;     ///< [variant], if is_number
  std::vector<std::string> texts;  ///< [variant], otherwise
};

/// A metric in every variant.
struct MetricValues {
  std::vector<double> values;  ///< nan where the variant has no result
  /// Monte Carlo standard errors, nan where there is none; empty if the file has none at all.
  std::vector<double> errors;
};

/// The result of a sweep, opened.
class SweepData {
 public:
  /// Throws Error(bad_input) for a sweep that is not finished, Error(storage) for one that cannot
  /// be read.
  explicit SweepData(const std::filesystem::path& path);

  std::uint64_t variants() const { return status_.size(); }
  const std::string& design() const { return design_; }
  bool common_random_numbers() const { return common_random_numbers_; }
  const std::vector<Setting>& settings() const { return settings_; }

  /// Reads the metric's column in pieces. Throws as place_of() does.
  MetricValues values(const Metric& metric) const;

 private:
  void read_settings();
  std::vector<double> column(const std::string& dataset,
                             const std::vector<std::size_t>& place) const;
  void set_errors(const std::string& group, const MetricPlace& place, MetricValues& result) const;

  std::string name_;
  engine::H5File file_;
  std::string design_;
  bool common_random_numbers_ = true;
  std::vector<std::string> status_;
  std::vector<Setting> settings_;
  MetricAxes axes_;
};

}  // namespace flopsieve::jobs
