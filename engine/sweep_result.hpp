#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/h5.hpp"
#include "engine/sweep.hpp"

namespace flopsieve::engine {

/// The result of a sweep, open to be read. Used by one thread at a time.
class SweepResult {
 public:
  /// Base with its axes, keys with their values, design, identity, job, sweep.
  const SweepStudy& study() const { return study_; }

  /// When it was written: UTC, ISO 8601.
  std::string created() const { return file_.read_attribute_text("/", "created"); }

  /// [variant] `ok`, or why there is no result.
  const std::vector<std::string>& status() const { return status_; }
  bool ok(std::uint64_t variant) const { return status_.at(variant) == status_ok; }

  /// Names of the variables with a row for each variant but for settings and texts: `candidates`,
  /// `counts_quantiles`, ...
  std::vector<std::string> variables() const;

  /// The lengths of a variable's dimensions after that of the variant: [year, threshold, quantile].
  /// Throws std::out_of_range if there is no such variable.
  std::vector<std::uint64_t> shape(const std::string& variable) const;

  /// [variant] one number of each row, as real numbers; `cell` has an index for each length of
  /// shape(). Of a variant without a result nan, or 0 where numbers are whole. Reads all rows once
  /// more for each call, in memory of some MiB, and compares their SHA-256 the first time. Throws
  /// Error(storage) if they are not what was written; std::out_of_range.
  std::vector<double> values(const std::string& variable, const std::vector<std::uint64_t>& cell);

  /// The row of one variant: all numbers of shape().
  std::vector<double> row(const std::string& variable, std::uint64_t variant);

  SweepTally tally();

  /// Whether it is the result of that sweep, with as many trajectories.
  bool is_of(const SweepStudy& study) const;

 private:
  friend SweepResult open_sweep(const std::filesystem::path& path);
  SweepResult(std::filesystem::path path, H5File file);

  void verify(const std::string& dataset);
  std::vector<double> rows(const std::string& dataset, std::uint64_t first, std::uint64_t count);
  std::uint64_t sum(const std::string& variable);

  std::filesystem::path path_;
  H5File file_;
  SweepStudy study_;
  std::vector<std::string> status_;
  std::set<std::string> verified_;
};

/// Opens the result of a finished sweep, which is checked as open_result_file() does it: Error
/// (bad_input) if the file is missing or the result of something else, Error(storage) if it is
/// damaged or of another version.
SweepResult open_sweep(const std::filesystem::path& path);

/// Whether a file says that it is the result of a sweep; false for all that cannot be read.
bool is_sweep_result(const std::filesystem::path& path);

}  // namespace flopsieve::engine
